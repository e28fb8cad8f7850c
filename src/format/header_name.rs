use super::text::{only, text_type};
use super::{JwtClaim, Reason};

/// The name of a header (`validHeaderNameRegex` in pkg/config/validation/validation.go): the token characters of RFC 7230,
/// and `,`, because the class in that pattern says `+-.`, which is a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeaderToken<'a>(&'a str);

text_type!(HeaderToken);

impl<'a> HeaderToken<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        not_empty(text)?;
        only(text, NAME, |c| c.is_ascii_alphanumeric() || "!#$%&'*+,-.^_`|~".contains(c))?;
        Ok(Self(text))
    }
}

/// A header that a claim is written to (`ValidateStrictHTTPHeaderName`): letters, digits, `-` and `_`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StrictHeaderName<'a>(&'a str);

text_type!(StrictHeaderName);

impl<'a> StrictHeaderName<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        not_empty(text)?;
        only(text, NAME, |c| c.is_ascii_alphanumeric() || c == '-' || c == '_')?;
        Ok(Self(text))
    }
}

/// A header that a probe sends (`ValidateProbeHeaderName`): letters, digits and `-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProbeHeaderName<'a>(&'a str);

text_type!(ProbeHeaderName);

impl<'a> ProbeHeaderName<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        not_empty(text)?;
        only(text, NAME, |c| c.is_ascii_alphanumeric() || c == '-')?;
        Ok(Self(text))
    }
}

/// What a VirtualService matches under `headers` (`ValidateHTTPHeaderNameOrJwtClaimRoute`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchedHeader<'a> {
    /// A claim of the token, instead of a header.
    Claim(JwtClaim<'a>),
    /// `:method`, `:scheme`, `:authority`, `:path` or `:status`, in lower case.
    Pseudo(&'a str),
    Header(HeaderToken<'a>),
}

const PSEUDO_HEADERS: [&str; 5] = [":method", ":scheme", ":authority", ":path", ":status"];

impl<'a> MatchedHeader<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        if text.starts_with('@') {
            return JwtClaim::parse(text).map(Self::Claim);
        }
        if PSEUDO_HEADERS.contains(&text) {
            return Ok(Self::Pseudo(text));
        }
        if text.starts_with(':') {
            let reason = Reason::new(format!("there is no header `{text}`"));
            return Err(reason.help("use one of `:method`, `:scheme`, `:authority`, `:path`, `:status`"));
        }
        HeaderToken::parse(text).map(Self::Header)
    }
}

/// A header that is added to a request or set there (`ValidateHTTPHeaderWithAuthorityOperationName`): any name that does
/// not start with `:`, and `:authority` in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestHeaderName<'a>(&'a str);

text_type!(RequestHeaderName);

impl<'a> RequestHeaderName<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        not_empty(text)?;
        if text.starts_with(':') && !text.eq_ignore_ascii_case(":authority") {
            return Err(Reason::new(format!("the pseudo header `{text}` cannot be changed")));
        }
        Ok(Self(text))
    }

    /// Whether this changes the authority, which `rewrite` may do too.
    pub fn is_authority(self) -> bool {
        self.0.eq_ignore_ascii_case(":authority") || self.0.eq_ignore_ascii_case("host")
    }
}

/// A header that is removed from a request, or changed in a response (`ValidateHTTPHeaderOperationName`): any name that
/// does not start with `:` and is not `host`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangedHeaderName<'a>(&'a str);

text_type!(ChangedHeaderName);

impl<'a> ChangedHeaderName<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        not_empty(text)?;
        if text.starts_with(':') || text.eq_ignore_ascii_case("host") {
            return Err(Reason::new(format!("the header `{text}` cannot be changed here")));
        }
        Ok(Self(text))
    }
}

const NAME: &str = "the name of a header";

fn not_empty(text: &str) -> Result<(), Reason> {
    if text.is_empty() { Err(Reason::new(format!("{NAME} cannot be empty"))) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::{ChangedHeaderName, HeaderToken, MatchedHeader, ProbeHeaderName, RequestHeaderName, StrictHeaderName};

    #[test]
    fn names_of_headers() {
        // Text: as a token, a strict name, that of a probe, in a match, set in a request, changed elsewhere.
        let table = [
            ("x-user", [true, true, true, true, true, true]),
            ("X_User", [true, true, false, true, true, true]),
            ("a.b", [true, false, false, true, true, true]),
            ("a,b", [true, false, false, true, true, true]),
            ("x y", [false, false, false, false, true, true]),
            ("x:y", [false, false, false, false, true, true]),
            ("naïve", [false, false, false, false, true, true]),
            ("", [false; 6]),
            ("host", [true, true, true, true, true, false]),
            ("Host", [true, true, true, true, true, false]),
            (":authority", [false, false, false, true, true, false]),
            (":AUTHORITY", [false, false, false, false, true, false]),
            (":path", [false, false, false, true, false, false]),
            (":foo", [false; 6]),
            ("@request.auth.claims.sub", [false, false, false, true, true, true]),
            ("@request.auth.claims.", [false, false, false, false, true, true]),
            ("@x", [false, false, false, false, true, true]),
        ];
        for (text, expected) in table {
            let actual = [
                HeaderToken::parse(text).is_ok(),
                StrictHeaderName::parse(text).is_ok(),
                ProbeHeaderName::parse(text).is_ok(),
                MatchedHeader::parse(text).is_ok(),
                RequestHeaderName::parse(text).is_ok(),
                ChangedHeaderName::parse(text).is_ok(),
            ];
            assert_eq!(actual, expected, "{text}");
        }
    }
}
