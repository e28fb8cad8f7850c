use rustc_hash::FxHashMap;

use crate::mesh::Mesh;
use crate::rules::Report;

/// Gateways that ask for the same IP address, of which only one gets it.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let mut users: FxHashMap<&str, Vec<_>> = FxHashMap::default();
    for gateway in &mesh.resources.k8s_gateways {
        for address in &gateway.spec.addresses {
            // A hostname is that of a Service, which gateways may share.
            let is_ip = address.r#type.is_none_or(|kind| kind.value == "IPAddress");
            let Some(value) = address.value.filter(|value| is_ip && !value.is_placeholder()) else { continue };
            users.entry(value.value).or_default().push((gateway, address, value));
        }
    }
    for sharing in users.values().filter(|sharing| sharing.len() > 1) {
        for (gateway, address, value) in sharing {
            let Some((other, _, at)) = sharing.iter().find(|(_, _, other)| other.at != value.at) else { continue };
            report
                .at(&gateway.meta, address.node.head(), format!("`{}` is the address of several Gateways", value.value))
                .label("each Gateway has a Service of its own, and only one gets the address")
                .related(at.at, format!("Gateway `{}` asks for it, too", other.meta.full_name()))
                .help("use another address, or one Gateway for both");
        }
    }
}
