//! Where listeners are, and what they look at before a filter chain is chosen.

use std::time::Duration;

use crate::envoy::core::Address;
use crate::envoy::listener::{HttpInspector, ListenerFilter, TlsInspector};

use super::Context;

/// ALPN names by which the HTTP inspector tells what is HTTP in plain text.
pub(super) const PLAIN_HTTP: [&str; 2] = ["http/1.1", "h2c"];

/// How long a chain may take to read what chooses it and to shake hands.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// The address of a listener. A socket has no port; with one it is taken for an address, which Envoy refuses.
pub(super) fn address(bind: &str, port: i64) -> Address {
    match bind.strip_prefix("unix://") {
        Some(path) if port == 0 => Address::pipe(path),
        _ => Address::socket(bind, port.try_into().unwrap_or_default()),
    }
}

pub(super) fn tls_inspector() -> ListenerFilter {
    let config = TlsInspector { initial_read_buffer_size: Some(512), ..Default::default() };
    ListenerFilter::new("envoy.filters.listener.tls_inspector", config)
}

pub(super) fn http_inspector() -> ListenerFilter {
    ListenerFilter::new("envoy.filters.listener.http_inspector", HttpInspector::default())
}

/// `protocolDetectionTimeout` of the mesh; zero waits without limit.
pub(super) fn detection_timeout(context: &Context<'_, '_>) -> Duration {
    let config = context.push.mesh.settings.config.as_ref();
    config.and_then(|config| config.protocol_detection_timeout).map_or(Duration::ZERO, |time| time.value.to_std())
}
