//! `--live`: the requests of cases over real sockets, through the proxies of the mesh.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, HeaderName, HeaderValue, LOCATION};
use http::{Request, Response};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::cli::{Error, Fallible};
use crate::journey::{Kind, Traffic};
use crate::proxy;
use crate::proxy::echo::{Behaviour, WORKLOAD_HEADER};
use crate::proxy::load::{Message, Reply, Target, Tls, ask};
use crate::proxy::mesh::{Lab, Scene, Settings, Way};
use crate::suite::{Ask, Live, Reality, Received, Sent};
use crate::translate::ProxySpec;

/// All proxies of a mesh, on ports that the operating system chooses.
pub(super) struct Running {
    lab: Lab,
    runtime: Runtime,
    /// Of names that tell none.
    namespace: String,
}

/// Faults that delay requests should not delay tests for long.
const TIME_SCALE: f64 = 0.1;
const LONGEST_ANSWER: Duration = Duration::from_secs(10);

/// What is sent where no HTTP is spoken.
const BYTES: &[u8] = b"hello\n";

/// What a sidecar offers by ALPN for HTTP/1.1, and for bytes.
const MESH_HTTP: &[&str] = &["istio-http/1.1", "istio", "http/1.1"];
const MESH_TCP: &[&str] = &["istio-peer-exchange", "istio"];

impl Running {
    /// The proxies of the files, and `invented` ones.
    pub fn start(traffic: &Traffic<'_>, invented: Vec<ProxySpec>) -> Fallible<Self> {
        let specs: Vec<_> = traffic.proxies().iter().cloned().chain(invented).collect();
        let (scene, _) = Scene::new(traffic.mesh, traffic.push, &specs, true, &|_| BTreeMap::new());
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::Usage(format!("cannot start: {error}")))?;
        let settings = Settings {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            ports: BTreeMap::new(),
            admin_port: None,
            upstreams: Vec::new(),
            behaviour: Behaviour::default(),
            system_roots: None,
            proxy: proxy::Options { seed: Some(1), time_scale: TIME_SCALE, workers: 0 },
        };
        let started = runtime.block_on(Lab::start(scene, settings));
        let (lab, notes) = started.map_err(|problem| Error::Usage(problem.to_string()))?;
        let mut told: Vec<_> = notes.iter().map(|(key, note)| format!("{note} ({key})")).collect();
        told.sort();
        told.dedup();
        told.iter().for_each(|note| eprintln!("note: {note}"));
        let namespace = traffic.mesh.settings.options.default_namespace.clone();
        Ok(Self { lab, runtime, namespace })
    }

    pub fn stop(self) {
        self.runtime.block_on(self.lab.stop());
    }

    fn target(&self, sent: &Sent<'_>) -> Result<Target, String> {
        let Sent { from, target, ask } = *sent;
        let directory = self.lab.directory();
        let directory = Arc::clone(&directory.read().unwrap_or_else(PoisonError::into_inner));
        let way = directory.way(from, &target.host, target.port, &self.namespace)?;
        let message = match ask.request(0) {
            Some(_) => {
                let request = request(sent, way)?;
                if ask.http2 { Message::Http2(request) } else { Message::Http1(request) }
            }
            None => Message::Bytes(Bytes::from_static(BYTES)),
        };
        Ok(Target { url: target.to_string(), address: way.address, tls: self.tls(sent)?, message })
    }

    /// Who shows an identity of the mesh speaks as its proxies do.
    fn tls(&self, sent: &Sent<'_>) -> Result<Option<Tls>, String> {
        let Sent { target, ask, .. } = *sent;
        let protocols: &[&str] = match (target.kind, &ask.principal, ask.http2) {
            (Kind::Http, None, _) | (Kind::Tcp, None, _) => return Ok(None),
            (Kind::Http, Some(_), _) => MESH_HTTP,
            (Kind::Tcp, Some(_), _) => MESH_TCP,
            (Kind::Https, _, true) => &["h2"],
            (Kind::Https, _, false) => &["http/1.1"],
            (Kind::Tls, ..) => &[],
        };
        let certificate = ask.principal.as_ref().map(|principal| self.lab.certificate(principal));
        Tls::new(ask.server_name.as_ref().unwrap_or(&target.host), protocols, certificate.as_ref()).map(Some)
    }
}

impl Live for Running {
    fn send(&mut self, sent: &Sent<'_>) -> Reality {
        let target = match self.target(sent) {
            Ok(target) => target,
            Err(problem) => return Reality::Unsent(problem),
        };
        match self.runtime.block_on(ask(&target, LONGEST_ANSWER)) {
            Err(why) => Reality::Closed(why),
            Ok(Reply::Bytes(back)) => match String::from_utf8_lossy(&back).strip_suffix(": ") {
                // The name of a workload may be followed by its version.
                Some(name) => Reality::Delivered(Received {
                    workload: name.split(' ').next().unwrap_or_default().to_owned(),
                    subsets: Vec::new(),
                    request: None,
                }),
                None => Reality::Closed("closed".to_owned()),
            },
            Ok(Reply::Http(response)) => reality(&response),
        }
    }
}

fn request(sent: &Sent<'_>, way: Way) -> Result<Request<Bytes>, String> {
    let Sent { target, ask, .. } = *sent;
    let asked = Ask { target: target.clone(), ..ask.clone() }.request(0).ok_or("it is no HTTP")?;
    let uri = http::Uri::builder().scheme(asked.scheme.as_str()).authority(asked.authority.as_str());
    let uri = uri.path_and_query(asked.path.as_str()).build().map_err(|error| error.to_string())?;
    let request = Request::builder().method(asked.method.as_str()).uri(uri).header(HOST, asked.authority.as_str());
    let mut request = request.body(Bytes::new()).map_err(|error| error.to_string())?;
    for (name, value) in asked.headers.iter() {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            request.headers_mut().append(name, value);
        }
    }
    if let Some(original) = way.original.and_then(|address| HeaderValue::from_str(&address.to_string()).ok()) {
        request.headers_mut().entry("x-envoy-original-dst-host").or_insert(original);
    }
    Ok(request)
}

/// Echoes say in JSON who they are and what they got.
fn reality(response: &Response<Bytes>) -> Reality {
    let text = |name: HeaderName| response.headers().get(name)?.to_str().ok().map(str::to_owned);
    let body = String::from_utf8_lossy(response.body()).into_owned();
    let Some(workload) = text(WORKLOAD_HEADER) else {
        return Reality::Answered { status: response.status().as_u16(), location: text(LOCATION), body };
    };
    let told: Value = serde_json::from_str(&body).unwrap_or_default();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let received = &told["received"];
    let subsets = told["subsets"].as_array().into_iter().flatten().map(word).collect();
    let request = received
        .is_object()
        .then(|| (word(&received["method"]), word(&received["authority"]), word(&received["path"])));
    Reality::Delivered(Received { workload, subsets, request })
}
