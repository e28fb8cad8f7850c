//! Connections within HTTP: `tunneling_config` of TCP proxies (Envoy 1.40 `source/common/tcp_proxy/upstream.cc`).

use std::sync::Arc;

use http::header::{HOST, HeaderName};
use http::{HeaderValue, Method, Request, Uri};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;

use crate::envoy::core::HeaderValueOption;
use crate::envoy::network_filter::TunnelingConfig;
use crate::proxy::Body;
use crate::proxy::record::Record;
use crate::proxy::substitution::{Facts, expand};
use crate::proxy::upstream::{Failure, Host, Terms, UpstreamBody, UpstreamCluster};
use crate::trace::Version;

/// How connections are asked for by `CONNECT`.
#[derive(Debug)]
pub struct Tunneling {
    /// With Envoy's commands, as the values of the headers.
    host: String,
    headers: Vec<HeaderValueOption>,
}

/// A stream within a connection of HTTP, which is in use as long as the body is held.
pub type Tunnel = (TokioIo<Upgraded>, UpstreamBody);

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
        Ok((TokioIo::new(stream), response.into_body()))
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
