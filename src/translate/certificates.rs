//! What a proxy gets by SDS, as far as the input has it (istio 1.31 `pilot/pkg/credentials/kube/secrets.go`,
//! `pilot/pkg/xds/sds.go`).

use crate::envoy::bootstrap::{Certificate, Secrets};
use crate::format::{self, PrivateKey, decode_base64};
use crate::mesh::Mesh;
use crate::model::kubernetes::Secret;

use super::Proxy;
use super::push::spiffe;

/// The SDS name of the authorities of a Secret that has a certificate too ends so; a Secret of that very name goes first.
const AUTHORITY_SUFFIX: &str = "-cacert";

/// The certificates and authorities in the Secrets that the proxy may read. What Envoy would not load is not among them:
/// a placeholder, or a key of another certificate.
pub fn secrets(mesh: &Mesh<'_>, proxy: &Proxy<'_>) -> Secrets {
    let mut found = Secrets::default();
    for object in &mesh.resources.secrets {
        let (namespace, name) = (object.meta.namespace, object.meta.name.value);
        let names = match namespace == proxy.namespace {
            true => vec![format!("kubernetes://{name}"), format!("kubernetes-gateway://{namespace}/{name}")],
            false => vec![format!("kubernetes-gateway://{namespace}/{name}")],
        };
        let (certificate, authorities) = (certificate(&object.spec), authorities(&object.spec));
        for name in names {
            if let Some(certificate) = &certificate {
                found.certificates.insert(name.clone(), certificate.clone());
            }
            if let Some(authorities) = &authorities {
                found.authorities.entry(format!("{name}{AUTHORITY_SUFFIX}")).or_insert_with(|| authorities.clone());
                found.authorities.insert(name, authorities.clone());
            }
        }
    }
    found
}

/// The name in the certificate of the workload itself.
pub fn identity(mesh: &Mesh<'_>, proxy: &Proxy<'_>) -> String {
    spiffe(mesh.settings.trust_domain, proxy.namespace, proxy.service_account)
}

fn certificate(secret: &Secret<'_>) -> Option<Certificate> {
    [("cert", "key"), ("tls.crt", "tls.key")].into_iter().find_map(|(chain, key)| {
        let (chain, key) = (text(secret, chain)?, text(secret, key)?);
        let first = format::Certificate::parse(chain.as_bytes()).ok()?;
        let fits = first.is_of(&PrivateKey::parse(key.as_bytes()).ok()?) != Some(false);
        fits.then_some(Certificate { chain, key })
    })
}

fn authorities(secret: &Secret<'_>) -> Option<String> {
    let given = text(secret, "cacert").or_else(|| text(secret, "ca.crt"))?;
    format::Certificate::parse(given.as_bytes()).is_ok().then_some(given)
}

fn text(secret: &Secret<'_>, key: &str) -> Option<String> {
    let value = secret.entry(key)?.value;
    if secret.string_data.text(key).is_some() {
        return Some(value.to_owned());
    }
    String::from_utf8(decode_base64(value)?).ok()
}
