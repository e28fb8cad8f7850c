//! The texts that Istio and Envoy give a grammar, as types that cannot hold an illegal value.
//!
//! Each type is made by `parse`, which fails with a [`Reason`] for the writer of the text, and reads as the program reads
//! that takes the text: where Istio is laxer or stricter than the standard it follows Istio, and says so. Some texts have
//! limits that only some fields ask for; these are methods that give the value back, as [`Duration::timeout`]. Types of
//! numbers have `from_number` besides, for fields that are numbers in YAML.
//!
//! [`language`] answers questions about all the texts that matchers take at once.
//!
//! Files are those of istio/istio, release 1.31, if no other project is named.
//!
//! | type | grammar | source |
//! | --- | --- | --- |
//! | [`Duration`] | `1h30m`, `1.5s`, `0` | Go, `time.ParseDuration` |
//! | [`Percent`], [`FaultPercentage`] | 0 to 100 | pkg/config/validation/validation.go |
//! | [`Port`], [`PolicyPort`] | 1 (or 0) to 65535 | pkg/config/validation/agent/validation.go, pkg/config/security/security.go |
//! | [`HttpStatus`], [`GrpcStatus`] | 200 to 600; names of gRPC | pkg/config/validation/validation.go |
//! | [`TableSize`] | primes | Envoy, source/common/common/utility.cc |
//! | [`DnsLabel`], [`WildcardLabel`] | letters, digits, `-` | pkg/config/labels/instance.go |
//! | [`KubernetesLabel`], [`KubernetesName`] | the same in lower case | Kubernetes, apimachinery's validation.go |
//! | [`LabelKey`], [`LabelValue`] | `example.com/name`, `v1` | pkg/config/labels/instance.go |
//! | [`Fqdn`], [`WildcardDomain`] | `a.example.com`, `*.example.com` | pkg/config/validation/agent/validation.go |
//! | [`Host`] | any text; comparison | pkg/config/host/name.go, names.go |
//! | [`ServerHost`], [`EgressHost`] | `namespace/host` | pkg/config/validation/agent/validation.go |
//! | [`OutboundSni`] | `outbound_.80_._.host` | pkg/config/validation/agent/validation.go |
//! | [`GatewayName`] | `mesh`, `name`, `namespace/name` | pkg/config/validation/validation.go |
//! | [`Ip`], [`Subnet`] | addresses and CIDR | Go, net/netip |
//! | [`HostPort`], [`Locality`] | `host:80`, `region/zone/*` | pkg/config/validation/agent/validation.go |
//! | [`UnixPath`], [`LocalEndpoint`] | `/run/x.sock`, `127.0.0.1:80` | pkg/config/validation/validation.go |
//! | [`HeaderToken`], [`StrictHeaderName`], [`ProbeHeaderName`], [`MatchedHeader`], [`RequestHeaderName`], [`ChangedHeaderName`] | names of headers, by use | pkg/config/validation/validation.go |
//! | [`HeaderValue`] | text with `%COMMAND(…)%` | pkg/config/validation/header_value_validator.go |
//! | [`refused_command`] | the commands in it | Envoy, source/common/formatter |
//! | [`CelExpression`] | `response.code >= 400` | google/cel-spec, doc/langdef.md |
//! | [`JwtClaim`] | `@request.auth.claims.name` | pkg/jwt/routing.go |
//! | [`Jwks`] | keys of tokens | RFC 7517 |
//! | [`PemBlock`] | certificates and keys | RFC 7468 |
//! | [`JwksUri`], [`WasmUrl`] | URLs | Go, net/url; pkg/config/security/security.go |
//! | [`Protocol`] | names of protocols | pkg/config/protocol/instance.go |
//! | [`RetryOn`] | conditions with commas | pkg/config/validation/virtualservice.go |
//! | [`CorsMethod`], [`CookieName`] | names of HTTP | pkg/config/validation/validation.go |
//! | [`CipherSuite`] | names of OpenSSL | pkg/config/security/security.go |
//! | [`Certificate`], [`PrivateKey`] | PEM | RFC 5280; RFC 5958, 8017, 5915 |
//! | [`Credential`] | `name`, `kubernetes://…`, `configmap://…` | pilot/pkg/model/credentials/resource.go |
//! | [`ServiceAccount`], [`TrustDomain`], [`WildcardText`], [`ConditionKey`], [`PathPattern`] | of AuthorizationPolicies | pkg/config/security/security.go |
//! | [`Re2`], [`Substitution`] | regular expressions | RE2, re2/parse.cc, re2/re2.cc |
//! | [`IstioVersion`] | `1.31`, `1.31.2` | Istio's releases |
//! | [`SpiffeId`] | `spiffe://trust-domain/path` | SPIFFE-ID standard |

mod base64;
mod cel;
mod certificate;
mod cipher_suite;
mod command;
mod condition_key;
mod cookie_name;
mod credential;
mod date;
mod domain;
mod duration;
mod gateway_name;
mod header_command;
mod header_name;
mod header_value;
mod host;
mod host_port;
mod http_method;
mod ip;
mod istio_version;
mod jwks;
mod jwt_claim;
mod label;
mod label_set;
pub mod language;
mod local_endpoint;
mod locality;
mod namespaced_host;
mod path_pattern;
mod pem;
mod percent;
mod placeholder;
mod port;
mod protocol;
mod quote;
mod re2;
mod reason;
mod retry_on;
mod service_account;
mod sni;
mod spiffe;
mod status;
mod table_size;
mod text;
mod trust_domain;
mod unix_path;
mod url;

pub use base64::{decode as decode_base64, encode as encode_base64};
pub use cel::CelExpression;
pub use certificate::{Certificate, PrivateKey};
pub use cipher_suite::{CipherSuite, ECDH_CURVES};
pub use command::{CommandProblem, problem_of_command};
pub use condition_key::{Attribute, ConditionKey};
pub use cookie_name::CookieName;
pub use credential::Credential;
pub use date::civil_date;
pub use domain::{Fqdn, WildcardDomain};
pub use duration::Duration;
pub use gateway_name::GatewayName;
pub use header_command::refused_command;
pub use header_name::{
    ChangedHeaderName, HeaderToken, MatchedHeader, ProbeHeaderName, RequestHeaderName, StrictHeaderName,
};
pub use header_value::HeaderValue;
pub use host::Host;
pub use host_port::HostPort;
pub use http_method::CorsMethod;
pub use ip::{Ip, Subnet};
pub use istio_version::IstioVersion;
pub use jwks::{Jwk, Jwks};
pub use jwt_claim::JwtClaim;
pub use label::{DnsLabel, KubernetesLabel, KubernetesName, WildcardLabel};
pub use label_set::{LabelKey, LabelValue};
pub use local_endpoint::LocalEndpoint;
pub use locality::Locality;
pub use namespaced_host::{EgressHost, Namespaces, ServerHost};
pub use path_pattern::PathPattern;
pub use pem::PemBlock;
pub use percent::{FaultPercentage, Percent};
pub use placeholder::has_placeholder;
pub use port::{PolicyPort, Port};
pub use protocol::Protocol;
pub use quote::quote_regex;
pub use re2::{Re2, Substitution};
pub use reason::Reason;
pub use retry_on::RetryOn;
pub use service_account::ServiceAccount;
pub use sni::OutboundSni;
pub use spiffe::SpiffeId;
pub use status::{GrpcStatus, HttpStatus};
pub use table_size::TableSize;
pub use trust_domain::{TrustDomain, WildcardText};
pub use unix_path::UnixPath;
pub use url::{JwksUri, WasmUrl};
