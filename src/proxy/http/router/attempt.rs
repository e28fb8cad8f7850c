//! One try, against the clocks that run for it.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::proxy::runtime::Runtime;
use crate::proxy::upstream::{Failure, UpstreamBody};

use super::replay::Replay;

/// How long a try may take.
pub struct Clock<'c> {
    pub runtime: &'c Arc<Runtime>,
    /// When the router got the request.
    pub began: Instant,
    pub whole: Option<Duration>,
    pub per_try: Option<Duration>,
    /// Without anything happening; `None` for the usual time, zero for any.
    pub idle: Option<Duration>,
    /// Until when the client must have sent all of the request.
    pub request: Option<Instant>,
    pub stream: Option<Instant>,
}

/// How a try ended.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
pub enum Tried {
    Answered(Result<http::Response<UpstreamBody>, Failure>),
    TryTimedOut,
    /// The whole request took too long.
    TimedOut,
    Idle {
        request_ended: bool,
    },
    /// The client took too long to send the request.
    RequestTimedOut,
    /// So did the stream.
    StreamTooLong {
        request_ended: bool,
    },
}

/// So often in the time that nothing may come, it is looked whether something came.
const LOOKS: u32 = 20;

const IDLE: Duration = Duration::from_secs(300);

impl Clock<'_> {
    pub async fn run(
        &self,
        sent: impl Future<Output = Result<http::Response<UpstreamBody>, Failure>>,
        body: &Replay,
    ) -> Tried {
        let mut sent = pin!(sent);
        // Limits count from when the client has sent all of its request.
        if !body.has_ended() {
            tokio::select! {
                biased;
                result = &mut sent => return Tried::Answered(result),
                late = self.upload(body) => if let Some(late) = late {
                    return late;
                }
            }
        }
        let (until, what) = self.limit(Instant::now());
        tokio::select! {
            biased;
            result = sent => Tried::Answered(result),
            () = sleep_until(until) => what,
        }
    }

    /// Until the body has ended, or what it is too late for.
    async fn upload(&self, body: &Replay) -> Option<Tried> {
        let limits = [
            self.request.map(|until| (until, Tried::RequestTimedOut)),
            self.stream.map(|until| (until, Tried::StreamTooLong { request_ended: false })),
        ];
        let (until, what) = self.first(limits);
        tokio::select! {
            biased;
            () = body.ended() => None,
            () = self.stall(body) => Some(Tried::Idle { request_ended: false }),
            () = sleep_until(until) => Some(what),
        }
    }

    /// Until nothing of the body has come for too long.
    async fn stall(&self, body: &Replay) {
        let idle = self.runtime.time.on_wall(self.idle.filter(|idle| !idle.is_zero()).unwrap_or(IDLE));
        let (mut received, mut last) = (body.size(), Instant::now());
        while last.elapsed() < idle {
            tokio::time::sleep(idle / LOOKS).await;
            let now = body.size();
            if now != received {
                (received, last) = (now, Instant::now());
            }
        }
    }

    /// The limit that comes first, from now on.
    fn limit(&self, now: Instant) -> (Instant, Tried) {
        let time = self.runtime.time;
        let idle = self.idle.unwrap_or(IDLE);
        let limits = [
            self.whole.map(|whole| (self.began + time.on_wall(whole), Tried::TimedOut)),
            self.per_try.map(|per_try| (now + time.on_wall(per_try), Tried::TryTimedOut)),
            (!idle.is_zero()).then(|| (now + time.on_wall(idle), Tried::Idle { request_ended: true })),
            self.stream.map(|until| (until, Tried::StreamTooLong { request_ended: true })),
        ];
        self.first(limits)
    }

    fn first<const N: usize>(&self, limits: [Option<(Instant, Tried)>; N]) -> (Instant, Tried) {
        let first = limits.into_iter().flatten().min_by_key(|(until, _)| *until);
        first.unwrap_or_else(|| (self.runtime.time.after(Duration::MAX), Tried::TimedOut))
    }
}
