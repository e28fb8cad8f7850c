//! Which part of a configuration to show.

use std::sync::Arc;

use crate::envoy::Config;
use crate::envoy::core::Address;
use crate::envoy::listener::Listener;

/// As in `istioctl proxy-config`; what is given must all hold
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Selection")]
pub(super) struct SelectArguments {
    /// Only these kinds of resources
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KINDS")]
    only: Vec<Section>,
    /// Only the listener, route configuration or cluster of this name
    #[arg(long)]
    name: Option<String>,
    /// Only what is for this port
    #[arg(long)]
    port: Option<u32>,
    /// Only clusters and endpoints of this host, and virtual hosts for it
    #[arg(long, value_name = "HOST")]
    fqdn: Option<String>,
    /// Only clusters and endpoints of this subset
    #[arg(long)]
    subset: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Section {
    Listeners,
    Routes,
    Clusters,
    Endpoints,
}

/// The parts of the name of a cluster of a service: `outbound|80|v1|web.shop.svc.cluster.local`.
pub(super) struct ClusterName<'a> {
    pub direction: &'a str,
    pub port: &'a str,
    pub subset: &'a str,
    pub host: &'a str,
}

impl<'a> ClusterName<'a> {
    pub fn parse(name: &'a str) -> Option<Self> {
        let mut parts = name.splitn(4, '|');
        let (direction, port, subset, host) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        Some(Self { direction, port, subset, host })
    }
}

impl SelectArguments {
    pub fn shows(&self, section: Section) -> bool {
        self.only.is_empty() || self.only.contains(&section)
    }

    /// Leaves out what is not asked for.
    pub fn apply(&self, config: &mut Config) {
        config.listeners.retain(|listener| self.shows(Section::Listeners) && self.wants_listener(listener));
        config.clusters.retain(|cluster| self.shows(Section::Clusters) && self.wants_cluster(&cluster.name));
        config
            .endpoints
            .retain(|endpoints| self.shows(Section::Endpoints) && self.wants_cluster(&endpoints.cluster_name));
        config.routes.retain(|route| self.shows(Section::Routes) && self.wants_route(&route.name));
        if let Some(fqdn) = &self.fqdn {
            for route in &mut config.routes {
                Arc::make_mut(route).virtual_hosts.retain(|host| host.domains.iter().any(|domain| domain == fqdn));
            }
            config.routes.retain(|route| !route.virtual_hosts.is_empty());
        }
    }

    fn wants_listener(&self, listener: &Listener) -> bool {
        let port = match &listener.address {
            Some(Address::SocketAddress(address)) => address.port_value,
            _ => None,
        };
        self.fqdn.is_none()
            && self.subset.is_none()
            && self.name.as_ref().is_none_or(|name| *name == listener.name)
            && self.port.is_none_or(|own| port == Some(own))
    }

    fn wants_route(&self, name: &str) -> bool {
        let has_port = |port: u32| {
            let port = port.to_string();
            name.split(['.', ':', '|']).any(|part| part == port)
        };
        self.subset.is_none() && self.name.as_ref().is_none_or(|own| own == name) && self.port.is_none_or(has_port)
    }

    fn wants_cluster(&self, name: &str) -> bool {
        if self.name.as_ref().is_some_and(|own| own != name) {
            return false;
        }
        let parts = ClusterName::parse(name);
        let is = |wanted: &Option<String>, part: fn(&ClusterName<'_>) -> String| {
            wanted.as_ref().is_none_or(|wanted| parts.as_ref().is_some_and(|parts| part(parts) == *wanted))
        };
        is(&self.fqdn, |parts| parts.host.to_owned())
            && is(&self.subset, |parts| parts.subset.to_owned())
            && is(&self.port.map(|port| port.to_string()), |parts| parts.port.to_owned())
    }
}
