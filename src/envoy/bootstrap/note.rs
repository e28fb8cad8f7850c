//! What a bootstrap does not have as the configuration has it.

use std::fmt;

use crate::envoy::refusal::Refusal;

/// Something that a user of the bootstrap should know. What the table in the documentation of this module says of every
/// proxy is not noted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// Envoy refuses the resource and goes on without it, and so does the bootstrap.
    Refused(Refusal),
    /// A certificate of the test authority stands in for this secret.
    StandIn { secret: String },
    /// The extension is not in a plain Envoy, and not one of Istio's own. `place` is a listener or a cluster.
    LeftOut { extension: String, place: String },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Refused(refusal) => refusal.fmt(f),
            Note::StandIn { secret } => write!(f, "the secret `{secret}` is not given, a test certificate stands in"),
            Note::LeftOut { extension, place } => {
                write!(f, "`{extension}` of `{place}` is left out, since a plain Envoy does not have it")
            }
        }
    }
}
