//! What the EnvoyFilters of each file in `testdata/translate/envoy_filter` change, as a diff: in `gateway.base` for a file
//! whose name starts so, in `sidecar.base` for the others.

use std::fs;
use std::path::Path;

use serde_json::Value;
use similar::TextDiff;

use super::{EnvoyFilters, GatewayPorts};
use crate::envoy::Config;
use crate::mesh::Mesh;
use crate::mesh::testing::with_mesh;
use crate::model::{Labels, Read};
use crate::source::SourceId;
use crate::translate::testing::snapshots;
use crate::yaml;

#[test]
fn patches_are_applied_as_istiod_does() {
    let base = |file: &str| -> Config {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/translate/envoy_filter").join(file);
        let base: Value = serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        Config::from_value(&base).unwrap()
    };
    snapshots("envoy_filter", 7, |name, text| {
        let is_router = name.starts_with("gateway");
        let base = base(if is_router { "gateway.base" } else { "sidecar.base" });
        with_mesh(text, |mesh| changes(mesh, text, &base, is_router))
    });
}

fn changes(mesh: &Mesh<'_>, text: &str, base: &Config, is_router: bool) -> String {
    let (labels, _) = yaml::parse(SourceId::of_index(1), "app: web");
    let labels = Labels::read(labels.roots().next().unwrap()).unwrap();
    let mut config = base.clone();
    let ports = GatewayPorts::from([(8080, [80].into())]);
    let node = config.node.clone().unwrap_or_default();
    let filters = EnvoyFilters::new(mesh);
    let notes = filters.of_proxy(mesh, "shop", &labels, &node).apply(&mut config, is_router, &ports);
    let print = |config: &Config| serde_yaml::to_string(&config.to_value()).unwrap();
    let (before, after) = (print(base), print(&config));
    let diff = TextDiff::from_lines(&before, &after).unified_diff().context_radius(2).to_string();
    let notes = notes.iter().map(|note| format!("{}: {}\n", &text[note.at.range()], note.message));
    diff + &notes.collect::<String>()
}
