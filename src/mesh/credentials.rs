//! The certificates of gateways (istio 1.31 `pilot/pkg/credentials/kube/secrets.go`, `pilot/pkg/xds/sds.go`).

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use crate::format::{Certificate, Credential, PrivateKey, Reason, decode_base64};
use crate::model::kubernetes::{Secret, SecretMaker};
use crate::model::{Kind, Object, Resources, Str};

use super::{Mesh, Reference, ServerRef};

/// A certificate that a server of a Gateway takes from a Secret.
#[derive(Clone, Debug)]
pub struct ServerCredential<'m> {
    pub server: ServerRef<'m>,
    /// As it is written.
    pub text: Str<'m>,
    pub name: &'m str,
    /// Where it may be: the namespaces of the proxies, or the one that is written. None: the input does not tell.
    pub namespaces: Vec<&'m str>,
}

/// The entries of a Secret that hold a certificate and its key.
#[derive(Clone, Copy, Debug)]
pub struct KeyPair<'s, 'm> {
    secret: &'s Secret<'m>,
    certificate: Str<'m>,
    key: Str<'m>,
}

impl<'s, 'm> KeyPair<'s, 'm> {
    const NAMES: [(&'static str, &'static str); 2] = [("cert", "key"), ("tls.crt", "tls.key")];

    /// `cert` and `key`, or `tls.crt` and `tls.key`; both of a pair must have a value.
    pub fn of(secret: &'s Secret<'m>) -> Option<Self> {
        Self::NAMES.iter().find_map(|(certificate, key)| {
            Some(Self { secret, certificate: secret.entry(certificate)?, key: secret.entry(key)? })
        })
    }

    /// Whether another program fills them in later.
    pub fn is_placeholder(&self) -> bool {
        self.certificate.is_placeholder() || self.key.is_placeholder()
    }

    pub fn certificate(&self) -> Result<Certificate, Reason> {
        Certificate::parse(&self.bytes(self.certificate)?)
    }

    pub fn key(&self) -> Result<PrivateKey, Reason> {
        PrivateKey::parse(&self.bytes(self.key)?)
    }

    pub fn certificate_text(&self) -> Str<'m> {
        self.certificate
    }

    fn bytes(&self, text: Str<'m>) -> Result<Vec<u8>, Reason> {
        if self.secret.string_data.iter().any(|(_, value)| value.at == text.at) {
            return Ok(text.value.as_bytes().to_vec());
        }
        decode_base64(text.value).ok_or_else(|| Reason::new("it is not base64"))
    }
}

impl<'m> ServerCredential<'m> {
    /// `namespace/name` where istiod looks first.
    pub fn place(&self) -> String {
        let namespace = self.namespaces.first().copied().unwrap_or(self.server.gateway.meta.namespace);
        format!("{namespace}/{}", self.name)
    }
}

/// The Secrets that cert-manager and its like are told to make, by namespace and name.
pub(super) fn made_secrets<'m>(resources: &'m Resources<'m>) -> FxHashSet<(&'m str, &'m str)> {
    let makers = [&resources.cert_manager_certificates, &resources.external_secrets, &resources.sealed_secrets];
    let made = |object: &'m Object<'m, SecretMaker<'m>>| {
        let name = object.spec.secret_name().unwrap_or(object.meta.name);
        (object.meta.namespace, name.value)
    };
    makers.into_iter().flatten().map(made).collect()
}

impl<'m> Mesh<'m> {
    pub fn secret(&self, namespace: &str, name: &str) -> Reference<&'m Object<'m, Secret<'m>>> {
        match self.secret_index.get(&(namespace, name)) {
            Some(&at) => Reference::Found(&self.resources.secrets[at]),
            None if self.made_secrets.contains(&(namespace, name)) => Reference::Unknown,
            None if self.is_complete(Kind::Secret, namespace) => Reference::Missing,
            None => Reference::Unknown,
        }
    }

    /// What the servers of all Gateways take from Secrets, in the order of the input.
    pub fn server_credentials(&self) -> Vec<ServerCredential<'m>> {
        let gateways = self.resources.gateways.iter();
        gateways.flat_map(|gateway| self.servers(gateway)).flat_map(|server| self.credentials_of(server)).collect()
    }

    /// Only servers that end TLS use Secrets.
    pub fn credentials_of(&self, server: ServerRef<'m>) -> Vec<ServerCredential<'m>> {
        let Some(tls) = server.server.tls.as_ref().filter(|_| server.terminates_tls()) else { return Vec::new() };
        let texts = tls.credential_name.iter().chain(&tls.credential_names);
        texts.filter_map(|text| self.credential(server, *text)).collect()
    }

    /// The same for one name; `None` if it names no Secret, or one that nobody knows yet.
    pub fn credential(&self, server: ServerRef<'m>, text: Str<'m>) -> Option<ServerCredential<'m>> {
        let Ok(Credential::Secret { namespace, name, .. }) = Credential::parse(text.value) else { return None };
        let namespaces = match namespace {
            Some(namespace) => vec![namespace],
            None => self.proxy_namespaces(server),
        };
        (!text.is_placeholder()).then_some(ServerCredential { server, text, name, namespaces })
    }

    fn proxy_namespaces(&self, server: ServerRef<'m>) -> Vec<&'m str> {
        if server.gateway.spec.selector.is_empty() {
            return Vec::new();
        }
        let workloads = self.gateway_workloads(server.gateway);
        let namespaces: BTreeSet<_> = workloads.iter().map(|workload| workload.namespace).collect();
        namespaces.into_iter().collect()
    }

    /// The Secret that the proxies get: missing if it is in none of their namespaces. Where the proxies are not known, one
    /// beside the Gateway is taken for it.
    pub fn credential_secret(&self, credential: &ServerCredential<'m>) -> Reference<&'m Object<'m, Secret<'m>>> {
        if credential.namespaces.is_empty() {
            let beside = self.secret(credential.server.gateway.meta.namespace, credential.name);
            return beside.found().map_or(Reference::Unknown, Reference::Found);
        }
        let mut answer = Reference::Missing;
        for namespace in &credential.namespaces {
            match self.secret(namespace, credential.name) {
                Reference::Found(secret) => return Reference::Found(secret),
                Reference::Unknown => answer = Reference::Unknown,
                Reference::Missing => {}
            }
        }
        answer
    }

    /// A Secret of that name beside the Gateway, or else the only one of the input, though the proxies are elsewhere and
    /// have none.
    pub fn secret_elsewhere(&self, credential: &ServerCredential<'m>) -> Option<&'m Object<'m, Secret<'m>>> {
        let is_made = |namespace: &&str| self.made_secrets.contains(&(*namespace, credential.name));
        if credential.namespaces.is_empty() || credential.namespaces.iter().any(is_made) {
            return None;
        }
        let is_elsewhere = |secret: &&Object<'m, Secret<'m>>| !credential.namespaces.contains(&secret.meta.namespace);
        let beside = self.secret(credential.server.gateway.meta.namespace, credential.name).found();
        let only = || {
            let mut named = self.resources.secrets.iter().filter(|secret| secret.meta.name.value == credential.name);
            named.next().filter(|_| named.next().is_none())
        };
        beside.or_else(only).filter(is_elsewhere)
    }
}
