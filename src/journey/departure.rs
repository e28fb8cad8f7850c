//! Where a call starts.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::trace::{ClientTls, Connection, Request};
use crate::translate::ProxySpec;

use super::names::{of_gateway, one_of};
use super::target::Target;
use super::{Arrival, Journey, Role};

/// Who sends, and what it shows of itself.
#[derive(Clone, Debug, Default)]
pub struct Client<'c> {
    pub start: Start<'c>,
    /// In TLS; by default the host of the URL.
    pub server_name: Option<&'c str>,
    /// In its certificate: `spiffe://cluster.local/ns/shop/sa/web`. Without TLS of its own, it speaks as proxies of the mesh
    /// do.
    pub principal: Option<&'c str>,
    /// Of a client that is no workload of the mesh.
    pub source: Option<IpAddr>,
}

#[derive(Clone, Copy, Debug, Default)]
pub enum Start<'c> {
    /// `namespace/name` of a pod or of what runs it.
    Workload(&'c str),
    /// The Gateway or gateway workload that a client outside of the mesh connects to; the port is that of its Service.
    Gateway(&'c str),
    /// A sidecar that the files need not have.
    Sidecar(&'c ProxySpec),
    /// A client without a proxy, which connects to the server directly.
    #[default]
    Outside,
}

/// Of clients of which nothing is known (RFC 5737).
const UNKNOWN_CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
/// Of servers outside of the mesh, likewise.
const UNKNOWN_SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1));

/// What a sidecar offers by ALPN for HTTP/1.1, and for bytes.
const MESH_HTTP: &[&str] = &["istio-http/1.1", "istio", "http/1.1"];
const MESH_TCP: &[&str] = &["istio-peer-exchange", "istio"];

pub(super) fn depart(
    journey: &mut Journey<'_, '_>,
    client: &Client<'_>,
    target: &Target,
    request: Option<Request>,
) -> Result<(), String> {
    let namespace = journey.traffic.mesh.settings.options.default_namespace.clone();
    let mut departure = Departure { journey, client, target, request, namespace: &namespace };
    match client.start {
        Start::Gateway(name) => departure.enter_gateway(name)?,
        Start::Workload(name) => departure.leave_workload(name)?,
        Start::Sidecar(spec) => departure.leave_sidecar(spec),
        Start::Outside => departure.directly(&namespace, client.source.unwrap_or(UNKNOWN_CLIENT)),
    }
    Ok(())
}

struct Departure<'d, 'j, 'r> {
    journey: &'d mut Journey<'j, 'r>,
    client: &'d Client<'d>,
    target: &'d Target,
    request: Option<Request>,
    /// Of names that tell none.
    namespace: &'d str,
}

impl Departure<'_, '_, '_> {
    fn sent(&self, destination: impl Into<SocketAddr>, source: IpAddr) -> Arrival {
        let own = || self.target.tls(self.client.server_name, self.client.principal);
        let tls = self.target.has_tls().then(own);
        let connection = Connection { destination: destination.into(), source, tls };
        Arrival { connection, request: self.request.clone() }
    }

    fn enter_gateway(&mut self, name: &str) -> Result<(), String> {
        let traffic = self.journey.traffic;
        let spec = of_gateway(traffic.push, traffic.proxies(), name, self.namespace)?;
        let port = traffic.translator.listening_port(&spec.proxy(traffic.push), self.target.port);
        let address: IpAddr = spec.ip.parse().unwrap_or(UNKNOWN_SERVER);
        let sent = self.sent((address, port), self.client.source.unwrap_or(UNKNOWN_CLIENT));
        self.journey.pass(&traffic.station(&spec), Role::Gateway, sent);
        Ok(())
    }

    fn leave_workload(&mut self, name: &str) -> Result<(), String> {
        let traffic = self.journey.traffic;
        match one_of(traffic.proxies(), name, self.namespace, "workload") {
            Ok(spec) => self.leave_sidecar(&spec),
            Err(unknown) => {
                let (namespace, short) = name.split_once('/').unwrap_or((self.namespace, name));
                let Some(source) = traffic.push.pod_address(namespace, short) else { return Err(unknown) };
                self.journey.remark(None, format!("`{name}` has no proxy: it connects to the server directly"));
                self.directly(namespace, source);
            }
        }
        Ok(())
    }

    fn leave_sidecar(&mut self, spec: &ProxySpec) {
        let address = self.address(&spec.namespace);
        let sent = self.sent((address, self.target.port), spec.ip.parse().unwrap_or(UNKNOWN_CLIENT));
        let station = self.journey.traffic.station(spec);
        self.journey.pass(&station, Role::Client, sent);
    }

    /// Where a workload of a namespace connects to for the host of the URL.
    fn address(&mut self, namespace: &str) -> IpAddr {
        let Target { host, port, .. } = self.target;
        let push = self.journey.traffic.push;
        let reached = || push.reach(host, namespace, *port)?.addresses.first().copied();
        self.target.ip().or_else(reached).unwrap_or_else(|| {
            let text = format!("no file tells the address of `{host}`: {UNKNOWN_SERVER} stands for it");
            self.journey.remark(None, text);
            UNKNOWN_SERVER
        })
    }

    /// No proxy of the client sees the call: it arrives at one of the endpoints.
    fn directly(&mut self, namespace: &str, source: IpAddr) {
        let Target { host, port, .. } = self.target;
        let push = self.journey.traffic.push;
        let of_service = || push.reach(host, namespace, *port)?.endpoints.first().copied();
        let Some(endpoint) = self.target.ip().map(|ip| SocketAddr::new(ip, *port)).or_else(of_service) else {
            let near = push.service_elsewhere(host, namespace);
            let help = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
            self.journey.remark(None, format!("no endpoint of `{host}` on port {port} is in the files{help}"));
            return;
        };
        let mut sent = self.sent(endpoint, source);
        // Who shows an identity of the mesh speaks as its proxies do.
        if self.client.principal.is_some() && sent.connection.tls.is_none() {
            let protocols = if sent.request.is_some() { MESH_HTTP } else { MESH_TCP };
            sent.connection.tls = Some(ClientTls {
                application_protocols: protocols.iter().map(|&protocol| protocol.to_owned()).collect(),
                ..self.target.tls(self.client.server_name, self.client.principal)
            });
        }
        self.journey.arrive(sent);
    }
}
