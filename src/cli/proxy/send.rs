//! `--send`: requests from inside, and what came back.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, HeaderName, HeaderValue};
use http::{Method, Request, Uri};
use serde_json::json;

use crate::cli::table::Table;
use crate::cli::{Error, Fallible};
use crate::envoy::bootstrap::Certificate;
use crate::format;
use crate::journey::{self, Kind, header};
use crate::proxy::load::{Load, Message, Percentiles, Report, Target, Tls};
use crate::proxy::mesh::{Lab, Way};

use super::{Arguments, Words};

/// A bounded load
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Load")]
pub(super) struct SendArguments {
    /// Send so many requests, count what comes back, and end
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    send: Option<u64>,
    /// So many requests in a second at most
    #[arg(long, value_name = "RATE", requires = "send", value_parser = super::factor)]
    qps: Option<f64>,
    /// Who sends: a workload, `namespace/name`; a gateway stands for the clients outside that send to it
    /// [default: of one proxy that; of the mesh a client without a proxy]
    #[arg(long, value_name = "NS/NAME", requires = "send")]
    from: Option<String>,
    /// The method [default: GET, or POST with a body]
    #[arg(short = 'X', long, value_name = "METHOD", requires = "send")]
    method: Option<Method>,
    /// A header: `name: value`
    #[arg(short = 'H', long, value_name = "HEADER", requires = "send", value_parser = header)]
    header: Vec<(String, String)>,
    /// What is sent; to `tcp://` and `tls://` URLs `hello` if absent
    #[arg(long, value_name = "TEXT", requires = "send")]
    send_body: Option<String>,
    /// Send HTTP/2
    #[arg(long, requires = "send")]
    http2: bool,
    /// The server name in TLS [default: the host of the URL]
    #[arg(long, value_name = "NAME", requires = "send")]
    sni: Option<String>,
    /// Show a certificate of the authority for tests with this name, as `spiffe://cluster.local/ns/shop/sa/web`
    #[arg(long, value_name = "SPIFFE", requires = "send", conflicts_with = "cert")]
    principal: Option<String>,
    /// Show the certificate in this file
    #[arg(long, value_name = "FILE", requires_all = ["send", "key"])]
    cert: Option<std::path::PathBuf>,
    /// The key of the certificate
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<std::path::PathBuf>,
    /// How long an answer is waited for
    #[arg(long, value_name = "DURATION", requires = "send", default_value = "15s", value_parser = duration)]
    timeout: Duration,
    /// How to print what came back
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text", requires = "send")]
    pub format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed = format::Duration::parse(text).map_err(|_| format!("`{text}` is no duration, such as `1.5s`"))?;
    Some(parsed.to_std()).filter(|own| !own.is_zero()).ok_or_else(|| "it must be longer than nothing".to_owned())
}

impl SendArguments {
    pub fn requests(&self) -> Option<u64> {
        self.send
    }

    fn certificate(&self, lab: &Lab) -> Fallible<Option<Certificate>> {
        let read = |path: &std::path::PathBuf| {
            std::fs::read_to_string(path).map_err(|error| Error::Usage(format!("{}: {error}", path.display())))
        };
        Ok(match (&self.principal, &self.cert, &self.key) {
            (Some(name), ..) => Some(lab.certificate(name)),
            (None, Some(chain), Some(key)) => Some(Certificate { chain: read(chain)?, key: read(key)? }),
            _ => None,
        })
    }
}

/// What came back, and what came to echoes.
pub(super) struct Outcome {
    report: Report,
    received: BTreeMap<String, u64>,
}

/// Sends all, with a word about how far it is on a terminal.
pub(super) async fn run(arguments: &Arguments, words: &Words, requests: u64, lab: &Lab) -> Fallible<Outcome> {
    let certificate = arguments.send.certificate(lab)?;
    let targets = words.urls.iter().map(|url| target(arguments, lab, url, certificate.as_ref()));
    let load = Load {
        targets: targets.collect::<Fallible<_>>()?,
        requests,
        concurrency: words.clients,
        rate: arguments.send.qps,
        timeout: arguments.send.timeout,
    };
    let done = Arc::new(AtomicU64::new(0));
    let progress = tokio::spawn(progress(Arc::clone(&done), requests));
    let report = load.run(done).await;
    progress.abort();
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
    Ok(Outcome { report, received: received(lab).await })
}

/// Nobody waits for the answers to copies, so that some may still be on their way.
async fn received(lab: &Lab) -> BTreeMap<String, u64> {
    let mut last = lab.received();
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let now = lab.received();
        if now == last {
            break;
        }
        last = now;
    }
    last
}

async fn progress(done: Arc<AtomicU64>, requests: u64) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let done = done.load(Ordering::Relaxed);
        eprint!("\r\x1b[K{done} of {requests} requests, {} %", done * 100 / requests.max(1));
    }
}

fn target(arguments: &Arguments, lab: &Lab, url: &str, certificate: Option<&Certificate>) -> Fallible<Target> {
    let own = &arguments.send;
    let parsed = journey::Target::parse(url).map_err(Error::Usage)?;
    let of_single = || (!lab.scene().is_mesh).then(|| lab.scene().members.first().map(|member| member.key.as_str()));
    let from = own.from.as_deref().or_else(|| of_single().flatten());
    let directory = lab.directory();
    let directory = Arc::clone(&directory.read().unwrap_or_else(std::sync::PoisonError::into_inner));
    let way = directory.way(from, &parsed.host, parsed.port, "default");
    let way = way.map_err(|problem| Error::Usage(format!("{url}: {problem}")))?;
    let tls = match parsed.has_tls() {
        true => {
            let protocols: &[&str] = match (parsed.is_http(), own.http2) {
                (false, _) => &[],
                (true, true) => &["h2"],
                (true, false) => &["http/1.1"],
            };
            Some(Tls::new(own.sni.as_deref().unwrap_or(&parsed.host), protocols, certificate).map_err(Error::Usage)?)
        }
        false => None,
    };
    let message = match parsed.is_http() {
        true => {
            let request = request(own, &parsed, way)?;
            if own.http2 { Message::Http2(request) } else { Message::Http1(request) }
        }
        false => Message::Bytes(own.send_body.clone().unwrap_or_else(|| "hello\n".to_owned()).into()),
    };
    Ok(Target { url: url.to_owned(), address: way.address, tls, message })
}

fn request(own: &SendArguments, target: &journey::Target, way: Way) -> Fallible<Request<Bytes>> {
    let body = own.send_body.clone().unwrap_or_default();
    let usual = if body.is_empty() { Method::GET } else { Method::POST };
    let named = own.header.iter().find(|(name, _)| ["host", ":authority"].contains(&name.to_lowercase().as_str()));
    let authority = named.map_or(target.authority.as_str(), |(_, value)| value);
    let scheme = if target.kind == Kind::Https { "https" } else { "http" };
    let wrong = |error: http::Error| Error::Usage(format!("`{target}` cannot be sent: {error}"));
    let uri = Uri::builder().scheme(scheme).authority(authority).path_and_query(target.path.as_str());
    let mut request = Request::builder()
        .method(own.method.clone().unwrap_or(usual))
        .uri(uri.build().map_err(wrong)?)
        .header(HOST, authority)
        .body(Bytes::from(body))
        .map_err(wrong)?;
    let headers = request.headers_mut();
    for (name, value) in own.header.iter().filter(|header| Some(*header) != named) {
        let (Ok(parsed), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) else {
            return Err(Error::Usage(format!("`{name}: {value}` is no header")));
        };
        headers.append(parsed, value);
    }
    if let Some(original) = way.original.and_then(|address| HeaderValue::from_str(&address.to_string()).ok()) {
        headers.entry("x-envoy-original-dst-host").or_insert(original);
    }
    Ok(request)
}

pub(super) fn write(outcome: &Outcome, format: Format, out: &mut dyn Write) -> Fallible<()> {
    match format {
        Format::Text => text(outcome, out),
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, &as_json(outcome)).map_err(std::io::Error::from)?;
            writeln!(out)?;
            Ok(())
        }
    }
}

fn text(Outcome { report, received }: &Outcome, out: &mut dyn Write) -> Fallible<()> {
    let (requests, seconds) = (report.requests(), report.elapsed.as_secs_f64());
    writeln!(out, "{requests} requests in {seconds:.2} s, {:.0} a second\n", rate(report))?;
    let mut table = Table::new(["URL", "STATUS", "ANSWERED BY", "COUNT", "SHARE"]);
    for answer in report.answers() {
        let share = format!("{:.1} %", answer.count as f64 * 100.0 / requests.max(1) as f64);
        let by = answer.by.unwrap_or_else(|| "-".to_owned());
        table.push([answer.url, answer.status, by, format!("{:>5}", answer.count), format!("{share:>7}")]);
    }
    table.write(out)?;
    // Copies and repetitions come to servers, but not back to clients.
    let answered = answered(report);
    if received != &answered {
        let mut table = Table::new(["RECEIVED BY", "COUNT", "ANSWERED TO CLIENTS"]);
        for (name, count) in received {
            let answered = answered.get(name).copied().unwrap_or_default();
            table.push([name.clone(), format!("{count:>5}"), format!("{answered:>19}")]);
        }
        writeln!(out)?;
        table.write(out)?;
    }
    let shown = percentiles(report).map(|(name, latency)| format!("{name} {}", human(latency)));
    writeln!(out, "\nlatency: {}", shown.join(", "))?;
    Ok(())
}

fn answered(report: &Report) -> BTreeMap<String, u64> {
    let mut answered = BTreeMap::new();
    for answer in report.answers() {
        if let Some(by) = answer.by {
            *answered.entry(by).or_default() += answer.count;
        }
    }
    answered
}

fn rate(report: &Report) -> f64 {
    report.requests() as f64 / report.elapsed.as_secs_f64().max(f64::EPSILON)
}

fn percentiles(report: &Report) -> [(&'static str, Duration); 7] {
    let Percentiles { mean, p50, p75, p90, p99, p999, max } = report.percentiles();
    [("mean", mean), ("p50", p50), ("p75", p75), ("p90", p90), ("p99", p99), ("p99.9", p999), ("max", max)]
}

/// With three digits or so.
fn human(latency: Duration) -> String {
    let millis = latency.as_secs_f64() * 1000.0;
    match millis {
        ..10.0 => format!("{millis:.2} ms"),
        ..1000.0 => format!("{millis:.0} ms"),
        _ => format!("{:.2} s", millis / 1000.0),
    }
}

fn as_json(Outcome { report, received }: &Outcome) -> serde_json::Value {
    let latency = percentiles(report).map(|(name, latency)| (name.to_owned(), json!(latency.as_secs_f64() * 1000.0)));
    json!({
        "requests": report.requests(),
        "seconds": report.elapsed.as_secs_f64(),
        "requestsPerSecond": rate(report),
        "answers": report.answers(),
        "received": received,
        "latencyMilliseconds": serde_json::Map::from_iter(latency),
    })
}
