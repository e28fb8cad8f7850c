//! The body of a response on its way to the client, and the end of the exchange with it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body as _, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use crate::proxy::record::Record;
use crate::proxy::stats::Held;
use crate::proxy::{Body, BodyError};

use super::manager::Manager;
use super::session::Session;

/// Ends an exchange, wherever it ends: writes logs, counts.
#[derive(Debug)]
pub struct Ending {
    session: Arc<Session>,
    manager: Arc<Manager>,
    record: Option<Box<Record>>,
    _active: Held,
}

/// A response's body. The exchange ends when it does, or when the client does not want the rest.
pub struct Outgoing {
    body: Body,
    /// `None` if the exchange goes on without the response.
    ending: Option<Ending>,
    /// When all of it must have come.
    deadline: Option<(Late, Pin<Box<Sleep>>)>,
    idle: Option<(Duration, Pin<Box<Sleep>>)>,
}

/// Until when a response must have come, and what it is too late for then.
pub type Deadline = (Late, Instant);

/// Which limit ends a response.
#[derive(Clone, Copy, Debug)]
pub enum Late {
    /// That of the route for requests.
    Response,
    /// That of whole streams.
    Stream,
}

/// What ends a body that takes too long.
#[derive(Debug)]
struct TooLong;

impl Ending {
    pub fn new(session: &Arc<Session>, manager: &Arc<Manager>, record: Box<Record>) -> Self {
        session.begin(manager.most_requests);
        let active = manager.stats.requests.hold();
        Self { session: Arc::clone(session), manager: Arc::clone(manager), record: Some(record), _active: active }
    }

    /// `None` when it has ended.
    pub fn record(&mut self) -> Option<&mut Record> {
        self.record.as_deref_mut()
    }

    /// Ends it because the client is gone.
    pub fn abandon(&mut self) {
        self.give_up("DC", "downstream_remote_disconnect");
    }

    pub fn give_up(&mut self, flag: &'static str, details: &'static str) {
        if let Some(record) = self.record() {
            record.flags.raise(flag);
            record.details = Some(details.into());
        }
        self.end();
    }

    pub fn end(&mut self) {
        let Some(mut record) = self.record.take() else { return };
        let took = self.session.shared.runtime.time.since(record.started);
        record.ended = Some(took);
        self.session.end();
        self.manager.stats.ended(record.status, took);
        if !self.manager.logs.is_empty() {
            self.manager.logs.write(&record);
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.abandon();
    }
}

impl Outgoing {
    pub fn new(body: Body, mut ending: Ending, deadline: Option<Deadline>, idle: Option<Duration>) -> Self {
        if body.is_end_stream() {
            ending.end();
        }
        // What is there already needs no clock.
        let waits = matches!(body, Body::Boxed(_) | Body::Incoming(_)) && !body.is_end_stream();
        let sleep = |until| Box::pin(tokio::time::sleep_until(until));
        let deadline = deadline.filter(|_| waits).map(|(late, until)| (late, sleep(until)));
        let idle = idle.filter(|_| waits).map(|idle| (idle, sleep(Instant::now() + idle)));
        Self { body, ending: Some(ending), deadline, idle }
    }

    /// Of a response after which the connection is no more one of HTTP.
    pub fn nothing() -> Self {
        Self { body: Body::Empty, ending: None, deadline: None, idle: None }
    }

    fn record(&mut self) -> Option<&mut Record> {
        self.ending.as_mut()?.record()
    }

    fn end(&mut self) {
        self.ending.iter_mut().for_each(Ending::end);
    }

    /// Whether a clock has run out.
    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        let mut late = |sleep: &mut Pin<Box<Sleep>>| sleep.as_mut().poll(context).is_ready();
        let is_over = self.deadline.as_mut().is_some_and(|(_, sleep)| late(sleep));
        if let Some(limit) = self.deadline.as_ref().filter(|_| is_over).map(|(limit, _)| *limit) {
            match limit {
                Late::Response => self.fail(Some("UT"), "response_timeout"),
                Late::Stream => self.fail(None, "max_duration_timeout"),
            }
            return true;
        }
        if self.idle.as_mut().is_some_and(|(_, idle)| late(idle)) {
            self.ending.iter().for_each(|own| own.manager.stats.idle_timeouts.increment());
            self.fail(Some("SI"), "stream_idle_timeout");
            return true;
        }
        false
    }

    fn fail(&mut self, flag: Option<&'static str>, details: &'static str) {
        if let Some(record) = self.record() {
            flag.into_iter().for_each(|flag| record.flags.raise(flag));
            record.details = Some(details.into());
        }
        self.end();
        self.body = Body::Empty;
    }
}

impl hyper::body::Body for Outgoing {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if polled.is_pending() && self.is_late(context) {
            return Poll::Ready(Some(Err(Box::new(TooLong))));
        }
        let frame = ready!(polled);
        match &frame {
            Some(Ok(frame)) => {
                if let Some((idle, sleep)) = &mut self.idle {
                    let until = Instant::now() + *idle;
                    sleep.as_mut().reset(until);
                }
                let is_end = self.body.is_end_stream();
                if let Some(record) = self.record() {
                    if let Some(data) = frame.data_ref() {
                        record.sent.fetch_add(data.len() as u64, Ordering::Relaxed);
                    }
                    if let Some(trailers) = frame.trailers_ref() {
                        record.trailers.clone_from(trailers);
                    }
                }
                if is_end {
                    self.end();
                }
            }
            Some(Err(_)) => self.fail(Some("UPE"), "upstream_reset_after_response_started{protocol_error}"),
            None => self.end(),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the response takes too long")
    }
}

impl std::error::Error for TooLong {}
