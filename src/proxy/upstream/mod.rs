//! Clusters: which host a request goes to, and how it gets there.

mod aggregate;
mod balance;
mod breaker;
mod cluster;
mod clusters;
mod connect;
mod dns;
mod failure;
mod form;
mod health;
mod heard;
mod host;
mod members;
mod named;
mod not_done;
mod original;
mod outlier;
mod pool;
mod proxy_protocol;
mod request;
mod settings;
mod stream;
#[cfg(test)]
mod tests;
mod transport;

pub use breaker::Permit;
pub use cluster::{RetryPermit, UpstreamCluster};
pub use clusters::Clusters;
pub use dns::is_by_dns;
pub use failure::Failure;
pub use host::{Address, Host};
pub use outlier::Outcome;
pub use pool::UpstreamBody;
pub use proxy_protocol::Origin;
pub use request::{Pick, Terms};
pub use stream::Stream;
