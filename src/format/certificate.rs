use std::net::IpAddr;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;
use x509_parser::prelude::FromDer;

use super::Reason;

/// The certificate of a server: of a chain in PEM the first, as OpenSSL and Envoy read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// In seconds since 1970.
    pub not_before: i64,
    pub not_after: i64,
    /// The names of hosts that it is for (`subjectAltName`); the common name does not count.
    pub dns_names: Vec<String>,
    pub addresses: Vec<IpAddr>,
    public_key: Vec<u8>,
}

/// A private key in PEM: PKCS#8, or the older forms of RSA and of elliptic curves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateKey {
    /// As a certificate has it; absent where the key does not say.
    public_key: Option<Vec<u8>>,
}

impl Certificate {
    pub fn parse(pem: &[u8]) -> Result<Self, Reason> {
        let block = blocks(pem).find(|block| block.label.ends_with("CERTIFICATE"));
        let block = block.ok_or_else(|| Reason::new("it has no `BEGIN CERTIFICATE` block"))?;
        let (_, certificate) =
            X509Certificate::from_der(&block.contents).map_err(|_| Reason::new("it is not an X.509 certificate"))?;
        let names = certificate.subject_alternative_name().ok().flatten();
        let names: Vec<_> = names.map(|names| names.value.general_names.clone()).unwrap_or_default();
        Ok(Self {
            not_before: certificate.validity().not_before.timestamp(),
            not_after: certificate.validity().not_after.timestamp(),
            dns_names: names.iter().filter_map(dns_name).collect(),
            addresses: names.iter().filter_map(address).collect(),
            public_key: certificate.public_key().subject_public_key.data.to_vec(),
        })
    }

    /// Whether it is for `host`; a leading `*` of either stands for one label (RFC 6125, section 6.4.3).
    pub fn covers(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        if let Ok(address) = host.parse() {
            return self.addresses.contains(&address);
        }
        self.dns_names.iter().any(|name| {
            let name = name.to_ascii_lowercase();
            let wildcard = name.strip_prefix("*.").zip(host.split_once('.'));
            name == host || wildcard.is_some_and(|(rest, (first, parent))| !first.is_empty() && rest == parent)
        })
    }

    /// As the certificate has it: of RSA in DER (RFC 8017, A.1.1), of curves a point.
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// Whether `key` is the one that the certificate was made for; `None` where the key does not tell.
    pub fn is_of(&self, key: &PrivateKey) -> Option<bool> {
        // The certificate wraps modulus and exponent of RSA in a sequence, and has points of curves as they are.
        key.public_key.as_ref().map(|public| self.public_key.ends_with(public))
    }
}

impl PrivateKey {
    pub fn parse(pem: &[u8]) -> Result<Self, Reason> {
        let block = blocks(pem).find(|block| block.label.ends_with("PRIVATE KEY"));
        let block = block.ok_or_else(|| Reason::new("it has no `BEGIN PRIVATE KEY` block"))?;
        let public_key = match block.label.as_str() {
            "RSA PRIVATE KEY" => rsa_public_key(&block.contents),
            "EC PRIVATE KEY" => curve_public_key(&block.contents),
            _ => pkcs8_public_key(&block.contents),
        };
        Ok(Self { public_key })
    }
}

/// The blocks of a text in PEM up to the first that is broken.
fn blocks(pem: &[u8]) -> impl Iterator<Item = Pem> {
    Pem::iter_from_buffer(pem).map_while(Result::ok)
}

fn dns_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        _ => None,
    }
}

fn address(name: &GeneralName<'_>) -> Option<IpAddr> {
    let GeneralName::IPAddress(bytes) = name else { return None };
    let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from)).ok()
}

/// Of a key of RSA (RFC 8017, A.1.2) modulus and exponent, which are what a public key consists of.
fn rsa_public_key(der: &[u8]) -> Option<Vec<u8>> {
    let parts = elements(der)?;
    let (modulus, exponent) = (parts.get(1)?, parts.get(2)?);
    Some([modulus.whole, exponent.whole].concat())
}

/// Of a key of a curve (RFC 5915) the point, which is optional there.
fn curve_public_key(der: &[u8]) -> Option<Vec<u8>> {
    let parts = elements(der)?;
    let explicit = parts.iter().find(|part| part.tag == tag::CONTEXT_1)?;
    let (bits, _) = element(explicit.content)?;
    // The first byte counts the bits that are not used: none.
    (bits.tag == tag::BIT_STRING).then(|| bits.content.get(1..).map(<[u8]>::to_vec))?
}

/// A key of either kind in the form for all kinds (RFC 5958).
fn pkcs8_public_key(der: &[u8]) -> Option<Vec<u8>> {
    const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    const CURVE: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    let parts = elements(der)?;
    let (algorithm, _) = element(parts.get(1)?.content)?;
    let key = parts.get(2)?.content;
    match algorithm.content {
        RSA => rsa_public_key(key),
        CURVE => curve_public_key(key),
        _ => None,
    }
}

/// The tags of DER that keys use.
mod tag {
    pub(super) const BIT_STRING: u8 = 0x03;
    pub(super) const SEQUENCE: u8 = 0x30;
    pub(super) const CONTEXT_1: u8 = 0xa1;
}

/// An element of DER.
#[derive(Clone, Copy)]
struct Element<'d> {
    tag: u8,
    content: &'d [u8],
    /// With tag and length.
    whole: &'d [u8],
}

/// The first element of a text, and what follows it.
fn element(der: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..0x80 => (usize::from(first), rest),
        _ => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length =
                bytes.iter().try_fold(0_usize, |length, byte| length.checked_mul(256)?.checked_add((*byte).into()))?;
            (length, rest)
        }
    };
    let (content, rest) = rest.split_at_checked(length)?;
    let whole = &der[..der.len() - rest.len()];
    Some((Element { tag, content, whole }, rest))
}

fn elements(der: &[u8]) -> Option<Vec<Element<'_>>> {
    let (sequence, _) = element(der)?;
    let mut rest = (sequence.tag == tag::SEQUENCE).then_some(sequence.content)?;
    let mut elements = Vec::new();
    while !rest.is_empty() {
        let (next, after) = element(rest)?;
        elements.push(next);
        rest = after;
    }
    Some(elements)
}

#[cfg(test)]
mod tests {
    use super::{Certificate, PrivateKey};

    /// Self-signed, made with OpenSSL for these tests and used nowhere else.
    const CERTIFICATES: [&str; 3] = [
        include_str!("../../testdata/certificates/shop.crt"),
        include_str!("../../testdata/certificates/bank.crt"),
        include_str!("../../testdata/certificates/rsa.crt"),
    ];

    #[test]
    fn keys_belong_to_their_certificates() {
        // The key, and the certificate that it is of.
        let keys = [
            (include_str!("../../testdata/certificates/shop.key"), Some(0)),
            (include_str!("../../testdata/certificates/shop-sec1.key"), Some(0)),
            (include_str!("../../testdata/certificates/bank.key"), Some(1)),
            (include_str!("../../testdata/certificates/rsa.key"), Some(2)),
            (include_str!("../../testdata/certificates/rsa-pkcs1.key"), Some(2)),
            (include_str!("../../testdata/certificates/ed25519.key"), None),
        ];
        for (number, (pem, owner)) in keys.into_iter().enumerate() {
            let key = PrivateKey::parse(pem.as_bytes()).unwrap();
            for (at, certificate) in CERTIFICATES.into_iter().enumerate() {
                let certificate = Certificate::parse(certificate.as_bytes()).unwrap();
                assert_eq!(certificate.is_of(&key), owner.map(|owner| owner == at), "key {number}, certificate {at}");
            }
        }
    }

    #[test]
    fn names_cover_hosts() {
        let [shop, _, rsa] = CERTIFICATES.map(|pem| Certificate::parse(pem.as_bytes()).unwrap());
        let table = [
            (&shop, "shop.example.com", true),
            (&shop, "Shop.Example.com", true),
            (&shop, "a.shop.example.com", true),
            (&shop, "*.shop.example.com", true),
            (&shop, "a.b.shop.example.com", false),
            (&shop, "example.com", false),
            (&shop, "*", false),
            (&shop, "shop", false),
            (&rsa, "10.0.0.1", true),
            (&rsa, "10.0.0.2", false),
        ];
        for (certificate, host, expected) in table {
            assert_eq!(certificate.covers(host), expected, "{host}");
        }
        assert_eq!((shop.not_before, shop.not_after), (1_704_067_200, 4_859_740_800));
    }

    #[test]
    fn what_is_no_pem_is_no_certificate() {
        let broken = "-----BEGIN CERTIFICATE-----\nTm90IG9uZQ==\n-----END CERTIFICATE-----\n";
        let key = include_str!("../../testdata/certificates/shop.key");
        for text in ["", "certificate", broken, key] {
            assert!(Certificate::parse(text.as_bytes()).is_err(), "{text}");
        }
        for text in ["", "-----BEGIN PRIVATE KEY-----", CERTIFICATES[0]] {
            assert!(PrivateKey::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
