use crate::mesh::{Mesh, Workload};
use crate::rules::Report;

/// Pods on the network of their node get no proxy, even if they ask for one.
pub fn check<'m>(_: &Mesh<'m>, workload: &Workload<'m>, report: &mut Report) {
    let host_network = workload.pod().and_then(|pod| pod.host_network).filter(|on| on.value);
    let asks = workload.labels.get("sidecar.istio.io/inject").filter(|value| value.value == "true");
    let (Some(host_network), Some(asks)) = (host_network, asks) else { return };
    report
        .at(workload.meta, asks.at, "pods on the network of the node get no proxy")
        .label("this has no effect")
        .related(host_network.at, "because of this")
        .help("remove `hostNetwork`, or the label");
}
