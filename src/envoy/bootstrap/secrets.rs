//! Where a bootstrap takes its certificates from.

use std::collections::BTreeMap;
use std::fmt;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa, KeyIdMethod,
    KeyPair, KeyUsagePurpose, SanType, SerialNumber, date_time_ymd,
};

use crate::envoy::core::DataSource;
use crate::envoy::tls::{CertificateValidationContext, TlsCertificate};

/// The name that istiod has for the authorities of the operating system.
const SYSTEM_ROOTS: &str = "file-root:system";

/// The secrets by the names that SDS has for them: `default`, `ROOTCA`, `kubernetes://<name>`, `file-cert:…`.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    pub certificates: BTreeMap<String, Certificate>,
    /// The certificates of authorities, in PEM.
    pub authorities: BTreeMap<String, String>,
    /// The file of the operating system's authorities, `file-root:system`. Without it Envoy looks for them itself, but then
    /// it refuses to compare names.
    pub system_roots: Option<String>,
    /// Answers for every other name.
    pub otherwise: Option<TestAuthority>,
}

/// A chain of certificates and the key of the first, in PEM.
#[derive(Clone)]
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

/// An authority for tests, which nobody else trusts, with one certificate for all purposes.
#[derive(Clone, Debug)]
pub struct TestAuthority {
    /// In PEM, like all that follows.
    pub authority: String,
    pub certificate: Certificate,
    /// Signed, and empty.
    pub revocations: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingSecret(pub String);

impl fmt::Display for MissingSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no secret `{}`", self.0)
    }
}

impl std::error::Error for MissingSecret {}

impl Secrets {
    pub(super) fn certificate(&self, name: &str) -> Result<TlsCertificate, MissingSecret> {
        let given = self.certificates.get(name).or(self.otherwise.as_ref().map(|test| &test.certificate));
        let Certificate { chain, key } = given.cloned().ok_or_else(|| MissingSecret(name.to_owned()))?;
        Ok(TlsCertificate {
            certificate_chain: Some(DataSource::InlineString(chain)),
            private_key: Some(DataSource::InlineString(key)),
            ..Default::default()
        })
    }

    pub(super) fn authority(&self, name: &str) -> Result<CertificateValidationContext, MissingSecret> {
        if name == SYSTEM_ROOTS && !self.authorities.contains_key(name) {
            return Ok(match self.system_roots.clone().map(DataSource::Filename) {
                Some(file) => CertificateValidationContext { trusted_ca: Some(file), ..Default::default() },
                None => {
                    CertificateValidationContext { system_root_certs: Some(Default::default()), ..Default::default() }
                }
            });
        }
        let given = self.authorities.get(name).or(self.otherwise.as_ref().map(|test| &test.authority));
        let authority = given.cloned().ok_or_else(|| MissingSecret(name.to_owned()))?;
        let trusted_ca = Some(DataSource::InlineString(authority));
        Ok(CertificateValidationContext { trusted_ca, ..Default::default() })
    }

    pub(super) fn revocations(&self) -> Option<String> {
        self.otherwise.as_ref().map(|test| test.revocations.clone())
    }
}

impl TestAuthority {
    /// New keys each time. The certificate is for these DNS names and URIs (`spiffe://…`), and for `localhost`.
    pub fn generate(dns_names: &[&str], uris: &[&str]) -> Result<Self, rcgen::Error> {
        let issuer = CertifiedIssuer::self_signed(authority_params(), KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(
            [&["localhost"], dns_names].concat().into_iter().map(String::from).collect::<Vec<_>>(),
        )?;
        for uri in uris {
            params.subject_alt_names.push(SanType::URI((*uri).try_into()?));
        }
        let certificate = params.signed_by(&key, &issuer)?;
        let revocations = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(4096, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(Self {
            authority: issuer.pem(),
            certificate: Certificate { chain: certificate.pem(), key: key.serialize_pem() },
            revocations: revocations.signed_by(&issuer)?.pem()?,
        })
    }
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "meshlint test authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}
