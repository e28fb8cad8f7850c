mod journey;
mod show;

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::SystemTime;

use crate::envoy::Object;
use crate::mesh::Mesh;
use crate::source::Sources;
use crate::trace::{ClientTls, Connection, Headers, Request};
use crate::translate::{PushContext, Translator};

use super::config::ConfigArguments;
use super::mesh::MeshArguments;
use super::target::{self, Target};
use super::{Error, Fallible, Result, load, proxies};

use journey::{Journey, Sent};

/// Show what the proxies of the mesh do with a request, and why
///
/// Computes the configuration of the proxies on the way and executes it: listener, filter chain, authentication, policies,
/// virtual host, each route that is tried, the request as it is sent on, clusters and endpoints; then the same for the
/// proxy of the server. Where Envoy would throw dice, all possibilities are shown.
///
/// Without `--from` and `--gateway` the client has no proxy: it connects to the server directly.
#[derive(Debug, clap::Args)]
#[command(override_usage = "meshlint trace [OPTIONS] [METHOD] <URL> [PATH]...")]
pub(super) struct Arguments {
    /// Method in capitals [default: GET]; URL: `http://host[:port]/path`, `https://…`, `tcp://host:port` or `tls://name:port`;
    /// files and folders [default: the working directory]
    #[arg(required = true, value_name = "METHOD, URL, PATH")]
    words: Vec<String>,
    /// How to print it
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    format: Format,
    #[command(flatten)]
    client: ClientArguments,
    #[command(flatten)]
    config: ConfigArguments,
    #[command(flatten)]
    mesh: MeshArguments,
}

/// Who sends what
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Client")]
struct ClientArguments {
    /// The workload that sends: `namespace/name` of a pod, Deployment, StatefulSet, …
    #[arg(long, value_name = "NS/NAME", conflicts_with = "gateway")]
    from: Option<String>,
    /// The Gateway, or gateway workload, that the client sends to; the port of the URL is that of its Service
    #[arg(long, value_name = "NS/NAME")]
    gateway: Option<String>,
    /// A header: `name: value`
    #[arg(short = 'H', long, value_name = "HEADER", value_parser = target::header)]
    header: Vec<(String, String)>,
    /// Send HTTP/2
    #[arg(long)]
    http2: bool,
    /// The server name in TLS [default: the host of the URL]
    #[arg(long, value_name = "NAME")]
    sni: Option<String>,
    /// The address of a client outside of the files
    #[arg(long, value_name = "ADDRESS", conflicts_with = "from")]
    source_ip: Option<IpAddr>,
    /// The identity in the client's certificate, as `spiffe://cluster.local/ns/shop/sa/web`
    #[arg(long, value_name = "SPIFFE", conflicts_with = "from")]
    principal: Option<String>,
    /// A token, sent as `Authorization: Bearer`; it is verified as of now
    #[arg(long, value_name = "TOKEN", conflicts_with = "claims")]
    jwt: Option<String>,
    /// Take tokens for genuine: look neither at their signatures nor at their times
    #[arg(long)]
    trust_jwt: bool,
    /// The claims of a token that is taken for valid, as a JSON object
    #[arg(long, value_name = "JSON", value_parser = target::claims)]
    claims: Option<Object>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Of clients of which nothing is known (RFC 5737).
const UNKNOWN_CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
/// Of servers outside of the mesh, likewise.
const UNKNOWN_SERVER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 1));

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result {
    let (method, url, paths) = target::split(&arguments.words)?;
    let target = Target::parse(url).map_err(Error::Usage)?;
    let paths: Vec<_> = paths.iter().map(PathBuf::from).collect();
    load::with_mesh(&paths, &arguments.config, &arguments.mesh, |mesh, sources| {
        let report = trace(&arguments.client, method, &target, mesh, sources)?;
        match arguments.format {
            Format::Text => show::text(&report, out)?,
            Format::Json => {
                serde_json::to_writer_pretty(&mut *out, &report).map_err(std::io::Error::from)?;
                writeln!(out)?;
            }
        }
        Ok(())
    })
}

fn trace(
    client: &ClientArguments,
    method: &str,
    target: &Target,
    mesh: &Mesh<'_>,
    sources: &Sources,
) -> Fallible<show::Report> {
    let push = PushContext::new(mesh);
    let translator = Translator::new(&push);
    let mut headers: Headers = client.header.iter().map(|(name, value)| (name, value.as_str())).collect();
    if let Some(token) = &client.jwt {
        headers.set("authorization", format!("Bearer {token}"));
    }
    let mut departure = Departure {
        request: target.request(method, headers, client.http2).map(|request| Request {
            claims: client.claims.clone(),
            received: (!client.trust_jwt).then(now),
            ..request
        }),
        journey: Journey::new(mesh, &push, &translator, sources),
        namespace: &mesh.settings.options.default_namespace,
        client,
        target,
        push: &push,
        translator: &translator,
    };
    let from = match (&client.gateway, &client.from) {
        (Some(name), _) => {
            departure.enter_gateway(name)?;
            format!("to gateway {name}")
        }
        (None, Some(name)) => {
            departure.leave_workload(name)?;
            format!("from {name}")
        }
        (None, None) => {
            departure.directly(departure.namespace, client.source_ip.unwrap_or(UNKNOWN_CLIENT));
            "from a client without a proxy".to_owned()
        }
    };
    let method = if target.is_http() { format!("{method} ") } else { String::new() };
    Ok(departure.journey.report(format!("{method}{target} {from}")))
}

/// In seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// Where a call starts.
struct Departure<'d> {
    client: &'d ClientArguments,
    target: &'d Target,
    request: Option<Request>,
    push: &'d PushContext<'d>,
    translator: &'d Translator<'d>,
    /// Of names that tell none.
    namespace: &'d str,
    journey: Journey<'d>,
}

impl Departure<'_> {
    fn sent(&self, destination: impl Into<SocketAddr>, source: IpAddr) -> Sent {
        let own = || self.target.tls(self.client.sni.as_deref(), self.client.principal.as_deref());
        let tls = self.target.has_tls().then(own);
        let connection = Connection { destination: destination.into(), source, tls };
        Sent { connection, request: self.request.clone() }
    }

    fn enter_gateway(&mut self, name: &str) -> Fallible<()> {
        for spec in proxies::of_gateway(self.push, self.push.proxies(), name, self.namespace)? {
            let port = self.translator.listening_port(&spec.proxy(self.push), self.target.port);
            let address: IpAddr = spec.ip.parse().unwrap_or(UNKNOWN_SERVER);
            let sent = self.sent((address, port), self.client.source_ip.unwrap_or(UNKNOWN_CLIENT));
            self.journey.gateway(&spec, sent);
        }
        Ok(())
    }

    fn leave_workload(&mut self, name: &str) -> Fallible<()> {
        match proxies::one_of(self.push.proxies(), name, self.namespace, "workload") {
            Ok(found) => {
                for spec in found {
                    let address = self.address(&spec.namespace);
                    let sent = self.sent((address, self.target.port), spec.ip.parse().unwrap_or(UNKNOWN_CLIENT));
                    self.journey.client(&spec, sent);
                }
            }
            Err(unknown) => {
                let (namespace, short) = name.split_once('/').unwrap_or((self.namespace, name));
                let Some(source) = self.push.pod_address(namespace, short) else { return Err(unknown) };
                self.journey.note(format!("`{name}` has no proxy: it connects to the server directly"));
                self.directly(namespace, source);
            }
        }
        Ok(())
    }

    /// Where a workload of a namespace connects to for the host of the URL.
    fn address(&mut self, namespace: &str) -> IpAddr {
        let Target { host, port, .. } = self.target;
        let reached = || self.push.reach(host, namespace, *port)?.addresses.first().copied();
        self.target.ip().or_else(reached).unwrap_or_else(|| {
            self.journey.note(format!("no file tells the address of `{host}`: {UNKNOWN_SERVER} stands for it"));
            UNKNOWN_SERVER
        })
    }

    /// No proxy of the client sees the call: it arrives at one of the endpoints.
    fn directly(&mut self, namespace: &str, source: IpAddr) {
        let Target { host, port, .. } = self.target;
        let of_service = || self.push.reach(host, namespace, *port)?.endpoints.first().copied();
        let Some(endpoint) = self.target.ip().map(|ip| SocketAddr::new(ip, *port)).or_else(of_service) else {
            let near = self.push.service_elsewhere(host, namespace);
            let help = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
            self.journey.note(format!("no endpoint of `{host}` on port {port} is in the files{help}"));
            return;
        };
        let mut sent = self.sent(endpoint, source);
        // Who shows an identity of the mesh speaks as its proxies do.
        if self.client.principal.is_some() && sent.connection.tls.is_none() {
            let protocols = if sent.request.is_some() { MESH_HTTP } else { MESH_TCP };
            sent.connection.tls = Some(ClientTls {
                application_protocols: protocols.iter().map(|&protocol| protocol.to_owned()).collect(),
                ..self.target.tls(self.client.sni.as_deref(), self.client.principal.as_deref())
            });
        }
        self.journey.server(sent);
    }
}

/// What a sidecar offers by ALPN for HTTP/1.1, and for bytes.
const MESH_HTTP: &[&str] = &["istio-http/1.1", "istio", "http/1.1"];
const MESH_TCP: &[&str] = &["istio-peer-exchange", "istio"];
