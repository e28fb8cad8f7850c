//! Copies of requests that nobody waits for (Envoy 1.40 `source/common/router/shadow_writer_impl.cc`).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Frame;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::envoy::route::RequestMirrorPolicy;
use crate::proxy::http::exchange::Exchange;
use crate::proxy::runtime::Runtime;
use crate::proxy::upstream::{Outcome, Pick, Terms, UpstreamCluster};
use crate::proxy::{Body, BodyError};
use crate::trace::{ALL, Request, parts_of_a_million};

use super::{Route, message};

/// Of a request whose route has no limit.
const LONGEST: Duration = Duration::from_secs(300);

/// Sends copies of the request as the route says.
pub fn send(exchange: &Exchange<'_>, request: &Request, route: &Route<'_>) {
    let runtime = exchange.runtime();
    for policy in &route.taken.action.request_mirror_policies {
        let part = policy
            .runtime_fraction
            .as_ref()
            .map_or(ALL, |fraction| fraction.default_value.as_ref().map_or(0, parts_of_a_million));
        let clusters = &route.place.snapshot.clusters;
        let cluster = clusters.get(&policy.cluster).map(|cluster| clusters.serving(cluster));
        let Some(cluster) = cluster.filter(|_| runtime.dice.chance(part, ALL)) else { continue };
        let body = match route.body.has_ended() {
            true => Body::Empty,
            false => {
                let (sender, receiver) = unbounded_channel();
                route.body.copy_to(sender);
                Body::boxed(Copied(receiver))
            }
        };
        let copy = copied(request, policy);
        let limit = route.timeouts.whole.unwrap_or(LONGEST);
        tokio::spawn(deliver(Arc::clone(cluster), copy, body, limit, Arc::clone(runtime)));
    }
}

fn copied(request: &Request, policy: &RequestMirrorPolicy) -> Request {
    let mut copy = request.clone();
    // The copy comes from the proxy itself.
    copy.headers.set("x-envoy-internal", "true");
    let own = super::super::arrival::own_address().to_string();
    let forwarded = copy.header("x-forwarded-for").map(|before| format!("{before},{own}"));
    copy.headers.set("x-forwarded-for", forwarded.unwrap_or(own));
    if !policy.disable_shadow_host_suffix_append {
        copy.authority = match crate::trace::port_of(&copy.authority) {
            Some(at) => format!("{}-shadow{}", &copy.authority[..at], &copy.authority[at..]),
            None => copy.authority + "-shadow",
        };
    }
    copy
}

async fn deliver(cluster: Arc<UpstreamCluster>, request: Request, body: Body, limit: Duration, runtime: Arc<Runtime>) {
    let sent = async {
        let host = cluster.pick(&Pick::default()).ok()?;
        match cluster.send(&host, message::message(&request, body), Terms::of(request.version)).await {
            Ok(response) => {
                cluster.record(&host, Outcome::Response(response.status()));
                // What it says is not wanted, but the connection is.
                let mut body = response.into_body();
                while let Some(Ok(_)) = body.frame().await {}
            }
            Err(failure) => failure.outcome().into_iter().for_each(|outcome| cluster.record(&host, outcome)),
        }
        Some(())
    };
    // Nobody is told whether it arrived.
    let _ = runtime.time.timeout(limit, sent).await;
}

/// A body that comes as the original's does.
struct Copied(UnboundedReceiver<Frame<Bytes>>);

impl hyper::body::Body for Copied {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.0.poll_recv(context).map(|frame| frame.map(Ok))
    }
}
