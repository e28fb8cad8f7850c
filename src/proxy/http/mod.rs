//! HTTP: the connection manager, its filters, the router.

mod answer;
mod arrival;
mod certificate;
mod codec_errors;
mod cors;
mod counted;
mod exchange;
mod external;
mod fault;
mod head;
mod manager;
mod operation;
mod rate_limit;
mod reply;
mod request_id;
mod response;
mod router;
mod session;
mod stateful;
mod stats;

pub use answer::denial;
pub use external::allows_connection;
pub use manager::Manager;
pub use session::{Protocol, Session, serve};
