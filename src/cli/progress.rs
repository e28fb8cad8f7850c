use std::io::{IsTerminal, stderr};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Shorter work needs no word.
const PATIENCE: Duration = Duration::from_secs(1);
const CLEAR_LINE: &str = "\r\x1b[K";

/// A line on the terminal while something takes long. It is gone when this is dropped.
pub(super) struct Progress(Option<(Sender<()>, JoinHandle<()>)>);

impl Progress {
    /// Nothing is shown if standard error is no terminal.
    pub(super) fn start(message: &'static str) -> Self {
        if !stderr().is_terminal() {
            return Self(None);
        }
        let (sender, receiver) = mpsc::channel::<()>();
        let thread = thread::spawn(move || {
            if receiver.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                eprint!("{message}");
                // Ends when the other side is dropped.
                let _ = receiver.recv();
                eprint!("{CLEAR_LINE}");
            }
        });
        Self(Some((sender, thread)))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((sender, thread)) = self.0.take() {
            drop(sender);
            // It cannot have panicked but by a closed terminal, and then nothing is left to clear.
            let _ = thread.join();
        }
    }
}
