//! Turns of phrase that messages share.

/// ``namespace `a` ``, ``namespaces `a` and `b` ``; of many the first three.
pub(super) fn namespaces(names: &[&str]) -> String {
    match names {
        [name] => format!("namespace `{name}`"),
        names => format!("namespaces {}", list(names)),
    }
}

/// `` `a` ``, `` `a` and `b` ``, `` `a`, `b`, `c` and 4 more ``.
pub(super) fn list(names: &[&str]) -> String {
    let quoted = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names {
        [] => String::new(),
        [name] => format!("`{name}`"),
        [rest @ .., last] if names.len() <= 4 => format!("{} and `{last}`", quoted(rest)),
        [first @ .., _] => format!("{} and {} more", quoted(&first[..3]), names.len() - 3),
    }
}

/// `port 80`, `ports 80, 81 and 82`.
pub(super) fn numbers(what: &str, numbers: &[i64]) -> String {
    let texts: Vec<_> = numbers.iter().map(i64::to_string).collect();
    match texts.as_slice() {
        [] => format!("no {what}"),
        [one] => format!("{what} {one}"),
        [rest @ .., last] => format!("{what}s {} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_as_sentences() {
        let names = ["a", "b", "c", "d", "e"];
        let cases = [(1, "`a`"), (2, "`a` and `b`"), (4, "`a`, `b`, `c` and `d`"), (5, "`a`, `b`, `c` and 2 more")];
        for (count, expected) in cases {
            assert_eq!(list(&names[..count]), expected);
        }
        assert_eq!(namespaces(&names[..1]), "namespace `a`");
        assert_eq!(namespaces(&names[..2]), "namespaces `a` and `b`");
    }
}
