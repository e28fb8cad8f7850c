use std::net::IpAddr;

use crate::mesh::Mesh;
use crate::rules::Report;

use super::external_istiod::{host, istio_webhooks, url};

/// An istiod outside of the cluster, called by its address.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for (object, webhook) in istio_webhooks(mesh) {
        let Some(url) = url(webhook) else { continue };
        let Some(address) = host(url.value).filter(|host| host.parse::<IpAddr>().is_ok()) else { continue };
        report
            .at(&object.meta, url.at, format!("istiod is called by its address `{address}`"))
            .label("its certificate must hold this address, and the address must not change")
            .help("use a name");
    }
}
