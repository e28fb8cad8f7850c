//! Clusters against servers on loopback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use twox_hash::XxHash64;

use super::{Clusters, Failure, Outcome, Pick, Terms, UpstreamCluster};
use crate::envoy::Json;
use crate::envoy::cluster::Cluster;
use crate::envoy::tls::DownstreamTlsContext;
use crate::proxy::Body;
use crate::proxy::runtime::Runtime;
use crate::proxy::tls::{Secrets, ServerTls};
use crate::trace::Version;

/// A server and what it has seen. It ends with the test's event loop.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Answers with the path, for `/slow…` only after a while.
    async fn start(http2: bool) -> Self {
        let answer = |request: Request<Incoming>| async move {
            if request.uri().path().starts_with("/slow") {
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
            let body = Full::new(Bytes::from(request.uri().path().to_owned()));
            Ok::<_, std::convert::Infallible>(Response::new(body))
        };
        Self::with(move |stream| async move {
            let io = TokioIo::new(stream);
            let _ = match http2 {
                true => {
                    hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                        .serve_connection(io, service_fn(answer))
                        .await
                }
                false => hyper::server::conn::http1::Builder::new().serve_connection(io, service_fn(answer)).await,
            };
        })
        .await
    }

    async fn with<F: Future<Output = ()> + Send + 'static>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                seen.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream));
            }
        });
        Self { address, connections }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

fn cluster(address: SocketAddr, fields: Value) -> Arc<UpstreamCluster> {
    let address = json!({"socketAddress": {"address": address.ip().to_string(), "portValue": address.port()}});
    let mut cluster = json!({
        "name": "c",
        "type": "STATIC",
        "connectTimeout": "0.5s",
        "loadAssignment": {"clusterName": "c", "endpoints": [{"lbEndpoints": [{"endpoint": {"address": address}}]}]},
    });
    cluster.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let config = Arc::new(Cluster::read(&cluster).unwrap());
    let runtime = Runtime::new(Some(1), 1.0, 1);
    let name = config.name.clone();
    let (clusters, notes) = Clusters::new(&[config], &Secrets::default(), &runtime, None).unwrap();
    assert_eq!(notes, []);
    Arc::clone(clusters.get(&name).unwrap())
}

fn options(options: Value) -> Value {
    let mut options = options;
    let name = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
    options["@type"] = format!("type.googleapis.com/{name}").into();
    json!({"typedExtensionProtocolOptions": {name: options}})
}

async fn send(cluster: &Arc<UpstreamCluster>, path: &str) -> Result<(StatusCode, String), Failure> {
    let host = cluster.pick(&Pick::default())?;
    let request = Request::get(path).header("host", "web.example.com").body(Body::Empty).unwrap();
    let response = cluster.send(&host, request, Terms::of(Version::Http1)).await?;
    let status = response.status();
    let body = response.into_body().collect().await.map_err(|_| Failure::Terminated)?.to_bytes();
    Ok((status, String::from_utf8(body.to_vec()).unwrap()))
}

fn ok(path: &str) -> Result<(StatusCode, String), Failure> {
    Ok((StatusCode::OK, path.to_owned()))
}

#[tokio::test]
async fn a_connection_serves_one_request_after_the_other() {
    let server = Server::start(false).await;
    let cluster = cluster(server.address, json!({}));
    for path in ["/a", "/b", "/c"] {
        assert_eq!(send(&cluster, path).await, ok(path));
    }
    assert_eq!(server.connections(), 1);
    assert_eq!(cluster.stats().upstream_rq_total.value(), 3);
    assert_eq!(cluster.stats().upstream_rq_active.value(), 0);
    assert_eq!(cluster.stats().upstream_cx_active.value(), 1);
}

#[tokio::test]
async fn requests_at_once_have_connections_of_their_own() {
    let server = Server::start(false).await;
    let cluster = cluster(server.address, json!({}));
    let both = tokio::join!(send(&cluster, "/slow/a"), send(&cluster, "/slow/b"));
    assert_eq!(both, (ok("/slow/a"), ok("/slow/b")));
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_connection_ends_after_so_many_requests() {
    let server = Server::start(false).await;
    let cluster =
        cluster(server.address, options(json!({"commonHttpProtocolOptions": {"maxRequestsPerConnection": 2}})));
    for path in ["/a", "/b", "/c"] {
        assert_eq!(send(&cluster, path).await, ok(path));
    }
    assert_eq!(server.connections(), 2);
    assert_eq!(cluster.stats().upstream_cx_max_requests.value(), 1);
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_time() {
    let server = Server::start(false).await;
    let cluster = cluster(server.address, options(json!({"commonHttpProtocolOptions": {"idleTimeout": "0.1s"}})));
    assert_eq!(send(&cluster, "/a").await, ok("/a"));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(cluster.stats().upstream_cx_idle_timeout.value(), 1);
    assert_eq!(cluster.stats().upstream_cx_active.value(), 0);
}

#[tokio::test]
async fn a_connection_that_the_upstream_closed_is_no_error() {
    // Says that it keeps the connection, and closes it.
    let server = Server::with(|mut stream| async move {
        let mut buffer = [0; 1024];
        let _ = stream.read(&mut buffer).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    })
    .await;
    let cluster = cluster(server.address, json!({}));
    for _ in 0..20 {
        assert_eq!(send(&cluster, "/").await, ok("ok"));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(server.connections(), 20);
}

#[tokio::test]
async fn streams_share_a_connection_of_http2() {
    let server = Server::start(true).await;
    let cluster = cluster(server.address, options(json!({"explicitHttpConfig": {"http2ProtocolOptions": {}}})));
    let (one, two, three) =
        tokio::join!(send(&cluster, "/slow/a"), send(&cluster, "/slow/b"), send(&cluster, "/slow/c"));
    assert_eq!((one, two, three), (ok("/slow/a"), ok("/slow/b"), ok("/slow/c")));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_connection_has_so_many_streams() {
    let server = Server::start(true).await;
    let limit = json!({"explicitHttpConfig": {"http2ProtocolOptions": {"maxConcurrentStreams": 2}}});
    let cluster = cluster(server.address, options(limit));
    let (one, two, three) =
        tokio::join!(send(&cluster, "/slow/a"), send(&cluster, "/slow/b"), send(&cluster, "/slow/c"));
    assert_eq!((one, two, three), (ok("/slow/a"), ok("/slow/b"), ok("/slow/c")));
    assert_eq!(server.connections(), 2);
}

/// One connection, one request that waits: a third fails at once.
#[tokio::test]
async fn who_may_not_wait_fails_at_once() {
    let server = Server::start(false).await;
    let limits = json!({"circuitBreakers": {"thresholds": [{"maxConnections": 1, "maxPendingRequests": 1}]}});
    let cluster = cluster(server.address, limits);
    assert_eq!(send(&cluster, "/warm").await, ok("/warm"));
    let (one, two, three) =
        tokio::join!(send(&cluster, "/slow/a"), send(&cluster, "/slow/b"), send(&cluster, "/slow/c"));
    assert_eq!((one, two, three), (ok("/slow/a"), ok("/slow/b"), Err(Failure::Overflow)));
    assert_eq!(server.connections(), 1);
    assert_eq!(cluster.stats().upstream_rq_pending_overflow.value(), 1);
    assert_eq!(cluster.stats().upstream_cx_overflow.value(), 1);
}

#[tokio::test]
async fn who_waits_gets_a_new_connection_after_a_spent_one() {
    let server = Server::start(false).await;
    let mut fields = options(json!({"commonHttpProtocolOptions": {"maxRequestsPerConnection": 1}}));
    fields["circuitBreakers"] = json!({"thresholds": [{"maxConnections": 1}]});
    let cluster = cluster(server.address, fields);
    let (one, two, three) =
        tokio::join!(send(&cluster, "/slow/a"), send(&cluster, "/slow/b"), send(&cluster, "/slow/c"));
    assert_eq!((one, two, three), (ok("/slow/a"), ok("/slow/b"), ok("/slow/c")));
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn only_so_many_requests_are_under_way() {
    let server = Server::start(false).await;
    let cluster = cluster(server.address, json!({"circuitBreakers": {"thresholds": [{"maxRequests": 1}]}}));
    let (one, two) = tokio::join!(send(&cluster, "/slow/a"), send(&cluster, "/slow/b"));
    assert!([&one, &two].contains(&&Err(Failure::Overflow)) && [&one, &two].iter().any(|result| result.is_ok()));
    assert_eq!(send(&cluster, "/a").await, ok("/a"));
}

#[tokio::test]
async fn failures_are_told_apart() {
    let closes = Server::with(|mut stream| async move { drop(stream.read(&mut [0; 1024]).await) }).await;
    let garbage = Server::with(|mut stream| async move {
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(b"garbage\r\n\r\n").await;
    })
    .await;
    let silent = Server::with(|stream| async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        drop(stream);
    })
    .await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let http2 = options(json!({"explicitHttpConfig": {"http2ProtocolOptions": {}}}));
    let refused = Failure::Connect(Some("delayed connect error: Connection refused".to_owned()));
    assert_eq!(send(&cluster(nobody, json!({})), "/").await, Err(refused));
    assert_eq!(send(&cluster(closes.address, json!({})), "/").await, Err(Failure::Terminated));
    assert_eq!(send(&cluster(closes.address, http2.clone()), "/").await, Err(Failure::Terminated));
    for fields in [json!({}), http2] {
        let failure = send(&cluster(garbage.address, fields.clone()), "/").await.unwrap_err();
        assert!(matches!(failure, Failure::Protocol(_)), "{failure:?} for {fields}");
    }
    let tls = json!({"transportSocket": {"name": "tls", "typedConfig": {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"}}});
    assert_eq!(send(&cluster(silent.address, tls), "/").await, Err(Failure::ConnectTimeout));
}

#[tokio::test]
async fn a_host_that_fails_is_left_alone() {
    let cluster = cluster(
        ([127, 0, 0, 1], 1).into(),
        json!({
            "outlierDetection": {"consecutive5xx": 2, "maxEjectionPercent": 100, "interval": "0.02s", "baseEjectionTime": "0.1s"},
            "commonLbConfig": {"healthyPanicThreshold": {"value": 0}},
        }),
    );
    let host = cluster.pick(&Pick::default()).unwrap();
    for _ in 0..2 {
        cluster.record(&host, Outcome::Response(StatusCode::BAD_GATEWAY));
    }
    assert_eq!(cluster.pick(&Pick::default()).unwrap_err(), Failure::NoHealthyHost);
    assert_eq!(cluster.stats().membership_healthy.value(), 0);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(cluster.pick(&Pick::default()).is_ok());
}

#[tokio::test]
async fn names_are_resolved() {
    let server = Server::start(false).await;
    let address = json!({"socketAddress": {"address": "localhost", "portValue": server.address.port()}});
    let assignment = json!({"clusterName": "c", "endpoints": [{"lbEndpoints": [{"endpoint": {"address": address}}]}]});
    for kind in ["STRICT_DNS", "LOGICAL_DNS"] {
        let fields = json!({"type": kind, "dnsLookupFamily": "V4_ONLY", "loadAssignment": assignment});
        let cluster = cluster(server.address, fields);
        cluster.warm().await;
        assert_eq!(send(&cluster, "/a").await, ok("/a"), "{kind}");
        assert_eq!(cluster.pick(&Pick::default()).unwrap().hostname, "localhost");
    }
}

#[tokio::test]
async fn original_destinations_are_hosts() {
    let server = Server::start(false).await;
    let fields = json!({"type": "ORIGINAL_DST", "lbPolicy": "CLUSTER_PROVIDED", "loadAssignment": null});
    let cluster = cluster(server.address, fields);
    let host = cluster.pick(&Pick { original: server.address, ..Pick::default() }).unwrap();
    assert_eq!(host.socket(), Some(server.address));
    assert!(cluster.pick(&Pick::default()).is_err());
}

#[test]
fn subsets_have_their_hosts_and_fall_back() {
    let endpoint = |port: u16, labels: Value| {
        json!({"endpoint": {"address": {"socketAddress": {"address": "127.0.0.1", "portValue": port}}},
            "metadata": {"filterMetadata": {"envoy.lb": labels}}})
    };
    let endpoints =
        [endpoint(1, json!({"v": "1"})), endpoint(2, json!({"v": "2", "stage": "test"})), endpoint(3, json!({}))];
    let cluster = |fallback: &str| {
        cluster(
            ([127, 0, 0, 1], 9).into(),
            json!({
                "lbSubsetConfig": {
                    "fallbackPolicy": fallback,
                    "defaultSubset": {"v": "1"},
                    "subsetSelectors": [{"keys": ["v"]}, {"keys": ["stage", "v"]}],
                },
                "loadAssignment": {"clusterName": "c", "endpoints": [{"lbEndpoints": endpoints}]},
            }),
        )
    };
    let table = [
        ("NO_FALLBACK", json!({"v": "1"}), vec![1]),
        ("NO_FALLBACK", json!({"v": "2", "stage": "test"}), vec![2]),
        ("NO_FALLBACK", json!({"v": "3"}), vec![]),
        ("NO_FALLBACK", json!({"stage": "test"}), vec![]),
        ("DEFAULT_SUBSET", json!({"v": "3"}), vec![1]),
        ("ANY_ENDPOINT", json!({"v": "3"}), vec![1, 2, 3]),
        ("ANY_ENDPOINT", json!({}), vec![1, 2, 3]),
    ];
    for (fallback, wanted, ports) in table {
        let cluster = cluster(fallback);
        let pick = Pick { subset: wanted.as_object(), ..Pick::default() };
        let mut found: Vec<_> = (0..6).filter_map(|_| Some(cluster.pick(&pick).ok()?.socket()?.port())).collect();
        found.sort();
        found.dedup();
        assert_eq!(found, ports, "{fallback} for {wanted}");
    }
}

#[test]
fn weights_of_localities_come_first() {
    let endpoint =
        |port: u16| json!({"endpoint": {"address": {"socketAddress": {"address": "127.0.0.1", "portValue": port}}}});
    let place = |zone: &str, weight: u32, ports: &[u16]| {
        json!({"locality": {"zone": zone}, "loadBalancingWeight": weight,
            "lbEndpoints": ports.iter().map(|port| endpoint(*port)).collect::<Vec<_>>()})
    };
    let cluster = cluster(
        ([127, 0, 0, 1], 9).into(),
        json!({
            "commonLbConfig": {"localityWeightedLbConfig": {}},
            "loadAssignment": {"clusterName": "c", "endpoints": [place("a", 3, &[1]), place("b", 1, &[2, 3])]},
        }),
    );
    let mut counts = [0; 4];
    (0..800).for_each(|_| counts[usize::from(cluster.pick(&Pick::default()).unwrap().socket().unwrap().port())] += 1);
    for (count, expected) in counts.into_iter().zip([0i32, 600, 100, 100]) {
        assert!((count - expected).abs() <= 2, "{counts:?}");
    }
}

#[test]
fn keys_lead_to_the_hosts_that_envoy_chooses() {
    const PORTS: [u16; 5] = [19131, 19132, 19133, 19134, 20135];
    let cases = include_str!("../../../testdata/balancing/hashing.json");
    let cases: Vec<Value> = serde_json::from_str(cases).unwrap();
    assert_eq!(cases.len(), 9);
    for case in cases {
        let cluster = cluster(([127, 0, 0, 1], 9).into(), case["cluster"].clone());
        let expected = case["hosts"].as_str().unwrap();
        let found = (0..2_000).map(|key| {
            let hash = Some(XxHash64::oneshot(0, format!("key-{key}").as_bytes()));
            let port = cluster.pick(&Pick { hash, ..Pick::default() }).unwrap().socket().unwrap().port();
            PORTS.iter().position(|own| *own == port).unwrap().to_string()
        });
        let found: String = found.collect();
        let differences = found.chars().zip(expected.chars()).filter(|(own, envoys)| own != envoys).count();
        assert_eq!(differences, 0, "{}", case["cluster"]["name"]);
    }
}

/// An authority, and what it signed.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> Value {
        json!({"inlineString": self.0.pem()})
    }

    fn certificate(&self, uri: &str) -> Value {
        let mut params = CertificateParams::new(vec!["web.example.com".to_owned()]).unwrap();
        params.subject_alt_names.push(SanType::URI(uri.try_into().unwrap()));
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        json!({"certificateChain": {"inlineString": certificate.pem()}, "privateKey": {"inlineString": key.serialize_pem()}})
    }
}

const SERVER: &str = "spiffe://cluster.local/ns/a/sa/server";
const CLIENT: &str = "spiffe://cluster.local/ns/a/sa/client";

/// Answers with the URI in the client's certificate, the name that was asked for, and the protocol.
async fn tls_server(authority: &Authority, protocols: &[&str]) -> Server {
    let context = json!({
        "requireClientCertificate": true,
        "commonTlsContext": {
            "tlsCertificates": [authority.certificate(SERVER)],
            "validationContext": {"trustedCa": authority.pem()},
            "alpnProtocols": protocols,
        },
    });
    let context = DownstreamTlsContext::read(&context).unwrap();
    let tls = Arc::new(ServerTls::new(&context, &Secrets::default()).unwrap());
    Server::with(move |stream| {
        let tls = Arc::clone(&tls);
        async move {
            let Ok(mut stream) = tls.accept(stream).await else { return };
            let (_, connection) = stream.get_ref();
            let peer = crate::proxy::tls::Certificate::new(&connection.peer_certificates().unwrap()[0]).unwrap();
            let uri = peer.uris().next().unwrap_or_default().to_owned();
            let name = connection.server_name().unwrap_or("-").to_owned();
            let protocol = String::from_utf8(connection.alpn_protocol().unwrap_or(b"-").to_vec()).unwrap();
            let _ = stream.read(&mut [0; 1024]).await;
            let body = format!("{uri} {name} {protocol}");
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}

fn tls_client(authority: &Authority, fields: Value, validation: Value) -> Value {
    let mut context = json!({
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "commonTlsContext": {
            "tlsCertificates": [authority.certificate(CLIENT)],
            "validationContext": {"trustedCa": authority.pem()},
            "tlsParams": {"tlsMaximumProtocolVersion": "TLSv1_3"},
            "alpnProtocols": ["istio", "http/1.1"],
        },
    });
    context.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let own = context["commonTlsContext"]["validationContext"].as_object_mut().unwrap();
    own.extend(validation.as_object().unwrap().clone());
    json!({"transportSocket": {"name": "tls", "typedConfig": context}})
}

#[tokio::test]
async fn both_sides_show_who_they_are() {
    let authority = Authority::new();
    let server = tls_server(&authority, &["istio"]).await;
    let named = |matcher: Value| json!({"matchTypedSubjectAltNames": [{"sanType": "URI", "matcher": matcher}]});
    let sni = "outbound_.80_._.web.a.svc.cluster.local";
    let fields = tls_client(&authority, json!({"sni": sni}), named(json!({"exact": SERVER})));
    assert_eq!(send(&cluster(server.address, fields), "/").await, ok(&format!("{CLIENT} {sni} istio")));
    let fields = tls_client(&authority, json!({}), named(json!({"prefix": "spiffe://cluster.local/ns/a/"})));
    assert_eq!(send(&cluster(server.address, fields), "/").await, ok(&format!("{CLIENT} - istio")));
    let fields = tls_client(&authority, json!({}), named(json!({"exact": "spiffe://cluster.local/ns/b/sa/server"})));
    let refused = send(&cluster(server.address, fields), "/").await;
    assert!(matches!(&refused, Err(Failure::Connect(Some(cause))) if cause.contains("CERTIFICATE_VERIFY_FAILED")));
    let other = tls_client(&Authority::new(), json!({}), json!({}));
    assert!(matches!(send(&cluster(server.address, other), "/").await, Err(Failure::Connect(Some(_)))));
}

#[tokio::test]
async fn a_name_comes_from_the_request_and_a_protocol_need_not_be_common() {
    let authority = Authority::new();
    let server = tls_server(&authority, &["something-else"]).await;
    let mut fields = tls_client(&authority, json!({}), json!({}));
    let auto = json!({"upstreamHttpProtocolOptions": {"autoSni": true, "autoSanValidation": true},
        "explicitHttpConfig": {"httpProtocolOptions": {}}});
    fields.as_object_mut().unwrap().extend(options(auto).as_object().unwrap().clone());
    let expected = ok(&format!("{CLIENT} web.example.com -"));
    assert_eq!(send(&cluster(server.address, fields), "/").await, expected);
}

#[tokio::test]
async fn an_upstream_is_told_of_the_client() {
    let server = Server::with(|mut stream| async move {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let mut buffer = [0; 1024];
            let read = stream.read(&mut buffer).await.unwrap_or(0);
            head += &String::from_utf8_lossy(&buffer[..read]);
        }
        let line = head.lines().next().unwrap_or_default();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{line}", line.len());
        let _ = stream.write_all(answer.as_bytes()).await;
    })
    .await;
    let socket = json!({"transportSocket": {"name": "proxy", "typedConfig": {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport",
        "config": {"version": "V1"},
        "transportSocket": {"name": "raw"},
    }}});
    let cluster = cluster(server.address, socket);
    let host = cluster.pick(&Pick::default()).unwrap();
    let origin =
        super::Origin { source: "192.0.2.1:4660".parse().unwrap(), destination: "192.0.2.2:80".parse().unwrap() };
    let request = Request::get("/").header("host", "a").extension(origin).body(Body::Empty).unwrap();
    let response = cluster.send(&host, request, Terms::of(Version::Http1)).await.unwrap();
    let line = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(line, "PROXY TCP4 192.0.2.1 192.0.2.2 4660 80");
}
