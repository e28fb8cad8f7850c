use super::Reason;
use super::text::text_type;

/// The name of a cookie. Istio and Envoy only ask for one; [`CookieName::is_token`] is what browsers ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CookieName<'a>(&'a str);

text_type!(CookieName);

impl<'a> CookieName<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        if text.is_empty() { Err(Reason::new("the name of a cookie cannot be empty")) } else { Ok(Self(text)) }
    }

    /// Whether the name is a token after RFC 6265. Of another name, clients send nothing or a part back.
    pub fn is_token(self) -> bool {
        self.0.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
    }
}

#[cfg(test)]
mod tests {
    use super::CookieName;

    #[test]
    fn names_of_cookies() {
        let table = [("session", Some(true)), ("a=b", Some(false)), ("a b", Some(false)), ("", None)];
        for (text, expected) in table {
            assert_eq!(CookieName::parse(text).ok().map(CookieName::is_token), expected, "{text}");
        }
    }
}
