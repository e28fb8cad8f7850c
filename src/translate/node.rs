//! What a proxy says of itself when it connects (istio 1.31 `pkg/model/proxy.go`, `pkg/bootstrap/config.go`).

use serde_json::json;

use crate::envoy::Object;
use crate::envoy::core::{Locality, Node};

use super::proxy::Interception;
use super::{Context, push};

/// The version of Istio whose translation this is.
const ISTIO_VERSION: &str = "1.31.0";

pub(super) fn node(context: &Context<'_, '_>) -> Node {
    let proxy = context.proxy;
    let domain = &context.push.mesh.settings.options.cluster_domain;
    let (kind, namespace) = (proxy.kind.name(), proxy.namespace);
    let labels: Object = proxy.labels.iter().map(|(key, value)| (key.value.to_owned(), value.value.into())).collect();
    let workload = proxy.labels.text("service.istio.io/canonical-name").unwrap_or(proxy.name);
    let interception = match proxy.interception {
        Interception::Redirect => "REDIRECT",
        Interception::TransparentProxy => "TPROXY",
        Interception::None => "NONE",
    };
    let metadata = json!({
        "CLUSTER_ID": push::CLUSTER_ID,
        "INSTANCE_IPS": proxy.ip,
        "INTERCEPTION_MODE": interception,
        "ISTIO_VERSION": ISTIO_VERSION,
        "LABELS": labels,
        "MESH_ID": context.push.mesh.settings.trust_domain,
        "NAME": proxy.name,
        "NAMESPACE": namespace,
        "NODE_NAME": proxy.node_name,
        "SERVICE_ACCOUNT": proxy.service_account,
        "WORKLOAD_NAME": workload,
    });
    let locality = (!proxy.locality.is_empty()).then(|| Locality {
        region: proxy.locality.region.to_owned(),
        zone: proxy.locality.zone.to_owned(),
        sub_zone: proxy.locality.sub_zone.to_owned(),
        ..Default::default()
    });
    Node {
        id: format!("{kind}~{}~{}.{namespace}~{namespace}.svc.{domain}", proxy.ip, proxy.name),
        cluster: format!("{workload}.{namespace}"),
        metadata: metadata.as_object().cloned(),
        locality,
        ..Default::default()
    }
}
