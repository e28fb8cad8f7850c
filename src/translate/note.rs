use crate::source::Span;

/// Something that istiod would do and that cannot be done here, and where it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub at: Span,
    pub message: String,
}

impl Note {
    pub(super) fn new(at: Span, message: impl Into<String>) -> Self {
        Self { at, message: message.into() }
    }
}
