//! The certificates of the input.

use std::collections::BTreeMap;
use std::fmt;

/// Where operating systems keep the authorities that they trust, in the order in which Istio's agent looks
/// (`GetOSRootFilePath` in istio 1.31 `pkg/security/security.go`).
pub const SYSTEM_ROOT_FILES: [&str; 8] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/etc/ssl/cert.pem",
    "/etc/ssl/certs/ca-certificates",
];

/// What is known of the secrets that TLS contexts name, by the names that SDS has for them: `default`, `ROOTCA`,
/// `kubernetes://<name>`, `file-cert:…`. The test authority stands in for the rest.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    pub certificates: BTreeMap<String, Certificate>,
    /// The certificates of authorities, in PEM.
    pub authorities: BTreeMap<String, String>,
    /// Lists of revoked certificates in PEM, by the name of the file that a context reads.
    pub revocations: BTreeMap<String, String>,
    /// The file with the authorities of the operating system under Envoy: what `file-root:system` is.
    pub system_roots: Option<String>,
}

/// A chain of certificates and the key of the first, in PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    pub chain: String,
    pub key: String,
}

/// Keys do not belong into messages.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("chain", &self.chain).finish_non_exhaustive()
    }
}
