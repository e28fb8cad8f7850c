//! What a decision costs, on virtual hosts of growing size. `cargo bench --bench trace`.

use divan::Bencher;
use divan::counter::ItemsCount;
use meshlint::envoy::Config;
use meshlint::trace::{Call, Connection, Headers, Request, Tracer, Way};
use serde_json::{Value, json};

fn main() {
    divan::main();
}

/// Routes of the virtual host. The cost of a decision must not grow with them.
const SIZES: [usize; 4] = [50, 500, 5_000, 20_000];
/// Requests of a sample, to routes all over the host.
const REQUESTS: usize = 1_000;

#[divan::bench(args = SIZES, sample_count = 20)]
fn decide(bencher: Bencher<'_, '_>, routes: usize) {
    let tracer = Tracer::new(Config::from_value(&config(routes)).unwrap());
    let calls: Vec<_> = (0..REQUESTS).map(|index| call(index * 7919 % routes)).collect();
    bencher.counter(ItemsCount::new(REQUESTS)).bench(|| {
        for call in &calls {
            divan::black_box(tracer.decide(call.clone(), Way::Outbound));
        }
    });
}

fn call(route: usize) -> Call {
    let headers: Headers = [("user-agent", "bench"), ("x-user", "7")].into_iter().collect();
    let request = Request { headers, ..Request::get("web.shop", format!("/service-{route}/items/7?page=2")) };
    let connection =
        Connection { destination: "10.96.0.1:80".parse().unwrap(), source: "10.0.0.1".parse().unwrap(), tls: None };
    Call { connection, request: Some(request) }
}

/// A sidecar with one host, whose routes are told apart by prefixes; every fourth asks for a header in addition.
fn config(routes: usize) -> Value {
    let route = |index: usize| {
        let headers = match index % 4 {
            0 => json!([{"name": "x-user", "stringMatch": {"exact": "7"}}]),
            _ => json!([]),
        };
        json!({
            "match": {"prefix": format!("/service-{index}/"), "caseSensitive": true, "headers": headers},
            "route": {"cluster": "web", "prefixRewrite": "/", "timeout": "0s"},
        })
    };
    let filter = |name: &str, kind: &str| json!({"name": name, "typedConfig": {"@type": format!("type.googleapis.com/envoy.extensions.filters.http.{kind}")}});
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "rds": {"routeConfigName": "80"},
        "normalizePath": true,
        "httpFilters": [filter("fault", "fault.v3.HTTPFault"), filter("cors", "cors.v3.Cors"),
            filter("router", "router.v3.Router")],
    });
    let inspector = "type.googleapis.com/envoy.extensions.filters.listener.http_inspector.v3.HttpInspector";
    json!({
        "listeners": [{
            "name": "0.0.0.0_80",
            "address": {"socketAddress": {"address": "0.0.0.0", "portValue": 80}},
            "listenerFilters": [{"name": "http_inspector", "typedConfig": {"@type": inspector}}],
            "filterChains": [{
                "filterChainMatch": {"transportProtocol": "raw_buffer", "applicationProtocols": ["http/1.1", "h2c"]},
                "filters": [{"name": "http", "typedConfig": manager}],
            }],
        }],
        "routes": [{
            "name": "80",
            "ignorePortInHostMatching": true,
            "virtualHosts": [{
                "name": "web", "domains": ["web", "web.shop"], "includeRequestAttemptCount": true,
                "routes": (0..routes).map(route).collect::<Vec<_>>(),
            }],
        }],
        "clusters": [{"name": "web", "type": "STATIC"}],
    })
}
