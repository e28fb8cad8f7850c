//! The clusters that destinations of routes stand for (istio 1.31 `pilot/pkg/networking/core/route/route.go`,
//! `GetDestinationCluster`).

use super::names;
use super::push::Target;
use super::scope::ScopedService;

/// The cluster of a destination. `service` is what its host means to the proxy, `port` that of the listener or server,
/// which counts where neither the destination nor the service decides.
pub(super) fn cluster(target: &Target<'_>, service: Option<&ScopedService<'_>>, port: i64) -> String {
    if target.host.is_empty() {
        return "UnknownService".to_owned();
    }
    let only = |service: &ScopedService<'_>| {
        let mut ports = service.ports();
        let first = ports.next()?;
        ports.next().is_none().then_some(first.number)
    };
    let port = target.port.or_else(|| only(service?)).unwrap_or(port);
    names::outbound_cluster(port, target.subset, host(target, service))
}

fn host<'s>(target: &'s Target<'_>, service: Option<&'s ScopedService<'_>>) -> &'s str {
    let alias = service.filter(|service| service.service.is_alias());
    alias.and_then(|service| service.service.external_name()).unwrap_or(&target.host)
}
