//! The names under which a sidecar finds a service (istio 1.31 `pilot/pkg/networking/core/httproute.go`,
//! `generateVirtualHostDomains`).

use crate::mesh::Resolution;
use crate::translate::push::NO_ADDRESS;
use crate::translate::scope::ScopedService;
use crate::translate::{Context, hosts};

/// What the `Host` of a request for a service may be.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Domains {
    pub all: Vec<String>,
    /// Those that are no full names: the full name of another service takes precedence over them.
    pub alternates: Vec<String>,
}

/// Who asks, and whether names must stand there with the port, too, because many ports share the listener.
#[derive(Clone, Copy)]
pub(super) struct Client<'c> {
    pub namespace: &'c str,
    pub cluster_domain: &'c str,
    pub ipv6: bool,
    pub with_port: Option<i64>,
}

impl<'c> Client<'c> {
    pub fn new(context: &'c Context<'_, '_>) -> Self {
        let Context { push, proxy, .. } = context;
        let cluster_domain = &push.mesh.settings.options.cluster_domain;
        Self { namespace: proxy.namespace, cluster_domain, ipv6: proxy.is_ipv6(), with_port: None }
    }

    /// `host` is the name of the service in lower case.
    pub fn domains(&self, service: &ScopedService<'_>, host: &str) -> Domains {
        let mut domains = Domains::default();
        for host in [host].into_iter().chain(service.aliases.iter().map(|alias| alias.host)) {
            self.add(&mut domains.all, host);
            let start = domains.all.len();
            self.add_alternates(&mut domains.all, host);
            domains.alternates.extend_from_slice(&domains.all[start..]);
        }
        if service.service.is_kubernetes() && service.service.resolution() == Resolution::Passthrough {
            // The pods of a headless Service have names of their own.
            let pods: Vec<_> = domains.all.iter().map(|domain| format!("*.{domain}")).collect();
            domains.all.extend(pods);
        }
        let address = &service.service.address;
        // Of the addresses that Kubernetes gives a proxy can use those of its own family.
        let usable = !service.service.is_kubernetes() || address.contains(':') == self.ipv6;
        if address != NO_ADDRESS && usable {
            self.add(&mut domains.all, address);
        }
        domains
    }

    fn add(&self, domains: &mut Vec<String>, host: &str) {
        domains.push(bracketed(host));
        domains.extend(self.with_port.map(|port| with_port(host, port)));
    }

    fn add_alternates(&self, domains: &mut Vec<String>, host: &str) {
        domains.extend(hosts::absolute(host));
        domains.extend(self.with_port.map(|port| with_port(&format!("{host}."), port)));
        for short in hosts::short_names(host, self.namespace, self.cluster_domain).into_iter().flatten() {
            self.add(domains, short);
        }
    }
}

/// An IPv6 address as a part of a URL.
pub(super) fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

pub(in crate::translate) fn with_port(host: &str, port: i64) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_need_ports() {
        let client = Client { namespace: "shop", cluster_domain: "cluster.local", ipv6: false, with_port: Some(90) };
        let mut domains = Vec::new();
        client.add_alternates(&mut domains, "a.other.svc.cluster.local");
        let expected = [
            "a.other.svc.cluster.local.",
            "a.other.svc.cluster.local.:90",
            "a.other",
            "a.other:90",
            "a.other.svc",
            "a.other.svc:90",
        ];
        assert_eq!(domains, expected);
        assert_eq!(with_port("::1", 80), "[::1]:80");
    }
}
