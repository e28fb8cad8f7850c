use super::Reason;
use super::text::text_type;

/// A cipher suite of a server, by its OpenSSL name (`IsValidCipherSuite` in pkg/config/security/security.go).
///
/// Empty, `ALL`, and whatever does not start with a letter or a digit is legal too: these are operators for BoringSSL
/// that Istio does not look into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CipherSuite<'a>(&'a str);

text_type!(CipherSuite);

const CIPHER_SUITES: [&str; 15] = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-SHA",
    "ECDHE-RSA-AES128-SHA",
    "ECDHE-ECDSA-AES256-SHA",
    "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-SHA",
    "AES256-SHA",
    "DES-CBC3-SHA",
];

impl<'a> CipherSuite<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        if text == "ALL" || CIPHER_SUITES.contains(&text) || !starts_as_name(text) {
            return Ok(Self(text));
        }
        let reason = Reason::new(format!("`{text}` is not a cipher suite that Envoy knows; it will be left out"));
        let meant = text.to_ascii_uppercase().replace('_', "-");
        Err(match CIPHER_SUITES.contains(&meant.as_str()) {
            true => reason.help(format!("write `{meant}`")),
            false => {
                reason.help("use the OpenSSL name of a suite that BoringSSL has, such as `ECDHE-RSA-AES128-GCM-SHA256`")
            }
        })
    }
}

/// Go looks at the first byte as if it were a character of Latin-1.
fn starts_as_name(text: &str) -> bool {
    text.bytes().next().is_some_and(|byte| char::from(byte).is_alphanumeric())
}

/// The curves of `tlsDefaults.ecdhCurves` in the mesh configuration (`IsValidECDHCurve` there).
pub const ECDH_CURVES: [&str; 7] =
    ["P-224", "P-256", "P-384", "P-521", "X25519", "X25519Kyber768Draft00", "X25519MLKEM768"];

#[cfg(test)]
mod tests {
    use super::CipherSuite;

    #[test]
    fn cipher_suites_of_openssl() {
        let table = [
            ("ECDHE-RSA-AES128-GCM-SHA256", true),
            ("DES-CBC3-SHA", true),
            ("ALL", true),
            ("", true),
            ("!aNULL", true),
            ("[A|B]", true),
            ("ecdhe-rsa-aes128-sha", false),
            ("TLS_AES_128_GCM_SHA256", false),
            ("HIGH", false),
        ];
        for (text, legal) in table {
            assert_eq!(CipherSuite::parse(text).is_ok(), legal, "{text}");
        }
        let reason = CipherSuite::parse("ecdhe_rsa_aes128_sha").unwrap_err();
        assert_eq!(reason.instruction(), Some("write `ECDHE-RSA-AES128-SHA`"));
    }
}
