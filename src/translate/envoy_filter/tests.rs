//! What the EnvoyFilters of each file in `testdata/translate/envoy_filter` change, as a diff: in `gateway.base` for a file
//! whose name starts so, in `sidecar.base` for the others.

use std::fs;
use std::path::Path;

use serde_json::Value;
use similar::TextDiff;

use super::{EnvoyFilters, GatewayPorts};
use crate::envoy::Config;
use crate::mesh::{Mesh, Options, Settings};
use crate::model::{Labels, Read, Resources, objects};
use crate::source::SourceId;
use crate::yaml;

#[test]
fn patches_are_applied_as_istiod_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/translate/envoy_filter");
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    assert!(paths.len() > 6);
    insta::with_settings!({
        snapshot_path => &folder,
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        for path in paths {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let is_router = name.starts_with("gateway");
            let base = folder.join(if is_router { "gateway.base" } else { "sidecar.base" });
            let base: Value = serde_yaml::from_str(&fs::read_to_string(base).unwrap()).unwrap();
            let changes = changes(&fs::read_to_string(&path).unwrap(), &Config::from_value(&base).unwrap(), is_router);
            insta::assert_snapshot!(name, changes);
        }
    });
}

fn changes(text: &str, base: &Config, is_router: bool) -> String {
    let (tree, problems) = yaml::parse(SourceId(0), text);
    assert!(problems.is_empty(), "{problems:?}");
    let mut resources = Resources::default();
    for object in tree.roots().flat_map(objects) {
        resources.add(object, "default");
    }
    let options = Options::default();
    let mesh = Mesh::new(&resources, Settings::new(&options, None));
    let (labels, _) = yaml::parse(SourceId(1), "app: web");
    let labels = Labels::read(labels.roots().next().unwrap()).unwrap();
    let mut config = base.clone();
    let ports = GatewayPorts::from([(8080, [80].into())]);
    let node = config.node.clone().unwrap_or_default();
    let filters = EnvoyFilters::new(&mesh);
    let notes = filters.of_proxy(&mesh, "shop", &labels, &node).apply(&mut config, is_router, &ports);
    let print = |config: &Config| serde_yaml::to_string(&config.to_value()).unwrap();
    let (before, after) = (print(base), print(&config));
    let diff = TextDiff::from_lines(&before, &after).unified_diff().context_radius(2).to_string();
    let notes = notes.iter().map(|note| format!("{}: {}\n", &text[note.at.range()], note.message));
    diff + &notes.collect::<String>()
}
