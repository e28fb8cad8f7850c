//! The files in `testdata/envoy/serve`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use meshlint::envoy::{Config, value_of};
use meshlint::source::SourceId;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The arguments of `meshlint render` that choose the proxy.
    pub render: Vec<String>,
    pub manifests: String,
    /// Servers that stand for endpoints, with their names.
    pub backends: BTreeMap<String, String>,
    /// Listeners of the proxy that stand for endpoints.
    #[serde(default)]
    pub listeners: BTreeMap<String, String>,
    pub exchanges: Vec<Exchange>,
}

/// The workloads of all cases.
pub const IDENTITY: &str = "spiffe://cluster.local/ns/demo/sa/default";

impl Case {
    pub fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap();
        let (tree, findings) = meshlint::yaml::parse(SourceId::default(), &text);
        assert!(findings.is_empty(), "{findings:?}");
        serde_json::from_value(value_of(tree.roots().next().unwrap())).unwrap()
    }

    pub fn config(&self) -> Config {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("mesh.yaml");
        fs::write(&file, &self.manifests).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_meshlint"));
        let output =
            command.args(["render", "--no-config", "-o", "json"]).args(&self.render).arg(file).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Config::from_value(&serde_json::from_slice(&output.stdout).unwrap()).unwrap()
    }
}

/// One connection to a listener, and what comes back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// The name of the listener in the bootstrap.
    pub to: String,
    /// The path of an HTTP request.
    pub get: Option<String>,
    #[serde(default)]
    pub host: String,
    /// `{name}` stands for the address of that backend.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// What is sent instead of an HTTP request.
    pub send: Option<String>,
    /// The name that TLS asks for.
    pub tls: Option<String>,
    /// The name in the certificate of the client.
    pub certificate: Option<String>,
    /// The status and the beginning of the body, or what came back for `send`, or `closed` without an answer.
    pub answer: Option<String>,
    /// A line of the answer's head.
    pub header: Option<String>,
    /// The backends that answer, each with its share of 100.
    #[serde(default)]
    pub shares: BTreeMap<String, u32>,
    /// How many backends answer when the same is asked again and again.
    #[allow(dead_code, reason = "`trace` tells this by the policy, and is not asked")]
    pub backends: Option<usize>,
}
