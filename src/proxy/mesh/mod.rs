//! Proxies of a mesh in one process, with what is behind them: other proxies, echoes, servers of the user.
//!
//! A [`Scene`] is what the files say; a [`Lab`] runs it, and takes another scene in its place without closing what stays.

mod directory;
mod forward;
mod lab;
mod plan;
mod ports;
mod scene;
#[cfg(test)]
mod tests;
mod upstream;

pub use directory::{Directory, Way};
pub use forward::ForwardProxy;
pub use lab::{Lab, Notes, Problem, Served, Settings, SharedDirectory};
pub use plan::Door;
pub use scene::{Locate, Member, Scene, Source};
pub use upstream::{Unknown, Upstream};
