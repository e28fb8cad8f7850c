use crate::mesh::Mesh;
use crate::rules::Report;

/// A Gateway should say which proxies it is for.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for gateway in mesh.resources.gateways.iter().filter(|gateway| gateway.spec.selector.is_empty()) {
        let at = gateway.spec.node.key_at("selector").unwrap_or(gateway.meta.at());
        report
            .at(&gateway.meta, at, "the Gateway has no selector")
            .label("every gateway of the mesh, in all namespaces, opens its ports")
            .help("select the pods of one gateway, as in `selector: {istio: ingressgateway}`");
    }
}
