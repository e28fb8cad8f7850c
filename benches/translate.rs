//! What the configuration of a sidecar costs that knows all services of a mesh. `cargo bench --bench translate`.

use divan::Bencher;
use meshlint::lint::{self, Config};
use meshlint::mesh::Mesh;
use meshlint::source::{Source, Sources};
use meshlint::translate::{PushContext, Translator};

fn main() {
    divan::main();
}

/// Resources of the meshes, of which a quarter are Services.
const SIZES: [usize; 2] = [1_000, 10_000];
const NAMESPACES: usize = 50;
/// Objects of `application.yaml`.
const OBJECTS: usize = 4;

/// What all sidecars share.
#[divan::bench(args = SIZES, sample_count = 10)]
fn ground(bencher: Bencher<'_, '_>, resources: usize) {
    with_mesh(resources, |mesh| bencher.bench_local(|| PushContext::new(mesh).proxies().len()));
}

#[divan::bench(args = SIZES, sample_count = 10)]
fn first(bencher: Bencher<'_, '_>, resources: usize) {
    with_mesh(resources, |mesh| {
        let push = PushContext::new(mesh);
        let specs = push.proxies();
        bencher.bench_local(|| Translator::new(&push).config(&specs[0].proxy(&push)));
    });
}

/// Each in another namespace than the one before.
#[divan::bench(args = SIZES, sample_count = 100)]
fn next(bencher: Bencher<'_, '_>, resources: usize) {
    with_mesh(resources, |mesh| {
        let push = PushContext::new(mesh);
        let specs = push.proxies();
        let translator = Translator::new(&push);
        let mut turns = (0..specs.len()).step_by(specs.len() / NAMESPACES + 1).cycle();
        let mut translate = || turns.next().map(|at| translator.config(&specs[at].proxy(&push)));
        translate();
        bencher.bench_local(translate);
    });
}

fn with_mesh(resources: usize, ask: impl FnOnce(&Mesh<'_>)) {
    lint::with_admitted(&sources(resources), &Config::default(), |mesh, _| ask(mesh));
}

/// A file for each namespace.
fn sources(resources: usize) -> Sources {
    let mut texts = vec![String::new(); NAMESPACES];
    for index in 0..resources / OBJECTS {
        let namespace = index % NAMESPACES;
        let application = include_str!("application.yaml")
            .replace("NAME", &format!("app-{index}"))
            .replace("PLACE", &format!("ns-{namespace}"));
        texts[namespace].push_str(&application);
    }
    let mut sources = Sources::default();
    for (namespace, text) in texts.into_iter().enumerate() {
        sources.add(Source::new(format!("ns-{namespace}.yaml"), text));
    }
    sources
}
