use super::Reason;
use super::text::text_type;

/// A path of an AuthorizationPolicy: a text with a `*` at one end, or a template in which the segment `{*}` stands for one
/// segment and `{**}`, once and after every `{*}`, for any number of them (`CheckValidPathTemplate` in
/// pkg/config/security/security.go).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathPattern<'a>(&'a str);

text_type!(PathPattern);

impl<'a> PathPattern<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        if text.is_empty() {
            return Err(Reason::new("an empty path matches nothing"));
        }
        let template = Self(text).is_template();
        let mut rest_taken = false;
        for segment in text.trim_matches('/').split('/') {
            match segment {
                "{*}" | "{**}" if rest_taken => {
                    return Err(Reason::new(format!("`{text}` has `{segment}` after `{{**}}`")));
                }
                "{*}" => {}
                "{**}" => rest_taken = true,
                _ => literal(segment, template, text)?,
            }
        }
        Ok(Self(text))
    }

    /// Whether this is a template, in which a `*` on its own is not a wildcard.
    pub fn is_template(self) -> bool {
        self.0.contains("{*}") || self.0.contains("{**}")
    }
}

fn literal(segment: &str, template: bool, text: &str) -> Result<(), Reason> {
    if segment.contains(['{', '}']) {
        let reason = Reason::new(format!("the segment `{segment}` of `{text}` has a brace in it"));
        return Err(reason.help("use `{*}` for a segment, `{**}` for the rest of the path, and no names"));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || "-._~%!$&'()+,;:@=".contains(c);
    match template && (segment.is_empty() || !segment.chars().all(legal)) {
        true if segment.is_empty() => Err(Reason::new(format!("the template `{text}` has an empty segment"))),
        true => Err(Reason::new(format!("the segment `{segment}` cannot be in a template, as in `{text}`"))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::PathPattern;

    #[test]
    fn paths_and_templates() {
        let table = [
            ("/a", true),
            ("/a*", true),
            ("*/a", true),
            ("/a b", true),
            ("/a//b", true),
            ("/a/{*}", true),
            ("/{*}/b/{**}", true),
            ("/{**}/b", true),
            ("{*}", true),
            ("/a/{*}/", true),
            ("/{**}/{*}", false),
            ("/{**}/{**}", false),
            ("/a/{x}", false),
            ("/{*}x", false),
            ("/a/{", false),
            ("/a*/{*}", false),
            ("/{*}/*", false),
            ("/a b/{*}", false),
            ("/a//{*}", false),
            ("", false),
        ];
        for (text, legal) in table {
            assert_eq!(PathPattern::parse(text).is_ok(), legal, "{text}");
        }
    }
}
