use std::ops::Range;

use crate::finding::nearest;

/// What a comment for meshlint says: `# meshlint: ignore[rule, IST0101] reason`, `# meshlint: ignore-file[rule]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Directive {
    /// Whether it holds for the file, not only for a line.
    pub(super) whole_file: bool,
    /// Where in the comment the names of the rules are; nothing means that there is no list.
    pub(super) names: Vec<Range<usize>>,
}

/// What is wrong with a comment for meshlint, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    pub(super) at: Range<usize>,
    pub(super) message: String,
    pub(super) help: String,
}

const IGNORE: &str = "ignore";
const IGNORE_FILE: &str = "ignore-file";

/// Reads a comment, from its `#` on; `None` if it is not for meshlint.
pub(super) fn parse(comment: &str) -> Option<Result<Directive, Mistake>> {
    let body = comment.trim_start_matches('#').trim_start().strip_prefix("meshlint:")?.trim();
    let end = body.find(|char: char| !char.is_ascii_alphanumeric() && char != '-').unwrap_or(body.len());
    let (command, rest) = body.split_at(end);
    Some(match command {
        IGNORE | IGNORE_FILE => {
            list(rest, comment).map(|names| Directive { whole_file: command == IGNORE_FILE, names })
        }
        _ => Err(unknown(command, comment)),
    })
}

/// The names between brackets, if there are any at the start of `rest`, a part of `comment`.
fn list(rest: &str, comment: &str) -> Result<Vec<Range<usize>>, Mistake> {
    let Some(inner) = rest.trim_start().strip_prefix('[') else { return Ok(Vec::new()) };
    let help = || "write `ignore[rule]` or `ignore[rule, rule] reason`".to_owned();
    let Some((inner, _)) = inner.split_once(']') else {
        let message = "the list of rules has no `]`".to_owned();
        return Err(Mistake { at: range(rest, comment), message, help: help() });
    };
    let names = names(inner, comment);
    match names.is_empty() {
        true => {
            let message = "the list of rules is empty".to_owned();
            Err(Mistake { at: range(rest.split_inclusive(']').next().unwrap_or(rest), comment), message, help: help() })
        }
        false => Ok(names),
    }
}

/// Where in `text` the names are that `list`, a part of it, has between commas.
pub(super) fn names(list: &str, text: &str) -> Vec<Range<usize>> {
    let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(|name| range(name, text)).collect()
}

fn unknown(command: &str, comment: &str) -> Mistake {
    let at = if command.is_empty() { 0..comment.len() } else { range(command, comment) };
    let help = match nearest(command, [IGNORE, IGNORE_FILE]) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("comments for meshlint are `{IGNORE}[rule]` and `{IGNORE_FILE}[rule]`"),
    };
    let message = format!("meshlint does not understand `{}`", &comment[at.clone()]);
    Mistake { at, message, help }
}

/// Where `part`, a slice of `text`, is in it.
fn range(part: &str, text: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_placed() {
        let comment = "#meshlint: ignore[a-b,  IST0101 ,] because [x]";
        let directive = parse(comment).unwrap().unwrap();
        let names: Vec<_> = directive.names.into_iter().map(|name| &comment[name]).collect();
        assert_eq!((directive.whole_file, names), (false, vec!["a-b", "IST0101"]));
    }

    #[test]
    fn lists_and_reasons_may_be_left_out() {
        for (comment, whole_file) in
            [("# meshlint: ignore", false), ("## meshlint:ignore why not", false), ("# meshlint: ignore-file: x", true)]
        {
            assert_eq!(parse(comment).unwrap().unwrap(), Directive { whole_file, names: Vec::new() }, "{comment}");
        }
        assert_eq!(parse("# meshlint is a linter: ignore it"), None);
    }

    #[test]
    fn mistakes_are_explained() {
        for (comment, at, message) in [
            ("# meshlint: ingore[a]", "ingore", "meshlint does not understand `ingore`"),
            ("# meshlint: [a]", "# meshlint: [a]", "meshlint does not understand `# meshlint: [a]`"),
            ("# meshlint: ignore[a", "[a", "the list of rules has no `]`"),
            ("# meshlint: ignore[ , ] x", "[ , ]", "the list of rules is empty"),
        ] {
            let mistake = parse(comment).unwrap().unwrap_err();
            assert_eq!((&comment[mistake.at], mistake.message.as_str()), (at, message));
        }
    }
}
