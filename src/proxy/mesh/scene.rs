//! What there is to run, without the files and the mesh that it comes from.

use std::collections::{BTreeMap, BTreeSet};

use crate::envoy::Config;
use crate::envoy::bootstrap::{Bootstrap, Entrance, Secrets, entrances, entrances_of_file};
use crate::mesh::Mesh;
use crate::proxy::Note;
use crate::translate::{self, Backend, Names, ProxyKind, ProxySpec, PushContext, Translation, Translator};
use crate::translate::{identity, secrets};

/// Proxies, who is behind them, and under which names.
#[derive(Debug, Default)]
pub struct Scene {
    pub members: Vec<Member>,
    /// Whether requests go on to the proxies of their servers, or to applications at once.
    pub is_mesh: bool,
    /// By `address:port`.
    pub backends: BTreeMap<String, Backend>,
    pub names: Names,
    /// Workloads without a proxy, as `namespace/name`.
    pub bare: BTreeSet<String>,
}

/// A proxy that is to run.
#[derive(Debug)]
pub struct Member {
    /// `namespace/name` of the workload; of its further pods with the name of the pod.
    pub key: String,
    pub spec: ProxySpec,
    pub source: Source,
    pub secrets: Secrets,
    /// The SPIFFE name of its own certificate.
    pub identity: String,
    /// Of a gateway: where it listens for the ports of its Gateways.
    pub service_ports: BTreeMap<u16, u16>,
    /// `file:line` of what its listeners and clusters are made from.
    pub places: BTreeMap<String, String>,
}

/// What a proxy executes.
#[derive(Debug)]
pub enum Source {
    /// What istiod would push to it.
    Mesh(Box<Config>),
    /// What stands in a file. Its endpoints are what they are: there are no echoes for them.
    File(Box<Bootstrap>),
}

/// Tells the [`Member::places`] of a translation.
pub type Locate<'l> = &'l dyn Fn(&Translation) -> BTreeMap<String, String>;

/// The listener of a sidecar that takes what comes from elsewhere, with a part for each port.
const INBOUND: &str = "virtualInbound";

impl Scene {
    /// The chosen proxies; with `all_pods` also what other proxies need of the further pods of their workloads: the
    /// inbound side. With notes about what istiod would know better.
    pub fn new<'p>(
        mesh: &Mesh<'_>,
        push: &'p PushContext<'p>,
        specs: &[ProxySpec],
        all_pods: bool,
        locate: Locate<'_>,
    ) -> (Self, Vec<translate::Note>) {
        let translator = Translator::new(push);
        let (mut members, mut notes) = (Vec::new(), Vec::new());
        let pods = if all_pods { push.proxies_of_pods() } else { Vec::new() };
        for spec in specs {
            let proxy = spec.proxy(push);
            let translation = translator.translate(&proxy);
            let member = Member {
                key: spec.key.clone(),
                spec: spec.clone(),
                places: locate(&translation),
                secrets: secrets(mesh, &proxy),
                identity: identity(mesh, &proxy),
                service_ports: match spec.r#type {
                    ProxyKind::Router => translator.listening_ports(&proxy),
                    ProxyKind::Sidecar => BTreeMap::new(),
                },
                source: Source::Mesh(Box::new(translation.config)),
            };
            notes.extend(translation.notes);
            let siblings = pods.iter().filter(|pod| pod.key == spec.key && pod.name != spec.name);
            let siblings: Vec<_> = siblings.map(|pod| member.sibling(pod)).collect();
            members.push(member);
            members.extend(siblings);
        }
        let (backends, names, bare) = (push.backends(), push.names(), push.bare_workloads());
        (Self { members, is_mesh: all_pods, backends, names, bare }, notes)
    }

    /// Where in the files something stands that is not executed: a name in the note, such as that of a filter or listener.
    pub fn place(&self, key: &str, note: &Note) -> Option<&str> {
        let member = self.members.iter().find(|member| member.key == key)?;
        let mut names = quoted(&note.text).chain(quoted(&note.place));
        names.find_map(|name| member.place(name))
    }

    /// The bootstrap in a file, as one proxy.
    pub fn of_file(name: &str, bootstrap: Bootstrap) -> Self {
        let member = Member {
            key: name.to_owned(),
            spec: ProxySpec::gateway(name),
            source: Source::File(Box::new(bootstrap)),
            secrets: Secrets::default(),
            identity: String::new(),
            service_ports: BTreeMap::new(),
            places: BTreeMap::new(),
        };
        Self { members: vec![member], ..Self::default() }
    }
}

impl Member {
    /// Another pod of the same workload, without what is for its own requests.
    fn sibling(&self, pod: &ProxySpec) -> Self {
        let source = match &self.source {
            Source::Mesh(config) => {
                let mut config = config.clone();
                config.listeners.retain(|listener| pod.r#type == ProxyKind::Router || listener.name == INBOUND);
                Source::Mesh(config)
            }
            Source::File(bootstrap) => Source::File(bootstrap.clone()),
        };
        Self {
            key: format!("{}/{}", self.key, pod.name),
            spec: pod.clone(),
            source,
            secrets: self.secrets.clone(),
            identity: self.identity.clone(),
            service_ports: self.service_ports.clone(),
            places: self.places.clone(),
        }
    }

    /// Parts of a listener have its name and what they are for.
    fn place(&self, name: &str) -> Option<&str> {
        let part_of = || self.places.iter().find(|(own, _)| name.strip_prefix(own.as_str()).is_some_and(is_suffix));
        self.places.get(name).or_else(|| part_of().map(|(_, place)| place)).map(String::as_str)
    }

    /// Whether it is the sidecar of a workload that may send requests.
    pub fn sends(&self) -> bool {
        self.spec.r#type == ProxyKind::Sidecar && self.entrances().iter().any(|entrance| !entrance.inbound)
    }

    /// The listeners that it has on this machine.
    pub fn entrances(&self) -> Vec<Entrance> {
        match &self.source {
            Source::Mesh(config) => entrances(config),
            Source::File(bootstrap) => entrances_of_file(bootstrap),
        }
    }

    /// The workload itself, as far as the proxy beside it tells.
    pub(super) fn backend(&self) -> Backend {
        let ProxySpec { namespace, name, labels, workload, .. } = &self.spec;
        let own = workload.rsplit('/').next().filter(|own| !own.is_empty()).unwrap_or(name);
        Backend {
            workload: own.to_owned(),
            namespace: namespace.clone(),
            pod: name.clone(),
            labels: labels.clone(),
            account: Some(self.identity.clone()),
            ..Backend::default()
        }
    }
}

fn is_suffix(rest: &str) -> bool {
    rest.starts_with('_')
}

/// The names in a message.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}
