//! What a check costs, as a whole and in parts, on meshes of growing size. `cargo bench`.

use divan::Bencher;
use divan::counter::BytesCount;
use meshlint::lint::{self, Config};
use meshlint::source::{Source, Sources};
use meshlint::yaml;

fn main() {
    divan::main();
}

/// Resources of the meshes. Costs must grow with them, not with their square.
const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const NAMESPACES: usize = 50;
/// Objects of [`application`].
const OBJECTS: usize = 4;

#[divan::bench(args = SIZES, sample_count = 10)]
fn check(bencher: Bencher<'_, '_>, resources: usize) {
    let sources = mesh(resources);
    let bytes = sources.iter().map(|(_, source)| source.text().len()).sum::<usize>();
    bencher.counter(BytesCount::new(bytes)).bench(|| lint::check(&sources, &Config::default()).findings.len());
}

/// VirtualServices of one gateway for one host, with four rules each.
#[divan::bench(args = [1_000, 5_000], sample_count = 10)]
fn shared_host(bencher: Bencher<'_, '_>, services: usize) {
    let rules = include_str!("shared-host.yaml");
    let text: String = (0..services).map(|index| rules.replace("NAME", &format!("app-{index}"))).collect();
    let mut sources = Sources::default();
    sources.add(Source::new("gateway.yaml", include_str!("gateway.yaml")));
    sources.add(Source::new("routes.yaml", text));
    bencher.bench(|| lint::check(&sources, &Config::default()).findings.len());
}

#[divan::bench(args = SIZES, sample_count = 10)]
fn parse(bencher: Bencher<'_, '_>, resources: usize) {
    let sources = mesh(resources);
    let bytes = sources.iter().map(|(_, source)| source.text().len()).sum::<usize>();
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        let roots = sources.iter().map(|(id, source)| yaml::parse(id, source.text()).0.roots().count());
        roots.sum::<usize>()
    });
}

/// A mesh without mistakes, a file for each of its namespaces.
fn mesh(resources: usize) -> Sources {
    let mut texts = vec![String::new(); NAMESPACES];
    for index in 0..resources / OBJECTS {
        texts[index % NAMESPACES].push_str(&application(index, index % NAMESPACES));
    }
    let mut sources = Sources::default();
    for (namespace, text) in texts.into_iter().enumerate() {
        sources.add(Source::new(format!("ns-{namespace}.yaml"), text));
    }
    sources
}

fn application(index: usize, namespace: usize) -> String {
    include_str!("application.yaml")
        .replace("NAME", &format!("app-{index}"))
        .replace("PLACE", &format!("ns-{namespace}"))
}
