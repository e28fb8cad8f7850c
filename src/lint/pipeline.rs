use std::iter;

use rayon::prelude::{IntoParallelRefIterator, ParallelIterator, ParallelSlice};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::finding::{Finding, Severity};
use crate::mesh::{Mesh, Settings};
use crate::model::{Kind, Meta, Resources, Texts, objects, reference};
use crate::rules;
use crate::schema;
use crate::source::{Sources, Span};
use crate::yaml::{self, Tree};

use super::check::Config;
use super::ignores::Ignores;
use super::mesh_config;

/// What was found out about the sources, before severities and suppression.
pub(super) struct Analysis {
    /// In no particular order.
    pub(super) findings: Vec<Finding>,
    /// How many objects were read.
    pub(super) resources: usize,
    pub(super) ignores: Ignores,
}

/// What one source holds.
#[derive(Default)]
struct Content<'a> {
    resources: Resources<'a>,
    findings: Vec<Finding>,
    ignores: Ignores,
}

/// Reads all sources as one mesh and asks every rule that is wanted.
pub(super) fn analyze(sources: &Sources, config: &Config) -> Analysis {
    with_input(sources, config, |resources, settings, mut analysis| {
        let mesh = Mesh::new(&resources, settings);
        analysis.findings.extend(rules::check(&mesh, |rule| config.levels.want(rule)));
        analysis
    })
}

/// Reads all sources as one mesh without what istiod's webhook and the API server refuse, with what istiod makes of objects
/// of the Gateway API, and gives it to `ask`, with the findings for which objects were left out.
pub(super) fn with_admitted<R>(
    sources: &Sources,
    config: &Config,
    ask: impl FnOnce(&Mesh<'_>, Vec<Finding>) -> R,
) -> R {
    with_input(sources, config, |mut resources, settings, Analysis { mut findings, .. }| {
        let is_field_rule =
            |id: &str| rules::find(id).is_some_and(|rule| FIELD_RULES.contains(&&*rule.page().category));
        let mesh = Mesh::new(&resources, settings.clone());
        findings.extend(rules::check(&mesh, |rule| is_field_rule(rule.id)));
        let severity =
            |finding: &Finding| finding.severity.or_else(|| rules::find(finding.rule).map(|rule| rule.page().severity));
        findings.retain(|finding| is_field_rule(finding.rule) && severity(finding) == Some(Severity::Error));
        let refused: FxHashSet<_> = findings.iter().filter_map(|finding| finding.resource.as_deref()).collect();
        if refused.is_empty() {
            return with_made(&resources, &mesh, |mesh| ask(mesh, findings));
        }
        resources.retain(|meta| !refused.contains(&meta.reference()));
        let mesh = Mesh::new(&resources, settings);
        with_made(&resources, &mesh, |mesh| ask(mesh, findings))
    })
}

/// Gives the mesh to `ask`, with what istiod makes of objects of the Gateway API.
fn with_made<R>(resources: &Resources<'_>, mesh: &Mesh<'_>, ask: impl FnOnce(&Mesh<'_>) -> R) -> R {
    let texts = Texts::default();
    let made = mesh.istio_objects(&texts.writer());
    if made.is_empty() {
        return ask(mesh);
    }
    let resources = made.with_others(resources);
    ask(&Mesh::new(&resources, mesh.settings.clone()))
}

/// The categories of the rules that ask whether an object by itself is legal.
const FIELD_RULES: [&str; 2] = ["schema", "validation"];

/// Read side by side. Each has lists for all kinds, so that many would take memory.
const PARTS: usize = 32;

/// Reads all sources and gives what they hold to `ask`. The analysis has what reading them found.
fn with_input<R>(
    sources: &Sources,
    config: &Config,
    ask: impl for<'a> FnOnce(Resources<'a>, Settings<'a>, Analysis) -> R,
) -> R {
    let ids: Vec<_> = sources.iter().map(|(id, _)| id).filter(|id| Some(*id) != config.mesh_config).collect();
    let parsed: Vec<_> = ids.par_iter().map(|id| yaml::parse(*id, sources.get(*id).text())).collect();
    let parts = parsed.par_chunks(parsed.len().div_ceil(PARTS).max(1));
    let contents: Vec<_> = parts.map(|part| read_all(part, config)).collect();
    let Content { mut resources, mut findings, ignores } = concat(contents);
    let count = resources.len();
    let replaced = resources.drop_replaced();
    findings.extend(replaced_findings(&replaced, &resources));

    let named = config.mesh_config.map(|id| yaml::parse(id, sources.get(id).text()));
    let of_named = named.as_ref().map(|(tree, _)| {
        let mut resources = Resources::default();
        tree.roots().flat_map(objects).for_each(|object| resources.add(object, &config.mesh.default_namespace));
        resources
    });
    let embedded = mesh_config::embedded(sources, &of_named.as_ref().unwrap_or(&resources).config_maps);
    let embedded = embedded.as_ref().map(|(id, text)| yaml::parse(*id, text));
    let settings = embedded.as_ref().or(named.as_ref());
    findings.extend(settings.iter().flat_map(|(_, problems)| problems).cloned());
    let settings = settings.and_then(|(tree, _)| tree.roots().next()).map(mesh_config::of_document);
    findings.extend(settings.iter().flat_map(|root| schema::check_mesh_config(*root, &config.fields)));

    ask(resources, Settings::new(&config.mesh, settings), Analysis { findings, resources: count, ignores })
}

fn concat<'a>(contents: impl IntoIterator<Item = Content<'a>>) -> Content<'a> {
    let (mut parts, mut findings, mut ignores) = (Vec::new(), Vec::new(), Ignores::default());
    for content in contents {
        parts.push(content.resources);
        findings.extend(content.findings);
        ignores.append(content.ignores);
    }
    Content { resources: Resources::concat(parts), findings, ignores }
}

fn read_all<'a>(parsed: &'a [(Tree<'a>, Vec<Finding>)], config: &'a Config) -> Content<'a> {
    let mut content = Content::default();
    for (tree, problems) in parsed {
        read(tree, problems, config, &mut content);
    }
    content
}

fn read<'a>(tree: &'a Tree<'a>, problems: &[Finding], config: &'a Config, content: &mut Content<'a>) {
    let mut problems = problems.iter().cloned().peekable();
    for object in tree.roots().flat_map(objects) {
        let at = object.at();
        while let Some(problem) = problems.next_if(|problem| problem.at.start < at.start) {
            content.findings.push(problem);
        }
        // Neither the reader nor the schemas know what they read: their findings get their resource here.
        let mut findings: Vec<_> = iter::from_fn(|| problems.next_if(|problem| problem.at.start < at.end)).collect();
        findings.extend(schema::check(object, &config.fields));
        if !findings.is_empty() {
            let resource = reference(object, &config.mesh.default_namespace);
            content.findings.extend(findings.into_iter().map(|finding| finding.resource(resource.clone())));
        }
        content.ignores.add_annotations(object, || reference(object, &config.mesh.default_namespace));
        content.resources.add(object, &config.mesh.default_namespace);
    }
    content.findings.extend(problems);
    content.ignores.add_comments(tree);
}

/// An object that another with the same name replaces is a finding.
fn replaced_findings(replaced: &[Meta<'_>], resources: &Resources<'_>) -> Vec<Finding> {
    if replaced.is_empty() {
        return Vec::new();
    }
    let last: FxHashMap<_, _> = resources.metas().map(|meta| (identity(meta), meta.at())).collect();
    replaced.iter().map(|meta| replaced_finding(meta, last.get(&identity(meta)).copied())).collect()
}

fn identity<'m>(meta: &Meta<'m>) -> (Kind, &'m str, &'m str) {
    (meta.kind, meta.namespace, meta.name.value)
}

fn replaced_finding(meta: &Meta<'_>, last: Option<Span>) -> Finding {
    let title = format!("{} {}", meta.kind.name(), meta.full_name());
    let finding = Finding::new("duplicate-resource", meta.at(), format!("`{title}` is defined again"))
        .label("this one is replaced")
        .help("remove one of them, or check their folders separately")
        .resource(meta.reference());
    match last {
        Some(last) => finding.related(last, "the last one counts"),
        None => finding,
    }
}
