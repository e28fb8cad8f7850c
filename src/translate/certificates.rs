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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::envoy::bootstrap::TestAuthority;
    use crate::mesh::testing::with_mesh;
    use crate::model::Labels;
    use crate::translate::{Interception, Locality, ProxyKind, ProxySettings};

    fn proxy(namespace: &str) -> Proxy<'_> {
        Proxy {
            kind: ProxyKind::Router,
            name: "gateway",
            namespace,
            labels: Labels::of_texts([]),
            ip: "10.0.0.1",
            service_account: "gateway",
            locality: Locality::default(),
            node_name: "",
            interception: Interception::None,
            unprivileged: false,
            settings: ProxySettings::default(),
        }
    }

    fn found(text: &str, namespace: &str) -> Secrets {
        with_mesh(text, |mesh| {
            assert_eq!(identity(mesh, &proxy("a")), "spiffe://cluster.local/ns/a/sa/gateway");
            secrets(mesh, &proxy(namespace))
        })
    }

    fn secret(name: &str, entries: &[(&str, &str)]) -> String {
        let entries: BTreeMap<_, _> = entries.iter().copied().collect();
        let metadata = serde_json::json!({"name": name, "namespace": "a"});
        serde_json::json!({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": entries})
            .to_string()
    }

    #[test]
    fn secrets_have_the_names_of_sds() {
        let authority = TestAuthority::generate();
        let (one, other) = (authority.issue(["a.test"], []), authority.issue(["b.test"], []));
        let text = [
            secret("plain", &[("tls.crt", &one.chain), ("tls.key", &one.key), ("ca.crt", &authority.pem())]),
            secret("generic", &[("cert", &one.chain), ("key", &one.key)]),
            secret("generic-cacert", &[("cacert", &authority.pem())]),
            secret("mixed", &[("tls.crt", &one.chain), ("tls.key", &other.key)]),
            secret("placeholder", &[("tls.crt", "here it goes"), ("tls.key", "here it goes")]),
        ]
        .join("\n---\n");
        let here = found(&text, "a");
        let names = |secrets: &Secrets| secrets.certificates.keys().cloned().collect::<Vec<_>>();
        let everywhere = ["kubernetes-gateway://a/generic", "kubernetes-gateway://a/plain"];
        assert_eq!(names(&here), [&everywhere[..], &["kubernetes://generic", "kubernetes://plain"]].concat());
        assert_eq!(here.certificates["kubernetes://plain"], one);
        for name in ["kubernetes://plain", "kubernetes://plain-cacert", "kubernetes://generic-cacert"] {
            assert_eq!(here.authorities[name], authority.pem(), "{name}");
        }
        assert_eq!(names(&found(&text, "b")), everywhere);
    }
}
