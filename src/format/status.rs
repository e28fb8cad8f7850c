use std::fmt;

use super::Reason;

/// The status of an injected fault or a direct response: 200 to 600, with both ends (`validateHTTPStatus` in
/// pkg/config/validation/validation.go; its message says 599).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpStatus(u16);

impl HttpStatus {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        text.parse::<i64>().map_err(|_| not_a_status(text)).and_then(Self::from_number)
    }

    /// For fields that are numbers in YAML.
    pub fn from_number(number: i64) -> Result<Self, Reason> {
        match u16::try_from(number) {
            Ok(status @ 200..=600) => Ok(Self(status)),
            _ => Err(not_a_status(number)),
        }
    }

    pub fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for HttpStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn not_a_status(value: impl fmt::Display) -> Reason {
    Reason::new(format!("`{value}` is not a status that can be answered")).help("write a number from 200 to 599")
}

/// The name of a gRPC status, in upper case; its number is that of the
/// [gRPC documents](https://grpc.io/docs/guides/status-codes/).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GrpcStatus(u8);

const GRPC_STATUSES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

impl GrpcStatus {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        if let Some(number) = GRPC_STATUSES.iter().position(|&name| name == text) {
            return Ok(Self(number as u8));
        }
        let reason = Reason::new(format!("`{text}` is not a status of gRPC"));
        let spelled = text.to_ascii_uppercase().replace('-', "_");
        let meant = match text.parse::<usize>() {
            Ok(number) => GRPC_STATUSES.get(number).copied(),
            Err(_) => GRPC_STATUSES.into_iter().find(|&name| name == spelled),
        };
        Err(match meant {
            Some(name) => reason.help(format!("write `{name}`")),
            None => reason.help("write a name such as `UNAVAILABLE`"),
        })
    }

    pub fn number(self) -> u8 {
        self.0
    }

    pub fn name(self) -> &'static str {
        GRPC_STATUSES[usize::from(self.0)]
    }
}

impl fmt::Display for GrpcStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::{GrpcStatus, HttpStatus};

    #[test]
    fn statuses_of_http() {
        let table =
            [("200", true), ("600", true), ("199", false), ("601", false), ("0", false), ("OK", false), ("-1", false)];
        for (text, legal) in table {
            assert_eq!(HttpStatus::parse(text).is_ok(), legal, "{text}");
        }
    }

    #[test]
    fn statuses_of_grpc() {
        let table = [
            ("OK", Ok(0)),
            ("UNAVAILABLE", Ok(14)),
            ("UNAUTHENTICATED", Ok(16)),
            ("unavailable", Err("write `UNAVAILABLE`")),
            ("not-found", Err("write `NOT_FOUND`")),
            ("14", Err("write `UNAVAILABLE`")),
            ("17", Err("write a name such as `UNAVAILABLE`")),
            ("", Err("write a name such as `UNAVAILABLE`")),
        ];
        for (text, expected) in table {
            let status = GrpcStatus::parse(text);
            let actual = status.as_ref().map(|status| status.number()).map_err(|reason| reason.instruction().unwrap());
            assert_eq!(actual, expected, "{text}");
        }
    }
}
