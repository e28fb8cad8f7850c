use super::Reason;
use super::text::text_type;

/// A method in a CORS policy: one of Go's methods in upper case, or `*` (`supportedCORSMethods` in
/// pkg/config/validation/validation.go). Other fields take any method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CorsMethod<'a>(&'a str);

text_type!(CorsMethod);

const METHODS: [&str; 10] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*"];

impl<'a> CorsMethod<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        if METHODS.contains(&text) {
            return Ok(Self(text));
        }
        let reason = Reason::new(format!("`{text}` is not a method of HTTP"));
        let upper = text.to_ascii_uppercase();
        Err(match METHODS.contains(&upper.as_str()) {
            true => reason.help(format!("write `{upper}`")),
            false => reason.help(format!("use one of `{}`", METHODS.join("`, `"))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::CorsMethod;

    #[test]
    fn methods_are_upper_case() {
        for (text, legal) in [("GET", true), ("*", true), ("get", false), ("PURGE", false), ("", false)] {
            assert_eq!(CorsMethod::parse(text).is_ok(), legal, "{text}");
        }
        assert_eq!(CorsMethod::parse("get").unwrap_err().instruction(), Some("write `GET`"));
    }
}
