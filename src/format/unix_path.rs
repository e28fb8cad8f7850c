use super::Reason;
use super::text::text_type;

/// The path of a Unix socket, after `unix://` (`ValidateUnixAddress` in pkg/config/validation/validation.go): absolute and
/// not a folder, or an abstract socket that starts with `@`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixPath<'a>(&'a str);

text_type!(UnixPath);

impl<'a> UnixPath<'a> {
    pub fn parse(text: &'a str) -> Result<Self, Reason> {
        if text.is_empty() {
            return Err(Reason::new("the path of a socket cannot be empty"));
        }
        if !text.starts_with(['@', '/']) {
            let reason = Reason::new(format!("`{text}` is not an absolute path"));
            return Err(reason.help(format!("write `unix:///{text}`")));
        }
        if !text.starts_with('@') && text.ends_with('/') {
            return Err(Reason::new(format!("`{text}` is a folder, not a socket")));
        }
        Ok(Self(text))
    }

    /// The path in an address that starts with `unix://`; nothing for other addresses.
    pub fn in_address(address: &'a str) -> Option<Result<Self, Reason>> {
        address.strip_prefix("unix://").map(Self::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::UnixPath;

    #[test]
    fn paths_of_sockets() {
        let table = [
            ("/run/x.sock", true),
            ("@name", true),
            ("@name/", true),
            ("", false),
            ("x.sock", false),
            ("/run/", false),
            ("/", false),
        ];
        for (text, legal) in table {
            assert_eq!(UnixPath::parse(text).is_ok(), legal, "{text}");
        }
        assert!(UnixPath::in_address("10.0.0.1").is_none());
        assert_eq!(UnixPath::in_address("unix://x").unwrap().unwrap_err().instruction(), Some("write `unix:///x`"));
    }
}
