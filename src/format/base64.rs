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

#[cfg(test)]
mod tests {
    use super::decode;

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
