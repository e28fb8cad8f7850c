//! The same configuration and the same requests for Envoy, for the proxy and for `trace`: what each makes of them.

pub mod client;
pub mod compare;
pub mod echo;
pub mod probes;
pub mod scenario;
pub mod servers;
