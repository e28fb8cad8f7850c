//! What filters do that a walk does not execute: those that count or wait, and those that change what passes.

use crate::envoy::core::HeaderAppendAction;
use crate::envoy::stateful_session::{StatefulSession, StatefulSessionSetting};
use crate::envoy::{Any, Object};

use super::answer::substitute;
use super::call::Request;
use super::fields::{duration, field, message, number};
use super::mutation::{self, Mutation, Step};

const RATE_LIMIT: &str = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit";
const MUTATION: &str = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation";
const MUTATION_OF_ROUTE: &str = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute";
const PROCESSING: &str = "envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor";

/// What a filter does to requests, in words.
pub fn effects(name: &str, config: Option<&Any>) -> Vec<String> {
    match config {
        Some(Any::StatefulSession(session)) => vec![sessions(session)],
        Some(Any::StatefulSessionPerRoute(own)) => vec![match &own.setting {
            Some(StatefulSessionSetting::StatefulSession(session)) => sessions(session),
            _ => "sessions do not stay on an endpoint here".to_owned(),
        }],
        Some(Any::Other(other)) => match config.map(Any::type_name) {
            Some(RATE_LIMIT) => vec![rate_limit(&other.fields)],
            Some(MUTATION | MUTATION_OF_ROUTE) => mutations(&Mutation::new(&other.fields)),
            Some(PROCESSING) => vec![processing(name, &other.fields)],
            _ => vec![unknown(name)],
        },
        _ => vec![unknown(name)],
    }
}

/// Carries out what is known beforehand.
pub fn apply(config: &Any, request: &mut Request) {
    if let (MUTATION | MUTATION_OF_ROUTE, Any::Other(other)) = (config.type_name(), config) {
        mutation::apply(&Mutation::new(&other.fields).request, request, &mut substitute);
    }
}

fn unknown(name: &str) -> String {
    format!("`{name}` is not executed here: what it does is not known")
}

fn rate_limit(config: &Object) -> String {
    let Some(bucket) = message(config, "token_bucket") else { return "no limit of requests".to_owned() };
    let most = number(bucket, "max_tokens").unwrap_or_default();
    let filled = number(bucket, "tokens_per_fill").unwrap_or(1);
    let interval = duration(bucket, "fill_interval").unwrap_or_default().as_secs_f64();
    let code = message(config, "status").and_then(|status| field(status, "code"));
    let status = code.map_or_else(|| "429".to_owned(), |code| code.as_str().map_or(code.to_string(), str::to_owned));
    format!("{filled} requests pass in {interval}s, at most {most} at once; others get {status}")
}

fn mutations(mutation: &Mutation) -> Vec<String> {
    let words = |steps: &[Step], of: &str| {
        let texts = steps.iter().filter_map(|step| match step {
            Step::Remove(name) => Some(format!("{of}: remove `{name}`")),
            Step::Add(option) => {
                let header = option.header.as_ref()?;
                let how = match option.append_action {
                    HeaderAppendAction::OverwriteIfExistsOrAdd | HeaderAppendAction::OverwriteIfExists => "set",
                    _ => "add",
                };
                Some(format!("{of}: {how} `{}: {}`", header.key, header.value))
            }
        });
        texts.collect::<Vec<_>>()
    };
    [words(&mutation.request, "request"), words(&mutation.response, "response")].concat()
}

fn sessions(session: &StatefulSession) -> String {
    let by = match session.session_state.as_ref().and_then(|state| state.typed_config.as_ref()) {
        Some(Any::CookieSession(own)) => {
            format!("cookie `{}`", own.cookie.as_ref().map_or("", |cookie| cookie.name.as_str()))
        }
        Some(Any::HeaderSession(own)) => format!("header `{}`", own.name),
        _ => "something that is not known here".to_owned(),
    };
    let else_ = if session.strict { ", or get 503" } else { "" };
    format!("sessions stay on their endpoint, which {by} tells{else_}")
}

fn processing(name: &str, config: &Object) -> String {
    let grpc = message(config, "grpc_service").and_then(|service| message(service, "envoy_grpc"));
    let cluster = grpc.and_then(|grpc| field(grpc, "cluster_name")?.as_str());
    format!("`{}` processes the request (`{name}`): what it does is not known", cluster.unwrap_or("a service"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{apply, effects};
    use crate::envoy::{Any, Json};
    use crate::trace::Request;

    fn config(name: &str, fields: Value) -> Any {
        let mut value = fields;
        value["@type"] = format!("type.googleapis.com/envoy.extensions.filters.http.{name}").into();
        Any::read(&value).unwrap()
    }

    #[test]
    fn filters_are_told_in_words() {
        let bucket = json!({"max_tokens": 10, "tokensPerFill": 5, "fill_interval": "60s"});
        let cookie = json!({"@type": "type.googleapis.com/envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState",
            "cookie": {"name": "sid"}});
        let append = json!({"append": {"header": {"key": "x-a", "value": "1"}}});
        let table = [
            (
                config("local_ratelimit.v3.LocalRateLimit", json!({"token_bucket": bucket})),
                "5 requests pass in 60s, at most 10 at once; others get 429",
            ),
            (
                config(
                    "stateful_session.v3.StatefulSession",
                    json!({"sessionState": {"name": "c", "typedConfig": cookie}, "strict": true}),
                ),
                "sessions stay on their endpoint, which cookie `sid` tells, or get 503",
            ),
            (
                config("header_mutation.v3.HeaderMutation", json!({"mutations": {"requestMutations": [append]}})),
                "request: add `x-a: 1`",
            ),
            (
                config("ext_proc.v3.ExternalProcessor", json!({"grpcService": {"envoyGrpc": {"clusterName": "c"}}})),
                "`c` processes the request (`f`): what it does is not known",
            ),
            (config("lua.v3.Lua", json!({})), "`f` is not executed here: what it does is not known"),
        ];
        for (config, expected) in &table {
            assert_eq!(effects("f", Some(config)), [*expected]);
        }
        let mut request = Request::get("a", "/");
        apply(&table[2].0, &mut request);
        assert_eq!(request.headers.iter().collect::<Vec<_>>(), [("x-a", "1")]);
    }
}
