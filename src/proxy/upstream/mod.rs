//! Clusters: which host a request goes to, and how it gets there.

mod breaker;
mod cluster;
mod clusters;
mod connect;
mod failure;
mod form;
mod host;
mod members;
mod pool;
mod settings;
mod stream;

pub use cluster::{Outcome, Pick, RetryPermit, UpstreamCluster};
pub use clusters::Clusters;
pub use failure::Failure;
pub use host::{Address, Host, HostStats};
pub use pool::UpstreamBody;
pub use stream::Stream;
