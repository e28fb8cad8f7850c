//! Injected faults: dice decide, time passes (Envoy 1.40 `source/extensions/filters/http/fault/fault_filter.cc`).

use crate::proxy::record::Record;
use crate::proxy::runtime::Runtime;
use crate::trace::{ALL, Abort, Fault};

use super::reply::Reply;
use super::stats::ManagerStats;

/// Delays the request if it is hit; the reply if it is aborted.
pub async fn inject(fault: Fault, runtime: &Runtime, stats: &ManagerStats, record: &mut Record) -> Option<Reply> {
    if let Some((delay, part)) = fault.delay
        && runtime.dice.chance(part, ALL)
    {
        stats.delays.increment();
        record.flags.raise("DI");
        runtime.time.sleep(delay).await;
    }
    let (abort, part) = fault.abort?;
    if !runtime.dice.chance(part, ALL) {
        return None;
    }
    stats.aborts.increment();
    let (status, grpc_status) = match abort {
        Abort::Http(status) => (status, None),
        Abort::Grpc(status) => (200, Some(status)),
    };
    let reply = Reply::new(status, "fault filter abort", "fault_filter_abort").flagged("FI");
    Some(Reply { grpc_status, ..reply })
}
