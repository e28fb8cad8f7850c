//! What the proxy does not do as the configuration says.

use std::fmt;

/// Something that the proxy cannot execute, or executes otherwise than Envoy. Said at start, never passed over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// What it is about: ``listener `0.0.0.0_80` ``.
    pub place: String,
    pub text: String,
}

impl Note {
    pub fn new(place: impl Into<String>, text: impl Into<String>) -> Self {
        Self { place: place.into(), text: text.into() }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}
