//! What is legal in one resource, whatever else there is: its fields, their types and values, and the form of texts.
//!
//! The facts are in `schemas/<group>/<Kind>.json`, JSON Schemas of the kinds that Istio 1.31 reads, which are part of the
//! program and compiled when first needed. They say what the API server accepts (the CRDs of istio/api release-1.31 and of
//! Gateway API 1.6.1) and, where that is stricter, what istiod accepts of single fields. Every text that has a grammar
//! carries a `format`; `formats` lists them. What the CRDs say about several fields at once is in `relations` and
//! `gateway_api`.
//!
//! Rules about fields that only istiod's validation knows are not here but among the rules.

mod document;
mod explain;
mod formats;
mod gateway_api;
mod keyed_lists;
mod kinds;
mod nulls;
mod place;
mod relations;
mod suggest;
mod unions;
mod unknown_kind;
mod way;

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::finding::Finding;
use crate::yaml::Node;

pub use kinds::{Kind, kinds, text};

/// What a run may allow beyond the schemas.
#[derive(Clone, Debug, Default)]
pub struct Options {
    allow_fields: GlobSet,
}

impl Options {
    /// `allow_fields` are globs of fields that are legal although no schema knows them, with their kind in front and
    /// without indexes: `VirtualService.spec.http.newField`, `*.spec.experimental*`.
    pub fn new<'p>(allow_fields: impl IntoIterator<Item = &'p str>) -> Result<Self, globset::Error> {
        let mut globs = GlobSetBuilder::new();
        for pattern in allow_fields {
            globs.add(Glob::new(pattern)?);
        }
        Ok(Self { allow_fields: globs.build()? })
    }

    fn allows(&self, field: &str) -> bool {
        self.allow_fields.is_match(field)
    }
}

/// Checks a resource against the schema of its kind. Nothing is said about kinds outside of Istio's groups that have no
/// schema here.
pub fn check(root: Node<'_>, options: &Options) -> Vec<Finding> {
    let text = |key| root.get(key).and_then(Node::as_str);
    let (Some(api_version), Some(name)) = (text("apiVersion"), text("kind")) else { return Vec::new() };
    let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
    let Some(kind) = kinds::find(group, name) else {
        return unknown_kind::finding(root, group, name).into_iter().collect();
    };
    let mut findings = unknown_kind::version(root, kind);
    findings.extend(check_as(root, kind, options));
    findings
}

/// Checks the text of a mesh configuration: `mesh` of the ConfigMap `istio`, or a file of its own.
pub fn check_mesh_config(root: Node<'_>, options: &Options) -> Vec<Finding> {
    kinds::find("mesh", "MeshConfig").map(|kind| check_as(root, kind, options)).unwrap_or_default()
}

fn check_as(root: Node<'_>, kind: &Kind, options: &Options) -> Vec<Finding> {
    let schema = kind.schema();
    let valid = schema.validator.is_valid(document::Item::Node(root)) && !nulls::any(root);
    let mut findings = if valid { Vec::new() } else { explain::findings(root, kind.name, schema, options) };
    for (way, keys) in &schema.keyed_lists {
        findings.extend(way.places(root).into_iter().flat_map(|list| keyed_lists::findings(list, keys)));
    }
    for (way, union) in &schema.unions {
        findings.extend(way.places(root).into_iter().filter_map(|mapping| unions::finding(mapping, union)));
    }
    if let Some(spec) = root.get("spec") {
        findings.extend(match kind.group {
            "gateway.networking.k8s.io" => gateway_api::findings(spec, kind.name),
            _ => relations::findings(spec, kind),
        });
    }
    findings.sort_by_key(|finding| finding.at);
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceId;
    use crate::yaml;

    fn findings(text: &str, options: &Options) -> Vec<Finding> {
        let (tree, problems) = yaml::parse(SourceId::default(), text);
        assert_eq!(problems, [], "{text}");
        tree.roots().flat_map(|root| check(root, options)).collect()
    }

    fn resource(kind: &str, spec: &str) -> String {
        let spec = spec.lines().map(|line| format!("  {line}\n")).collect::<String>();
        format!("apiVersion: networking.istio.io/v1\nkind: {kind}\nmetadata:\n  name: a\nspec:\n{spec}")
    }

    /// Message and help of every finding.
    fn said(kind: &str, spec: &str) -> Vec<(String, String)> {
        let findings = findings(&resource(kind, spec), &Options::default());
        findings.into_iter().map(|finding| (finding.message, finding.help.unwrap_or_default())).collect()
    }

    fn fixed(kind: &str, spec: &str) -> String {
        let mut text = resource(kind, spec);
        let fixes = findings(&text, &Options::default()).into_iter().filter_map(|finding| finding.fix);
        let mut edits: Vec<_> = fixes.flat_map(|fix| fix.edits).collect();
        edits.sort_by_key(|edit| std::cmp::Reverse(edit.at));
        edits.iter().for_each(|edit| text.replace_range(edit.at.range(), &edit.text));
        text
    }

    #[test]
    fn one_cause_is_one_finding() {
        let route = "http:\n- route:\n  - destination: {host: b}\n";
        let table = [
            (
                "hosts: [a]\nhttp:\n- route:\n  - destinaton: {host: b}",
                "unknown field `destinaton` in `spec.http[0].route[0]`",
            ),
            (
                "hosts: [a]\nhttp:\n- match:\n  - uri: /a\n  route:\n  - destination: {host: b}",
                "`spec.http[0].match[0].uri` is a string, not a mapping",
            ),
            (&format!("hosts: [a]\ngateways: [1]\n{route}"), "`spec.gateways[0]` is a number, not a string"),
            (&format!("hosts: [a_b]\n{route}"), "hosts: `_` cannot be in a DNS label, as in `a_b`"),
            (&format!("hosts: ['']\n{route}"), "`spec.hosts[0]` is empty"),
        ];
        for (spec, message) in table {
            let said = said("VirtualService", spec);
            assert_eq!(said.iter().map(|(message, _)| message.as_str()).collect::<Vec<_>>(), [message], "{spec}");
        }
    }

    #[test]
    fn unknown_fields_come_with_a_guess() {
        let table = [
            ("host: a\ntraffic_policy: {}", "write `trafficPolicy`"),
            ("host: a\ntrafficPolcy: {}", "write `trafficPolicy`"),
            ("host: a\ntrafficPolicy:\n  simple: RANDOM", "move it into `loadBalancer`"),
            (
                "host: a\ntrafficPolicy:\n  tls:\n    mode: SIMPLE\n    outlierDetection: {}",
                "move it out, to `spec.trafficPolicy`",
            ),
            (
                "host: a\ntrafficPolicy:\nloadBalancer: {simple: RANDOM}",
                "indent it, so that it becomes part of `trafficPolicy`",
            ),
            ("host: a\nnothingLikeThis: 1", ""),
        ];
        for (spec, help) in table {
            assert_eq!(said("DestinationRule", spec).first().map(|(_, help)| help.as_str()), Some(help), "{spec}");
        }
    }

    #[test]
    fn fixes_leave_nothing_to_report() {
        let table = [
            ("DestinationRule", "host: a\ntrafficPolicy:\n  tls: {mode: simple}\n  loadBalancer: {simple: RANDON}"),
            ("DestinationRule", "host: a\nsubsets:\n- name: v1\n  labels: {version: 1.10, canary: yes}"),
            (
                "DestinationRule",
                "host: a\ntrafficPolicy:\nloadBalancer:\n  simple: RANDOM\n\n  warmup:\n    duration: 1s",
            ),
            ("VirtualService", "hosts: a\nhttp:\n- route:\n  - destination: {host: b, port: {number: '80'}}"),
        ];
        for (kind, spec) in table {
            let fixed = fixed(kind, spec);
            assert_eq!(findings(&fixed, &Options::default()), [], "{fixed}");
        }
    }

    #[test]
    fn placeholders_can_be_anything() {
        let spec = "host: ${HOST}\ntrafficPolicy:\n  tls: {mode: $(MODE)}\n  outlierDetection: {maxEjectionPercent: '${SHARE}'}";
        assert_eq!(said("DestinationRule", spec), []);
    }

    #[test]
    fn fields_can_be_allowed() {
        let text = resource("DestinationRule", "host: a\nsubsets:\n- name: v1\n  shiny: 1");
        assert_eq!(findings(&text, &Options::default()).len(), 1);
        for pattern in ["DestinationRule.spec.subsets.shiny", "*.shiny"] {
            assert_eq!(findings(&text, &Options::new([pattern]).unwrap()), [], "{pattern}");
        }
    }

    #[test]
    fn nulls_are_absent_but_in_lists_and_free_mappings() {
        assert_eq!(said("DestinationRule", "host: a\nexportTo:\nsubsets: null\ntrafficPolicy: ~"), []);
        for spec in
            ["host: null", "host: a\nexportTo: [null]", "host: a\nsubsets:\n- name: b\n  labels: {c: ~}", "host: a\nd:"]
        {
            assert_eq!(said("DestinationRule", spec).len(), 1, "{spec}");
        }
    }

    #[test]
    fn other_kinds_are_left_alone() {
        for text in [
            "kind: A\nspec: 1\n",
            "apiVersion: v1\nkind: Service\nspec: 1\n",
            "- a\n",
            "apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\n",
        ] {
            assert_eq!(findings(text, &Options::default()), [], "{text}");
        }
    }
}
