use std::error::Error;
use std::fmt;

/// Why a text is not what it should be, in words for its writer.
///
/// The message is lower case, has no full stop, and quotes what it speaks of, so that it reads well after the name of
/// a field: `` timeout: `5` has no unit ``.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    message: String,
    help: Option<String>,
}

impl Reason {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    /// Adds the instruction that mends the text.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do instead, as an instruction, where there is one.
    pub fn instruction(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Reason {}
