//! A plain Envoy loads the bootstraps that are made of what istiod sends, and serves; and so does the test proxy.
//!
//! Without an Envoy only what needs no program is checked.

mod envoy_program;
mod exchange;

use std::any::Any;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use meshlint::envoy::bootstrap::{Bind, Bootstrap, Loopback, Options, TestAuthority};
use meshlint::envoy::core::Address;
use meshlint::envoy::{Config, Json, Message, accepted, bootstrap, check, to_binary, to_yaml};
use meshlint::proxy::{self, Proxy};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use serde_json::{Value, json};

use envoy_program::envoy;
use exchange::case::{Case, IDENTITY};
use exchange::{Backend, Client};

#[test]
fn envoy_loads_every_bootstrap() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = json_files(&root.join("testdata/envoy"));
    assert!(!files.is_empty());
    let oracle = root.join("../shared/oracle");
    if !oracle.is_dir() {
        println!("skipped: the scenarios in {} are not there", oracle.display());
    }
    files.extend(entries(&oracle).iter().flat_map(|scenario| json_files(&scenario.join("expected"))));
    files.extend(entries(&oracle).iter().flat_map(|scenario| json_files(&scenario.join("expected-admitted"))));
    let cases: Vec<_> =
        files.iter().enumerate().flat_map(|(index, file)| [(index, file, false), (index, file, true)]).collect();
    let authority = TestAuthority::generate();
    let envoy = envoy();
    let refused: Vec<String> = cases
        .par_iter()
        .filter_map(|(index, file, loopback)| {
            let text = std::fs::read_to_string(file).unwrap();
            let config = Config::from_value(&serde_json::from_str(&text).unwrap()).unwrap();
            let bind = match loopback {
                true => Bind::Loopback(Loopback { first_port: 20000, ..Default::default() }),
                false => Bind::AsConfigured,
            };
            let value = bootstrap(&config, &Options { bind, ..Options::new(&authority) }).0.write();
            let violations: Vec<_> = check(Bootstrap::TYPE, &value).iter().map(ToString::to_string).collect();
            assert!(violations.is_empty(), "{}: {violations:?}", file.display());
            // One form is enough for one file; over all files each form has many turns.
            let reason = validate(envoy.as_deref()?, &value, ["json", "yaml", "pb"][index % 3]).err()?;
            Some(format!("{} (loopback {loopback}): {reason}", file.display()))
        })
        .collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn envoy_serves_on_loopback() {
    let Some(envoy) = envoy() else { return };
    serves(&|bootstrap| {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("bootstrap.yaml");
        std::fs::write(&file, to_yaml(&bootstrap.write())).unwrap();
        let arguments = ["--disable-hot-restart", "--concurrency", "1", "--log-level", "off", "-c"];
        let child = Command::new(&envoy).args(arguments).arg(file).spawn().unwrap();
        Box::new((Running(child), directory))
    });
}

#[test]
fn the_proxy_serves_as_envoy_does() {
    serves(&|bootstrap| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let started = runtime.block_on(Proxy::start(bootstrap, proxy::Options { workers: 1, ..Default::default() }));
        Box::new((started.unwrap(), runtime))
    });
}

/// Something that serves a bootstrap until it is dropped.
type Server = Box<dyn Any>;

/// Sends the exchanges of all files to what is started for each.
fn serves(start: &dyn Fn(Bootstrap) -> Server) {
    let files = entries(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/envoy/serve"));
    assert!(!files.is_empty());
    let wrong: Vec<_> = files
        .iter()
        .flat_map(|file| {
            let of_file = |problem| format!("{}: {problem}", file.display());
            run(&Case::read(file), start).into_iter().map(of_file).collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What came out otherwise than the file says.
fn run(case: &Case, start: &dyn Fn(Bootstrap) -> Server) -> Vec<String> {
    let config = case.config();
    let authority = TestAuthority::generate();
    let options = Options { identity: Some(IDENTITY.to_owned()), ..Options::new(&authority) };
    let ports = free_ports(&config, &options);
    let backends: BTreeMap<_, _> =
        case.backends.iter().map(|(endpoint, name)| (endpoint, Backend::start(name))).collect();
    let endpoints = backends.iter().map(|(endpoint, backend)| ((*endpoint).clone(), backend.port));
    let own = case.listeners.iter().map(|(endpoint, listener)| (endpoint.clone(), ports[listener]));
    let endpoints = endpoints.chain(own).collect();
    let loopback = Loopback { ports: ports.clone(), endpoints, ..Loopback::default() };
    let (bootstrap, _) = bootstrap(&config, &Options { bind: Bind::Loopback(loopback), ..options });
    let _running = start(bootstrap);
    let client = Client { ports, backends: backends.into_values().collect(), authority: &authority };
    case.exchanges.iter().filter_map(|exchange| client.problem(exchange)).collect()
}

/// A port for each listener that the bootstrap will have.
fn free_ports(config: &Config, options: &Options<'_>) -> BTreeMap<String, u16> {
    let options = Options { bind: Bind::Loopback(Loopback::default()), ..options.clone() };
    let resources = bootstrap(config, &options).0.static_resources.unwrap();
    // All are held until the last is known, or one could be given twice.
    let held: Vec<_> =
        resources.listeners.into_iter().map(|listener| (listener, TcpListener::bind("127.0.0.1:0").unwrap())).collect();
    let port = |(listener, held): (meshlint::envoy::listener::Listener, TcpListener)| {
        assert!(matches!(listener.address, Some(Address::SocketAddress(_))));
        (listener.name, held.local_addr().unwrap().port())
    };
    held.into_iter().map(port).collect()
}

/// A program that ends with the test, also with one that fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_is_left_out_is_what_envoy_refuses() {
    let envoy = envoy();
    let chain = |matched: Value| json!({"filterChainMatch": matched, "filters": []});
    let address = |address: &str, port: u32| json!({"socketAddress": {"address": address, "portValue": port}});
    let listener =
        |name: &str, chains: Value| json!({"name": name, "address": address("127.0.0.1", 80), "filterChains": chains});
    let endpoint = |host: &str| json!({"endpoint": {"address": address(host, 80)}});
    let cluster = |kind: &str, hosts: &[&str]| {
        let endpoints: Vec<_> = hosts.iter().map(|host| endpoint(host)).collect();
        json!({"name": "c", "type": kind, "loadAssignment": {"clusterName": "c", "endpoints": [{"lbEndpoints": endpoints}]}})
    };
    let routes = |hosts: Value| {
        listener(
            "l",
            json!([{"filters": [http(json!({"name": "r", "virtualHosts": hosts, "validateClusters": false}))]}]),
        )
    };
    let route = |route: Value| routes(json!([{"name": "h", "domains": ["*"], "routes": [route]}]));
    let to = |action: Value| route(json!({"match": {"prefix": "/"}, "route": action}));
    let adding = |key: &str, value: &str| {
        let header = json!([{"header": {"key": key, "value": value}}]);
        route(json!({"match": {"prefix": "/"}, "route": {"cluster": "c"}, "requestHeadersToAdd": header}))
    };
    let range = |address: &str| json!([{"addressPrefix": address, "prefixLen": 24}]);
    // A listener or a cluster, and whether Envoy takes it.
    let table = [
        ("no chains", listener("l", json!([])), false),
        (
            "a host name",
            json!({"name": "l", "address": address("a.test", 80), "filterChains": [chain(json!({}))]}),
            false,
        ),
        ("one chain", listener("l", json!([chain(json!({}))])), true),
        ("equal chains", listener("l", json!([chain(json!({})), chain(json!({}))])), false),
        (
            "two names",
            listener("l", json!([chain(json!({"serverNames": ["a"]})), chain(json!({"serverNames": ["b"]}))])),
            true,
        ),
        (
            "one name twice",
            listener("l", json!([chain(json!({"serverNames": ["a", "b"]})), chain(json!({"serverNames": ["B"]}))])),
            false,
        ),
        (
            "one network twice",
            listener(
                "l",
                json!([
                    chain(json!({"prefixRanges": range("10.0.0.1")})),
                    chain(json!({"prefixRanges": range("10.0.0.2")}))
                ]),
            ),
            false,
        ),
        ("a wildcard", listener("l", json!([chain(json!({"serverNames": ["*.a.test"]}))])), true),
        ("a partial wildcard", listener("l", json!([chain(json!({"serverNames": ["*a.test"]}))])), false),
        ("a star", listener("l", json!([chain(json!({"serverNames": ["*"]}))])), false),
        ("domains", routes(json!([{"name": "a", "domains": ["a", "b"]}, {"name": "b", "domains": ["c"]}])), true),
        ("one domain twice", routes(json!([{"name": "a", "domains": ["a"]}, {"name": "b", "domains": ["A"]}])), false),
        ("no action", route(json!({"match": {"prefix": "/"}})), false),
        ("a cluster that is not there", to(json!({"cluster": "nowhere"})), true),
        ("no clusters", to(json!({"weightedClusters": {"clusters": []}})), false),
        ("weights of 0", to(json!({"weightedClusters": {"clusters": [{"name": "c", "weight": 0}]}})), false),
        (
            "a regular expression",
            route(json!({"match": {"safeRegex": {"regex": "/a+"}}, "route": {"cluster": "c"}})),
            true,
        ),
        ("a look-ahead", route(json!({"match": {"safeRegex": {"regex": "(?=a)"}}, "route": {"cluster": "c"}})), false),
        (
            "a large expression",
            route(json!({"match": {"safeRegex": {"regex": "[a-z]{500}"}}, "route": {"cluster": "c"}})),
            true,
        ),
        (
            "a slash at the end",
            route(json!({"match": {"pathSeparatedPrefix": "/a/"}, "route": {"cluster": "c"}})),
            false,
        ),
        ("a header", adding("x-a", "50%% of %REQ(x-b)%"), true),
        ("a command", adding("x-a", "%DOWNSTREAM_REMOTE_ADDRESS%"), true),
        ("a command that is none", adding("x-a", "%FOO%"), false),
        ("a format", logging("[%START_TIME%] %REQ(:METHOD)%\n"), true),
        ("a format with a command that is none", logging("%REQUEST%"), false),
        ("a lone percent sign", adding("x-a", "50%"), false),
        ("the host", adding("Host", "a"), false),
        ("a pseudo header", adding(":path", "/a"), false),
        ("an odd status", route(json!({"match": {"prefix": "/"}, "directResponse": {"status": 99}})), false),
        ("one address", cluster("STATIC", &["10.0.0.1"]), true),
        ("an address that is a name", cluster("STATIC", &["a.test"]), false),
        ("one name", cluster("LOGICAL_DNS", &["a.test"]), true),
        ("two names", cluster("LOGICAL_DNS", &["a.test", "b.test"]), false),
        ("many names", cluster("STRICT_DNS", &["a.test", "b.test"]), true),
        ("a policy for no destination", json!({"name": "c", "type": "ORIGINAL_DST"}), false),
        ("a destination", json!({"name": "c", "type": "ORIGINAL_DST", "lbPolicy": "CLUSTER_PROVIDED"}), true),
        ("no time", json!({"name": "c", "connectTimeout": "0s"}), false),
        ("a prime", json!({"name": "c", "lbPolicy": "MAGLEV", "maglevLbConfig": {"tableSize": "65537"}}), true),
        ("no prime", json!({"name": "c", "lbPolicy": "MAGLEV", "maglevLbConfig": {"tableSize": "65536"}}), false),
        (
            "a huge ring",
            json!({"name": "c", "lbPolicy": "RING_HASH", "ringHashLbConfig": {"minimumRingSize": "8388609"}}),
            false,
        ),
        ("a cipher suite", ciphers("ECDHE-RSA-AES128-GCM-SHA256"), true),
        ("a cipher suite of TLS 1.3", ciphers("TLS_AES_128_GCM_SHA256"), false),
    ];
    let wrong: Vec<_> = table
        .par_iter()
        .flat_map_iter(|(name, resource, taken)| {
            let list = if resource.get("filterChains").is_some() { "listeners" } else { "clusters" };
            let config = Config::from_value(&json!({list: [resource]})).unwrap();
            let predicted = accepted(&config).1;
            let real = envoy.as_deref().map(|envoy| {
                let value = json!({"staticResources": {list: [resource]}, "layeredRuntime": runtime()});
                validate(envoy, &value, "json").map_err(|reason| reason.lines().last().unwrap_or_default().to_owned())
            });
            let differs = predicted.is_empty() != *taken || real.as_ref().is_some_and(|real| real.is_ok() != *taken);
            differs.then(|| format!("{name}: predicted {predicted:?}, Envoy says {real:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What every bootstrap sets.
fn runtime() -> Value {
    let authority = TestAuthority::generate();
    bootstrap(&Config::default(), &Options::new(&authority)).0.write()["layeredRuntime"].clone()
}

fn http(routes: Value) -> Value {
    let router = json!({"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"});
    json!({"name": "http", "typedConfig": {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "statPrefix": "a",
        "routeConfig": routes,
        "httpFilters": [{"name": "router", "typedConfig": router}],
    }})
}

fn logging(format: &str) -> Value {
    json!({"name": "l", "address": {"socketAddress": {"address": "127.0.0.1", "portValue": 80}}, "filterChains": [{}], "accessLog": [{
        "name": "file",
        "typedConfig": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": "/dev/null",
            "logFormat": {"textFormatSource": {"inlineString": format}},
        },
    }]})
}

fn ciphers(suite: &str) -> Value {
    json!({"name": "c", "transportSocket": {"name": "tls", "typedConfig": {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "commonTlsContext": {"tlsParams": {"cipherSuites": [suite]}},
    }}})
}

fn validate(envoy: &Path, bootstrap: &Value, form: &str) -> Result<(), String> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("bootstrap").with_extension(form);
    let bytes = match form {
        "json" => bootstrap.to_string().into_bytes(),
        "yaml" => to_yaml(bootstrap).into_bytes(),
        _ => to_binary(Bootstrap::TYPE, bootstrap).unwrap(),
    };
    std::fs::write(&file, bytes).unwrap();
    envoy_program::validate(envoy, &file)
}

fn json_files(directory: &Path) -> Vec<PathBuf> {
    entries(directory)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect()
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let read = std::fs::read_dir(directory).into_iter().flatten();
    let mut paths: Vec<_> = read.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}
