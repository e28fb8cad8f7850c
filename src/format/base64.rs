/// The bytes that `text` encodes in base64, with the letters of either alphabet, and with padding or without. Line breaks
/// are skipped.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_ascii_end().trim_end_matches('=');
    let (mut bytes, mut bits, mut held) = (Vec::with_capacity(text.len() * 3 / 4), 0u32, 0);
    for letter in text.bytes().filter(|letter| !matches!(letter, b'\r' | b'\n')) {
        bits = bits << 6 | u32::from(value(letter)?);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    // A single letter left over is less than a byte.
    (held < 6).then_some(bytes)
}

fn value(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

/// With the usual alphabet, and with padding.
pub fn encode(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, index| bits << 8 | usize::from(chunk.get(index).copied().unwrap_or_default()));
        for index in 0..4 {
            let letter = LETTERS[bits >> (18 - 6 * index) & 63];
            text.push(if index > chunk.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn what_is_encoded_is_padded() {
        for (bytes, text) in [(&b""[..], ""), (b"Mesh", "TWVzaA=="), (b"Me", "TWU="), (&[0xFB, 0xFF, 0xBF], "+/+/")] {
            assert_eq!(encode(bytes), text);
        }
    }

    #[test]
    fn both_alphabets_with_and_without_padding() {
        let table: [(&str, Option<&[u8]>); 9] = [
            ("", Some(b"")),
            ("TWVzaA==", Some(b"Mesh")),
            ("TWVzaA", Some(b"Mesh")),
            ("TWVz\naA==\n", Some(b"Mesh")),
            ("-_-_", Some(&[0xFB, 0xFF, 0xBF])),
            ("+/+/", Some(&[0xFB, 0xFF, 0xBF])),
            ("TWVza", None),
            ("TW=z", None),
            ("TW z", None),
        ];
        for (text, expected) in table {
            assert_eq!(decode(text).as_deref(), expected, "{text}");
        }
    }
}
