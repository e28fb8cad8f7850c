use super::Reason;
use super::text::text_type;

/// The value of a header that a route adds or sets: text with commands of Envoy such as `%REQ(x-user)%`, where `%%` is a
/// percent sign and no control character but the tab is legal.
///
/// The names of commands are not looked at. The grammar is that of Envoy's older parser, which Istio carries in
/// pkg/config/validation/header_value_validator.go: arguments are everything up to the next `)`, or a list of strings in
/// brackets, and a backslash protects the character after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeaderValue<'a>(&'a str);

text_type!(HeaderValue);

impl<'a> HeaderValue<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        if let Some(control) = text.chars().find(|&c| c.is_ascii_control() && c != '\t') {
            let message =
                format!("the control character `{}` cannot be in the value of a header", control.escape_debug());
            return Err(Reason::new(message));
        }
        commands(text)?;
        Ok(Self(text))
    }

    /// Whether Envoy computes the value from the request, or it is the same for all.
    pub fn has_commands(self) -> bool {
        self.0.replace("%%", "").contains('%')
    }
}

/// Where the reader is within a command, from its name to the closing `%`.
enum Within {
    Name,
    /// After `(`, before the argument.
    Arguments,
    /// After `[` or `,`.
    ListItem,
    Text,
    /// After a string of a list, or a `"` in plain text.
    AfterText,
    /// After `]`.
    AfterList,
    /// After `)`.
    End,
}

/// Checks that every command in `text` is complete.
fn commands(text: &str) -> Result<(), Reason> {
    let mut rest = text;
    while let Some(start) = rest.find('%') {
        let after = &rest[start + 1..];
        rest = match after.strip_prefix('%') {
            Some(after) => after,
            None if after.is_empty() => return Err(lone_percent(text)),
            None => command(after, text)?,
        };
    }
    Ok(())
}

/// Reads the command that starts `rest`, and gives what follows its closing `%`.
fn command<'a>(rest: &'a str, text: &str) -> Result<&'a str, Reason> {
    let mut within = Within::Name;
    let mut characters = rest.char_indices();
    while let Some((at, character)) = characters.next() {
        within = match (within, character) {
            (Within::Name | Within::End, '%') => return Ok(&rest[at + 1..]),
            (Within::Name, '(') => Within::Arguments,
            (Within::Name, _) => Within::Name,
            (Within::Arguments, '[') => Within::ListItem,
            (Within::Arguments, ' ') => Within::Arguments,
            (Within::Arguments, _) => Within::Text,
            (Within::ListItem, '"') => Within::Text,
            (Within::Text, '\\') => {
                characters.next();
                Within::Text
            }
            (Within::Text, ')') | (Within::AfterList, ')') => Within::End,
            (Within::Text, '"') => Within::AfterText,
            (Within::Text, _) => Within::Text,
            (Within::AfterText, ',') => Within::ListItem,
            (Within::AfterText, ']') => Within::AfterList,
            (state @ (Within::ListItem | Within::AfterText | Within::AfterList | Within::End), ' ') => state,
            _ => {
                let message = format!("`{character}` is out of place in the command `%{rest}`");
                return Err(Reason::new(message)
                    .help("close commands as in `%REQ(x-user)%`, and write `%%` for a percent sign"));
            }
        };
    }
    Err(if rest.contains(['(', ' ']) { not_closed(rest) } else { lone_percent(text) })
}

fn not_closed(rest: &str) -> Reason {
    Reason::new(format!("the command `%{rest}` is not closed by `%`")).help("close commands as in `%REQ(x-user)%`")
}

fn lone_percent(text: &str) -> Reason {
    Reason::new(format!("`{text}` has a `%` that starts no command")).help("write `%%` for a percent sign")
}

#[cfg(test)]
mod tests {
    use super::HeaderValue;

    #[test]
    fn commands_are_complete() {
        let table = [
            ("", true),
            ("plain", true),
            ("a\tb", true),
            ("50%%", true),
            ("%%%REQ(x)%%%", true),
            ("%HOSTNAME%", true),
            ("prefix %HOSTNAME% suffix", true),
            ("%REQ(x-a)%", true),
            ("%REQ( x-a ) %", true),
            (r#"%UPSTREAM_METADATA(["a", "b"])%"#, true),
            (r#"%X([ "a" , "b" ] ) %"#, true),
            (r"%X(a\)b)%", true),
            ("%any thing%", true),
            // The first character of an argument is taken whatever it is.
            ("%REQ())%", true),
            ("%REQ()%", false),
            (r#"%X("a")%"#, false),
            ("a\nb", false),
            ("\u{7}", false),
            ("\u{7f}", false),
            ("50%", false),
            ("%START_TIME%%", false),
            ("%REQ(a", false),
            ("%REQ(a)", false),
            ("%REQ(a)x%", false),
            ("%X([a])%", false),
            (r"%X(a\", false),
        ];
        for (text, legal) in table {
            assert_eq!(HeaderValue::parse(text).is_ok(), legal, "{text:?}");
        }
    }
}
