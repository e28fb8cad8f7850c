//! A proxy in this process, on ports that the operating system chooses, before a small server.

use std::net::SocketAddr;
use std::time::Duration;

use meshlint::envoy::Json;
use meshlint::envoy::bootstrap::Bootstrap;
use meshlint::proxy::{Options, Proxy, Running};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server that answers with what it got. Headers tell it to do otherwise: `x-status`, `x-wait` (milliseconds), `x-die`.
async fn backend() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    address
}

async fn answer(mut stream: TcpStream) {
    let mut received = Vec::new();
    while stream.read_buf(&mut received).await.is_ok_and(|count| count > 0) {
        let text = String::from_utf8_lossy(&received).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = header(head, "content-length").map_or(0, |length| length.parse().unwrap());
        if body.len() < length {
            continue;
        }
        if header(head, "upgrade").is_some() {
            let switch = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
            stream.write_all(switch.as_bytes()).await.unwrap();
            let (mut read, mut write) = stream.split();
            let _ = tokio::io::copy(&mut read, &mut write).await;
            return;
        }
        if let Some(wait) = header(head, "x-wait") {
            tokio::time::sleep(Duration::from_millis(wait.parse().unwrap())).await;
        }
        if header(head, "x-die").is_some() {
            return;
        }
        let status = header(head, "x-status").unwrap_or("200");
        let response =
            format!("HTTP/1.1 {status} Any\r\ncontent-length: {}\r\nx-of: backend\r\n\r\n{text}", text.len());
        stream.write_all(response.as_bytes()).await.unwrap();
        received.clear();
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// What the client gets for these bytes, up to where the connection rests or ends.
async fn exchange(address: SocketAddr, bytes: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    let rest = Duration::from_millis(400);
    while let Ok(Ok(1..)) = tokio::time::timeout(rest, stream.read_buf(&mut received)).await {}
    String::from_utf8_lossy(&received).into_owned()
}

async fn get(address: SocketAddr, path: &str, headers: &str) -> String {
    exchange(address, &format!("GET {path} HTTP/1.1\r\nhost: a.test\r\n{headers}connection: close\r\n\r\n")).await
}

fn cluster(name: &str, addresses: &[SocketAddr]) -> Value {
    let endpoint = |address: &SocketAddr| {
        let address = json!({"address": address.ip().to_string(), "portValue": address.port()});
        json!({"endpoint": {"address": {"socketAddress": address}}})
    };
    let endpoints: Vec<_> = addresses.iter().map(endpoint).collect();
    json!({"name": name, "type": "STATIC", "connectTimeout": "1s",
        "loadAssignment": {"clusterName": name, "endpoints": [{"lbEndpoints": endpoints}]}})
}

fn any(name: &str, fields: Value) -> Value {
    let mut typed = fields;
    typed["@type"] = format!("type.googleapis.com/envoy.extensions.filters.{name}").into();
    json!({"name": name, "typedConfig": typed})
}

fn listener(name: &str, filter: Value) -> Value {
    json!({"name": name, "address": {"socketAddress": {"address": "127.0.0.1", "portValue": 0}},
        "filterChains": [{"filters": [filter]}]})
}

fn http(routes: Value) -> Value {
    let deny = json!({"rules": {"action": "DENY", "policies": {"no-secrets": {
        "permissions": [{"urlPath": {"path": {"prefix": "/secret"}}}], "principals": [{"any": true}]}}}});
    let fault = json!({"name": "fault", "typedConfig":
        {"@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"}});
    any(
        "network.http_connection_manager.v3.HttpConnectionManager",
        json!({
            "statPrefix": "test",
            "useRemoteAddress": true,
            "upgradeConfigs": [{"upgradeType": "websocket"}],
            "httpFilters": [any("http.rbac.v3.RBAC", deny), fault, any("http.router.v3.Router", json!({}))],
            "routeConfig": {"name": "test", "validateClusters": false,
                "virtualHosts": [{"name": "all", "domains": ["*"], "routes": routes, "includeRequestAttemptCount": true}]},
        }),
    )
}

async fn start(listeners: &[Value], clusters: &[Value]) -> Running {
    let options = Options { seed: Some(1), workers: 1, ..Options::default() };
    Proxy::start(bootstrap(listeners, clusters), options).await.unwrap()
}

fn bootstrap(listeners: &[Value], clusters: &[Value]) -> Bootstrap {
    Bootstrap::read(&json!({"staticResources": {"listeners": listeners, "clusters": clusters}})).unwrap()
}

fn status(response: &str) -> u16 {
    response.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn requests_are_routed_changed_and_answered_as_envoy_does() {
    let server = backend().await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let abort = json!({"fault": {"@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
        "abort": {"httpStatus": 418, "percentage": {"numerator": 100}}}});
    let added = json!([{"header": {"key": "x-from", "value": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"}}]);
    let routes = json!([
        {"match": {"prefix": "/direct"}, "directResponse": {"status": 200, "body": {"inlineString": "hello"}}},
        {"match": {"prefix": "/redirect"}, "redirect": {"hostRedirect": "b.test"}},
        {"match": {"prefix": "/abort"}, "route": {"cluster": "up"}, "typedPerFilterConfig": abort},
        {"match": {"prefix": "/gone"}, "route": {"cluster": "gone",
            "retryPolicy": {"retryOn": "connect-failure", "numRetries": 2}}},
        {"match": {"prefix": "/none"}, "route": {"cluster": "none"}},
        {"match": {"prefix": "/empty"}, "route": {"cluster": "empty"}},
        {"match": {"prefix": "/slow"}, "route": {"cluster": "up", "timeout": "0.05s"}},
        {"match": {"prefix": "/again"}, "route": {"cluster": "up",
            "retryPolicy": {"retryOn": "5xx", "numRetries": 1, "retryBackOff": {"baseInterval": "0.001s"}}}},
        {"match": {"prefix": "/api"}, "route": {"cluster": "up", "prefixRewrite": "/v1"}, "requestHeadersToAdd": added},
        {"match": {"prefix": "/"}, "route": {"cluster": "up"}},
    ]);
    let clusters = [cluster("up", &[server]), cluster("gone", &[nobody]), cluster("empty", &[])];
    let proxy = start(&[listener("http", http(routes))], &clusters).await;
    assert_eq!(proxy.notes(), []);
    let address = proxy.listeners()[0].address;
    let reset = "upstream connect error or disconnect/reset before headers. ";
    let refused = format!("{reset}retried and the latest reset reason: remote connection failure");
    let terminated = format!("{reset}reset reason: connection termination");
    let table = [
        ("/direct", "", 200, "hello"),
        ("/redirect", "", 301, ""),
        ("/abort", "", 418, "fault filter abort"),
        ("/gone", "", 503, refused.as_str()),
        ("/none", "", 503, ""),
        ("/empty", "", 503, "no healthy upstream"),
        ("/slow", "x-wait: 300\r\n", 504, "upstream request timeout"),
        ("/secret/1", "", 403, "RBAC: access denied"),
        ("/x", "x-die: 1\r\n", 503, terminated.as_str()),
    ];
    for (path, headers, expected, body) in table {
        let response = get(address, path, headers).await;
        assert_eq!((status(&response), response.split_once("\r\n\r\n").unwrap().1), (expected, body), "{path}");
        assert!(response.contains("server: envoy\r\n") && response.contains("date: "), "{response}");
    }
    let response = get(address, "/api/x?q", "x-envoy-retry-on: 5xx\r\nkeep-alive: 5\r\n").await;
    for part in [
        "x-of: backend",
        "x-envoy-upstream-service-time: ",
        "GET /v1/x?q HTTP/1.1",
        "host: a.test",
        "x-from: 127.0.0.1",
        "x-envoy-original-path: /api/x?q",
        "x-forwarded-proto: http",
        "x-request-id: ",
    ] {
        assert!(response.contains(part), "{part} is not in {response}");
    }
    assert!(!response.contains("retry-on") && !response.contains("keep-alive"), "{response}");
    let response = get(address, "/again", "x-status: 500\r\n").await;
    assert!(status(&response) == 500 && response.contains("x-envoy-attempt-count: 2"), "{response}");
    let body = "POST / HTTP/1.1\r\nhost: a.test\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
    assert!(exchange(address, body).await.ends_with("\r\n\r\nhello"));
    proxy.stop().await;
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let routes = json!([{"match": {"prefix": "/"}, "directResponse": {"status": 200}}]);
    let proxy = start(&[listener("http", http(routes))], &[]).await;
    let address = proxy.listeners()[0].address;
    let long = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "a".repeat(62_000));
    let table = [
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("NONSENSE\r\n\r\n", 400),
        ("GET / HTTP/1.0\r\nhost: a\r\n\r\n", 426),
        ("GET / HTTP/1.1\r\nhost: a\r\nbad header: x\r\n\r\n", 400),
        (long.as_str(), 431),
        ("OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n", 404),
        ("GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n", 403),
        ("\u{16}\u{3}\u{1}", 400),
        ("", 0),
    ];
    for (bytes, expected) in table {
        let response = exchange(address, bytes).await;
        assert_eq!(status(&response), expected, "{:.40} {response}", bytes);
    }
    assert_eq!(status(&get(address, "/", "").await), 200);
}

#[tokio::test]
async fn bytes_and_upgraded_connections_pass() {
    let server = backend().await;
    let tcp = any("network.tcp_proxy.v3.TcpProxy", json!({"statPrefix": "tcp", "cluster": "up"}));
    let routes = json!([{"match": {"prefix": "/"}, "route": {"cluster": "up"}}]);
    let listeners = [listener("tcp", tcp), listener("http", http(routes))];
    let proxy = start(&listeners, &[cluster("up", &[server])]).await;
    let [tcp, http] = [0, 1].map(|index| proxy.listeners()[index].address);
    let request = "GET /raw HTTP/1.1\r\nhost: b\r\n\r\n";
    assert!(exchange(tcp, request).await.ends_with(request));
    let mut stream = TcpStream::connect(http).await.unwrap();
    let upgrade = "GET / HTTP/1.1\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n";
    stream.write_all(upgrade.as_bytes()).await.unwrap();
    let mut head = [0; 16];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 101 Swi");
    stream.write_all(b"frame").await.unwrap();
    let mut rest = Vec::new();
    while !rest.ends_with(b"\r\n\r\nframe") {
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read_buf(&mut rest)).await;
        assert!(read.unwrap().unwrap() > 0, "{}", String::from_utf8_lossy(&rest));
    }
}

#[tokio::test]
async fn connections_outlive_a_reload_and_end_in_a_drain() {
    let of = |text: &str| {
        let routes =
            json!([{"match": {"prefix": "/"}, "directResponse": {"status": 200, "body": {"inlineString": text}}}]);
        [listener("http", http(routes))]
    };
    let proxy = start(&of("old"), &[]).await;
    let address = proxy.listeners()[0].address;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut ask = async || {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
        let mut received = vec![0; 4096];
        let count = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut received)).await.unwrap().unwrap();
        String::from_utf8_lossy(&received[..count]).into_owned()
    };
    assert!(ask().await.ends_with("old"));
    proxy.reload(bootstrap(&of("new"), &[])).await.unwrap();
    assert_eq!(proxy.listeners()[0].address, address);
    assert!(ask().await.ends_with("new"));
    let broken = json!([{"name": "http", "filterChains": []}]);
    let broken = Bootstrap::read(&json!({"staticResources": {"listeners": broken}})).unwrap();
    assert!(proxy.reload(broken).await.is_err());
    assert!(ask().await.ends_with("new"));
    tokio::time::timeout(Duration::from_secs(5), proxy.drain()).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}
