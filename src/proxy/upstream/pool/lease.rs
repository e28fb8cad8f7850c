//! A place on a connection, for one request.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use http::{Request, Response, Version};
use hyper::body::{Body as _, Frame, Incoming, SizeHint};

use crate::proxy::stats::Held;
use crate::proxy::upstream::breaker::Permit;
use crate::proxy::upstream::failure::Failure;
use crate::proxy::upstream::host::Host;
use crate::proxy::{Body, BodyError};

use super::client::{Client, Sender};
use super::{Pool, open};

/// Given back when it is dropped: a connection that is in the middle of something is closed then.
#[derive(Debug)]
pub struct Lease {
    client: Option<Client>,
    pool: Arc<Pool>,
    host: Arc<Host>,
    busy: bool,
    permit: Option<Permit>,
    active: Option<Held>,
}

/// A request that was not answered. If not a byte of it was sent, it is here.
pub struct Unsent {
    pub failure: Failure,
    pub request: Option<Request<Body>>,
}

impl Lease {
    pub(super) fn new(client: Client, pool: &Arc<Pool>, host: &Arc<Host>) -> Self {
        let (pool, host) = (Arc::clone(pool), Arc::clone(host));
        Self { client: Some(client), pool, host, busy: false, permit: None, active: None }
    }

    /// The connection of a lease that nobody took.
    pub(super) fn into_client(mut self) -> Option<Client> {
        self.client.take()
    }

    pub fn is_multiplexed(&self) -> bool {
        self.client.as_ref().is_some_and(Client::is_multiplexed)
    }

    /// Whether the connection has had requests before.
    pub fn is_reused(&self) -> bool {
        self.client.as_ref().is_some_and(|client| client.connection.served() > 1)
    }

    /// Counts the request as active from here on. `None` if there are too many.
    pub fn admit(&mut self) -> Option<()> {
        let shared = &self.pool.shared;
        self.permit = Some(self.pool.breakers().requests.acquire()?);
        self.active = Some(shared.stats.upstream_rq_active.hold());
        self.host.stats.rq_active.fetch_add(1, Ordering::Relaxed);
        Some(())
    }

    pub async fn send(&mut self, request: Request<Body>) -> Result<Response<Incoming>, Unsent> {
        let Some(client) = &mut self.client else {
            return Err(Unsent { failure: Failure::Terminated, request: Some(request) });
        };
        let connection = &client.connection;
        let result = match &mut client.sender {
            Sender::Http1(sender) => {
                if !sender.is_ready() && sender.ready().await.is_err() {
                    return Err(Unsent { failure: Failure::Terminated, request: Some(request) });
                }
                self.busy = true;
                connection.heard.store(false, Ordering::Relaxed);
                let response = sender.try_send_request(request).await;
                let most = self.pool.shared.settings.max_response_headers;
                if response.as_ref().is_ok_and(|response| !is_message(response.headers(), most)) {
                    let failure = Failure::Protocol("headers that no response may have".to_owned());
                    return Err(Unsent { failure, request: None });
                }
                // What it is for the client has another version.
                response.map(|mut response| {
                    *response.version_mut() = Version::HTTP_11;
                    response
                })
            }
            Sender::Http2(sender) => {
                self.busy = true;
                sender.try_send_request(request).await
            }
        };
        result.map_err(|mut error| {
            let request = error.take_message();
            let failure = match open::failure(error.error()) {
                // Who leaves in the middle of a head has not sent HTTP either.
                Failure::Terminated
                    if connection.garbled.load(Ordering::Relaxed) || connection.heard.load(Ordering::Relaxed) =>
                {
                    Failure::Protocol(error.error().to_string())
                }
                failure => failure,
            };
            Unsent { failure, request }
        })
    }

    /// Gives the connection back for the next request.
    fn finish(&mut self) {
        self.count_out();
        if let Some(client) = self.client.take() {
            self.give_back(client);
        }
    }

    fn give_back(&self, mut client: Client) {
        if !client.is_multiplexed() {
            client.connection.end();
        }
        match &mut client.sender {
            // The request is still being sent, or the end of the response is still being read.
            Sender::Http1(sender) if !sender.is_ready() => {
                let (pool, host) = (Arc::clone(&self.pool), Arc::clone(&self.host));
                tokio::spawn(async move {
                    if let Sender::Http1(sender) = &mut client.sender
                        && let Ok(Ok(())) = tokio::time::timeout(PATIENCE, sender.ready()).await
                    {
                        pool.release(client, &host);
                    }
                });
            }
            _ => self.pool.release(client, &self.host),
        }
    }

    fn count_out(&mut self) {
        if self.permit.take().is_some() {
            self.active = None;
            self.host.stats.rq_active.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// How long a connection may take to become free after the end of its response.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(200);

/// What Envoy refuses of a response of HTTP/1 and hyper does not (Envoy 1.40 `source/common/http/http1/codec_impl.cc`).
fn is_message(headers: &HeaderMap, most: usize) -> bool {
    headers.len() <= most && !(headers.contains_key(TRANSFER_ENCODING) && headers.contains_key(CONTENT_LENGTH))
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.count_out();
        let Some(client) = self.client.take() else { return };
        if client.is_multiplexed() || !self.busy {
            self.give_back(client);
        }
    }
}

/// The body of a response. The connection is free again when it ends.
#[derive(Debug)]
pub struct UpstreamBody {
    incoming: Incoming,
    lease: Option<Lease>,
}

impl UpstreamBody {
    pub(in super::super) fn new(incoming: Incoming, lease: Lease) -> Self {
        let mut body = Self { incoming, lease: Some(lease) };
        body.free_if_ended();
        body
    }

    fn free_if_ended(&mut self) {
        if self.incoming.is_end_stream() {
            self.free();
        }
    }

    fn free(&mut self) {
        if let Some(mut lease) = self.lease.take() {
            lease.finish();
        }
    }
}

impl hyper::body::Body for UpstreamBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.incoming).poll_frame(context);
        match &polled {
            Poll::Ready(None) => self.free(),
            Poll::Ready(Some(Ok(_))) => self.free_if_ended(),
            Poll::Ready(Some(Err(_))) => self.lease = None,
            Poll::Pending => {}
        }
        polled.map(|frame| frame.map(|result| result.map_err(BodyError::from)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
