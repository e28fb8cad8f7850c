//! What is illegal in one resource. The layer `schema` looks for it; here are only the pages.

use super::catalog::rules;

rules! {
    "unknown-field",
    "wrong-type",
    "null-value",
    "missing-field",
    "conflicting-fields",
    "invalid-value",
    "unsupported-field",
    "unknown-kind",
    "duplicate-entry",
    "invalid-duration",
    "invalid-host",
    "invalid-address",
    "invalid-port",
    "invalid-name",
    "invalid-export-to",
    "invalid-label",
    "invalid-header",
    "invalid-regex",
    "invalid-protocol",
    "invalid-retry-condition",
    "invalid-url",
    "invalid-jwks",
    "invalid-identity",
    "invalid-path-template",
    "invalid-condition-key",
    "invalid-locality",
    "invalid-encoding",
}
