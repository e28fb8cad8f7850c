//! Configurations to try, and the bootstraps of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use meshlint::envoy::bootstrap::{Bind, Bootstrap, Loopback, Options, Secrets, TestAuthority};
use meshlint::envoy::core::Address;
use meshlint::envoy::{Config, Json, bootstrap, value_of};
use meshlint::source::SourceId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::Probe;

pub struct Scenario {
    pub name: String,
    pub config: Config,
    /// Beyond those that its routes ask for.
    pub probes: Vec<Probe>,
}

/// A file in `testdata/proxy/equal`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The arguments of `meshlint render` that choose the proxy.
    render: Vec<String>,
    manifests: String,
    #[serde(default)]
    probes: Vec<Probe>,
}

/// The workload of all proxies.
const IDENTITY: &str = "spiffe://cluster.local/ns/demo/sa/default";

/// What the access log of every connection manager and TCP proxy tells, with tabs between.
const LOG: &str = "%DOWNSTREAM_DIRECT_LOCAL_ADDRESS% %DOWNSTREAM_DIRECT_REMOTE_ADDRESS%\t%RESPONSE_FLAGS%\t%UPSTREAM_CLUSTER%\t%UPSTREAM_HOST%\t%ROUTE_NAME%\t%RESPONSE_CODE_DETAILS%\n";

impl Scenario {
    /// The cases of this repository, and the scenarios beside it where they are.
    pub fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut all: Vec<_> =
            files(&root.join("testdata/proxy/equal"), "yaml").iter().map(|file| Self::own(file)).collect();
        let oracle = root.join("../shared/oracle");
        if !oracle.is_dir() {
            println!("skipped: the scenarios in {} are not there", oracle.display());
        }
        for folder in entries(&oracle) {
            all.extend(files(&folder.join("expected"), "json").iter().map(|file| Self::pushed(file)));
        }
        all
    }

    fn own(file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap();
        let (tree, findings) = meshlint::yaml::parse(SourceId::default(), &text);
        assert!(findings.is_empty(), "{}: {findings:?}", file.display());
        let case: Case = serde_json::from_value(value_of(tree.roots().next().unwrap())).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let manifests = directory.path().join("mesh.yaml");
        fs::write(&manifests, &case.manifests).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_meshlint"));
        let command = command.args(["render", "--no-config", "-o", "json"]).args(&case.render).arg(manifests);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
        let config = Config::from_value(&serde_json::from_slice(&output.stdout).unwrap()).unwrap();
        Self { name: stem(file), config, probes: case.probes }
    }

    /// What istiod pushed.
    fn pushed(file: &Path) -> Self {
        let config = Config::from_value(&serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()).unwrap();
        let scenario = file.ancestors().nth(2).map(stem).unwrap_or_default();
        Self { name: format!("{scenario}/{}", stem(file)), config, probes: Vec::new() }
    }

    /// As it is without anything known of ports.
    pub fn plain(&self, authority: &TestAuthority) -> Bootstrap {
        bootstrap(&self.config, &options(authority, Loopback::default())).0
    }

    /// With free ports for all listeners, `endpoints` on ports of their own, and an access log.
    pub fn bootstrap(&self, authority: &TestAuthority, endpoints: &BTreeMap<String, u16>, log: &Path) -> Bootstrap {
        let ports = free_ports(&self.plain(authority));
        let loopback = Loopback { ports, endpoints: endpoints.clone(), ..Default::default() };
        let mut value = bootstrap(&self.config, &options(authority, loopback)).0.write();
        set_logs(&mut value, log);
        Bootstrap::read(&value).unwrap()
    }
}

fn options(authority: &TestAuthority, loopback: Loopback) -> Options<'_> {
    let roots = ["file-root:system", "ROOTCA"].map(|name| (name.to_owned(), authority.pem()));
    let secrets = Secrets { authorities: roots.into_iter().collect(), ..Default::default() };
    Options { secrets, identity: Some(IDENTITY.to_owned()), bind: Bind::Loopback(loopback), ..Options::new(authority) }
}

/// The endpoints of all clusters.
pub fn endpoints(bootstrap: &Bootstrap) -> Vec<String> {
    let clusters = bootstrap.static_resources.iter().flat_map(|resources| &resources.clusters);
    let localities = clusters.flat_map(|cluster| &cluster.load_assignment).flat_map(|own| &own.endpoints);
    let addresses = localities.flat_map(|locality| &locality.lb_endpoints);
    let addresses = addresses.filter_map(|endpoint| endpoint.endpoint.as_ref()?.address.as_ref());
    let names = addresses.filter_map(|address| match address {
        Address::SocketAddress(socket) => Some(format!("{}:{}", socket.address, socket.port_value.unwrap_or_default())),
        _ => None,
    });
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

/// All names that a client of the configuration may want in the certificate of a server.
pub fn server_names(value: &Value) -> Vec<String> {
    let mut names = BTreeSet::new();
    visit(value, &mut |key, value| match (key, value) {
        ("sni" | "exact", Value::String(name)) if !name.contains('/') || name.starts_with("spiffe://") => {
            names.insert(name.clone());
        }
        _ => {}
    });
    names.into_iter().filter(|name| !name.contains(['_', ' ', ':']) || name.starts_with("spiffe://")).collect()
}

/// The port of each listener.
pub fn ports(bootstrap: &Bootstrap) -> BTreeMap<String, u16> {
    let listeners = bootstrap.static_resources.iter().flat_map(|resources| &resources.listeners);
    let port = |address: &Option<Address>| match address {
        Some(Address::SocketAddress(socket)) => socket.port_value.and_then(|port| u16::try_from(port).ok()),
        _ => None,
    };
    listeners.filter_map(|listener| Some((listener.name.clone(), port(&listener.address)?))).collect()
}

/// Ports from 20000 on, which no client is given by the system, and each only once.
fn free_ports(bootstrap: &Bootstrap) -> BTreeMap<String, u16> {
    use std::sync::atomic::{AtomicU16, Ordering};
    static NEXT: AtomicU16 = AtomicU16::new(20_000);
    let free = || loop {
        let port = NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |port| {
            Some(if port < 32_000 { port + 1 } else { 20_000 })
        });
        if TcpListener::bind(("127.0.0.1", port.unwrap())).is_ok() {
            return port.unwrap();
        }
    };
    let listeners = bootstrap.static_resources.iter().flat_map(|resources| &resources.listeners);
    listeners.map(|listener| (listener.name.clone(), free())).collect()
}

fn set_logs(value: &mut Value, log: &Path) {
    match value {
        Value::Object(fields) => {
            let kind = fields.get("@type").and_then(Value::as_str).unwrap_or_default();
            if kind.ends_with(".v3.HttpConnectionManager") || kind.ends_with(".v3.TcpProxy") {
                let file = json!({
                    "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
                    "path": log,
                    "logFormat": {"textFormatSource": {"inlineString": LOG}},
                });
                fields.insert("accessLog".to_owned(), json!([{"name": "equal", "typedConfig": file}]));
            }
            fields.values_mut().for_each(|value| set_logs(value, log));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| set_logs(value, log)),
        _ => {}
    }
}

fn visit(value: &Value, found: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                found(key, value);
                visit(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|value| visit(value, found)),
        _ => {}
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    entries(directory).into_iter().filter(|path| path.extension().is_some_and(|own| own == extension)).collect()
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(directory).into_iter().flatten();
    let mut paths: Vec<_> = read.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}
