use rustc_hash::FxHashMap;

use crate::mesh::Mesh;
use crate::model::Str;
use crate::rules::Report;

/// Gateways on one and the same Service that listen for the same.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let mut listeners: FxHashMap<_, Vec<_>> = FxHashMap::default();
    for gateway in &mesh.resources.k8s_gateways {
        let shared =
            gateway.spec.addresses.iter().filter(|address| address.r#type.is_some_and(|kind| kind.value == "Hostname"));
        for address in shared.filter_map(|address| address.value) {
            for listener in &gateway.spec.listeners {
                let text = |text: Option<Str<'_>>| text.map_or(String::new(), |text| text.value.to_owned());
                let port = listener.port.map(|port| port.value);
                let key = (address.value, port, text(listener.protocol), text(listener.hostname));
                listeners.entry(key).or_default().push((gateway, listener));
            }
        }
    }
    for sharing in listeners.values().filter(|sharing| sharing.len() > 1) {
        for (gateway, listener) in sharing {
            let foreign = |other: &&(&_, &_)| !std::ptr::eq::<crate::model::Object<'_, _>>(other.0, *gateway);
            let Some((other, same)) = sharing.iter().find(foreign) else { continue };
            report
                .at(&gateway.meta, listener.node.head(), "another Gateway on the same Service has the same listener")
                .label("one of the two is ignored")
                .related(same.node.head(), format!("Gateway `{}`", other.meta.full_name()))
                .help("remove one of the listeners");
        }
    }
}
