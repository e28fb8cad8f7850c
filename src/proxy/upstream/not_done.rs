//! What a cluster asks for and does not get.

use crate::envoy::Any;
use crate::envoy::cluster::{Cluster, Discovery, DiscoveryType};
use crate::proxy::unread::{told, unread};

pub(super) fn not_done(cluster: &Cluster) -> Vec<String> {
    let mut notes: Vec<_> = unread(cluster).map(|(message, field)| told(message, &field)).collect();
    if cluster.health_checks.len() > 1 {
        notes.push("only the first of its health checks is made, as in Envoy".to_owned());
    }
    match &cluster.discovery {
        Some(Discovery::ClusterType(own)) if cluster.by_name().is_none() && cluster.members().is_none() => {
            notes.push(format!("hosts are not found by `{}`, so that it has none", own.name));
        }
        Some(Discovery::Type(DiscoveryType::Eds)) if cluster.load_assignment.is_none() => {
            notes.push("there is nobody to ask for its endpoints, so that it has none".to_owned());
        }
        _ => {}
    }
    for filter in &cluster.filters {
        notes.push(format!("the filter `{}` is not executed", filter.name));
    }
    let options = cluster.typed_extension_protocol_options.values();
    for options in options.filter(|options| !matches!(options, Any::HttpProtocolOptions(_))) {
        notes.push(format!("`{}` changes nothing", options.type_name()));
    }
    notes.sort();
    notes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::not_done;
    use crate::envoy::Json;
    use crate::envoy::cluster::Cluster;

    #[test]
    fn nothing_is_passed_over() {
        let cluster = json!({
            "name": "a",
            "type": "EDS",
            "maglevLbConfig": {},
            "lbPolicy": "MAGLEV",
            "filters": [{"name": "x"}],
            "dnsResolvers": [],
            "waitForWarmOnInit": true,
        });
        assert_eq!(
            not_done(&Cluster::read(&cluster).unwrap()),
            [
                "`dns_resolvers` of `Cluster` changes nothing",
                "the filter `x` is not executed",
                "there is nobody to ask for its endpoints, so that it has none",
            ]
        );
        assert_eq!(not_done(&Cluster::default()), [""; 0]);
    }
}
