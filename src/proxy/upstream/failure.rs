//! Why a cluster did not answer.

use std::fmt;

use http::StatusCode;

use super::outlier::Outcome;

/// What keeps a request from an upstream, or the response from the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The configuration has no cluster of that name.
    NoCluster,
    /// No host may be chosen.
    NoHealthyHost,
    /// The name that the request has for its server leads nowhere.
    Unresolved,
    /// So many names are known that no other one is looked for.
    TooManyNames,
    /// A circuit breaker is open.
    Overflow,
    /// The connection was refused, or the TLS handshake failed, which is said then.
    Connect(Option<String>),
    ConnectTimeout,
    /// The upstream closed the connection before it answered.
    Terminated,
    /// The upstream reset the stream.
    Reset,
    /// The upstream refused the stream before it did anything, so that it can be sent again.
    Refused,
    /// What the upstream sent is not HTTP.
    Protocol(String),
}

impl Failure {
    /// The response flag of Envoy's access log.
    pub fn flag(&self) -> &'static str {
        match self {
            Failure::NoCluster => "NC",
            Failure::NoHealthyHost => "UH",
            Failure::Unresolved => "DF",
            Failure::Overflow | Failure::TooManyNames => "UO",
            Failure::Connect(_) | Failure::ConnectTimeout => "UF",
            Failure::Terminated => "UC",
            Failure::Reset | Failure::Refused => "UR",
            Failure::Protocol(_) => "UPE",
        }
    }

    pub fn status(&self) -> StatusCode {
        match self {
            Failure::Protocol(_) => StatusCode::BAD_GATEWAY,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Envoy's words for it (`source/common/http/utility.cc`, `resetReasonToString`), if it is a reset.
    pub fn reason(&self) -> Option<&'static str> {
        Some(match self {
            Failure::NoCluster | Failure::NoHealthyHost | Failure::Unresolved | Failure::TooManyNames => return None,
            Failure::Overflow => "overflow",
            Failure::Connect(_) => "remote connection failure",
            Failure::ConnectTimeout => "connection timeout",
            Failure::Terminated => "connection termination",
            Failure::Reset => "remote reset",
            Failure::Refused => "remote refused stream reset",
            Failure::Protocol(_) => "protocol error",
        })
    }

    /// What the client gets to read (`source/common/router/router.cc`, `onUpstreamReset`). `retried`: whether there was an
    /// attempt before. The cause of a failed connection is for the log only.
    pub fn body(&self, retried: bool) -> String {
        let Some(reason) = self.reason() else {
            let body = match self {
                Failure::NoHealthyHost => "no healthy upstream",
                Failure::Unresolved => "DNS resolution failure",
                Failure::TooManyNames => "DNS cache overflow",
                _ => "",
            };
            return body.to_owned();
        };
        let retried = if retried { "retried and the latest " } else { "" };
        format!("upstream connect error or disconnect/reset before headers. {retried}reset reason: {reason}")
    }

    /// What `%UPSTREAM_TRANSPORT_FAILURE_REASON%` is.
    pub fn cause(&self) -> Option<&str> {
        match self {
            Failure::Connect(cause) => cause.as_deref(),
            _ => None,
        }
    }

    /// What outlier detection is told of it; nothing, if no host is to blame.
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            Failure::NoCluster | Failure::NoHealthyHost | Failure::Overflow => None,
            Failure::Unresolved | Failure::TooManyNames => None,
            Failure::Connect(_) | Failure::ConnectTimeout => Some(Outcome::NotConnected),
            Failure::Terminated | Failure::Reset | Failure::Refused | Failure::Protocol(_) => Some(Outcome::Reset),
        }
    }

    /// What `%RESPONSE_CODE_DETAILS%` is.
    pub fn details(&self) -> String {
        match (self, self.reason()) {
            (Failure::NoCluster, _) => "cluster_not_found".to_owned(),
            (Failure::Unresolved, _) => "dns_resolution_failure{cares_norecords:Domain_name_not_found}".to_owned(),
            (Failure::TooManyNames, _) => "dns_cache_overflow".to_owned(),
            (Failure::Connect(Some(cause)), Some(reason)) => {
                format!("upstream_reset_before_response_started{{{reason}|{cause}}}").replace(' ', "_")
            }
            // A connection that is refused has its cause here, but not in what the client reads.
            (Failure::Connect(None), Some(reason)) => {
                format!("upstream_reset_before_response_started{{{reason}|delayed_connect_error:_Connection_refused}}")
                    .replace(' ', "_")
            }
            (_, Some(reason)) => format!("upstream_reset_before_response_started{{{reason}}}").replace(' ', "_"),
            _ => "no_healthy_upstream".to_owned(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.reason()) {
            (Failure::NoCluster, _) => f.write_str("no such cluster"),
            (Failure::Unresolved, _) => f.write_str("no address is known for the name"),
            (Failure::TooManyNames, _) => f.write_str("too many names are known"),
            (Failure::Connect(Some(cause)), _) => f.write_str(cause),
            (_, Some(reason)) => f.write_str(reason),
            _ => f.write_str("no healthy upstream"),
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::Failure;

    /// What Envoy 1.40 answered and logged when it was tried.
    #[test]
    fn failures_are_told_as_envoy_does() {
        let refused = || Failure::Connect(Some("delayed connect error: Connection refused".to_owned()));
        let table = [
            (
                refused(),
                "UF",
                "remote connection failure",
                "remote_connection_failure|delayed_connect_error:_Connection_refused",
            ),
            (Failure::ConnectTimeout, "UF", "connection timeout", "connection_timeout"),
            (Failure::Terminated, "UC", "connection termination", "connection_termination"),
            (Failure::Protocol("frame".to_owned()), "UPE", "protocol error", "protocol_error"),
            (Failure::Overflow, "UO", "overflow", "overflow"),
        ];
        for (failure, flag, reason, details) in table {
            let start = "upstream connect error or disconnect/reset before headers. ";
            assert_eq!(failure.flag(), flag);
            assert_eq!(failure.body(false), format!("{start}reset reason: {reason}"));
            assert_eq!(failure.body(true), format!("{start}retried and the latest reset reason: {reason}"));
            assert_eq!(failure.details(), format!("upstream_reset_before_response_started{{{details}}}"));
        }
        assert_eq!(Failure::NoHealthyHost.body(true), "no healthy upstream");
        assert_eq!(
            (Failure::Unresolved.body(false), Failure::Unresolved.flag()),
            ("DNS resolution failure".to_owned(), "DF")
        );
        assert_eq!(Failure::NoCluster.body(false), "");
        assert_eq!(Failure::Protocol(String::new()).status(), 502);
    }
}
