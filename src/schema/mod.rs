//! What is legal in one resource, whatever else there is: its fields, their types and values, and the form of texts.
//!
//! The facts are in `schemas/<group>/<Kind>.json`, JSON Schemas of the kinds that Istio 1.31 reads, which are part of the
//! program and compiled when first needed. They say what the API server accepts (the CRDs of istio/api release-1.31 and of
//! Gateway API 1.6.1) and, where that is stricter, what istiod accepts of single fields. Every text that has a grammar
//! carries a `format`; [`formats`] lists them. What the CRDs say about several fields at once is in `relations`.
//!
//! Rules about fields that only istiod's validation knows are not here but among the rules.

mod document;
mod explain;
pub mod formats;
mod keyed_lists;
mod kinds;
mod nulls;
mod place;
mod relations;
mod suggest;
mod unknown_kind;

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
    findings.extend(keyed_lists::findings(root, &schema.keyed_lists));
    findings.extend(relations::findings(root, kind));
    findings.sort_by_key(|finding| finding.at);
    findings
}
