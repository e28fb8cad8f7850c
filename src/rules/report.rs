use crate::finding::{Edit, Finding, Fix, Label, Severity, nearest};
use crate::mesh::Mesh;
use crate::model::{Labels, Meta};
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

    pub(super) fn is_empty(&self) -> bool {
        self.findings.is_empty()
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    /// Adds a finding about the object of `meta`, or about the MeshConfig, which is in none; `at` is the culprit. Details
    /// follow: `report.at(&rule.meta, host.at, "…").label("…").help("…");`
    pub fn at<'o, 'm: 'o>(
        &mut self,
        meta: impl Into<Option<&'o Meta<'m>>>,
        at: Span,
        message: impl Into<String>,
    ) -> Draft<'_> {
        let finding = Finding::new(self.rule, at, message);
        self.findings.push(match meta.into() {
            Some(meta) => finding.resource(meta.reference()),
            None => finding,
        });
        let last = self.findings.len() - 1;
        Draft(&mut self.findings[last])
    }

    /// Reports the selector of the policy of `meta`, if the input proves that it selects no workload: at the label to blame,
    /// or at `whole`, with that label beside it.
    pub fn selects_nothing<'m>(
        &mut self,
        mesh: &Mesh<'m>,
        meta: &Meta<'m>,
        selector: &Labels<'m>,
        whole: Option<Span>,
    ) {
        let Some((key, value)) = mesh.selects_nothing(meta.namespace, selector) else { return };
        let place = match meta.namespace == mesh.settings.root_namespace {
            true => "of the mesh".to_owned(),
            false => format!("of namespace `{}`", meta.namespace),
        };
        let mut draft = self
            .at(meta, whole.unwrap_or(value.at), format!("no workload {place} has the labels of this selector"))
            .label("the policy holds for nothing");
        if whole.is_some() {
            draft = draft.related(value.at, "this label to begin with");
        }
        let values = mesh.label_values(meta.namespace, key.value);
        match nearest(value.value, values.iter().map(|value| value.value)) {
            Some(near) => draft.help(format!("did you mean `{near}`?")),
            None => draft.help("select labels of the pods, as their templates have them"),
        };
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
        self.0.fix = Some(Box::new(Fix { message: message.into(), edits }));
        self
    }
}
