//! What is asked of a cluster: for which host, and how to send to it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::envoy::Object;
use crate::envoy::core::RoutingPriority;
use crate::trace::Version;

/// What is asked of a cluster when a request needs a host.
#[derive(Clone, Copy, Debug)]
pub struct Pick<'a> {
    /// For ring hash and Maglev; without one they choose at random.
    pub hash: Option<u64>,
    /// The metadata of `envoy.lb` that hosts must have.
    pub subset: Option<&'a Object>,
    /// Hosts that earlier attempts of the request used, and how often another is looked for because of them:
    /// `host_selection_retry_max_attempts`.
    pub avoid: &'a [SocketAddr],
    pub attempts: u32,
    /// Priorities that earlier attempts used and this one is to leave out, if another is well.
    pub left_out: &'a [u32],
    /// The host that a session belongs to.
    pub pinned: Option<SocketAddr>,
    /// What the client connected to, for `ORIGINAL_DST`.
    pub original: SocketAddr,
    /// What the request calls its server, with or without a port, for clusters that forward by name.
    pub name: Option<&'a str>,
}

impl Default for Pick<'_> {
    fn default() -> Self {
        let original = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        Self { hash: None, subset: None, avoid: &[], attempts: 1, left_out: &[], pinned: None, original, name: None }
    }
}

/// On which terms a request is sent.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// What the client speaks.
    pub version: Version,
    /// What is offered by ALPN in place of what the cluster says.
    pub offered: Option<&'a [String]>,
    /// Whose circuit breakers count it.
    pub priority: RoutingPriority,
}

impl Terms<'_> {
    pub fn of(version: Version) -> Self {
        Self { version, offered: None, priority: RoutingPriority::Default }
    }
}
