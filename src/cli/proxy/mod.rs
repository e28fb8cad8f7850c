mod ending;
mod file;
mod memory;
mod scene;
mod send;
mod show;
mod watch;

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{self, Runtime};

use crate::proxy;
use crate::proxy::echo::{Behaviour, Failure, Rule};
use crate::proxy::mesh::{ForwardProxy, Lab, Notes, Settings, Upstream};

use super::config::ConfigArguments;
use super::mesh::MeshArguments;
use super::render::system_roots;
use super::{Error, Fallible, Result};

use ending::Ending;
use scene::Loaded;
use send::SendArguments;

/// Run the proxies of the mesh on this machine
///
/// Computes the configuration of a gateway, of the sidecar of a workload, or of all proxies of the mesh, and executes it as
/// Envoy does: real ports on 127.0.0.1, real connections. Behind each service an echo answers, which tells which workload and
/// version it is and what it received. Listeners have the ports of the configuration where these are free and not
/// below 1024; the table at the start says where they are.
///
/// With `--send`, requests are sent from inside instead of waiting for yours, and what came back is counted.
#[derive(Debug, clap::Args)]
#[command(override_usage = "meshlint proxy [OPTIONS] [PATH]...\n       \
    meshlint proxy [OPTIONS] -c <FILE>\n       \
    meshlint proxy [OPTIONS] --send <N> <URL>... [PATH]...")]
pub(super) struct Arguments {
    /// Files and folders [default: the working directory]; with `--send` also URLs: `http://host[:port]/path`, `https://…`,
    /// `tcp://host:port`, `tls://name:port`
    #[arg(value_name = "PATH, URL")]
    words: Vec<String>,
    /// A static bootstrap of Envoy in YAML or JSON, instead of files of a mesh; or, if it is a number, how many clients
    /// `--send` sends from [default: 1]
    #[arg(short, value_name = "FILE, N")]
    c: Vec<String>,
    /// The proxy that serves this Gateway, or the gateway workload of this name
    #[arg(long, value_name = "NS/NAME", conflicts_with = "workload")]
    gateway: Option<String>,
    /// The sidecar of this pod, Deployment, StatefulSet, …
    #[arg(long, value_name = "NS/NAME")]
    workload: Option<String>,
    /// All gateways and sidecars, which send to each other with mutual TLS; the default where no proxy is named
    #[arg(long, conflicts_with_all = ["gateway", "workload"])]
    mesh: bool,
    /// Put files into force when they change, without closing connections
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    listen: ListenArguments,
    #[command(flatten)]
    behind: BehindArguments,
    #[command(flatten)]
    send: SendArguments,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    mesh_arguments: MeshArguments,
}

/// Where and how proxies run
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Running")]
struct ListenArguments {
    /// Serve a port of the configuration at another: `80=8000`
    #[arg(long, value_name = "PORT=PORT", value_delimiter = ',', value_parser = ports)]
    map: Vec<(u16, u16)>,
    /// The address of listeners
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    bind: IpAddr,
    /// Open Envoy's admin interface at this port; those of several proxies have the ports that follow
    #[arg(long, value_name = "PORT")]
    admin_port: Option<u16>,
    /// Threads that serve
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrency: u16,
    /// Make every random choice the same in each run
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// How long a second of the configuration lasts, in seconds: with 0.01, an ejection of 30 s is over after 0.3 s
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = factor)]
    time_scale: f64,
}

/// What is behind the proxies
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Servers")]
struct BehindArguments {
    /// A server of yours in place of an echo: HOST is that of a Service, of a workload, or an address
    #[arg(long, value_name = "HOST[:PORT]=ADDRESS:PORT")]
    upstream: Vec<Upstream>,
    /// Make echoes fail: `web=503`, `web,version=v2=500=20%`, `shop/web=reset`; the name is that of a workload, of its
    /// Service, or its label `app`, and `*` is any
    #[arg(long, value_name = "NAME[,LABEL=VALUE…]=STATUS[=SHARE%]")]
    echo_error: Vec<Rule<Failure>>,
    /// Make echoes wait before they answer: `web,version=v2=2s=50%`
    #[arg(long, value_name = "NAME[,LABEL=VALUE…]=DURATION[=SHARE%]")]
    echo_delay: Vec<Rule<Duration>>,
}

fn ports(text: &str) -> std::result::Result<(u16, u16), String> {
    let port = |text: &str| text.parse().ok().filter(|port| *port > 0);
    let parts = text.split_once('=').and_then(|(from, to)| Some((port(from)?, port(to)?)));
    parts.ok_or_else(|| format!("`{text}` is not `PORT=PORT`"))
}

fn factor(text: &str) -> std::result::Result<f64, String> {
    let factor = text.parse().ok().filter(|factor: &f64| factor.is_finite() && *factor > 0.0);
    factor.ok_or_else(|| format!("`{text}` is no number above 0"))
}

/// What the words of the command line mean.
#[derive(Debug, Default)]
struct Words {
    paths: Vec<PathBuf>,
    urls: Vec<String>,
    bootstrap: Option<PathBuf>,
    clients: usize,
}

pub(super) fn run(arguments: Arguments, out: &mut dyn Write) -> Result {
    let words = arguments.words()?;
    let loaded = scene::load(&arguments, &words)?;
    loaded.problems.tell();
    let outcome = loaded.problems.outcome();
    arguments.behind.check(&loaded)?;
    arguments.runtime()?.block_on(serve(Arc::new(arguments), Arc::new(words), loaded, out))?;
    Ok(outcome)
}

async fn serve(arguments: Arc<Arguments>, words: Arc<Words>, loaded: Loaded, out: &mut dyn Write) -> Fallible<()> {
    let Loaded { scene, notes, problems } = loaded;
    notes.iter().for_each(|note| eprintln!("note: {note}"));
    let (mut lab, notes) = Lab::start(scene, arguments.settings()).await.map_err(|problem| usage(&problem))?;
    tell(&lab, &notes);
    if let Some(requests) = arguments.send.requests() {
        let outcome = send::run(&arguments, &words, requests, &lab).await?;
        lab.stop().await;
        return send::write(&outcome, arguments.send.format, out);
    }
    let callers = callers(&arguments, &lab).await?;
    // Whoever sees the table may send a signal.
    let mut ending = Ending::new().map_err(|error| Error::Usage(format!("cannot start: {error}")))?;
    show::write(&lab, &callers, out)?;
    out.flush()?;
    if !arguments.watch {
        memory::release();
    }
    match arguments.watch {
        true => tokio::select! {
            () = watch::run(&arguments, &words, &problems, &mut lab) => {}
            () = ending.wait() => {}
        },
        false => ending.wait().await,
    }
    eprintln!("draining");
    // A second signal, or a client that never ends, must not hold the program for ever.
    tokio::select! {
        () = lab.drain() => {}
        () = ending.wait() => {}
        () = tokio::time::sleep(LONGEST_DRAIN) => {}
    }
    Ok(())
}

/// Connections that take longer are closed.
const LONGEST_DRAIN: Duration = Duration::from_secs(5);

/// Proxies by which programs call as the workloads whose sidecars run.
async fn callers(arguments: &Arguments, lab: &Lab) -> Fallible<Vec<(String, ForwardProxy)>> {
    let mut callers = Vec::new();
    for member in lab.scene().members.iter().filter(|member| member.sends()) {
        let started = ForwardProxy::start(arguments.listen.bind, &member.key, lab.directory()).await;
        callers.push((member.key.clone(), started.map_err(|error| Error::Usage(error.to_string()))?));
    }
    Ok(callers)
}

/// What is not executed as the configuration says, with the place in the files.
fn tell(lab: &Lab, notes: &Notes) {
    let mut told = std::collections::BTreeSet::new();
    for (key, note) in notes {
        let place = lab.scene().place(key, note).map(|place| format!("{place}: ")).unwrap_or_default();
        // Most are true of many proxies.
        if told.insert(format!("{place}{note}")) {
            eprintln!("note: {place}{note} ({key})");
        }
    }
}

fn usage(problem: &impl ToString) -> Error {
    Error::Usage(problem.to_string())
}

impl Arguments {
    fn words(&self) -> Fallible<Words> {
        let (urls, paths): (Vec<_>, Vec<_>) = self.words.iter().cloned().partition(|word| word.contains("://"));
        let mut words =
            Words { paths: paths.into_iter().map(PathBuf::from).collect(), urls, bootstrap: None, clients: 1 };
        for own in &self.c {
            match own.parse() {
                Ok(clients) => words.clients = clients,
                Err(_) if words.bootstrap.is_some() => return Err(Error::Usage("`-c FILE` is given twice".to_owned())),
                Err(_) => words.bootstrap = Some(PathBuf::from(own)),
            }
        }
        let says = |text: &str| Err(Error::Usage(text.to_owned()));
        match (self.send.requests(), words.urls.as_slice(), &words.bootstrap) {
            (None, [url, ..], _) => says(&format!("`{url}` is for `--send N`")),
            (Some(_), [], _) => says("`--send` needs a URL, such as `http://web.shop/`"),
            (_, _, Some(_)) if !words.paths.is_empty() => says("`-c FILE` takes the place of other files"),
            (_, _, Some(_)) if self.gateway.is_some() || self.workload.is_some() || self.mesh => {
                says("a bootstrap is of one proxy: leave out `--gateway`, `--workload` and `--mesh`")
            }
            _ => Ok(words),
        }
    }

    /// Many proxies share one event loop, or as many as there are to be threads; one proxy has threads of its own.
    fn runtime(&self) -> Fallible<Runtime> {
        let made = match self.is_single() || self.listen.concurrency == 1 {
            true => runtime::Builder::new_current_thread().enable_all().build(),
            false => {
                let threads = usize::from(self.listen.concurrency);
                runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()
            }
        };
        made.map_err(|error| Error::Usage(format!("cannot start: {error}")))
    }

    fn is_single(&self) -> bool {
        self.gateway.is_some() || self.workload.is_some() || self.c.iter().any(|own| own.parse::<usize>().is_err())
    }

    fn settings(&self) -> Settings {
        let roots = (!self.behind.upstream.is_empty()).then(system_roots).flatten();
        Settings {
            address: self.listen.bind,
            ports: self.listen.map.iter().copied().collect(),
            admin_port: self.listen.admin_port,
            upstreams: self.behind.upstream.clone(),
            behaviour: self.behind.behaviour(),
            // What cannot be read signs nothing.
            system_roots: roots.and_then(|file| std::fs::read_to_string(file).ok()),
            proxy: proxy::Options {
                seed: self.listen.seed,
                time_scale: self.listen.time_scale,
                workers: if self.is_single() { usize::from(self.listen.concurrency) } else { 0 },
            },
        }
    }
}

impl BehindArguments {
    fn behaviour(&self) -> Behaviour {
        Behaviour { errors: self.echo_error.clone(), delays: self.echo_delay.clone() }
    }

    /// Rules and upstreams that are for nobody are mistakes.
    fn check(&self, loaded: &Loaded) -> Fallible<()> {
        let backends = &loaded.scene.backends;
        if backends.is_empty() {
            return Ok(());
        }
        let missing = |flag: &str, name: &str| {
            let known = backends.values().flat_map(|backend| [backend.workload.as_str()]);
            let near = crate::finding::nearest(name, known).map(|near| format!(": did you mean `{near}`?"));
            Error::Usage(format!("{flag}: no workload `{name}` with these labels{}", near.unwrap_or_default()))
        };
        for rule in &self.echo_error {
            if !backends.values().any(|backend| rule.is_for(backend)) {
                return Err(missing("--echo-error", rule.name()));
            }
        }
        for rule in &self.echo_delay {
            if !backends.values().any(|backend| rule.is_for(backend)) {
                return Err(missing("--echo-delay", rule.name()));
            }
        }
        for upstream in &self.upstream {
            if !backends.iter().any(|(endpoint, backend)| upstream.is_for(endpoint, backend)) {
                return Err(missing("--upstream", upstream.name()));
            }
        }
        Ok(())
    }
}
