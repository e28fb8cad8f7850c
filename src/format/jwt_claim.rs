use std::fmt;

use super::Reason;

const PREFIX: &str = "@request.auth.claims";

/// A claim of the JWT that a route asks for in place of a header (`ToRoutingClaim` in pkg/jwt/routing.go):
/// `@request.auth.claims.groups`, or `@request.auth.claims[a.b][c]` where a name has dots. The prefix is read in any case.
///
/// Istio lets parts be empty, as in `@request.auth.claims..`; so does this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JwtClaim<'a> {
    text: &'a str,
    path: &'a str,
    separator: &'static str,
}

impl<'a> JwtClaim<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        let prefix = text.get(..PREFIX.len()).filter(|prefix| prefix.eq_ignore_ascii_case(PREFIX));
        let Some(rest) = prefix.map(|prefix| &text[prefix.len()..]) else {
            return Err(Reason::new(format!("`{text}` is not a claim"))
                .help(format!("write `{PREFIX}.` and the name of the claim")));
        };
        let dotted = rest.strip_prefix('.').map(|path| (path, "."));
        let bracketed = || rest.strip_prefix('[')?.strip_suffix(']').map(|path| (path, "]["));
        match dotted.or_else(bracketed) {
            Some((path, separator)) if !path.is_empty() => Ok(Self { text, path, separator }),
            _ => {
                let reason = Reason::new(format!("`{text}` does not name a claim"));
                Err(reason.help(format!("write `{PREFIX}.name`, or `{PREFIX}[outer][inner]`")))
            }
        }
    }

    /// The names from the outermost to the claim itself.
    pub fn path(self) -> impl Iterator<Item = &'a str> {
        self.path.split(self.separator)
    }

    pub fn as_str(self) -> &'a str {
        self.text
    }
}

impl fmt::Display for JwtClaim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::JwtClaim;

    #[test]
    fn claims_of_tokens() {
        let table: [(&str, Option<&[&str]>); 10] = [
            ("@request.auth.claims.sub", Some(&["sub"])),
            ("@request.auth.claims.a.b", Some(&["a", "b"])),
            ("@REQUEST.auth.claims.x", Some(&["x"])),
            ("@request.auth.claims[a.b][c]", Some(&["a.b", "c"])),
            ("@request.auth.claims", None),
            ("@request.auth.claims.", None),
            ("@request.auth.claims[]", None),
            ("@request.auth.claims[a", None),
            ("@request.auth.claimsx", None),
            ("x-user", None),
        ];
        for (text, expected) in table {
            let path: Option<Vec<_>> = JwtClaim::parse(text).ok().map(|claim| claim.path().collect());
            assert_eq!(path.as_deref(), expected, "{text}");
        }
    }
}
