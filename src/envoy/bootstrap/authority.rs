//! An authority for tests, which nobody else trusts.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DistinguishedName, DnType,
    IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, SanType, SerialNumber, date_time_ymd,
};

use super::secrets::Certificate;

/// Why nothing here fails: the parameters are ours, and a machine without randomness has no TLS either.
const SIGNS: &str = "an authority of this program signs";

/// An authority for tests, with new keys each time. It stands in for all that a proxy in a pod would have: Istio's
/// authority, the Secrets of gateways, files.
pub struct TestAuthority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl TestAuthority {
    pub fn generate() -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "meshlint test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = KeyPair::generate().and_then(|key| CertifiedIssuer::self_signed(params, key)).expect(SIGNS);
        Self { issuer }
    }

    /// The authority's own certificate, in PEM.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for servers and clients: for these DNS names and URIs (`spiffe://…`), and for `localhost` and
    /// 127.0.0.1. Names that are not ASCII cannot be in a certificate, and are not.
    pub fn issue<'n>(
        &self,
        dns_names: impl IntoIterator<Item = &'n str>,
        uris: impl IntoIterator<Item = &'n str>,
    ) -> Certificate {
        let names = ["localhost", "127.0.0.1"].into_iter().chain(dns_names).filter(|name| name.is_ascii());
        let mut params = CertificateParams::new(names.map(str::to_owned).collect::<Vec<_>>()).expect(SIGNS);
        // As Istio's certificates have none, and proxies tell upstreams of it.
        params.distinguished_name = DistinguishedName::new();
        params.subject_alt_names.extend(uris.into_iter().filter_map(|uri| uri.try_into().ok()).map(SanType::URI));
        let key = KeyPair::generate().expect(SIGNS);
        let certificate = params.signed_by(&key, &self.issuer).expect(SIGNS);
        Certificate { chain: certificate.pem(), key: key.serialize_pem() }
    }

    /// A list of revoked certificates that is signed, and empty.
    pub fn revocations(&self) -> String {
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(4096, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).and_then(|list| list.pem()).expect(SIGNS)
    }
}
