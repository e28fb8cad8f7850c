//! Connections within HTTP: `tunneling_config` of TCP proxies (Envoy 1.40 `source/common/tcp_proxy/upstream.cc`).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{HOST, HeaderName};
use http::{HeaderValue, Method, Request, Uri};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::envoy::core::HeaderValueOption;
use crate::envoy::network_filter::TunnelingConfig;
use crate::proxy::Body;
use crate::proxy::record::Record;
use crate::proxy::substitution::{Facts, expand};
use crate::proxy::upstream::{Failure, Host, Terms, UpstreamBody, UpstreamCluster};
use crate::proxy::wire::Wire;
use crate::trace::Version;

/// How connections are asked for by `CONNECT`.
#[derive(Debug)]
pub struct Tunneling {
    /// With Envoy's commands, as the values of the headers.
    host: String,
    headers: Vec<HeaderValueOption>,
}

/// A stream within a connection of HTTP.
#[derive(Debug)]
pub struct Tunnel {
    stream: TokioIo<Upgraded>,
    /// The connection is in use as long as this is.
    _held: UpstreamBody,
}

impl Tunneling {
    /// `None` for what is not done: bytes in the bodies of `POST`.
    pub fn new(config: &TunnelingConfig) -> Option<Self> {
        (!config.use_post).then(|| Self { host: config.hostname.clone(), headers: config.headers_to_add.clone() })
    }

    /// An answer that is no success is a connection that failed.
    pub async fn open(
        &self,
        cluster: &Arc<UpstreamCluster>,
        host: &Arc<Host>,
        record: &Record,
    ) -> Result<Tunnel, Failure> {
        let request = self.request(record).ok_or(Failure::Connect(None))?;
        let mut response = cluster.send(host, request, Terms::of(Version::Http1)).await?;
        if !response.status().is_success() {
            return Err(Failure::Connect(None));
        }
        let stream = hyper::upgrade::on(&mut response).await.map_err(|_| Failure::Terminated)?;
        Ok(Tunnel { stream: TokioIo::new(stream), _held: response.into_body() })
    }

    /// `None` if what the record says makes no request.
    fn request(&self, record: &Record) -> Option<Request<Body>> {
        let facts = Facts { record, request: None, response: None };
        let host = expand(&self.host, &facts);
        let mut request = Request::new(Body::Empty);
        *request.method_mut() = Method::CONNECT;
        *request.uri_mut() = Uri::builder().authority(host.as_str()).build().ok()?;
        request.headers_mut().insert(HOST, HeaderValue::try_from(host).ok()?);
        for header in self.headers.iter().filter_map(|option| option.header.as_ref()) {
            let name = HeaderName::try_from(header.key.as_str()).ok()?;
            request.headers_mut().append(name, HeaderValue::try_from(expand(&header.value, &facts)).ok()?);
        }
        Some(request)
    }
}

impl Wire for Tunnel {}

impl AsyncRead for Tunnel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
