use std::borrow::Cow;
use std::ops::Range;

use crate::finding::Finding;
use crate::source::{SourceId, Span};

/// Why a document cannot be read.
#[derive(Debug)]
pub(super) struct Problem {
    at: Range<usize>,
    message: String,
    help: Cow<'static, str>,
    related: Option<(Range<usize>, &'static str)>,
}

pub(super) type Result<T, E = Box<Problem>> = std::result::Result<T, E>;

impl Problem {
    pub(super) fn new(at: Range<usize>, message: impl Into<String>) -> Box<Self> {
        Box::new(Self { at, message: message.into(), help: Cow::Borrowed(""), related: None })
    }

    pub(super) fn help(mut self: Box<Self>, help: impl Into<Cow<'static, str>>) -> Box<Self> {
        self.help = help.into();
        self
    }

    pub(super) fn related(mut self: Box<Self>, at: Range<usize>, text: &'static str) -> Box<Self> {
        self.related = Some((at, text));
        self
    }

    pub(super) fn into_finding(self, source: SourceId) -> Finding {
        let mut finding = Finding::new("yaml-syntax", Span::new(source, self.at), self.message);
        if let Some((at, text)) = self.related {
            finding = finding.related(Span::new(source, at), text);
        }
        if self.help.is_empty() { finding } else { finding.help(self.help) }
    }
}
