//! What is done to the bytes of a connection, by host: TLS, and the PROXY protocol before it.

use std::sync::Arc;

use crate::envoy::cluster::Cluster;
use crate::envoy::core::{Metadata, ProxyProtocolVersion, TransportSocket};
use crate::envoy::{Any, Object};
use crate::proxy::tls::{ClientTls, Invalid, Secrets};

/// The metadata by which a host chooses its socket.
const BY_ENDPOINT: &str = "envoy.transport_socket_match";

#[derive(Clone, Debug, Default)]
pub(super) struct Transport {
    pub tls: Option<Arc<ClientTls>>,
    pub proxy_protocol: Option<ProxyProtocolVersion>,
}

/// The sockets of a cluster. The first whose conditions a host meets is used, else that of the cluster.
#[derive(Debug, Default)]
pub(super) struct Transports {
    matches: Vec<(Object, Transport)>,
    default: Transport,
    pub notes: Vec<String>,
}

impl Transports {
    pub fn new(cluster: &Cluster, secrets: &Secrets, named: bool) -> Result<Self, Invalid> {
        let mut notes = Vec::new();
        let mut transport = |socket: Option<&TransportSocket>| Transport::new(socket, secrets, named, &mut notes);
        let default = transport(cluster.transport_socket.as_ref())?;
        let mut matches = Vec::new();
        for candidate in &cluster.transport_socket_matches {
            let conditions = candidate.r#match.clone().unwrap_or_default();
            matches.push((conditions, transport(candidate.transport_socket.as_ref())?));
        }
        notes.sort();
        notes.dedup();
        Ok(Self { matches, default, notes })
    }

    pub fn of(&self, metadata: Option<&Metadata>) -> Transport {
        let empty = Object::new();
        let own = metadata.and_then(|metadata| metadata.filter_metadata.get(BY_ENDPOINT)).unwrap_or(&empty);
        let meets = |wanted: &Object| wanted.iter().all(|(key, value)| own.get(key) == Some(value));
        let found = self.matches.iter().find(|(wanted, _)| meets(wanted)).map(|(_, transport)| transport);
        found.unwrap_or(&self.default).clone()
    }
}

impl Transport {
    fn new(
        socket: Option<&TransportSocket>,
        secrets: &Secrets,
        named: bool,
        notes: &mut Vec<String>,
    ) -> Result<Self, Invalid> {
        let Some(socket) = socket else { return Ok(Self::default()) };
        match &socket.typed_config {
            Some(Any::UpstreamTls(context)) => {
                let tls = ClientTls::new(context, secrets, named)?;
                notes.extend(tls.notes.iter().cloned());
                Ok(Self { tls: Some(Arc::new(tls)), proxy_protocol: None })
            }
            Some(Any::ProxyProtocolUpstream(wrapper)) => {
                let inner = Self::new(wrapper.transport_socket.as_ref(), secrets, named, notes)?;
                let version = wrapper.config.as_ref().map(|config| config.version).unwrap_or_default();
                Ok(Self { proxy_protocol: Some(version), ..inner })
            }
            Some(Any::RawBuffer(_)) | None => Ok(Self::default()),
            Some(other) => {
                notes.push(format!(
                    "the transport socket `{}` is not there; bytes are sent as they are",
                    other.type_name()
                ));
                Ok(Self::default())
            }
        }
    }

    pub fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    pub fn is_same_as(&self, other: &Self) -> bool {
        let tls = |own: &Self| own.tls.as_ref().map(Arc::as_ptr);
        tls(self) == tls(other) && self.proxy_protocol == other.proxy_protocol
    }
}
