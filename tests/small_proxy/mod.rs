//! A proxy in this process, on ports that the operating system chooses, before a small server.

#![allow(dead_code)]

use std::net::SocketAddr;
use std::time::Duration;

use meshlint::envoy::Json;
use meshlint::envoy::bootstrap::Bootstrap;
use meshlint::proxy::{Options, Proxy, Running};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server that answers with what it got. Headers tell it to do otherwise: `x-status`, `x-wait` (milliseconds), `x-die`.
pub async fn backend() -> SocketAddr {
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
pub async fn exchange(address: SocketAddr, bytes: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    let mut received = Vec::new();
    let rest = Duration::from_millis(400);
    while let Ok(Ok(1..)) = tokio::time::timeout(rest, stream.read_buf(&mut received)).await {}
    String::from_utf8_lossy(&received).into_owned()
}

pub async fn get(address: SocketAddr, path: &str, headers: &str) -> String {
    exchange(address, &format!("GET {path} HTTP/1.1\r\nhost: a.test\r\n{headers}connection: close\r\n\r\n")).await
}

pub fn cluster(name: &str, addresses: &[SocketAddr]) -> Value {
    let endpoint = |address: &SocketAddr| {
        let address = json!({"address": address.ip().to_string(), "portValue": address.port()});
        json!({"endpoint": {"address": {"socketAddress": address}}})
    };
    let endpoints: Vec<_> = addresses.iter().map(endpoint).collect();
    json!({"name": name, "type": "STATIC", "connectTimeout": "1s",
        "loadAssignment": {"clusterName": name, "endpoints": [{"lbEndpoints": endpoints}]}})
}

pub fn any(name: &str, fields: Value) -> Value {
    let mut typed = fields;
    typed["@type"] = format!("type.googleapis.com/envoy.extensions.filters.{name}").into();
    json!({"name": name, "typedConfig": typed})
}

pub fn listener(name: &str, filter: Value) -> Value {
    json!({"name": name, "address": {"socketAddress": {"address": "127.0.0.1", "portValue": 0}},
        "filterChains": [{"filters": [filter]}]})
}

pub fn http(routes: Value) -> Value {
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

pub async fn start(listeners: &[Value], clusters: &[Value]) -> Running {
    let options = Options { seed: Some(1), workers: 1, ..Options::default() };
    Proxy::start(bootstrap(listeners, clusters), options).await.unwrap()
}

pub fn bootstrap(listeners: &[Value], clusters: &[Value]) -> Bootstrap {
    Bootstrap::read(&json!({"staticResources": {"listeners": listeners, "clusters": clusters}})).unwrap()
}

pub fn status(response: &str) -> u16 {
    response.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}
