//! What a proxy does with requests and connections.

mod small_proxy;

use std::time::Duration;

use meshlint::envoy::Json;
use meshlint::envoy::bootstrap::Bootstrap;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use small_proxy::{any, backend, bootstrap, cluster, exchange, get, http, listener, start, status};

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
