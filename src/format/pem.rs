use super::Reason;
use super::base64::decode;

/// A block of a PEM file, such as a certificate or a key. What is in it is not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PemBlock {
    label: String,
    bytes: Vec<u8>,
}

impl PemBlock {
    /// All blocks of a file, of which there is at least one. Text around the blocks is a comment, as for OpenSSL.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, Reason> {
        let mut blocks = Vec::new();
        let mut lines = text.lines().map(str::trim_end);
        while let Some(line) = lines.next() {
            if let Some(label) = boundary(line, "BEGIN") {
                blocks.push(Self::read(label, &mut lines)?);
            }
        }
        if blocks.is_empty() {
            let reason = Reason::new("there is no PEM block");
            return Err(reason.help("a certificate starts with the line `-----BEGIN CERTIFICATE-----`"));
        }
        Ok(blocks)
    }

    fn read<'t>(label: &str, lines: &mut impl Iterator<Item = &'t str>) -> Result<Self, Reason> {
        let mut body = String::new();
        for line in lines {
            match boundary(line, "END") {
                Some(end) if end == label => {
                    let bytes = decode(&body).filter(|bytes| !bytes.is_empty());
                    let bytes = bytes.ok_or_else(|| Reason::new(format!("the PEM block `{label}` is not base64")))?;
                    return Ok(Self { label: label.to_owned(), bytes });
                }
                Some(end) => return Err(Reason::new(format!("the PEM block `{label}` ends as `{end}`"))),
                // Headers of old keys, such as `Proc-Type: 4,ENCRYPTED`.
                None if line.contains(':') => {}
                None => body.push_str(line.trim()),
            }
        }
        Err(Reason::new(format!("the PEM block `{label}` does not end")))
    }

    /// `CERTIFICATE`, `PRIVATE KEY`, …
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The DER form.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn is_certificate(&self) -> bool {
        self.label == "CERTIFICATE"
    }

    pub fn is_private_key(&self) -> bool {
        self.label.ends_with("PRIVATE KEY")
    }
}

fn boundary<'t>(line: &'t str, kind: &str) -> Option<&'t str> {
    line.strip_prefix("-----")?.strip_prefix(kind)?.strip_prefix(' ')?.strip_suffix("-----")
}

#[cfg(test)]
mod tests {
    use super::PemBlock;

    #[test]
    fn blocks_of_files() {
        let certificate = "comment\n-----BEGIN CERTIFICATE-----\nTWVz\naA==\n-----END CERTIFICATE-----\n";
        let key = "-----BEGIN RSA PRIVATE KEY-----\r\nProc-Type: 4\r\n\r\nTWVz\r\n-----END RSA PRIVATE KEY-----";
        let blocks = PemBlock::parse_all(&format!("{certificate}{key}")).unwrap();
        let kinds: Vec<_> = blocks.iter().map(|block| (block.is_certificate(), block.bytes())).collect();
        assert_eq!(kinds, [(true, &b"Mesh"[..]), (false, &b"Mes"[..])]);
        assert!(blocks[1].is_private_key());
    }

    #[test]
    fn says_what_is_no_pem() {
        let table = [
            ("", "there is no PEM block"),
            ("-----BEGIN A-----\nTWVz\n", "the PEM block `A` does not end"),
            ("-----BEGIN A-----\nTWVz\n-----END B-----", "the PEM block `A` ends as `B`"),
            ("-----BEGIN A-----\nT#\n-----END A-----", "the PEM block `A` is not base64"),
        ];
        for (text, message) in table {
            assert_eq!(PemBlock::parse_all(text).unwrap_err().message(), message);
        }
    }
}
