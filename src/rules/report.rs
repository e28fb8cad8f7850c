use crate::finding::{Edit, Finding, Fix, Label, Severity};
use crate::model::Meta;
use crate::source::Span;

/// The findings of one rule.
pub struct Report {
    rule: &'static str,
    findings: Vec<Finding>,
}

impl Report {
    pub(super) fn new(rule: &'static str) -> Self {
        Self { rule, findings: Vec::new() }
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    /// Adds a finding about the object of `meta`; `at` is the culprit. Details follow:
    /// `report.at(&rule.meta, host.at, "…").label("…").help("…");`
    pub fn at(&mut self, meta: &Meta<'_>, at: Span, message: impl Into<String>) -> Draft<'_> {
        self.findings.push(Finding::new(self.rule, at, message).resource(meta.reference()));
        let last = self.findings.len() - 1;
        Draft(&mut self.findings[last])
    }
}

/// A finding that is being written.
pub struct Draft<'r>(&'r mut Finding);

impl Draft<'_> {
    /// What the culprit is, beside its excerpt.
    pub fn label(self, text: impl Into<String>) -> Self {
        self.0.label = text.into();
        self
    }

    /// Another place involved, in any file.
    pub fn related(self, at: Span, text: impl Into<String>) -> Self {
        self.0.related.push(Label { at, text: text.into() });
        self
    }

    /// What to do, as an instruction.
    pub fn help(self, text: impl Into<String>) -> Self {
        self.0.help = Some(text.into());
        self
    }

    /// Another severity than the page's.
    pub fn severity(self, severity: Severity) -> Self {
        self.0.severity = Some(severity);
        self
    }

    /// The one right answer.
    pub fn fix(self, message: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.0.fix = Some(Fix { message: message.into(), edits });
        self
    }
}
