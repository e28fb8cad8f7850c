//! A call on its way from proxy to proxy.

use std::net::SocketAddr;

use crate::mesh::Mesh;
use crate::source::Sources;
use crate::trace::{Call, ClientTls, Connection, Decision, Outcome, Request, Target, Tracer, Upstream, Way};
use crate::translate::{ProxyKind, ProxySpec, PushContext, Translation, Translator, identity};

use crate::cli::render::places::Places;

use super::show::{Hop, Report, Source};

/// What arrives at a proxy.
#[derive(Clone)]
pub(super) struct Sent {
    pub connection: Connection,
    pub request: Option<Request>,
}

/// Follows a call, and writes down what proxies do with it.
pub(super) struct Journey<'j> {
    mesh: &'j Mesh<'j>,
    push: &'j PushContext<'j>,
    translator: &'j Translator<'j>,
    source: Source<'j>,
    report: Report,
}

/// A gateway may send to another; a mistake may send it back.
const MOST_HOPS: usize = 8;

impl<'j> Journey<'j> {
    pub fn new(
        mesh: &'j Mesh<'j>,
        push: &'j PushContext<'j>,
        translator: &'j Translator<'j>,
        sources: &'j Sources,
    ) -> Self {
        let source = Source { mesh, sources, places: Places::new(mesh, sources) };
        Self { mesh, push, translator, source, report: Report::default() }
    }

    /// Something that the user should know about the answer.
    pub fn note(&mut self, text: String) {
        if !self.report.notes.contains(&text) {
            self.report.notes.push(text);
        }
    }

    pub fn report(self, call: String) -> Report {
        Report { call, ..self.report }
    }

    /// From a workload through its own proxy.
    pub fn client(&mut self, spec: &ProxySpec, sent: Sent) {
        self.pass(spec, "client", Way::Outbound, sent);
    }

    pub fn gateway(&mut self, spec: &ProxySpec, sent: Sent) {
        self.pass(spec, "gateway", Way::Outbound, sent);
    }

    /// To the proxy at the address that is connected to.
    pub fn server(&mut self, sent: Sent) {
        let destination = sent.connection.destination;
        match self.push.proxy_at(destination.ip()) {
            Some(spec) if spec.r#type == ProxyKind::Router => self.pass(&spec, "gateway", Way::Outbound, sent),
            Some(spec) => self.pass(&spec, "server", Way::Inbound, sent),
            None => self.report.hops.push(Hop::without_proxy(destination)),
        }
    }

    fn pass(&mut self, spec: &ProxySpec, role: &'static str, way: Way, sent: Sent) {
        let proxy = spec.proxy(self.push);
        let Translation { config, notes, provenance } = self.translator.translate(&proxy);
        let tracer = Tracer::new(config);
        let decision = tracer.decide(Call { connection: sent.connection, request: sent.request }, way);
        let hop = self.source.hop((&spec.key, &proxy), (role, way), &tracer, &decision, &provenance);
        self.report.hops.push(hop);
        // What istiod would fetch, and files do not have, may decide otherwise.
        for note in notes {
            let place = self.source.place(note.at);
            self.note(format!("{place}: {}", note.message));
        }
        if way == Way::Inbound {
            return;
        }
        let identity = identity(self.mesh, &proxy);
        for next in self.next(spec, &tracer, &decision, &identity) {
            if self.report.hops.len() >= MOST_HOPS {
                self.note("more proxies are on the way than are shown".to_owned());
                return;
            }
            self.server(next);
        }
    }

    /// What the endpoints that may be chosen get: of each target, the first that is up.
    fn next(&self, spec: &ProxySpec, tracer: &Tracer, decision: &Decision<'_>, identity: &str) -> Vec<Sent> {
        let (Outcome::Forward(_) | Outcome::Connect(_)) = &decision.outcome else { return Vec::new() };
        let targets = decision.targets().iter().filter(|target| target.weight > 0);
        let found = targets.filter_map(|target| {
            let upstreams = tracer.upstreams(target.name, decision.call.connection.destination);
            let upstream = upstreams.iter().find(|upstream| upstream.healthy)?;
            let socket = upstream.socket?;
            // What is outside of the mesh has no proxy to look at.
            let is_known = self.push.proxy_at(socket.ip()).is_some();
            is_known.then(|| sent(spec, tracer, decision, (target, upstream, socket), identity))
        });
        found.collect()
    }
}

fn sent(
    spec: &ProxySpec,
    tracer: &Tracer,
    decision: &Decision<'_>,
    (target, upstream, socket): (&Target<'_>, &Upstream<'_>, SocketAddr),
    identity: &str,
) -> Sent {
    let Call { connection, request } = &decision.call;
    let own_tls = upstream.tls.map(|tls| {
        let context = tls.common_tls_context.as_ref();
        let shows = context.is_some_and(|context| {
            !context.tls_certificate_sds_secret_configs.is_empty() || !context.tls_certificates.is_empty()
        });
        ClientTls {
            server_name: Some(tls.sni.clone()).filter(|name| !name.is_empty()),
            application_protocols: tracer.offered(decision, target, upstream),
            identity: shows.then(|| identity.to_owned()),
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
    let source = spec.ip.parse().unwrap_or(connection.source);
    Sent { connection: Connection { destination: socket, source, tls }, request }
}
