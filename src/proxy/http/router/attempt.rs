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
    /// So did the stream.
    StreamTooLong,
}

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
                () = self.upload(body) => {}
            }
            if !body.has_ended() {
                return Tried::Idle { request_ended: false };
            }
        }
        let (until, what) = self.limit(Instant::now());
        tokio::select! {
            biased;
            result = sent => Tried::Answered(result),
            () = sleep_until(until) => what,
        }
    }

    /// Until the body has ended, or nothing of it has come for too long.
    async fn upload(&self, body: &Replay) {
        let idle = self.runtime.time.on_wall(self.idle.filter(|idle| !idle.is_zero()).unwrap_or(IDLE));
        let mut received = body.size();
        while tokio::time::timeout(idle, body.ended()).await.is_err() {
            let now = body.size();
            if now == received {
                return;
            }
            received = now;
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
            self.stream.map(|stream| (stream, Tried::StreamTooLong)),
        ];
        limits
            .into_iter()
            .flatten()
            .min_by_key(|(until, _)| *until)
            .unwrap_or((time.after(Duration::MAX), Tried::TimedOut))
    }
}
