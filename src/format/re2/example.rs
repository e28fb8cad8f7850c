use regex_syntax::hir::{Class, Hir, HirKind};

/// Longer examples are of no use to a reader.
const LONGEST: usize = 256;

/// A text that the pattern most likely matches as a whole, short and readable: of alternatives the first, of repetitions the
/// fewest. Anchors and boundaries of words may still refuse it.
pub(super) fn example(hir: &Hir) -> Option<String> {
    let mut text = Vec::new();
    append(hir, &mut text)?;
    String::from_utf8(text).ok()
}

fn append(hir: &Hir, text: &mut Vec<u8>) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.extend_from_slice(&literal.0),
        HirKind::Class(class) => text.extend_from_slice(member(class)?.as_bytes()),
        HirKind::Repetition(repetition) => {
            for _ in 0..repetition.min {
                append(&repetition.sub, text)?;
            }
        }
        HirKind::Capture(capture) => append(&capture.sub, text)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| append(part, text))?,
        HirKind::Alternation(parts) => append(parts.first()?, text)?,
    }
    (text.len() <= LONGEST).then_some(())
}

/// The most readable character of a class.
fn member(class: &Class) -> Option<String> {
    let Class::Unicode(class) = class else { return None };
    let has = |own: char| class.iter().any(|range| (range.start()..=range.end()).contains(&own));
    let readable = ('a'..='z').chain('0'..='9').chain('A'..='Z').chain("-_./".chars());
    readable.into_iter().find(|own| has(*own)).or_else(|| Some(class.iter().next()?.start())).map(String::from)
}

#[cfg(test)]
mod tests {
    use crate::format::Re2;

    #[test]
    fn examples_are_short_and_match() {
        let table = [
            ("/orders/[0-9]+(/.*)?", "/orders/0"),
            ("/(carts|orders)/[a-z]{3}", "/carts/aaa"),
            ("(?i)/API", "/API"),
            (".*", ""),
            ("[^a]+", "b"),
            (r"^/a\.b$", "/a.b"),
        ];
        for (pattern, expected) in table {
            let regex = Re2::parse(pattern).unwrap();
            let found = regex.example().unwrap();
            assert!(regex.full_match(&found), "{pattern}: {found}");
            assert_eq!(found.to_ascii_lowercase(), expected.to_ascii_lowercase(), "{pattern}");
        }
    }
}
