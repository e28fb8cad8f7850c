//! A scene that runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::task::JoinSet;

use crate::envoy::bootstrap::{
    self, Bind, Bootstrap, Certificate, Loopback, Note as BootstrapNote, TestAuthority, bootstrap, relocate,
};
use crate::envoy::core::SocketAddress;
use crate::proxy::echo::{Behaviour, Echo, Setting};
use crate::proxy::{self, Note, Proxy, Running, Runtime};
use crate::translate::Backend;

use super::directory::Directory;
use super::plan::{Door, Plan};
use super::ports::Ports;
use super::scene::{Member, Scene, Source};
use super::upstream::Upstream;

/// How a lab runs, beyond what the files say.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where listeners are.
    pub address: IpAddr,
    /// Ports of the configuration, and where they are to be instead.
    pub ports: BTreeMap<u16, u16>,
    /// Of the first proxy; the next ones have the ports that follow.
    pub admin_port: Option<u16>,
    pub upstreams: Vec<Upstream>,
    pub behaviour: Behaviour,
    /// Whether upstreams of the user are real servers, whose certificates the authorities of this machine sign.
    pub system_roots: Option<String>,
    pub proxy: proxy::Options,
}

/// Proxies and what is behind them.
pub struct Lab {
    settings: Settings,
    setting: Arc<Setting>,
    ports: Ports,
    scene: Scene,
    plan: Plan,
    echoes: BTreeMap<String, Echo>,
    running: BTreeMap<String, Running>,
    directory: SharedDirectory,
}

/// Of whatever is in force.
pub type SharedDirectory = Arc<RwLock<Arc<Directory>>>;

/// What answers at an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// `address:port`, as clusters have it.
    pub endpoint: String,
    pub backend: Backend,
    pub address: SocketAddr,
    /// Whether that is a server of the user.
    pub is_real: bool,
}

/// Why a lab cannot run as it should. What ran before, runs on.
#[derive(Debug)]
pub enum Problem {
    Ports(io::Error),
    Echo(String, io::Error),
    Proxy(String, proxy::Error),
}

/// What a change came to, or a start.
pub type Notes = Vec<(String, Note)>;

impl Lab {
    pub async fn start(scene: Scene, settings: Settings) -> Result<(Self, Notes), Problem> {
        let authority = Arc::new(TestAuthority::generate());
        let runtime = Runtime::new(settings.proxy.seed, settings.proxy.time_scale, 1);
        let behaviour = settings.behaviour.clone();
        let setting = Arc::new(Setting { runtime, authority: Arc::clone(&authority), behaviour });
        let mut lab = Self {
            ports: Ports::new(settings.address, settings.ports.clone()),
            settings,
            setting,
            scene: Scene::default(),
            plan: Plan::default(),
            echoes: BTreeMap::new(),
            running: BTreeMap::new(),
            directory: SharedDirectory::default(),
        };
        let notes = lab.change(scene).await?;
        lab.ports.check().map_err(Problem::Ports)?;
        Ok((lab, notes))
    }

    /// Runs another scene instead. Proxies that are in both keep their connections; the ports of listeners stay.
    pub async fn change(&mut self, scene: Scene) -> Result<Notes, Problem> {
        let plan = Plan::new(&scene, &mut self.ports, self.settings.address);
        let put = match plan {
            Ok(plan) => self.put_all(&scene, &plan).await.map(|notes| (plan, notes)),
            Err(error) => Err(Problem::Ports(error)),
        };
        self.ports.release();
        let (plan, notes) = put?;
        self.drop_others(&scene, &plan);
        let directory = Arc::new(Directory::new(&scene, &plan, self.applications(&plan)));
        *self.directory.write().unwrap_or_else(PoisonError::into_inner) = directory;
        (self.scene, self.plan) = (scene, plan);
        Ok(notes)
    }

    /// Starts or changes all echoes and proxies of a scene.
    async fn put_all(&mut self, scene: &Scene, plan: &Plan) -> Result<Notes, Problem> {
        self.start_echoes(plan).await?;
        self.ports.make_way();
        let (applications, bare) = (self.applications(plan), self.bare(plan));
        let mut notes = Vec::new();
        for (index, member) in scene.members.iter().enumerate() {
            let loopback = plan.loopback(&member.key, self.settings.address, &applications);
            let (bootstrap, own) = self.bootstrap(member, index, Loopback { bare: bare.clone(), ..loopback });
            let own = own.into_iter().filter(|note| !is_expected(note));
            notes.extend(own.map(|note| (member.key.clone(), Note::new("configuration", note.to_string()))));
            let told = self.put(&member.key, bootstrap).await;
            let told = told.map_err(|error| Problem::Proxy(member.key.clone(), error))?;
            let told = told.into_iter().filter(|note| !is_istios_choice(note));
            notes.extend(told.map(|note| (member.key.clone(), note)));
        }
        Ok(notes)
    }

    /// Proxies that are no more serve what they have begun.
    fn drop_others(&mut self, scene: &Scene, plan: &Plan) {
        let keys: BTreeSet<_> = scene.members.iter().map(|member| member.key.as_str()).collect();
        let gone = self.running.extract_if(.., |key, _| !keys.contains(key.as_str()));
        for (_, running) in gone {
            // When the time is over, the rest is closed.
            tokio::spawn(async move { drop(tokio::time::timeout(LONGEST_DRAIN, running.drain()).await) });
        }
        self.echoes.retain(|endpoint, _| plan.applications.contains_key(endpoint));
    }

    /// It follows every change.
    pub fn directory(&self) -> SharedDirectory {
        Arc::clone(&self.directory)
    }

    async fn put(&mut self, key: &str, bootstrap: Bootstrap) -> Result<Vec<Note>, proxy::Error> {
        if let Some(running) = self.running.get(key) {
            return running.reload(bootstrap).await;
        }
        let running = Proxy::start(bootstrap, self.settings.proxy.clone()).await?;
        let notes = running.notes();
        self.running.insert(key.to_owned(), running);
        Ok(notes)
    }

    async fn start_echoes(&mut self, plan: &Plan) -> Result<(), Problem> {
        for (endpoint, (backend, subsets)) in &plan.applications {
            if self.echoes.contains_key(endpoint) || self.upstream(endpoint, backend).is_some() {
                continue;
            }
            // The user's clients talk to proxies, never to these.
            let here = IpAddr::from([127, 0, 0, 1]);
            let echo = Echo::start(here, endpoint, backend, subsets.iter().cloned(), &self.setting).await;
            let echo = echo.map_err(|error| Problem::Echo(endpoint.clone(), error))?;
            self.echoes.insert(endpoint.clone(), echo);
        }
        Ok(())
    }

    fn upstream(&self, endpoint: &str, backend: &Backend) -> Option<&Upstream> {
        self.settings.upstreams.iter().find(|upstream| upstream.is_for(endpoint, backend))
    }

    /// Servers of the user speak no mutual TLS of the mesh.
    fn bare(&self, plan: &Plan) -> BTreeSet<String> {
        let real = plan.applications.iter().filter(|(endpoint, (own, _))| self.upstream(endpoint, own).is_some());
        real.map(|(endpoint, _)| endpoint.clone()).collect()
    }

    fn applications(&self, plan: &Plan) -> BTreeMap<String, SocketAddr> {
        let address = |endpoint: &String, backend: &Backend| match self.upstream(endpoint, backend) {
            Some(upstream) => Some(upstream.address),
            None => self.echoes.get(endpoint).map(Echo::address),
        };
        let found = plan.applications.iter();
        found.filter_map(|(endpoint, (backend, _))| Some((endpoint.clone(), address(endpoint, backend)?))).collect()
    }

    fn bootstrap(&self, member: &Member, index: usize, loopback: Loopback) -> (Bootstrap, Vec<BootstrapNote>) {
        let admin = self.settings.admin_port.map(|port| {
            let port = u32::from(port) + u32::try_from(index).unwrap_or_default();
            SocketAddress::new(self.settings.address.to_string(), port)
        });
        let config = match &member.source {
            Source::Mesh(config) => config,
            Source::File(bootstrap) => return (relocate(bootstrap, &loopback, admin), Vec::new()),
        };
        let mut secrets = member.secrets.clone();
        if let Some(roots) = &self.settings.system_roots {
            // Echoes of servers outside of the mesh are signed by the authority for tests.
            let roots = format!("{roots}\n{}", self.setting.authority.pem());
            secrets.authorities.insert(SYSTEM_ROOTS.to_owned(), roots);
        }
        let options = bootstrap::Options {
            secrets,
            identity: Some(member.identity.clone()),
            bind: Bind::Loopback(loopback),
            admin,
            ..bootstrap::Options::new(&self.setting.authority)
        };
        bootstrap(config, &options)
    }

    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// All listeners.
    pub fn doors(&self) -> &[Door] {
        &self.plan.doors
    }

    /// The admin interfaces, by proxy.
    pub fn admins(&self) -> impl Iterator<Item = (&str, SocketAddr)> {
        self.running.iter().filter_map(|(key, running)| Some((key.as_str(), running.admin()?)))
    }

    /// What stands for the applications of the mesh.
    pub fn served(&self) -> Vec<Served> {
        let addresses = self.applications(&self.plan);
        let applications = self.plan.applications.iter();
        let served = applications.filter_map(|(endpoint, (backend, _))| {
            Some(Served {
                endpoint: endpoint.clone(),
                backend: backend.clone(),
                address: *addresses.get(endpoint)?,
                is_real: self.upstream(endpoint, backend).is_some(),
            })
        });
        served.collect()
    }

    /// How many requests came to echoes, by their names.
    pub fn received(&self) -> BTreeMap<String, u64> {
        let mut received = BTreeMap::new();
        for echo in self.echoes.values().filter(|echo| echo.received() > 0) {
            *received.entry(echo.name()).or_default() += echo.received();
        }
        received
    }

    /// A certificate of the authority that the mesh trusts.
    pub fn certificate(&self, identity: &str) -> Certificate {
        self.setting.authority.issue([], [identity])
    }

    /// Ends when all connections have.
    pub async fn drain(self) {
        let draining = self.running.into_values().map(|running| async move { running.drain().await });
        let mut draining: JoinSet<()> = draining.collect();
        while draining.join_next().await.is_some() {}
    }

    /// Closes everything.
    pub async fn stop(self) {
        for running in self.running.into_values() {
            running.stop().await;
        }
    }
}

const LONGEST_DRAIN: Duration = Duration::from_secs(10);
/// What stands for the authorities of the operating system.
const SYSTEM_ROOTS: &str = "file-root:system";

/// The workload's own certificate and the mesh's authority are always those of the authority for tests.
fn is_expected(note: &BootstrapNote) -> bool {
    matches!(note, BootstrapNote::StandIn { secret } if ["default", "ROOTCA", SYSTEM_ROOTS].contains(&secret.as_str()))
}

/// istiod names ciphers for sidecars that no client of today needs.
fn is_istios_choice(note: &Note) -> bool {
    note.place.contains("`virtualInbound") && note.text.starts_with("the cipher")
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Ports(error) => error.fmt(f),
            Problem::Echo(endpoint, error) => write!(f, "no echo can stand for {endpoint}: {error}"),
            Problem::Proxy(key, error) => match std::error::Error::source(error) {
                Some(source) => write!(f, "proxy `{key}`: {error}: {source}"),
                None => write!(f, "proxy `{key}`: {error}"),
            },
        }
    }
}

impl std::error::Error for Problem {}
