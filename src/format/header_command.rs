use std::sync::LazyLock;

use regex::Regex;

use crate::finding::nearest;

use super::command::{CommandProblem, commands, problem_of_command};
use super::{HeaderValue, Reason};

/// Fails with the first command of a header's value that Envoy 1.40 does not take: it has none of this name, or not with
/// such arguments.
pub fn refused_command(value: HeaderValue<'_>) -> Result<(), Reason> {
    static COMMAND: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^%([A-Z0-9_]+)(?:\(([^)]*)\))?(:[0-9]+)?%").expect("a regular expression without mistakes")
    });
    let mut rest = value.as_str();
    while let Some(start) = rest.find('%') {
        rest = &rest[start..];
        if let Some(after) = rest.strip_prefix("%%") {
            rest = after;
            continue;
        }
        let Some(command) = COMMAND.captures(rest) else {
            let message = format!("Envoy reads no command in `{rest}`");
            return Err(Reason::new(message).help("write commands as in `%REQ(x-user)%`, and `%%` for a percent sign"));
        };
        let arguments = command.get(2).map(|text| text.as_str()).filter(|text| !text.is_empty());
        check(&command[1], arguments.is_some(), command.get(3).is_some())?;
        rest = &rest[command[0].len()..];
    }
    Ok(())
}

fn check(name: &str, has_arguments: bool, has_length: bool) -> Result<(), Reason> {
    let Some(problem) = problem_of_command(name, has_arguments, has_length) else { return Ok(()) };
    let reason = match problem {
        CommandProblem::TakesNoArguments => Reason::new(format!("Envoy's command `%{name}%` has no arguments")),
        CommandProblem::TakesNoLength => Reason::new(format!("Envoy's command `%{name}%` has no length")),
        CommandProblem::NeedsArguments => Reason::new(format!("Envoy's command `%{name}(…)%` needs arguments")),
        CommandProblem::Unknown => {
            let reason = Reason::new(format!("Envoy has no command `%{name}%`"));
            match nearest(name, commands()) {
                Some(near) => reason.help(format!("did you mean `{near}`?")),
                None => reason.help("write `%%` for a percent sign"),
            }
        }
    };
    Err(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_envoy() {
        for (text, message) in [
            ("plain 50%%", ""),
            ("%PATH:10% %REQ(x-user)% %START_TIME% %START_TIME(%Y)% %PROTOCOL%", ""),
            ("%UPSTREAM_METADATA([\"a\", \"b\"])%", ""),
            ("%FOO%", "Envoy has no command `%FOO%`"),
            ("%REQ%", "Envoy's command `%REQ(…)%` needs arguments"),
            ("%HOSTNAME:3%", "Envoy's command `%HOSTNAME%` has no length"),
            ("%PROTOCOL(x)%", "Envoy's command `%PROTOCOL%` has no arguments"),
            ("%req(x)%", "Envoy reads no command in `%req(x)%`"),
            ("a %b c% d", "Envoy reads no command in `%b c% d`"),
        ] {
            let found = refused_command(HeaderValue::parse(text).unwrap());
            assert_eq!(found.err().map_or(String::new(), |reason| reason.message().to_owned()), message, "{text}");
        }
    }
}
