mod journey;
mod show;
mod target;

use std::io::Write;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::envoy::Object;
use crate::mesh::Mesh;
use crate::source::Sources;
use crate::trace::{Connection, Headers};
use crate::translate::{PushContext, Translator};

use super::config::ConfigArguments;
use super::mesh::MeshArguments;
use super::{Error, Fallible, Result, load, proxies};

use journey::{Journey, Sent};
use target::Target;

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
    /// A token, sent as `Authorization: Bearer`; its signature and times are not looked at
    #[arg(long, value_name = "TOKEN", conflicts_with = "claims")]
    jwt: Option<String>,
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
    let request = target.request(method, headers, client.claims.clone(), client.http2);
    let mut journey = Journey::new(mesh, &push, &translator, sources);
    let own_tls = target.has_tls().then(|| target.tls(client.sni.as_deref(), client.principal.as_deref()));
    let default_namespace = mesh.settings.options.default_namespace.as_str();
    let connection = |destination: (IpAddr, u16), source| Connection {
        destination: destination.into(),
        source,
        tls: own_tls.clone(),
    };
    let source = client.source_ip.unwrap_or(UNKNOWN_CLIENT);
    let from = match (&client.gateway, &client.from) {
        (Some(name), _) => {
            let found = proxies::of_gateway(&push, push.proxies(), name, default_namespace)?;
            for spec in found {
                let port = translator.listening_port(&spec.proxy(&push), target.port);
                let address = spec.ip.parse().unwrap_or(UNKNOWN_SERVER);
                journey
                    .gateway(&spec, Sent { connection: connection((address, port), source), request: request.clone() });
            }
            format!("to gateway {name}")
        }
        (None, Some(name)) => {
            let (namespace, short) = name.split_once('/').unwrap_or((default_namespace, name));
            match proxies::one_of(push.proxies(), name, default_namespace, "workload") {
                Ok(found) => {
                    for spec in found {
                        let address = address(&push, target, &spec.namespace, &mut journey);
                        let source = spec.ip.parse().unwrap_or(UNKNOWN_CLIENT);
                        let connection = connection((address, target.port), source);
                        journey.client(&spec, Sent { connection, request: request.clone() });
                    }
                }
                Err(unknown) => {
                    let Some((source, _)) = push.pod_named(namespace, short) else { return Err(unknown) };
                    journey.note(format!("`{name}` has no proxy: it connects to the server directly"));
                    direct(
                        client,
                        target,
                        &push,
                        namespace,
                        &mut journey,
                        |to| connection((to.0, to.1), source),
                        request,
                    );
                }
            }
            format!("from {name}")
        }
        (None, None) => {
            let connection = |to: (IpAddr, u16)| connection(to, source);
            direct(client, target, &push, default_namespace, &mut journey, connection, request);
            "from a client without a proxy".to_owned()
        }
    };
    let what = if target.is_http() { format!("{method} ") } else { String::new() };
    Ok(journey.report(format!("{what}{} {from}", url(target))))
}

fn url(target: &Target) -> String {
    let scheme = match target.kind {
        target::Kind::Http => "http",
        target::Kind::Https => "https",
        target::Kind::Tcp => "tcp",
        target::Kind::Tls => "tls",
    };
    let path = if target.is_http() { target.path.as_str() } else { "" };
    format!("{scheme}://{}{path}", target.authority)
}

/// Where a workload of a namespace connects to for the host of a URL.
fn address(push: &PushContext<'_>, target: &Target, namespace: &str, journey: &mut Journey<'_>) -> IpAddr {
    if let Some(ip) = target.ip() {
        return ip;
    }
    let reached = push.reach(&target.host, namespace, target.port);
    let known = reached.and_then(|reached| reached.addresses.first().copied());
    known.unwrap_or_else(|| {
        journey.note(format!("no file tells the address of `{}`: {UNKNOWN_SERVER} stands for it", target.host));
        UNKNOWN_SERVER
    })
}

/// A call that no proxy of the client sees: it arrives at one of the endpoints.
fn direct(
    client: &ClientArguments,
    target: &Target,
    push: &PushContext<'_>,
    namespace: &str,
    journey: &mut Journey<'_>,
    connection: impl Fn((IpAddr, u16)) -> Connection,
    request: Option<crate::trace::Request>,
) {
    let endpoint = match target.ip() {
        Some(ip) => Some((ip, target.port)),
        None => push.reach(&target.host, namespace, target.port).and_then(|reached| {
            let endpoint = reached.endpoints.first()?;
            Some((endpoint.ip(), endpoint.port()))
        }),
    };
    let Some((ip, port)) = endpoint else {
        let near = push.service_elsewhere(&target.host, namespace);
        let help = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
        journey.note(format!("no endpoint of `{}` on port {} is in the files{help}", target.host, target.port));
        return;
    };
    let mut connection = connection((ip, port));
    // Who shows an identity of the mesh speaks as its proxies do.
    if client.principal.is_some() && connection.tls.is_none() {
        let protocols = if request.is_some() { journey::MESH_HTTP } else { journey::MESH_TCP };
        let mut tls = target.tls(client.sni.as_deref(), client.principal.as_deref());
        tls.application_protocols = protocols.iter().map(|&protocol| protocol.to_owned()).collect();
        connection.tls = Some(tls);
    }
    journey.server(Sent { connection, request });
}
