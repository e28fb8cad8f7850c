use std::fmt;

use super::Reason;

/// A port that something can listen on: 1 to 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port(u16);

impl Port {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        text.parse::<i64>().map_err(|_| not_a_port(text)).and_then(Self::from_number)
    }

    /// For fields that are numbers in YAML.
    pub fn from_number(number: i64) -> Result<Self, Reason> {
        match u16::try_from(number) {
            Ok(port @ 1..) => Ok(Self(port)),
            _ => Err(not_a_port(number)),
        }
    }

    pub fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn not_a_port(value: impl fmt::Display) -> Reason {
    Reason::new(format!("`{value}` is not a port")).help("write a number from 1 to 65535")
}

/// A port in an AuthorizationPolicy, which is a text there, and may be 0: digits only, at most 65535.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyPort(u16);

impl PolicyPort {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(port) if digits => Ok(Self(port)),
            _ => Err(not_a_port(text)),
        }
    }

    pub fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for PolicyPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::{PolicyPort, Port};

    #[test]
    fn range_of_ports() {
        // Text, as a port, as a port of a policy.
        let table = [
            ("0", false, true),
            ("1", true, true),
            ("00080", true, true),
            ("65535", true, true),
            ("65536", false, false),
            ("-1", false, false),
            ("+80", true, false),
            ("80 ", false, false),
            ("http", false, false),
            ("", false, false),
        ];
        for (text, port, policy) in table {
            assert_eq!((Port::parse(text).is_ok(), PolicyPort::parse(text).is_ok()), (port, policy), "{text}");
        }
        assert_eq!(Port::parse("0").unwrap_err().to_string(), "`0` is not a port");
    }
}
