//! The test proxy: listens, and does with connections and requests what the configuration that `render` prints says, as
//! Envoy 1.40 does it. What it decides, [`trace`](crate::trace) decides; here is what takes time: sockets, TLS, HTTP,
//! load balancing, retries.
