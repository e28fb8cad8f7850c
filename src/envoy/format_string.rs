//! Envoy's format strings: the values of headers that routes add, and the formats of access logs.

use std::sync::LazyLock;

use regex::Regex;

use crate::format::{CommandProblem, problem_of_command};

/// What stands between percent signs; the syntax is that of `SubstitutionFormatParser` in Envoy's
/// `source/common/formatter/substitution_formatter.h`.
static COMMAND: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^%(?:%|([A-Z0-9_]+)(\(.*?\))?(:[0-9]+)?%)").expect("a constant pattern"));

/// What Envoy has against a format string, if anything. What is in brackets is not looked at.
pub(super) fn problem_of_format(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        rest = &rest[at..];
        let Some(command) = COMMAND.captures(rest) else {
            return Some(format!("`{text}` has a `%` that starts no command"));
        };
        if let Some(name) = command.get(1).map(|name| name.as_str()) {
            let problem = problem_of_command(name, command.get(2).is_some(), command.get(3).is_some());
            if let Some(problem) = problem {
                return Some(match problem {
                    CommandProblem::TakesNoArguments => format!("the command `{name}` takes no parameters"),
                    CommandProblem::TakesNoLength => format!("the command `{name}` takes no length"),
                    CommandProblem::NeedsArguments => format!("the command `{name}` needs parameters"),
                    CommandProblem::Unknown => format!("Envoy has no command `{name}`"),
                });
            }
        }
        rest = &rest[command[0].len()..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_known_and_whole() {
        let table = [
            ("", None),
            ("a", None),
            ("50%% of %REQ(x-a?:PATH):3%%%", None),
            ("%START_TIME(%Y-%m-%d)% %PROTOCOL%", None),
            ("%DYNAMIC_METADATA(a:b)%", None),
            ("50%", Some("`50%` has a `%` that starts no command")),
            ("a%2Fb", Some("`a%2Fb` has a `%` that starts no command")),
            ("%REQ(a)x%", Some("`%REQ(a)x%` has a `%` that starts no command")),
            ("%any thing%", Some("`%any thing%` has a `%` that starts no command")),
            ("%REQ%", Some("the command `REQ` needs parameters")),
            ("%PROTOCOL(a)%", Some("the command `PROTOCOL` takes no parameters")),
            ("%REQUEST(a)%", Some("Envoy has no command `REQUEST`")),
        ];
        for (text, problem) in table {
            assert_eq!(problem_of_format(text).as_deref(), problem, "{text}");
        }
    }
}
