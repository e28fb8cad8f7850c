//! Listeners: they accept connections, look at their first bytes, and hand them to their filter chain.

mod accept;
mod client_hello;
mod connection;
mod connection_limit;
mod inspect;
mod proxy_protocol;
mod rewind;
mod server_tls;

pub use accept::{Listening, bind};
pub use connection_limit::ConnectionLimit;
pub use inspect::SocketFilters;
pub use server_tls::ServerTls;
