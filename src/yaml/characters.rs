//! Which characters a document may hold.

use memchr::memchr3_iter;

use super::problem::Problem;

/// Whether a document holds nothing but line feeds, line breaks of Windows and printable characters: no lone carriage
/// returns and none of the line breaks that only YAML 1.1 knows. Tabs may be in one that is as a whole in brackets, as
/// JSON is.
pub(super) fn is_simple(text: &str) -> bool {
    let tabs = text.trim_start_matches([' ', '\n']).starts_with(['{', '[']);
    // Without a branch in its loop, the compiler makes this a comparison of many bytes at once.
    let unusual =
        |byte: u8| (byte < b' ') & (byte != b'\n') | (byte == 0x7F) | (byte == 0xC2) | (byte == 0xE2) | (byte == 0xEF);
    let bytes = text.as_bytes();
    let any_unusual = bytes.chunks(64).any(|chunk| chunk.iter().fold(false, |any, &byte| any | unusual(byte)));
    let simple = |at: usize| bytes[at] == b'\t' && tabs || is_simple_at(bytes, at);
    !any_unusual || bytes.iter().enumerate().all(|(at, &byte)| !unusual(byte) || simple(at))
}

fn is_simple_at(bytes: &[u8], at: usize) -> bool {
    match bytes[at..] {
        [b'\r', b'\n', ..] => true,
        [0xC2, next, ..] => next >= 0xA0,
        [0xE2, 0x80, 0xA8 | 0xA9, ..] => false,
        [0xE2, ..] => true,
        [0xEF, 0xBB, 0xBF, ..] => false,
        [0xEF, 0xBF, 0xBE | 0xBF, ..] => false,
        [0xEF, ..] => true,
        _ => false,
    }
}

/// The first character that go-yaml refuses.
pub(super) fn forbidden(text: &str, start: usize) -> Option<Box<Problem>> {
    let bytes = text.as_bytes();
    let control = bytes.iter().position(|&byte| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r') || byte == 0x7F);
    let rare = memchr3_iter(0xC2, 0xEF, 0xEF, bytes).find(|&at| match bytes[at..] {
        [0xC2, next, ..] => next < 0xA0 && next != 0x85,
        [0xEF, 0xBF, last, ..] => last >= 0xBE,
        _ => false,
    });
    let at = control.into_iter().chain(rare).min()?;
    let character = text[at..].chars().next()?;
    let message = format!("the control character U+{:04X} cannot be written as it is", u32::from(character));
    let help = format!("remove it, or write it as `\\u{:04X}` in double quotes", u32::from(character));
    Some(Problem::new(start + at..start + at + character.len_utf8(), message).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_documents_are_simple() {
        for (text, simple, allowed) in [
            ("a: 1\r\nb: “é”\u{A0}\n", true, true),
            ("\u{FF5E}", true, true),
            ("a:\t1", false, true),
            ("\n[\n\t1\n]", true, true),
            ("a\rb", false, true),
            ("a\r", false, true),
            ("a\u{85}b", false, true),
            ("a\u{2028}b", false, true),
            ("\u{FEFF}a", false, true),
            ("a\0", false, false),
            ("a\u{7F}", false, false),
            ("a\u{9F}", false, false),
            ("a\u{FFFE}", false, false),
        ] {
            assert_eq!(is_simple(text), simple, "{text:?}");
            assert_eq!(forbidden(text, 0).is_none(), allowed, "{text:?}");
        }
    }
}
