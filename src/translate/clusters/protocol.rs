//! What a cluster speaks (istio 1.31 `pilot/pkg/networking/core/cluster_builder.go`, `setUpstreamProtocol`).

use std::collections::BTreeMap;

use crate::envoy::Any;
use crate::envoy::core::TypedExtensionConfig;
use crate::envoy::protocol::{
    ExplicitHttpConfig, HeaderKeyFormat, Http1ProtocolOptions, Http2ProtocolOptions, HttpProtocolOptions,
    PreserveCaseFormatterConfig, UpstreamHttpProtocolOptions, UpstreamProtocol, UpstreamProtocolOptions,
    UseDownstreamHttpConfig,
};
use crate::mesh::Protocol;
use crate::translate::proxy::Proxy;

const EXTENSION: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// Protocol options in the making. None at all are plain HTTP/1.1.
#[derive(Default)]
pub(super) struct Options(Option<UpstreamProtocolOptions>);

impl Options {
    pub fn of_port(protocol: Protocol, proxy: &Proxy<'_>) -> Self {
        let mut options = Self::default();
        if protocol.is_http2() {
            options.upgrade();
            return options;
        }
        if proxy.settings.headers.preserve_http1_case && (protocol.is_http() || protocol.is_auto()) {
            let config = ExplicitHttpConfig::HttpProtocolOptions(http1(proxy));
            options.fields().upstream_protocol = Some(UpstreamProtocol::ExplicitHttpConfig(config));
        }
        // Gateways do not know what such a port speaks, and would offer HTTP/2 to all of them.
        if protocol.is_auto() && !proxy.is_router() {
            options.use_downstream();
        }
        options
    }

    fn fields(&mut self) -> &mut UpstreamProtocolOptions {
        self.0.get_or_insert_default()
    }

    /// HTTP/2, unless something is chosen already.
    pub fn upgrade(&mut self) {
        let http2 = ExplicitHttpConfig::Http2ProtocolOptions(Http2ProtocolOptions::default());
        let chosen = &mut self.fields().upstream_protocol;
        *chosen = chosen.take().or(Some(UpstreamProtocol::ExplicitHttpConfig(http2)));
    }

    /// Whatever the client speaks.
    pub fn use_downstream(&mut self) {
        let chosen = &mut self.fields().upstream_protocol;
        let http1 = match chosen.take() {
            Some(UpstreamProtocol::ExplicitHttpConfig(ExplicitHttpConfig::HttpProtocolOptions(http1))) => http1,
            _ => Http1ProtocolOptions::default(),
        };
        *chosen = Some(downstream(http1));
    }

    pub fn common(&mut self) -> &mut HttpProtocolOptions {
        self.fields().common_http_protocol_options.get_or_insert_default()
    }

    /// Those of HTTP/2, if the cluster speaks nothing else.
    pub fn http2(&mut self) -> Option<&mut Http2ProtocolOptions> {
        match &mut self.0.as_mut()?.upstream_protocol {
            Some(UpstreamProtocol::ExplicitHttpConfig(ExplicitHttpConfig::Http2ProtocolOptions(http2))) => Some(http2),
            _ => None,
        }
    }

    /// What of TLS depends on the request.
    pub fn of_request(&mut self) -> &mut UpstreamHttpProtocolOptions {
        self.fields().upstream_http_protocol_options.get_or_insert_default()
    }

    /// As the field of a cluster.
    pub fn finish(self) -> BTreeMap<String, Any> {
        let complete = self.0.map(|mut options| {
            let http1 = ExplicitHttpConfig::HttpProtocolOptions(Http1ProtocolOptions::default());
            options.upstream_protocol.get_or_insert(UpstreamProtocol::ExplicitHttpConfig(http1));
            options
        });
        complete.map(extension).into_iter().collect()
    }
}

/// For traffic to where it wanted to go anyway.
pub(super) fn passthrough(proxy: &Proxy<'_>) -> BTreeMap<String, Any> {
    let common = HttpProtocolOptions { idle_timeout: Some(std::time::Duration::from_secs(300)), ..Default::default() };
    let options = UpstreamProtocolOptions {
        common_http_protocol_options: Some(common),
        upstream_protocol: Some(downstream(http1(proxy))),
        ..Default::default()
    };
    BTreeMap::from([extension(options)])
}

fn extension(options: UpstreamProtocolOptions) -> (String, Any) {
    (EXTENSION.to_owned(), options.into())
}

fn downstream(http1: Http1ProtocolOptions) -> UpstreamProtocol {
    UpstreamProtocol::UseDownstreamProtocolConfig(UseDownstreamHttpConfig {
        http_protocol_options: Some(http1),
        http2_protocol_options: Some(Http2ProtocolOptions::default()),
        ..Default::default()
    })
}

/// `proxyHeaders.preserveHttp1HeaderCase`.
fn http1(proxy: &Proxy<'_>) -> Http1ProtocolOptions {
    let format = proxy.settings.headers.preserve_http1_case.then(|| HeaderKeyFormat {
        stateful_formatter: Some(TypedExtensionConfig::new("preserve_case", PreserveCaseFormatterConfig::default())),
        ..Default::default()
    });
    Http1ProtocolOptions { header_key_format: format, ..Default::default() }
}
