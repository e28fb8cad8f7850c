//! Where the lines of access logs go.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Debug)]
pub enum Sink {
    Stdout,
    Stderr,
    File(Mutex<File>),
}

impl Sink {
    /// `/dev/stdout` and `/dev/stderr` are those of this program, whatever they are: they need no right to be opened.
    pub fn open(path: &str) -> io::Result<Arc<Self>> {
        Ok(Arc::new(match path {
            "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" => Sink::Stdout,
            "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" => Sink::Stderr,
            path => Sink::File(Mutex::new(OpenOptions::new().append(true).create(true).open(path)?)),
        }))
    }

    /// A log that cannot be written to must not end the proxy.
    pub fn write(&self, line: &str) {
        let _ = match self {
            Sink::Stdout => io::stdout().lock().write_all(line.as_bytes()),
            Sink::Stderr => io::stderr().lock().write_all(line.as_bytes()),
            Sink::File(file) => file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes()),
        };
    }
}
