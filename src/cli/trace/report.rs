//! What happened to a call, as programs read it.

use std::net::SocketAddr;

use serde::Serialize;

/// All that happens to a call.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Report {
    pub(super) call: String,
    pub(super) notes: Vec<String>,
    pub(super) hops: Vec<Hop>,
}

/// What one proxy does.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Hop {
    /// `namespace/name`; empty where there is no proxy.
    pub(super) proxy: String,
    pub(super) role: &'static str,
    /// Where the connection goes to.
    pub(super) address: SocketAddr,
    pub(super) steps: Vec<Line>,
    pub(super) result: Ending,
}

/// One thing that was looked at or done.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Line {
    pub(super) step: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) matched: Option<bool>,
    pub(super) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<String>,
}

/// How it ends at a proxy.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub(super) enum Ending {
    #[serde(rename_all = "camelCase")]
    Closed { reason: String },
    #[serde(rename_all = "camelCase")]
    Answered {
        status: u16,
        reason: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        location: Option<String>,
        #[serde(skip_serializing_if = "String::is_empty")]
        body: String,
    },
    #[serde(rename_all = "camelCase")]
    Forwarded { targets: Vec<Destination> },
    /// There is no proxy: the workload itself answers.
    Delivered,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Destination {
    pub(super) cluster: String,
    pub(super) percent: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resource: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request: Option<Outgoing>,
    /// What is done to the headers of responses from there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) response: Vec<String>,
    pub(super) endpoints: Vec<Endpoint>,
    /// What keeps requests from getting there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<&'static str>,
}

/// The request as the upstream sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outgoing {
    pub(super) method: String,
    pub(super) authority: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Endpoint {
    pub(super) address: String,
    pub(super) priority: u32,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) locality: String,
    pub(super) healthy: bool,
    pub(super) tls: bool,
}

impl Hop {
    pub(super) fn without_proxy(address: SocketAddr) -> Self {
        Self { proxy: String::new(), role: "server", address, steps: Vec::new(), result: Ending::Delivered }
    }
}

impl Line {
    pub(super) fn new(step: &'static str, text: impl Into<String>) -> Self {
        Self { step, text: text.into(), ..Self::default() }
    }
}
