use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::networking::Gateway;
use crate::rules::Report;

/// A Gateway should say which proxies it is for.
pub fn check<'m>(_: &Mesh<'m>, gateway: &'m Object<'m, Gateway<'m>>, report: &mut Report) {
    if !gateway.spec.selector.is_empty() {
        return;
    }
    let at = gateway.spec.node.key_at("selector").unwrap_or(gateway.meta.at());
    report
        .at(&gateway.meta, at, "the Gateway has no selector")
        .label("every gateway of the mesh, in all namespaces, opens its ports")
        .help("select the pods of one gateway, as in `selector: {istio: ingressgateway}`");
}
