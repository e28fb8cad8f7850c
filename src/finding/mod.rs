//! A problem of the user, as a value.

mod nearest;

use std::fmt;

use crate::source::Span;

pub use nearest::nearest;

/// How much a finding matters. The order is that of importance: `Info < Warning < Error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Info,
    Warning,
    Error,
}

impl Severity {
    pub const ALL: [Severity; 3] = [Severity::Info, Severity::Warning, Severity::Error];

    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.name() == name)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The resource that a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ResourceRef {
    pub api_version: String,
    pub kind: String,
    /// Empty for cluster-scoped kinds.
    pub namespace: String,
    pub name: String,
}

impl fmt::Display for ResourceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.as_str() {
            "" => write!(f, "{} {}", self.kind, self.name),
            namespace => write!(f, "{} {namespace}/{}", self.kind, self.name),
        }
    }
}

/// A place that is part of the problem, with what it has to do with it. The text may be empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    pub at: Span,
    pub text: String,
}

/// Replaces the bytes of `at` by `text`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    pub at: Span,
    pub text: String,
}

/// The one right answer to a finding: all edits or none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fix {
    /// An instruction, such as ``replace `wieght` by `weight` ``.
    pub message: String,
    pub edits: Vec<Edit>,
}

/// One problem: what is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name, the key of its page.
    pub rule: &'static str,
    /// `None`: as the rule's page says.
    pub severity: Option<Severity>,
    /// Lower case, no full stop, names in backticks.
    pub message: String,
    /// The culprit.
    pub at: Span,
    /// What the culprit is, next to its excerpt. May be empty.
    pub label: String,
    /// Other places involved, in any file.
    pub related: Vec<Label>,
    /// An instruction.
    pub help: Option<String>,
    pub resource: Option<Box<ResourceRef>>,
    pub fix: Option<Box<Fix>>,
}

impl Finding {
    pub fn new(rule: &'static str, at: Span, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity: None,
            message: message.into(),
            at,
            label: String::new(),
            related: Vec::new(),
            help: None,
            resource: None,
            fix: None,
        }
    }

    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = text.into();
        self
    }

    pub fn related(mut self, at: Span, text: impl Into<String>) -> Self {
        self.related.push(Label { at, text: text.into() });
        self
    }

    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub fn resource(mut self, resource: ResourceRef) -> Self {
        self.resource = Some(Box::new(resource));
        self
    }

    pub fn fix(mut self, message: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fix = Some(Box::new(Fix { message: message.into(), edits }));
        self
    }
}
