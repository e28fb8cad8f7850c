//! From the command line to what is to run.

use std::collections::BTreeMap;

use crate::cli::load::{self, Problems};
use crate::cli::render::places::{Places, line};
use crate::cli::render::show::{self, Shown};
use crate::cli::{Error, Fallible, proxies};
use crate::mesh::Mesh;
use crate::proxy::mesh::Scene;
use crate::source::Sources;
use crate::translate::{ProxySpec, PushContext, Translation};

use super::{Arguments, Words, file};

/// What the files say, and what is wrong with them.
pub(super) struct Loaded {
    pub scene: Scene,
    /// What istiod would know better, with places.
    pub notes: Vec<String>,
    pub problems: Problems,
}

pub(super) fn load(arguments: &Arguments, words: &Words) -> Fallible<Loaded> {
    if let Some(path) = &words.bootstrap {
        let scene = file::read(path)?;
        return Ok(Loaded { scene, notes: Vec::new(), problems: Problems::default() });
    }
    let (config, mesh) = (&arguments.config, &arguments.mesh_arguments);
    let ((scene, notes), problems) =
        load::with_admitted(&words.paths, config, mesh, |mesh, sources, _| of_mesh(arguments, mesh, sources))?;
    if scene.members.is_empty() {
        return Err(Error::Usage("the files have no workload with a proxy, and no Gateway".to_owned()));
    }
    Ok(Loaded { scene, notes, problems })
}

fn of_mesh(arguments: &Arguments, mesh: &Mesh<'_>, sources: &Sources) -> Fallible<(Scene, Vec<String>)> {
    let push = PushContext::new(mesh);
    let specs = specs(arguments, &push, &mesh.settings.options.default_namespace)?;
    let places = Places::new(mesh, sources);
    let locate = |translation: &Translation| {
        let Translation { config, provenance, .. } = translation.clone();
        let mut named = by_name(&show::provenance(&Shown { config, provenance, places: &places, sources }));
        named.extend(patched(mesh, sources));
        named
    };
    let (scene, notes) = Scene::new(mesh, &push, &specs, !arguments.is_single(), &locate);
    let mut texts: Vec<_> = notes
        .into_iter()
        .map(|note| {
            let at = sources.locate(note.at);
            format!("{}:{}:{}: {}", at.file, at.line, at.column, note.message)
        })
        .collect();
    texts.sort();
    texts.dedup();
    Ok((scene, texts))
}

fn specs(arguments: &Arguments, push: &PushContext<'_>, namespace: &str) -> Fallible<Vec<ProxySpec>> {
    match (&arguments.gateway, &arguments.workload) {
        (Some(name), _) => proxies::of_gateway(push, push.proxies(), name, namespace),
        (None, Some(name)) => proxies::one_of(push.proxies(), name, namespace, "workload"),
        (None, None) => Ok(push.proxies()),
    }
}

/// The filters and other things that EnvoyFilters bring in, which have no other place.
fn patched<'m>(mesh: &'m Mesh<'_>, sources: &'m Sources) -> impl Iterator<Item = (String, String)> + use<'m> {
    let patches = mesh.resources.envoy_filters.iter().flat_map(|filter| &filter.spec.config_patches);
    patches.filter_map(|patch| {
        let name = patch.patch.as_ref()?.value?.get("name")?;
        Some((name.as_str()?.to_owned(), line(sources, name.at())))
    })
}

/// The first place of each listener, route and cluster.
fn by_name(parts: &serde_json::Value) -> BTreeMap<String, String> {
    let mut places = BTreeMap::new();
    for part in parts.as_array().into_iter().flatten() {
        let text = |key: &str| part[key].as_str().unwrap_or_default();
        let name = match text("kind") {
            // With what its chains match.
            "filter chain" => text("name").split(' ').next().unwrap_or_default(),
            _ => text("name"),
        };
        if let Some(place) = part["sources"][0].as_str() {
            places.entry(name.to_owned()).or_insert_with(|| place.to_owned());
        }
    }
    places
}
