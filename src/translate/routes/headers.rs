//! What is done to headers on the way (istio 1.31 `pilot/pkg/networking/core/route/route.go`,
//! `TranslateHeadersOperations`).

use crate::envoy::core::{HeaderAppendAction, HeaderValueOption};
use crate::model::Labels;
use crate::model::virtual_service::{HeaderOperations, Headers};

/// In the order in which Envoy applies them: what is set, then what is added.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub request_add: Vec<HeaderValueOption>,
    pub request_remove: Vec<String>,
    pub response_add: Vec<HeaderValueOption>,
    pub response_remove: Vec<String>,
    /// What the host of the request becomes; Envoy has another field for that.
    pub authority: Option<String>,
}

impl Changes {
    pub fn of(headers: Option<&Headers<'_>>) -> Self {
        let Some(headers) = headers else { return Self::default() };
        let (request, response) = (headers.request.as_deref(), headers.response.as_deref());
        Self {
            request_add: request.map(additions).unwrap_or_default(),
            request_remove: request.map(removals).unwrap_or_default(),
            response_add: response.map(additions).unwrap_or_default(),
            response_remove: response.map(removals).unwrap_or_default(),
            authority: request.and_then(|request| authority(&request.set).or_else(|| authority(&request.add))),
        }
    }
}

fn additions(operations: &HeaderOperations<'_>) -> Vec<HeaderValueOption> {
    let set = options(&operations.set, HeaderAppendAction::OverwriteIfExistsOrAdd);
    let add = options(&operations.add, HeaderAppendAction::AppendIfExistsOrAdd);
    set.into_iter().chain(add).collect()
}

fn options(headers: &Labels<'_>, action: HeaderAppendAction) -> Vec<HeaderValueOption> {
    let allowed = headers.iter().filter(|(name, _)| !is_internal(name.value));
    let mut sorted: Vec<_> = allowed.map(|(name, value)| (name.value, value.value)).collect();
    sorted.sort_unstable();
    sorted.into_iter().map(|(name, value)| HeaderValueOption::new(name, value, action)).collect()
}

fn removals(operations: &HeaderOperations<'_>) -> Vec<String> {
    let names = operations.remove.iter().map(|name| name.value);
    names.filter(|name| !is_internal(name)).map(str::to_owned).collect()
}

/// Envoy refuses to change these.
fn is_internal(name: &str) -> bool {
    name.starts_with(':') || name.eq_ignore_ascii_case("host")
}

fn authority(headers: &Labels<'_>) -> Option<String> {
    let names_host = |name: &str| name.eq_ignore_ascii_case(":authority") || name.eq_ignore_ascii_case("host");
    let found = headers.iter().filter(|(name, _)| names_host(name.value)).last();
    found.map(|(_, value)| value.value.to_owned()).filter(|value| !value.is_empty())
}
