//! A call on its way from proxy to proxy: what the client's makes of it, then what those of the servers do.
//!
//! [`Traffic`] computes the configuration of each proxy once, when a call first gets there; [`Traffic::send`] shows each
//! station of a call to an observer.

mod departure;
mod names;
mod target;

pub use departure::{Client, Start};
pub use names::{of_gateway, one_of};
pub use target::{Kind, Target, header};

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use crate::mesh::Mesh;
use crate::source::Span;
use crate::trace::{Call, ClientTls, Connection, Decision, Outcome, Request, Target as Aim, Tracer, Upstream, Way};
use crate::translate::{Note, Provenance, ProxyKind, ProxySpec, PushContext, Translation, Translator, identity};

/// The proxies of a mesh, ready to be sent calls.
pub struct Traffic<'r> {
    pub mesh: &'r Mesh<'r>,
    pub push: &'r PushContext<'r>,
    pub translator: Translator<'r>,
    proxies: OnceCell<Vec<ProxySpec>>,
    stations: RefCell<BTreeMap<String, Rc<Station>>>,
    at_addresses: RefCell<BTreeMap<IpAddr, Option<Rc<Station>>>>,
}

/// A proxy with its configuration.
#[derive(Debug)]
pub struct Station {
    pub spec: ProxySpec,
    pub tracer: Tracer,
    pub provenance: Provenance,
    notes: Vec<Note>,
    identity: String,
}

/// One part of a call's way.
#[derive(Debug)]
pub enum Leg<'l> {
    Proxy {
        station: &'l Station,
        role: Role,
        decision: &'l Decision<'l>,
    },
    /// There is no proxy: the workload itself answers.
    Workload(SocketAddr),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Client,
    Gateway,
    Server,
}

/// Something that the user should know about the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    pub at: Option<Span>,
    pub text: String,
}

/// What is behind a target of a proxy.
#[derive(Debug)]
pub enum Beyond<'b> {
    /// An endpoint with a proxy of its own, the first that is up.
    Proxy(Upstream<'b>, SocketAddr),
    /// An endpoint without a proxy, or one of which the files tell nothing.
    Workload,
    /// No endpoint is up, or there is no such cluster.
    Nothing,
}

/// What arrives at a proxy.
#[derive(Clone)]
struct Arrival {
    connection: Connection,
    request: Option<Request>,
}

/// One call on its way.
struct Journey<'j, 'r> {
    traffic: &'j Traffic<'r>,
    legs: usize,
    remarks: Vec<Remark>,
    observe: &'j mut dyn FnMut(Leg<'_>),
}

/// A gateway may send to another; a mistake may send it back.
const MOST_LEGS: usize = 8;

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Role::Client => "client",
            Role::Gateway => "gateway",
            Role::Server => "server",
        }
    }

    pub fn way(self) -> Way {
        match self {
            Role::Client | Role::Gateway => Way::Outbound,
            Role::Server => Way::Inbound,
        }
    }
}

impl<'r> Traffic<'r> {
    pub fn new(mesh: &'r Mesh<'r>, push: &'r PushContext<'r>) -> Self {
        Self {
            mesh,
            push,
            translator: Translator::new(push),
            proxies: OnceCell::new(),
            stations: RefCell::default(),
            at_addresses: RefCell::default(),
        }
    }

    /// All proxies that the files tell of.
    pub fn proxies(&self) -> &[ProxySpec] {
        self.proxies.get_or_init(|| self.push.proxies())
    }

    /// Sends what a client sends; `observe` sees each leg of the way. The error is for the user: a name that is unknown.
    pub fn send(
        &self,
        client: &Client<'_>,
        target: &Target,
        request: Option<Request>,
        observe: &mut dyn FnMut(Leg<'_>),
    ) -> Result<Vec<Remark>, String> {
        let mut journey = Journey { traffic: self, legs: 0, remarks: Vec::new(), observe };
        departure::depart(&mut journey, client, target, request)?;
        Ok(journey.remarks)
    }

    /// What is behind a target.
    pub fn beyond<'s>(&self, station: &'s Station, decision: &Decision<'_>, target: &Aim<'_>) -> Beyond<'s> {
        if target.cluster.is_none() || target.name == "BlackHoleCluster" {
            return Beyond::Nothing;
        }
        let upstreams = station.tracer.upstreams(decision, target);
        // Files without any workload say nothing about endpoints.
        if upstreams.is_empty() && self.mesh.workloads.is_empty() {
            return Beyond::Workload;
        }
        match upstreams.into_iter().find(|upstream| upstream.healthy) {
            Some(upstream) => match upstream.socket.filter(|socket| self.station_at(socket.ip()).is_some()) {
                Some(socket) => Beyond::Proxy(upstream, socket),
                None => Beyond::Workload,
            },
            None => Beyond::Nothing,
        }
    }

    fn station(&self, spec: &ProxySpec) -> Rc<Station> {
        if let Some(station) = self.stations.borrow().get(&spec.key) {
            return Rc::clone(station);
        }
        let proxy = spec.proxy(self.push);
        let Translation { config, notes, provenance } = self.translator.translate(&proxy);
        let identity = identity(self.mesh, &proxy);
        let station = Station { spec: spec.clone(), tracer: Tracer::new(config), provenance, notes, identity };
        let station = Rc::new(station);
        self.stations.borrow_mut().insert(spec.key.clone(), Rc::clone(&station));
        station
    }

    /// The proxy of the pod or virtual machine at an address.
    fn station_at(&self, ip: IpAddr) -> Option<Rc<Station>> {
        if let Some(known) = self.at_addresses.borrow().get(&ip) {
            return known.clone();
        }
        let station = self.push.proxy_at(ip).map(|spec| self.station(&spec));
        self.at_addresses.borrow_mut().insert(ip, station.clone());
        station
    }
}

impl Journey<'_, '_> {
    fn remark(&mut self, at: Option<Span>, text: impl Into<String>) {
        let remark = Remark { at, text: text.into() };
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// To the proxy at the address that is connected to.
    fn arrive(&mut self, arrival: Arrival) {
        let destination = arrival.connection.destination;
        match self.traffic.station_at(destination.ip()) {
            Some(station) if station.spec.r#type == ProxyKind::Router => self.pass(&station, Role::Gateway, arrival),
            Some(station) => self.pass(&station, Role::Server, arrival),
            None => {
                self.legs += 1;
                (self.observe)(Leg::Workload(destination));
            }
        }
    }

    fn pass(&mut self, station: &Station, role: Role, arrival: Arrival) {
        let call = Call { connection: arrival.connection, request: arrival.request };
        let decision = station.tracer.decide(call, role.way());
        self.legs += 1;
        (self.observe)(Leg::Proxy { station, role, decision: &decision });
        // What istiod would fetch, and files do not have, may decide otherwise.
        for note in &station.notes {
            self.remark(Some(note.at), note.message.clone());
        }
        if role == Role::Server {
            return;
        }
        for next in self.next(station, &decision) {
            if self.legs >= MOST_LEGS {
                self.remark(None, "more proxies are on the way than are shown");
                return;
            }
            self.arrive(next);
        }
    }

    /// What the endpoints that may be chosen get: of each target, the first that is up.
    fn next(&self, station: &Station, decision: &Decision<'_>) -> Vec<Arrival> {
        let (Outcome::Forward(_) | Outcome::Connect(_)) = &decision.outcome else { return Vec::new() };
        let targets = decision.targets().iter().filter(|target| target.weight > 0);
        let found = targets.filter_map(|target| match self.traffic.beyond(station, decision, target) {
            Beyond::Proxy(upstream, socket) => Some(sent(station, decision, (target, &upstream, socket))),
            Beyond::Workload | Beyond::Nothing => None,
        });
        found.collect()
    }
}

fn sent(
    station: &Station,
    decision: &Decision<'_>,
    (target, upstream, socket): (&Aim<'_>, &Upstream<'_>, SocketAddr),
) -> Arrival {
    let Call { connection, request } = &decision.call;
    let own_tls = upstream.tls.map(|tls| {
        let context = tls.common_tls_context.as_ref();
        let shows = context.is_some_and(|context| {
            !context.tls_certificate_sds_secret_configs.is_empty() || !context.tls_certificates.is_empty()
        });
        ClientTls {
            server_name: Some(tls.sni.clone()).filter(|name| !name.is_empty()),
            application_protocols: station.tracer.offered(decision, target, upstream),
            identity: shows.then(|| station.identity.clone()),
        }
    });
    let is_http = matches!(decision.outcome, Outcome::Forward(_));
    let request = match (is_http, &connection.tls) {
        (true, _) => target.request.clone(),
        // Bytes that are TLS of the client's own stay closed to a proxy that takes only its own TLS off.
        (false, Some(_)) if own_tls.is_some() => None,
        (false, _) => request.clone(),
    };
    let tls = own_tls.or_else(|| connection.tls.clone().filter(|_| !is_http));
    let source = station.spec.ip.parse().unwrap_or(connection.source);
    Arrival { connection: Connection { destination: socket, source, tls }, request }
}
