use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use crate::finding::Finding;
use crate::mesh::{Mesh, Options, Settings};
use crate::model::{Meta, Resources, kind_of, objects};
use crate::rules::{self, Rule};
use crate::schema;
use crate::source::{SourceId, Sources};
use crate::yaml::{self, Node, Tree};

use super::mesh_config;

/// What was found out about the sources, before suppression and severities.
pub struct Analysis {
    /// In the order of the sources, then of the catalog.
    pub findings: Vec<Finding>,
    /// How many objects were read.
    pub resources: usize,
}

/// Reads all sources as one mesh and asks every rule that is `wanted`. `mesh_config` is a source among them that holds a
/// MeshConfig; without it the ConfigMap `istio` of the input counts.
pub fn analyze(
    sources: &Sources,
    mesh_config: Option<SourceId>,
    options: &Options,
    wanted: impl Fn(&Rule) -> bool + Sync,
) -> Analysis {
    let ids: Vec<_> = sources.iter().map(|(id, _)| id).filter(|id| Some(*id) != mesh_config).collect();
    let parsed: Vec<_> = ids.par_iter().map(|id| yaml::parse(*id, sources.get(*id).text())).collect();
    let (trees, problems): (Vec<_>, Vec<_>) = parsed.into_iter().unzip();
    let mut findings: Vec<Finding> = problems.into_iter().flatten().collect();

    let read: Vec<_> = trees.par_iter().map(|tree| read(tree, options)).collect();
    let mut resources = Resources::default();
    for (of_tree, problems) in read {
        resources.append(of_tree);
        findings.extend(problems);
    }
    let count = resources.len();
    let replaced = resources.drop_replaced();
    findings.extend(replaced.iter().map(|meta| replaced_finding(meta, &resources)));

    let masked = match mesh_config {
        Some(id) => Some((id, sources.get(id).text().to_owned())),
        None => mesh_config::embedded(sources, &trees),
    };
    let config = masked.as_ref().map(|(id, text)| yaml::parse(*id, text));
    let config_root = config.as_ref().and_then(|(tree, _)| tree.roots().next());
    if let Some((_, problems)) = &config {
        findings.extend(problems.iter().cloned());
    }

    findings
        .extend(config_root.into_iter().flat_map(|root| schema::check_mesh_config(root, &schema::Options::default())));

    let mesh = Mesh::new(&resources, Settings::new(options, config_root));
    findings.extend(rules::check(&mesh, &wanted));
    findings.retain(|finding| rules::all().any(|rule| rule.id == finding.rule && wanted(rule)));
    Analysis { findings, resources: count }
}

fn read<'a>(tree: &'a Tree<'a>, options: &'a Options) -> (Resources<'a>, Vec<Finding>) {
    let mut resources = Resources::default();
    let mut findings = Vec::new();
    for root in tree.roots() {
        for object in objects(root) {
            findings.extend(illegal(object, options));
            resources.add(object, &options.default_namespace);
        }
    }
    (resources, findings)
}

/// What the schema of its kind says of an object.
fn illegal(object: Node<'_>, options: &Options) -> Vec<Finding> {
    let mut findings = schema::check(object, &schema::Options::default());
    if findings.is_empty() {
        return findings;
    }
    if let Some(kind) = kind_of(object) {
        let resource = Meta::read(kind, object, &options.default_namespace).reference();
        findings.iter_mut().for_each(|finding| finding.resource = Some(resource.clone()));
    }
    findings
}

fn replaced_finding(meta: &Meta<'_>, resources: &Resources<'_>) -> Finding {
    let title = format!("{} {}", meta.kind.name(), meta.full_name());
    let same = |other: &&Meta<'_>| {
        other.kind == meta.kind && other.namespace == meta.namespace && other.name.value == meta.name.value
    };
    let finding = Finding::new("duplicate-resource", meta.at(), format!("`{title}` is defined again"))
        .label("this one is replaced")
        .help("remove one of them, or check their folders separately")
        .resource(meta.reference());
    match resources.metas().find(same) {
        Some(last) => finding.related(last.at(), "the last one counts"),
        None => finding,
    }
}
