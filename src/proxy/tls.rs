//! TLS towards clients and upstreams: rustls configurations from Envoy's contexts, and who the peer is.

use std::collections::BTreeMap;

use crate::envoy::tls::{Secret, SecretKind};

/// The static secrets of a bootstrap, by name.
#[derive(Clone, Debug, Default)]
pub struct Secrets(BTreeMap<String, SecretKind>);

impl Secrets {
    pub fn new(secrets: &[Secret]) -> Self {
        let kind = |secret: &Secret| Some((secret.name.clone(), secret.kind.clone()?));
        Self(secrets.iter().filter_map(kind).collect())
    }

    pub fn get(&self, name: &str) -> Option<&SecretKind> {
        self.0.get(name)
    }
}
