use crate::mesh::Mesh;
use crate::rules::Report;

/// WasmPlugin has a successor, which takes Lua, too.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for plugin in &mesh.resources.wasm_plugins {
        report
            .at(&plugin.meta, plugin.meta.root.key_at("kind").unwrap_or(plugin.meta.at()), "WasmPlugin has a successor")
            .help("write a TrafficExtension, with the module below `wasm`");
    }
}
