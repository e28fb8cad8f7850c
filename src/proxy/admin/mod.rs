//! The admin interface: what a running proxy tells of itself, at Envoy's paths and in Envoy's shapes.
//!
//! It only tells. What changes something in Envoy (`/quitquitquit`, `/logging`, …) is not there.

mod clusters;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use regex::Regex;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::envoy::bootstrap::Bootstrap;
use crate::envoy::{Config, Json, to_config_dump};

use super::stats::{self, Shown, Stats, Tags};
use super::upstream::UpstreamCluster;

/// What is asked of the proxy at each request.
pub trait Facts: Send + Sync + 'static {
    fn bootstrap(&self) -> Arc<Bootstrap>;

    /// Sorted by name.
    fn clusters(&self) -> Vec<Arc<UpstreamCluster>>;

    /// With the addresses that they are bound to.
    fn listeners(&self) -> Vec<(String, SocketAddr)>;

    fn stats(&self) -> &Stats;

    fn is_draining(&self) -> bool;

    fn uptime(&self) -> Duration;
}

/// Each path with what is there.
const PATHS: [(&str, &str); 9] = [
    ("/", "Admin home page"),
    ("/clusters", "upstream cluster status"),
    ("/config_dump", "dump current Envoy configs (experimental)"),
    ("/help", "print out list of admin commands"),
    ("/listeners", "print listener info"),
    ("/ready", "print server state, return 200 if LIVE, otherwise return 503"),
    ("/server_info", "print server version/status information"),
    ("/stats", "print server stats"),
    ("/stats/prometheus", "print server stats in prometheus format"),
];

/// Answers until it is dropped.
pub async fn serve(listener: TcpListener, facts: Arc<dyn Facts>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let facts = Arc::clone(&facts);
        tokio::spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let facts = Arc::clone(&facts);
                async move { Ok::<_, Infallible>(respond(facts.as_ref(), request.method(), request.uri())) }
            });
            let mut server = hyper::server::conn::http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10));
            // A client that breaks its connection has nobody to tell.
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn respond(facts: &dyn Facts, method: &Method, uri: &http::Uri) -> Response<Full<Bytes>> {
    if !matches!(*method, Method::GET | Method::HEAD | Method::POST) {
        return answer(StatusCode::METHOD_NOT_ALLOWED, TEXT, "Method Not Allowed\n".to_owned());
    }
    let query = Query(uri.query().unwrap_or_default());
    let as_json = query.get("format").as_deref() == Some("json");
    match uri.path() {
        "/" => answer(StatusCode::OK, "text/html; charset=UTF-8", home()),
        "/help" => answer(StatusCode::OK, TEXT, format!("admin commands are:\n{}", list())),
        "/ready" if facts.is_draining() => answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, "DRAINING\n".to_owned()),
        "/ready" => answer(StatusCode::OK, TEXT, "LIVE\n".to_owned()),
        "/clusters" if as_json => value(&clusters::json(&facts.clusters())),
        "/clusters" => answer(StatusCode::OK, TEXT, clusters::text(&facts.clusters())),
        "/listeners" => listeners(&facts.listeners(), as_json),
        "/config_dump" => value(&config_dump(&facts.bootstrap())),
        "/server_info" => value(&server_info(facts)),
        "/stats/prometheus" => metrics(facts, &query, Some("prometheus")),
        "/stats" => metrics(facts, &query, query.get("format").as_deref()),
        _ => answer(StatusCode::NOT_FOUND, TEXT, format!("invalid path. admin commands are:\n{}", list())),
    }
}

const TEXT: &str = "text/plain; charset=UTF-8";

fn answer(status: StatusCode, kind: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, max-age=0"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

fn value(value: &Value) -> Response<Full<Bytes>> {
    answer(StatusCode::OK, "application/json", format!("{value:#}\n"))
}

fn list() -> String {
    PATHS.iter().map(|(path, what)| format!("  {path}: {what}\n")).collect()
}

fn home() -> String {
    let rows =
        PATHS.iter().map(|(path, what)| format!("<tr><td><a href=\"{path}\">{path}</a></td><td>{what}</td></tr>"));
    format!("<!DOCTYPE html><title>meshlint proxy</title><table>{}</table>\n", rows.collect::<String>())
}

fn metrics(facts: &dyn Facts, query: &Query<'_>, format: Option<&str>) -> Response<Full<Bytes>> {
    let filter = match query.get("filter").as_deref().map(Regex::new).transpose() {
        Ok(filter) => filter,
        Err(_) => return answer(StatusCode::BAD_REQUEST, TEXT, "Invalid re2 regex\n".to_owned()),
    };
    let shown = Shown { filter, used_only: query.get("usedonly").is_some() };
    match format {
        Some("json") => value(&stats::json(facts.stats(), &shown)),
        Some("prometheus") => {
            let bootstrap = facts.bootstrap();
            let tags = Tags::new(bootstrap.untyped.get("stats_config"));
            answer(StatusCode::OK, TEXT, stats::prometheus(facts.stats(), &shown, &tags))
        }
        _ => answer(StatusCode::OK, TEXT, stats::text(facts.stats(), &shown)),
    }
}

fn listeners(listeners: &[(String, SocketAddr)], as_json: bool) -> Response<Full<Bytes>> {
    if !as_json {
        let lines = listeners.iter().map(|(name, address)| format!("{name}::{address}\n"));
        return answer(StatusCode::OK, TEXT, lines.collect());
    }
    let status = |(name, address): &(String, SocketAddr)| json!({"name": name, "local_address": socket(*address)});
    value(&json!({"listener_statuses": listeners.iter().map(status).collect::<Vec<_>>()}))
}

fn socket(address: SocketAddr) -> Value {
    json!({"socket_address": {"address": address.ip().to_string(), "port_value": address.port()}})
}

fn config_dump(bootstrap: &Bootstrap) -> Value {
    let resources = bootstrap.static_resources.clone().unwrap_or_default();
    let config = Config {
        node: bootstrap.node.clone(),
        listeners: resources.listeners,
        clusters: resources.clusters.into_iter().map(Arc::new).collect(),
        ..Default::default()
    };
    to_config_dump(&config, Some(bootstrap))
}

fn server_info(facts: &dyn Facts) -> Value {
    let uptime = format!("{}s", facts.uptime().as_secs());
    let node = facts.bootstrap().node.as_ref().map(Json::write);
    json!({
        "version": concat!("meshlint/", env!("CARGO_PKG_VERSION")),
        "state": if facts.is_draining() { "DRAINING" } else { "LIVE" },
        "hot_restart_version": "disabled",
        "command_line_options": {},
        "node": node,
        "uptime_current_epoch": uptime,
        "uptime_all_epochs": uptime,
    })
}

/// The part of a target after `?`.
struct Query<'q>(&'q str);

impl Query<'_> {
    /// Empty for a name without a value.
    fn get(&self, name: &str) -> Option<String> {
        let mut pairs = self.0.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.find(|(own, _)| *own == name).map(|(_, value)| decoded(value))
    }
}

fn decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = match after {
            [high, low, ..] if *first == b'%' => {
                let digits = [*high, *low];
                std::str::from_utf8(&digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok())
            }
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = &rest[if escaped.is_some() { 3 } else { 1 }..];
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use http::{Method, StatusCode};
    use http_body_util::BodyExt;
    use serde_json::{Value, json};

    use super::{Facts, respond};
    use crate::envoy::Json;
    use crate::envoy::bootstrap::Bootstrap;
    use crate::proxy::runtime::Runtime;
    use crate::proxy::stats::Stats;
    use crate::proxy::tls::Secrets;
    use crate::proxy::upstream::{Clusters, UpstreamCluster};

    struct Lab {
        bootstrap: Arc<Bootstrap>,
        clusters: Clusters,
        runtime: Arc<Runtime>,
    }

    impl Facts for Lab {
        fn bootstrap(&self) -> Arc<Bootstrap> {
            Arc::clone(&self.bootstrap)
        }

        fn clusters(&self) -> Vec<Arc<UpstreamCluster>> {
            self.clusters.all().into_iter().cloned().collect()
        }

        fn listeners(&self) -> Vec<(String, SocketAddr)> {
            vec![("web".to_owned(), ([127, 0, 0, 1], 80).into())]
        }

        fn stats(&self) -> &Stats {
            &self.runtime.stats
        }

        fn is_draining(&self) -> bool {
            false
        }

        fn uptime(&self) -> Duration {
            Duration::from_secs(5)
        }
    }

    fn lab() -> Lab {
        let endpoint = json!({"endpoint": {"address": {"socketAddress": {"address": "10.0.0.1", "portValue": 80}}},
            "healthStatus": "UNHEALTHY"});
        let bootstrap = json!({"node": {"id": "n", "cluster": "c"}, "staticResources": {"clusters": [{
            "name": "a", "type": "STATIC",
            "loadAssignment": {"clusterName": "a", "endpoints": [{"lbEndpoints": [endpoint]}]},
        }]}});
        let bootstrap = Bootstrap::read(&bootstrap).unwrap();
        let runtime = Runtime::new(Some(1), 1.0, 1);
        let clusters = bootstrap.static_resources.clone().unwrap().clusters;
        let clusters: Vec<_> = clusters.into_iter().map(Arc::new).collect();
        let (clusters, notes) = Clusters::new(&clusters, &Secrets::default(), &runtime, None).unwrap();
        assert_eq!(notes, []);
        Lab { bootstrap: Arc::new(bootstrap), clusters, runtime }
    }

    async fn get(lab: &Lab, target: &str) -> (StatusCode, String) {
        let response = respond(lab, &Method::GET, &target.parse().unwrap());
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn paths_are_envoys() {
        let lab = lab();
        assert_eq!(get(&lab, "/ready").await, (StatusCode::OK, "LIVE\n".to_owned()));
        assert_eq!(get(&lab, "/listeners").await.1, "web::127.0.0.1:80\n");
        let clusters = get(&lab, "/clusters").await.1;
        for line in
            ["a::default_priority::max_connections::1024\n", "a::10.0.0.1:80::health_flags::/failed_eds_health\n"]
        {
            assert!(clusters.contains(line), "{clusters}");
        }
        let stats = get(&lab, "/stats?filter=membership%5f&usedonly").await.1;
        assert_eq!(stats, "cluster.a.membership_total: 1\n");
        assert_eq!(get(&lab, "/nothing").await.0, StatusCode::NOT_FOUND);
        assert_eq!(get(&lab, "/stats?filter=(").await.0, StatusCode::BAD_REQUEST);
    }

    #[tokio::test]
    async fn answers_are_json_if_that_is_asked_for() {
        let lab = lab();
        let json = async |target| serde_json::from_str::<Value>(&get(&lab, target).await.1).unwrap();
        let clusters = json("/clusters?format=json").await;
        assert_eq!(
            clusters["cluster_statuses"][0]["host_statuses"][0]["health_status"]["eds_health_status"],
            "UNHEALTHY"
        );
        assert_eq!(json("/listeners?format=json").await["listener_statuses"][0]["name"], "web");
        assert_eq!(json("/server_info").await["node"]["id"], "n");
        assert!(json("/config_dump").await["configs"].is_array());
        assert!(json("/stats?format=json").await["stats"].is_array());
    }
}
