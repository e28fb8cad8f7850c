//! An HTTP proxy through which any program calls as a workload does: `curl -x`. Names are looked up as in a pod, and
//! connections go to the listener that the redirection in a pod would choose.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use http::header::{HOST, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

use crate::proxy::Body;

use super::directory::Way;
use super::lab::SharedDirectory;

/// The proxy of one workload. Dropping it stops it; connections that are open stay.
#[derive(Debug)]
pub struct ForwardProxy {
    address: SocketAddr,
    accepting: AbortHandle,
}

/// Who calls.
#[derive(Debug)]
struct Caller {
    workload: String,
    directory: SharedDirectory,
}

const ORIGINAL: HeaderName = HeaderName::from_static("x-envoy-original-dst-host");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

impl ForwardProxy {
    /// On a port that the operating system chooses.
    pub async fn start(at: IpAddr, workload: &str, directory: SharedDirectory) -> io::Result<Self> {
        let listener = TcpListener::bind((at, 0)).await?;
        let address = listener.local_addr()?;
        let caller = Arc::new(Caller { workload: workload.to_owned(), directory });
        Ok(Self { address, accepting: tokio::spawn(accept(listener, caller)).abort_handle() })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for ForwardProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, caller: Arc<Caller>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            continue;
        };
        let caller = Arc::clone(&caller);
        let service = service_fn(move |request| {
            let caller = Arc::clone(&caller);
            async move { caller.call(request).await }
        });
        let serve = server::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
        // A connection that breaks is the client's concern, who sees it.
        tokio::spawn(async move { drop(serve.await) });
    }
}

impl Caller {
    fn way(&self, uri: &Uri, usual_port: u16) -> Result<Way, String> {
        let host = uri.host().ok_or("write a whole URL, or CONNECT to a host and port")?;
        let host = host.trim_matches(['[', ']']);
        let directory = Arc::clone(&self.directory.read().unwrap_or_else(PoisonError::into_inner));
        directory.way(Some(&self.workload), host, uri.port_u16().unwrap_or(usual_port), "default")
    }

    async fn call(&self, request: Request<Incoming>) -> hyper::Result<Response<Body>> {
        let is_tunnel = request.method() == Method::CONNECT;
        let way = match self.way(request.uri(), if is_tunnel { 443 } else { 80 }) {
            Ok(way) => way,
            Err(problem) => return Ok(refusal(StatusCode::BAD_REQUEST, problem)),
        };
        let stream = match TcpStream::connect(way.address).await {
            Ok(stream) => stream,
            Err(error) => return Ok(refusal(StatusCode::BAD_GATEWAY, format!("{}: {error}", way.address))),
        };
        if is_tunnel {
            tokio::spawn(tunnel(request, stream));
            return Ok(Response::new(Body::Empty));
        }
        let (mut sender, connection) = client::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection.with_upgrades());
        let response = sender.send_request(as_to_server(request, way)).await?;
        Ok(response.map(Body::from))
    }
}

/// As a client writes it that does not know of a proxy.
fn as_to_server(mut request: Request<Incoming>, way: Way) -> Request<Incoming> {
    let authority = request.uri().authority().and_then(|own| HeaderValue::from_str(own.as_str()).ok());
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.map_or_else(Uri::default, Uri::from);
    let headers = request.headers_mut();
    headers.remove(PROXY_CONNECTION);
    if let (Some(authority), false) = (authority, headers.contains_key(HOST)) {
        headers.insert(HOST, authority);
    }
    if let Some(value) = way.original.and_then(|original| HeaderValue::from_str(&original.to_string()).ok()) {
        headers.entry(ORIGINAL).or_insert(value);
    }
    request
}

async fn tunnel(request: Request<Incoming>, mut stream: TcpStream) {
    if let Ok(upgraded) = hyper::upgrade::on(request).await {
        // Either side may end at any time.
        let _ = copy_bidirectional(&mut TokioIo::new(upgraded), &mut stream).await;
    }
}

fn refusal(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(Bytes::from(text + "\n")));
    *response.status_mut() = status;
    response
}
