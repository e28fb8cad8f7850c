mod report;
mod show;
mod text;
mod words;

use std::io::Write;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::SystemTime;

use crate::envoy::Object;
use crate::journey::{Client, Start, Target, Traffic, header};
use crate::mesh::Mesh;
use crate::source::Sources;
use crate::trace::{Headers, Request};
use crate::translate::PushContext;

pub(in crate::cli) use report::Report;
pub(in crate::cli) use show::Source;

use super::config::ConfigArguments;
use super::mesh::MeshArguments;
use super::{Error, Fallible, Result, load};

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
    #[arg(short = 'H', long, value_name = "HEADER", value_parser = header)]
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
    #[arg(long, value_name = "JSON", value_parser = claims)]
    claims: Option<Object>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Result {
    let (method, url, paths) = split(&arguments.words)?;
    let target = Target::parse(url).map_err(Error::Usage)?;
    let paths: Vec<_> = paths.iter().map(PathBuf::from).collect();
    load::with_mesh(&paths, &arguments.config, &arguments.mesh, |mesh, sources| {
        let report = trace(&arguments.client, method, &target, mesh, sources)?;
        match arguments.format {
            Format::Text => report.write_text(out)?,
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
) -> Fallible<Report> {
    let push = PushContext::new(mesh);
    let traffic = Traffic::new(mesh, &push);
    let mut headers: Headers = client.header.iter().map(|(name, value)| (name, value.as_str())).collect();
    if let Some(token) = &client.jwt {
        headers.set("authorization", format!("Bearer {token}"));
    }
    let request = target.request(method, headers, client.http2).map(|request| Request {
        claims: client.claims.clone(),
        received: (!client.trust_jwt).then(now),
        ..request
    });
    let (start, from) = match (&client.gateway, &client.from) {
        (Some(name), _) => (Start::Gateway(name), format!("to gateway {name}")),
        (None, Some(name)) => (Start::Workload(name), format!("from {name}")),
        (None, None) => (Start::Outside, "from a client without a proxy".to_owned()),
    };
    let sender = Client {
        start,
        server_name: client.sni.as_deref(),
        principal: client.principal.as_deref(),
        source: client.source_ip,
    };
    let method = if target.is_http() { format!("{method} ") } else { String::new() };
    let source = Source::new(mesh, &push, sources);
    let title = format!("{method}{target} {from}");
    Report::of(title, &source, |observe| traffic.send(&sender, target, request, observe)).map_err(Error::Usage)
}

/// In seconds since 1970.
pub(in crate::cli) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// The words of the command line: a method if the first is one, the URL, and paths.
fn split(words: &[String]) -> Fallible<(&str, &str, &[String])> {
    let is_method = |word: &str| word.bytes().all(|byte| byte.is_ascii_uppercase()) && word.len() > 1;
    match words {
        [method, url, paths @ ..] if is_method(method) => Ok((method, url, paths)),
        [url, paths @ ..] => Ok(("GET", url, paths)),
        [] => Err(Error::Usage("there is no URL".to_owned())),
    }
}

/// A JSON object.
fn claims(text: &str) -> std::result::Result<Object, String> {
    serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_method_is_in_capitals() {
        let words = ["POST", "a/b", "files"].map(str::to_owned);
        assert_eq!(split(&words).unwrap(), ("POST", "a/b", &words[2..]));
        assert_eq!(split(&words[1..]).unwrap(), ("GET", "a/b", &words[2..]));
    }
}
