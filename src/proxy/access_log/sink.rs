//! Where the lines of access logs go.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::proxy::per_worker::lock;

/// Lines are collected and written together, as Envoy does, which waits up to ten seconds.
#[derive(Debug)]
pub struct Sink {
    file: File,
    waiting: Mutex<Vec<u8>>,
}

/// How long a line may wait.
const LONGEST: Duration = Duration::from_millis(100);

/// How much may.
const MOST: usize = 64 * 1024;

impl Sink {
    /// `/dev/stdout` and `/dev/stderr` are those of this program, whatever they are: they need no right to be opened. Their
    /// locks are not taken, since who holds them may never give them back.
    pub fn open(path: &str) -> io::Result<Arc<Self>> {
        let file = match path {
            "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" => File::from(io::stdout().as_fd().try_clone_to_owned()?),
            "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" => File::from(io::stderr().as_fd().try_clone_to_owned()?),
            path => OpenOptions::new().append(true).create(true).open(path)?,
        };
        Ok(Arc::new(Self { file, waiting: Mutex::default() }))
    }

    pub fn write(self: &Arc<Self>, line: &str) {
        let mut waiting = lock(&self.waiting);
        let is_first = waiting.is_empty();
        waiting.extend_from_slice(line.as_bytes());
        let is_full = waiting.len() >= MOST;
        drop(waiting);
        match Handle::try_current() {
            Ok(runtime) if !is_full => {
                if is_first {
                    let own = Arc::clone(self);
                    runtime.spawn(async move {
                        tokio::time::sleep(LONGEST).await;
                        own.flush();
                    });
                }
            }
            _ => self.flush(),
        }
    }

    /// A log that cannot be written to must not end the proxy.
    fn flush(&self) {
        // The lock is held while writing, so that lines stay in order.
        let mut waiting = lock(&self.waiting);
        let _ = (&self.file).write_all(&waiting);
        waiting.clear();
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::Sink;

    #[tokio::test]
    async fn lines_are_written_soon() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let sink = Sink::open(path.to_str().unwrap()).unwrap();
        sink.write("one\n");
        sink.write("two\n");
        tokio::time::sleep(super::LONGEST * 3).await;
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        sink.write("three\n");
        drop(sink);
        tokio::time::sleep(super::LONGEST * 3).await;
        assert!(std::fs::read_to_string(&path).unwrap().ends_with("three\n"));
    }
}
