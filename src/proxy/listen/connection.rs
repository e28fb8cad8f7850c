//! One connection of a client, from its first byte to the filter that serves it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::envoy::http_connection_manager::CodecType;
use crate::proxy::http::{self, Protocol, Session};
use crate::proxy::record::{Client, Record};
use crate::proxy::shared::{Phase, Shared};
use crate::proxy::snapshot::Place;
use crate::proxy::wire::Wire;
use crate::trace::{ClientTls, Closed, Connection, Inspected, Inspectors, Stop, Walk};

use super::inspect::{First, inspect, speaks_http2};
use super::rewind::Rewind;

/// Serves a connection until it ends or the proxy stops.
pub async fn serve(stream: TcpStream, peer: SocketAddr, local: SocketAddr, name: Arc<str>, shared: Arc<Shared>) {
    let _open = shared.open();
    tokio::select! {
        biased;
        () = run(stream, peer, local, name, &shared) => {}
        () = shared.reached(Phase::Stopped) => {}
    }
}

async fn run(stream: TcpStream, direct: SocketAddr, local: SocketAddr, name: Arc<str>, shared: &Arc<Shared>) {
    let snapshot = shared.current();
    let Some(index) = snapshot.listener(&name) else { return };
    let plan = &snapshot.listeners[index];
    plan.stats.begin();
    let _active = plan.stats.active.hold();
    let mut stream = Rewind::new(stream);
    let mut first = First::default();
    let (mut peer, mut destination) = (direct, local);
    let filters = async {
        if let Some((source, own)) = plan.filters.addresses(&mut stream).await? {
            (peer, destination) = (source, own);
        }
        let inspectors = match snapshot.tracer.listener(index) {
            Some((listener, _)) => Inspectors::of(listener, destination.port()),
            None => Inspectors { tls: false, http: false },
        };
        inspect(&mut stream, inspectors, &mut first).await
    };
    let inspected = match plan.filters_timeout {
        Some(timeout) => shared.runtime.time.timeout(timeout, filters).await,
        None => Ok(filters.await),
    };
    match inspected {
        Ok(Ok(())) => {}
        Err(_) if plan.continues_on_timeout => {}
        Ok(Err(_)) | Err(_) => return,
    }
    let inspected = known(&first, peer, destination);
    let place = Place::choose(&snapshot, index, &inspected);
    let chain = place.as_ref().map(|place| Arc::clone(&place.plan().name));
    let client = Client {
        id: shared.next_connection(),
        local: destination,
        original: (destination != local).then_some(destination),
        peer,
        direct,
        server_name: inspected.server_name.clone(),
        listener: name,
        chain: chain.unwrap_or_else(|| "".into()),
        tls: None,
    };
    let Some(place) = place else {
        plan.stats.no_chain.increment();
        return plan.logs.write(&closed(&Arc::new(client), "NR", "filter_chain_not_found"));
    };
    let accepted = Accepted { shared: Arc::clone(shared), client, inspected, place };
    match &accepted.place.plan().tls {
        // Boxed, as what comes later: a connection that waits for its first bytes takes little memory.
        None => Box::pin(accepted.go_on(stream, None, first.tls)).await,
        Some(tls) => {
            let begun = Instant::now();
            let limit = accepted.place.plan().tls_timeout;
            let handshake = Box::pin(shared.runtime.time.timeout(limit, tls.accept(stream))).await;
            // A client that fails has been told by an alert.
            let Ok(Ok((stream, facts))) = handshake else {
                plan.stats.handshake_failed.increment();
                return accepted.log_failed_handshake(begun);
            };
            let (_, connection) = stream.get_ref();
            let tls = ClientTls {
                server_name: connection.server_name().map(str::to_owned),
                application_protocols: first.tls.map(|tls| tls.application_protocols).unwrap_or_default(),
                identity: facts.peer.as_ref().and_then(|peer| peer.uris().next()).map(str::to_owned),
            };
            let protocol = connection.alpn_protocol().map(<[u8]>::to_vec);
            let place = accepted.place.clone();
            let mut accepted = accepted;
            accepted.client.tls = Some(facts);
            accepted.client.server_name = accepted.client.server_name.or_else(|| tls.server_name.clone());
            drop(place);
            Box::pin(accepted.go_on(Rewind::new(stream), protocol, Some(tls))).await;
        }
    }
}

/// What is known when the chain is chosen.
fn known(first: &First, peer: SocketAddr, destination: SocketAddr) -> Inspected {
    let tls = first.tls.as_ref();
    let of_tls = tls.map(|tls| tls.application_protocols.clone());
    let of_http = first.http.map(|version| vec![version.to_owned()]);
    Inspected {
        destination,
        source: peer.ip(),
        server_name: tls.and_then(|tls| tls.server_name.clone()),
        transport_protocol: if tls.is_some() { "tls" } else { "raw_buffer" },
        application_protocols: of_tls.or(of_http).unwrap_or_default(),
    }
}

/// A connection that has its chain.
struct Accepted {
    shared: Arc<Shared>,
    client: Client,
    inspected: Inspected,
    place: Place,
}

impl Accepted {
    fn log_failed_handshake(self, begun: Instant) {
        let mut record = Record::new(Arc::new(self.client), None);
        record.ended = Some(self.shared.runtime.time.since(begun));
        let plan = self.place.plan();
        if let Some(tcp) = &plan.tcp {
            let original = record.client.original.unwrap_or(NOWHERE);
            tcp.aim(original, &self.place.snapshot.clusters, &self.shared.runtime, &mut record);
            plan.logs.write(&record);
        }
        self.place.listener().logs.write(&record);
    }

    /// Runs the network filters. `protocol` is what client and proxy agreed on by ALPN.
    async fn go_on<S>(self, stream: Rewind<S>, protocol: Option<Vec<u8>>, tls: Option<ClientTls>)
    where
        S: Wire + Send + 'static,
    {
        let Self { shared, client, inspected, place } = self;
        let connection = Connection { destination: client.local, source: client.peer.ip(), tls };
        let client = Arc::new(client);
        let Some(chain) = place.chain() else { return };
        let mut walk = Walk::new(&connection, &inspected, chain);
        let mut entered = Vec::new();
        let what = loop {
            match walk.connect(chain) {
                Stop::Unknown(position, _) => {
                    let limit = place.plan().limits.iter().find(|(own, _)| *own == position);
                    match limit.map(|(_, limit)| limit.enter().ok_or(limit.delay)) {
                        None => {}
                        Some(Ok(held)) => entered.push(held),
                        Some(Err(delay)) => return shared.runtime.time.sleep(delay).await,
                    }
                }
                Stop::Ask(_) => {
                    if !Box::pin(http::allows_connection(&place, &walk, &client, &shared.runtime)).await {
                        return place.plan().logs.write(&closed(&client, "UAEX", "ext_authz_denied"));
                    }
                }
                Stop::Closed(reason) => {
                    let plan = place.plan();
                    let mut record = terminated(&client, &walk, reason);
                    if let Some(tcp) = &plan.tcp {
                        let original = client.original.unwrap_or(NOWHERE);
                        tcp.aim(original, &place.snapshot.clusters, &shared.runtime, &mut record);
                    }
                    plan.logs.write(&record);
                    return place.listener().logs.write(&record);
                }
                Stop::Http(_) => break What::Http,
                Stop::Tcp(_) => break What::Tcp,
                Stop::Answer(_) | Stop::Fault(..) | Stop::Route(_) => return,
            }
        };
        match what {
            What::Tcp => Box::pin(pass(stream, &place, &client, &shared)).await,
            What::Http => {
                let Some(manager) = place.plan().manager.clone() else { return };
                let session = Arc::new(Session::new(Arc::clone(&shared), client, connection, inspected, place));
                speak(stream, protocol, Arc::clone(&session), manager).await;
                session.place().listener().logs.write(&ended(&session));
            }
        }
    }
}

/// Where connections go that nobody redirected.
const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);

/// What a connection is for.
enum What {
    Http,
    Tcp,
}

/// Speaks the version of HTTP that the configuration says, else the one that was agreed on, else that which the client
/// begins with.
async fn speak<S>(mut stream: Rewind<S>, protocol: Option<Vec<u8>>, session: Arc<Session>, manager: Arc<http::Manager>)
where
    S: Wire + Send + 'static,
{
    let protocol = match (manager.config.codec_type, protocol.as_deref()) {
        (CodecType::Http1, _) => Protocol::Http1,
        (CodecType::Http2, _) | (_, Some(b"h2")) => Protocol::Http2,
        (_, Some(b"http/1.1" | b"http/1.0")) => Protocol::Http1,
        _ => {
            let time = session.shared.runtime.time;
            let idle = manager.idle.into_iter().chain(manager.longest_connection).min().unwrap_or(Duration::MAX);
            let begun = tokio::select! {
                begun = time.timeout(idle, speaks_http2(&mut stream)) => begun,
                // Who has said nothing yet is not waited for.
                () = session.shared.reached(Phase::Draining) => return,
            };
            match begun {
                Ok(Ok(true)) => Protocol::Http2,
                Ok(Ok(false)) => Protocol::Http1,
                Ok(Err(_)) | Err(_) => return,
            }
        }
    };
    Box::pin(http::serve(stream, protocol, session, manager)).await;
}

fn closed(client: &Arc<Client>, flag: &'static str, details: &'static str) -> Record {
    let mut record = Record::new(Arc::clone(client), None);
    record.flags.raise(flag);
    record.details = Some(details.into());
    record.ended = Some(Duration::ZERO);
    record
}

/// A connection that had its requests.
fn ended(session: &Session) -> Record {
    let took = session.started.elapsed();
    let mut record = Record::new(Arc::clone(&session.client), None);
    record.started = session.started;
    record.start -= took;
    record.ended = Some(session.shared.runtime.time.since(session.started));
    record
}

/// A connection that a filter does not want.
fn terminated(client: &Arc<Client>, walk: &Walk<'_, '_>, reason: Closed) -> Record {
    let mut record = Record::new(Arc::clone(client), None);
    record.termination = (reason == Closed::Denied).then(|| http::denial(walk));
    record.ended = Some(Duration::ZERO);
    record
}

/// Passes bytes on to the cluster that the filter names.
async fn pass(stream: impl Wire, place: &Place, client: &Arc<Client>, shared: &Arc<Shared>) {
    let Some(tcp) = &place.plan().tcp else { return };
    let mut record = Record::new(Arc::clone(client), None);
    let original = client.original.unwrap_or(NOWHERE);
    tcp.pass(stream, original, &place.snapshot.clusters, &shared.runtime, &mut record).await;
    record.ended = Some(shared.runtime.time.since(record.started));
    place.plan().logs.write(&record);
    place.listener().logs.write(&record);
}
