mod compare;
mod revision;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;
use similar::TextDiff;

use crate::envoy::to_yaml;
use crate::finding::ResourceRef;
use crate::lint;
use crate::mesh::Mesh;
use crate::model::{Meta, Resources};
use crate::source::{self, Sources};
use crate::translate::{ProxySpec, PushContext, Translator};

use super::config::ConfigArguments;
use super::mesh::MeshArguments;
use super::proxies::ProxyArguments;
use super::{Error, Fallible, Outcome, Result};

use compare::{Key, Parts};

/// Show what a change to the files changes in the configuration of proxies
///
/// Renders the proxies of both and compares what istiod would push, whatever the order and the formatting of the files.
/// Each difference is shown once, with the proxies that have it and the resources that cause it.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Folder or file with the old state, or `REVISION..REVISION` of the git repository of the working directory (nothing
    /// after the dots: the files as they are)
    #[arg(value_name = "OLD")]
    old: String,
    /// Folder or file with the new state; after revisions the folder to compare [default: all]
    #[arg(value_name = "NEW")]
    new: Option<PathBuf>,
    /// How to show it
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Exit with 1 if there are differences
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    proxies: ProxyArguments,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    mesh: MeshArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// An array of changes
    Json,
}

/// A difference that some proxies have in common.
#[derive(Debug, Serialize)]
struct Change {
    /// `listener`, `route configuration`, `virtual host`, `cluster`, `endpoints` or `proxy`.
    kind: &'static str,
    name: String,
    /// `added`, `removed` or `changed`.
    change: &'static str,
    proxies: Vec<String>,
    causes: Vec<Cause>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<Value>,
}

/// A resource that is not the same in both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Cause {
    kind: String,
    namespace: String,
    name: String,
    /// Where it is now, or was before it was removed.
    file: String,
    line: usize,
}

/// A mesh and where it is from.
#[derive(Clone, Copy)]
struct Side<'s> {
    mesh: &'s Mesh<'s>,
    sources: &'s Sources,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result {
    let file = arguments.config.read()?;
    let (mut old, mut new) = sources(arguments)?;
    let mesh_config = arguments.mesh.mesh_config(&file);
    let config = |sources: &mut Sources| -> Fallible<lint::Config> {
        let mesh_config = match &mesh_config {
            Some(path) => Some(sources.add(source::read(path).map_err(usage)?)),
            None => None,
        };
        Ok(lint::Config { mesh: arguments.mesh.options(&file), mesh_config, ..lint::Config::default() })
    };
    let (old_config, new_config) = (config(&mut old)?, config(&mut new)?);
    let changes = lint::with_admitted(&old, &old_config, |old_mesh, _| {
        lint::with_admitted(&new, &new_config, |new_mesh, _| {
            let (old, new) = (Side { mesh: old_mesh, sources: &old }, Side { mesh: new_mesh, sources: &new });
            changes(arguments, old, new)
        })
    })?;
    match arguments.format {
        Format::Text => write_text(&changes, out)?,
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &changes).map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
    }
    Ok(if arguments.exit_code && !changes.is_empty() { Outcome::Findings } else { Outcome::Success })
}

fn usage(error: impl std::fmt::Display) -> Error {
    Error::Usage(error.to_string())
}

/// The old and the new sources.
fn sources(arguments: &Arguments) -> Fallible<(Sources, Sources)> {
    let revisions = arguments.old.split_once("..").filter(|_| !Path::new(&arguments.old).exists());
    let Some((old, new)) = revisions else {
        let new = arguments.new.clone().ok_or_else(|| usage("say what to compare with: `meshlint diff OLD NEW`"))?;
        return Ok((files(PathBuf::from(&arguments.old))?, files(new)?));
    };
    let folder = arguments.new.as_deref();
    let new = match new.trim_start_matches('.') {
        "" => files(folder.unwrap_or(Path::new(".")).to_owned())?,
        revision => revision::load(revision, folder)?,
    };
    Ok((revision::load(old, folder)?, new))
}

fn files(path: PathBuf) -> Fallible<Sources> {
    let loaded = source::load(&[path], &[], |_| false);
    match loaded.errors.first() {
        Some(error) => Err(usage(error)),
        None => Ok(loaded.sources),
    }
}

/// What a mesh makes of each proxy.
fn render(mesh: &Mesh<'_>, specs: &[ProxySpec]) -> Vec<Parts> {
    let push = PushContext::new(mesh);
    let addresses: BTreeMap<_, _> = push.invented_addresses().into_iter().collect();
    let translator = Translator::new(&push);
    specs.iter().map(|spec| compare::parts(&translator.config(&spec.proxy(&push)), &addresses)).collect()
}

fn specs(arguments: &Arguments, mesh: &Mesh<'_>) -> Fallible<Vec<ProxySpec>> {
    let push = PushContext::new(mesh);
    match arguments.proxies.is_single() {
        // It may be new, or gone.
        true => Ok(arguments.proxies.choose(&push, &mesh.settings.options.default_namespace).unwrap_or_default()),
        false => arguments.proxies.choose(&push, &mesh.settings.options.default_namespace),
    }
}

fn changes(arguments: &Arguments, old: Side<'_>, new: Side<'_>) -> Fallible<Vec<Change>> {
    let (before, after) = (specs(arguments, old.mesh)?, specs(arguments, new.mesh)?);
    if before.is_empty() && after.is_empty() && arguments.proxies.is_single() {
        // Neither has it: say so, and what there is.
        let push = PushContext::new(new.mesh);
        arguments.proxies.choose(&push, &new.mesh.settings.options.default_namespace)?;
    }
    let mut all = gone_or_new(&before, &after);
    let common: Vec<_> = after.iter().filter(|spec| before.iter().any(|old| old.key == spec.key)).cloned().collect();
    let old_specs: Vec<_> =
        common.iter().filter_map(|spec| before.iter().find(|old| old.key == spec.key)).cloned().collect();
    let (old_parts, new_parts) = (render(old.mesh, &old_specs), render(new.mesh, &common));
    let differences: Vec<_> = old_parts.iter().zip(&new_parts).map(|(old, new)| compare::changed(old, new)).collect();
    if differences.iter().any(|keys| !keys.is_empty()) {
        let causes = causes(old, new, &old_specs, &common, &old_parts);
        for (index, keys) in differences.iter().enumerate() {
            for key in keys {
                let causes = causes[index].get(key).into_iter().flatten().cloned().collect();
                add(&mut all, key, &common[index].key, causes, old_parts[index].get(key), new_parts[index].get(key));
            }
        }
    }
    Ok(all)
}

/// Proxies that only one side has.
fn gone_or_new(before: &[ProxySpec], after: &[ProxySpec]) -> Vec<Change> {
    let only = |own: &[ProxySpec], other: &[ProxySpec], change| -> Vec<Change> {
        let missing = own.iter().filter(|spec| other.iter().all(|other| other.key != spec.key));
        missing
            .map(|spec| Change {
                kind: "proxy",
                name: spec.key.clone(),
                change,
                proxies: vec![spec.key.clone()],
                causes: Vec::new(),
                old: None,
                new: None,
            })
            .collect()
    };
    let mut all = only(before, after, "removed");
    all.extend(only(after, before, "added"));
    all
}

/// Adds a difference, or a proxy to one that others have, too.
fn add(all: &mut Vec<Change>, key: &Key, proxy: &str, causes: Vec<Cause>, old: Option<&Value>, new: Option<&Value>) {
    let (kind, name) = (key.0.name(), &key.1);
    let same = all.iter_mut().find(|change| {
        change.kind == kind && change.name == *name && change.old.as_ref() == old && change.new.as_ref() == new
    });
    if let Some(change) = same {
        change.proxies.push(proxy.to_owned());
        for cause in causes {
            if !change.causes.contains(&cause) {
                change.causes.push(cause);
            }
        }
        return;
    }
    all.push(Change {
        kind,
        name: name.clone(),
        change: match (old, new) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        },
        proxies: vec![proxy.to_owned()],
        causes,
        old: old.cloned(),
        new: new.cloned(),
    });
}

/// More renderings than this are not made to find out causes; then the resources that parts name are taken.
const MOST_RENDERINGS: usize = 5_000;

/// For each proxy the resources that cause each difference: those that make it if nothing else is changed.
fn causes(
    old: Side<'_>,
    new: Side<'_>,
    old_specs: &[ProxySpec],
    new_specs: &[ProxySpec],
    parts: &[Parts],
) -> Vec<BTreeMap<Key, BTreeSet<Cause>>> {
    let mut found = vec![BTreeMap::<Key, BTreeSet<Cause>>::new(); parts.len()];
    let changed = changed_resources(old, new);
    if changed.len() * parts.len() > MOST_RENDERINGS {
        return found;
    }
    for (resource, cause) in &changed {
        let mut resources: Resources<'_> = old.mesh.resources.clone();
        resources.adopt(resource, new.mesh.resources);
        let mesh = Mesh::new(&resources, old.mesh.settings.clone());
        // A pod may have changed what is known of its proxy.
        let specs = if is_workload(resource) { new_specs } else { old_specs };
        for (index, alone) in render(&mesh, specs).iter().enumerate() {
            for key in compare::changed(&parts[index], alone) {
                found[index].entry(key).or_default().insert(cause.clone());
            }
        }
    }
    found
}

fn is_workload(resource: &ResourceRef) -> bool {
    resource.api_version.starts_with("apps/") || resource.kind == "Pod"
}

/// The resources that are not the same in both, in the order of their names.
fn changed_resources(old: Side<'_>, new: Side<'_>) -> Vec<(ResourceRef, Cause)> {
    let (before, after) = (metas(old), metas(new));
    let mut keys: Vec<_> = before.keys().chain(after.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let changed = keys.into_iter().filter_map(|key| {
        let (own, other) = (before.get(key), after.get(key));
        if let (Some(own), Some(other)) = (own, other)
            && own.root.same_value(other.root)
        {
            return None;
        }
        let at = match (own, other) {
            (_, Some(meta)) => new.sources.locate(meta.at()),
            (Some(meta), None) => old.sources.locate(meta.at()),
            (None, None) => return None,
        };
        let cause = Cause {
            kind: key.kind.clone(),
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            file: at.file.to_owned(),
            line: at.line,
        };
        Some((key.clone(), cause))
    });
    changed.collect()
}

fn metas<'s>(side: Side<'s>) -> BTreeMap<ResourceRef, &'s Meta<'s>> {
    let key = |meta: &Meta<'_>| {
        // A resource stays what it is under another version of its group.
        let group = meta.kind.group();
        let api_version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/") };
        ResourceRef { api_version, ..meta.reference() }
    };
    side.mesh.resources.metas().map(|meta| (key(meta), meta)).collect()
}

fn write_text(changes: &[Change], out: &mut dyn Write) -> Fallible<()> {
    for (index, change) in changes.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        let sign = match change.change {
            "added" => '+',
            "removed" => '-',
            _ => '~',
        };
        writeln!(out, "{sign} {} {}", change.kind, change.name)?;
        if change.kind != "proxy" {
            writeln!(out, "  of {}", enumerate(&change.proxies))?;
        }
        for cause in &change.causes {
            let Cause { kind, namespace, name, file, line } = cause;
            writeln!(out, "  by {kind} {namespace}/{name} ({file}:{line})")?;
        }
        if let (Some(old), Some(new)) = (&change.old, &change.new) {
            let (old, new) = (to_yaml(old), to_yaml(new));
            let difference = TextDiff::from_lines(&old, &new);
            for hunk in difference.unified_diff().context_radius(3).iter_hunks() {
                for line in hunk.to_string().lines() {
                    writeln!(out, "    {line}")?;
                }
            }
        }
    }
    if changes.is_empty() {
        writeln!(out, "no difference")?;
    }
    Ok(())
}

/// The first three, and how many more.
fn enumerate(names: &[String]) -> String {
    match names {
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        names => names.join(", "),
    }
}
