//! What certificates and handshakes tell.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};

use ring::digest::{SHA256, digest};
use rustls::CipherSuite;
use rustls::ProtocolVersion;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

/// A certificate of the peer or of the proxy, in the forms of access logs and of `x-forwarded-client-cert`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// The alternative names.
    pub names: Vec<Name>,
    /// As RFC 2253 writes it: `CN=a,O=b`.
    pub subject: String,
    pub issuer: String,
    /// In lower-case hexadecimal.
    pub serial: String,
    /// SHA-256, in lower-case hexadecimal.
    pub fingerprint: String,
    pub pem: String,
    /// In seconds since 1970.
    pub not_before: i64,
    pub not_after: i64,
}

/// An alternative name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    Dns(String),
    Uri(String),
    Email(String),
    Ip(String),
}

impl Certificate {
    /// `None` if it is not readable.
    pub fn new(der: &[u8]) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        let names = parsed.subject_alternative_name().ok().flatten();
        let names = names.iter().flat_map(|names| &names.value.general_names).filter_map(name).collect();
        Some(Self {
            names,
            subject: distinguished(parsed.subject()),
            issuer: distinguished(parsed.issuer()),
            serial: serial(parsed.raw_serial()),
            fingerprint: hex(digest(&SHA256, der).as_ref()),
            pem: pem(der),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
        })
    }

    pub fn uris(&self) -> impl Iterator<Item = &str> {
        self.names.iter().filter_map(|name| if let Name::Uri(uri) = name { Some(uri.as_str()) } else { None })
    }

    pub fn dns_names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().filter_map(|name| if let Name::Dns(name) = name { Some(name.as_str()) } else { None })
    }
}

fn name(name: &GeneralName<'_>) -> Option<Name> {
    Some(match name {
        GeneralName::DNSName(name) => Name::Dns((*name).to_owned()),
        GeneralName::URI(uri) => Name::Uri((*uri).to_owned()),
        GeneralName::RFC822Name(address) => Name::Email((*address).to_owned()),
        GeneralName::IPAddress(bytes) => Name::Ip(match bytes.len() {
            4 => Ipv4Addr::from(<[u8; 4]>::try_from(*bytes).ok()?).to_string(),
            _ => Ipv6Addr::from(<[u8; 16]>::try_from(*bytes).ok()?).to_string(),
        }),
        _ => return None,
    })
}

/// The parts from the last to the first, as RFC 2253 has them.
fn distinguished(name: &X509Name<'_>) -> String {
    let parts: Vec<_> = name.iter_rdn().collect();
    let mut text = String::new();
    for part in parts.into_iter().rev() {
        for (index, attribute) in part.iter().enumerate() {
            if !text.is_empty() {
                text.push(if index == 0 { ',' } else { '+' });
            }
            let oid = attribute.attr_type().to_id_string();
            let value = attribute.as_str().unwrap_or_default();
            // Writing to a text cannot fail.
            let _ = match short(&oid) {
                Some(short) => write!(text, "{short}={}", escaped(value)),
                None => write!(text, "{oid}={}", escaped(value)),
            };
        }
    }
    text
}

/// The short names of BoringSSL (`crypto/obj/obj_dat.h`).
fn short(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "street",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.42" => "GN",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        "1.2.840.113549.1.9.1" => "emailAddress",
        _ => return None,
    })
}

fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut text = String::with_capacity(value.len());
    for (index, character) in value.chars().enumerate() {
        let at_edge = character == ' ' && (index == 0 || index == last) || character == '#' && index == 0;
        if at_edge || ",+\"\\<>;".contains(character) {
            text.push('\\');
        }
        text.push(character);
    }
    text
}

fn serial(bytes: &[u8]) -> String {
    let start = bytes.iter().take(bytes.len().saturating_sub(1)).take_while(|byte| **byte == 0).count();
    hex(&bytes[start..])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn pem(der: &[u8]) -> String {
    let encoded = crate::envoy::scalar::base64(der);
    let mut text = "-----BEGIN CERTIFICATE-----\n".to_owned();
    for line in encoded.as_bytes().chunks(64) {
        text.extend(line.iter().map(|byte| char::from(*byte)));
        text.push('\n');
    }
    text + "-----END CERTIFICATE-----\n"
}

/// As `%DOWNSTREAM_TLS_VERSION%` has it.
pub fn version_name(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        _ => "unknown",
    }
}

/// As OpenSSL calls it, and so Envoy.
pub fn cipher_name(suite: CipherSuite) -> &'static str {
    match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => "TLS_AES_128_GCM_SHA256",
        CipherSuite::TLS13_AES_256_GCM_SHA384 => "TLS_AES_256_GCM_SHA384",
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => "TLS_CHACHA20_POLY1305_SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => "ECDHE-ECDSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => "ECDHE-ECDSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => "ECDHE-ECDSA-CHACHA20-POLY1305",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => "ECDHE-RSA-AES128-GCM-SHA256",
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => "ECDHE-RSA-AES256-GCM-SHA384",
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => "ECDHE-RSA-CHACHA20-POLY1305",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SanType, SerialNumber};

    use super::{Certificate, Name, escaped};

    #[test]
    fn a_certificate_is_told_as_envoy_does() {
        let mut params = CertificateParams::new(vec!["web.example.com".to_owned()]).unwrap();
        params.subject_alt_names.push(SanType::URI("spiffe://cluster.local/ns/a/sa/b".try_into().unwrap()));
        params.serial_number = Some(SerialNumber::from(vec![0x0a, 0xbc]));
        params.distinguished_name.push(DnType::OrganizationName, "Acme, Inc");
        params.distinguished_name.push(DnType::CommonName, "web");
        let own = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let certificate = Certificate::new(own.der()).unwrap();
        assert_eq!(certificate.uris().collect::<Vec<_>>(), ["spiffe://cluster.local/ns/a/sa/b"]);
        assert_eq!(certificate.names[0], Name::Dns("web.example.com".to_owned()));
        assert_eq!(certificate.serial, "0abc");
        assert!(certificate.subject.contains(r"O=Acme\, Inc"), "{}", certificate.subject);
        assert_eq!(certificate.fingerprint.len(), 64);
    }

    #[test]
    fn special_characters_are_escaped() {
        for (value, expected) in [("a b", "a b"), (" a", "\\ a"), ("#a#", "\\#a#"), ("a+b", "a\\+b")] {
            assert_eq!(escaped(value), expected);
        }
    }
}
