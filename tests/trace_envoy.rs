//! What `trace` says of the exchanges in `testdata/envoy/serve` is what Envoy does: `tests/envoy_bootstrap.rs` sends the
//! same ones to a real Envoy, where there is one.

#[path = "exchange/case.rs"]
mod case;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::{env, fs};

use meshlint::trace::{Call, ClientTls, Connection, Decision, Outcome, Request, Target, Tracer, Upstream, Way};

use case::{Case, Exchange, IDENTITY};

#[test]
fn traces_predict_what_envoy_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/envoy/serve");
    let mut predicted = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let case = Case::read(&path);
        let tracer = Tracer::new(case.config());
        for exchange in case.exchanges.iter().filter(|exchange| is_predictable(exchange)) {
            let problem = case.problem(&tracer, exchange);
            assert_eq!(problem, None, "{}: {exchange:?}", path.display());
            predicted += 1;
        }
    }
    assert!(predicted > 25, "{predicted}");
}

/// How long a server takes, and where a client on loopback wanted to go, no configuration tells.
fn is_predictable(exchange: &Exchange) -> bool {
    exchange.get.as_deref() != Some("/slow") && exchange.host != "other"
}

impl Case {
    fn problem(&self, tracer: &Tracer, exchange: &Exchange) -> Option<String> {
        let (destination, way) = destination(&exchange.to);
        let tls = exchange.tls.as_ref().map(|name| ClientTls {
            server_name: Some(name.clone()),
            application_protocols: Vec::new(),
            identity: exchange.certificate.clone(),
        });
        let request = exchange.get.as_ref().map(|path| Request {
            headers: exchange.headers.iter().map(|(name, value)| (name, value.as_str())).collect(),
            ..Request::get(&*exchange.host, &**path)
        });
        let source = IpAddr::from([127, 0, 0, 1]);
        let decision = tracer.decide(Call { connection: Connection { destination, source, tls }, request }, way);
        if !exchange.shares.is_empty() {
            let share = |target: &Target<'_>| (self.backend(tracer, &decision, target).0, target.share() as u32);
            let shares: BTreeMap<_, _> = decision.targets().iter().map(share).collect();
            return (shares != exchange.shares).then(|| format!("{shares:?}"));
        }
        let answer = self.answer(tracer, &decision, exchange);
        let header = exchange.header.as_deref().is_none_or(|header| has(&decision, header));
        let expected = exchange.answer.as_deref().unwrap_or_default();
        (!answer.starts_with(expected) || !header).then_some(answer)
    }

    fn answer(&self, tracer: &Tracer, decision: &Decision<'_>, exchange: &Exchange) -> String {
        match &decision.outcome {
            Outcome::Closed(_) => "closed".to_owned(),
            Outcome::Answer(answer) => format!("{} {}", answer.status, answer.body),
            Outcome::Forward(_) | Outcome::Connect(_) => {
                let [target] = decision.targets() else { panic!("{decision:?}") };
                let (backend, upstream) = self.backend(tracer, decision, target);
                match (self.listeners.get(&backend), &target.request, upstream) {
                    (Some(listener), Some(request), Some(upstream)) => {
                        let tls = upstream.tls.map(|tls| ClientTls {
                            server_name: Some(tls.sni.clone()),
                            application_protocols: tracer.offered(decision, target, &upstream),
                            identity: Some(IDENTITY.to_owned()),
                        });
                        let (destination, way) = destination(listener);
                        let connection = Connection { destination, source: decision.call.connection.source, tls };
                        let next = tracer.decide(Call { connection, request: Some(request.clone()) }, way);
                        self.answer(tracer, &next, exchange)
                    }
                    (_, Some(request), _) => format!("200 {backend} {}", request.path),
                    (_, None, _) => format!("{backend} {}", exchange.send.as_deref().unwrap_or_default()),
                }
            }
        }
    }

    /// The name of the backend that a target leads to, or the address of what is none.
    fn backend<'t>(
        &self,
        tracer: &'t Tracer,
        decision: &Decision<'_>,
        target: &Target<'_>,
    ) -> (String, Option<Upstream<'t>>) {
        let original = decision.call.connection.destination;
        let own = SocketAddr::from(([127, 0, 0, 1], original.port())).to_string();
        let upstream = tracer.upstreams(decision, target).into_iter().next();
        let address = match &upstream {
            _ if target.name.starts_with("inbound|") => own,
            Some(upstream) => upstream.address.clone(),
            None => String::new(),
        };
        (self.backends.get(&address).cloned().unwrap_or(address), upstream)
    }
}

/// What a client connects to that gets to a listener: `0.0.0.0_80`, `virtualInbound_8080`.
fn destination(listener: &str) -> (SocketAddr, Way) {
    let (address, port) = listener.split_once('_').unwrap();
    let (ip, way) = match address {
        "virtualInbound" => (IpAddr::from([10, 0, 0, 20]), Way::Inbound),
        "0.0.0.0" => (IpAddr::from([192, 0, 2, 9]), Way::Outbound),
        address => (address.parse().unwrap(), Way::Outbound),
    };
    (SocketAddr::new(ip, port.parse().unwrap()), way)
}

fn has(decision: &Decision<'_>, line: &str) -> bool {
    let (name, value) = line.split_once(": ").unwrap();
    match (&decision.outcome, name) {
        (Outcome::Answer(answer), "location") => answer.location.as_deref() == Some(value),
        _ => {
            let (added, _) = decision.response_changes();
            let headers = added.iter().filter_map(|option| option.header.as_ref());
            headers.into_iter().any(|header| header.key == name && header.value == value)
        }
    }
}
