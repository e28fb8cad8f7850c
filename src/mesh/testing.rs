//! Meshes for tests.

use crate::model::{Resources, kind_of, objects};
use crate::source::SourceId;
use crate::yaml;

use super::{Mesh, Options, Settings};

/// Asks the mesh of a text, in which a document without a kind is the MeshConfig.
pub fn with_mesh<T>(text: &str, ask: impl FnOnce(&Mesh<'_>) -> T) -> T {
    let (tree, problems) = yaml::parse(SourceId::default(), text);
    assert!(problems.is_empty(), "{problems:?}");
    let mut resources = Resources::default();
    for object in tree.roots().flat_map(objects) {
        resources.add(object, "default");
    }
    let options = Options::default();
    let mesh_config = tree.roots().find(|root| kind_of(*root).is_none());
    ask(&Mesh::new(&resources, Settings::new(&options, mesh_config)))
}
