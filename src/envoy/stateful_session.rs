//! The HTTP filter that keeps a session on one endpoint.

use std::time::Duration;

use super::core::TypedExtensionConfig;

message! {
    pub struct StatefulSession = "envoy.extensions.filters.http.stateful_session.v3.StatefulSession" {
        session_state: Option<TypedExtensionConfig>,
        strict: bool,
    }
}

message! {
    pub struct StatefulSessionPerRoute = "envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute" {
        setting: Option<StatefulSessionSetting>,
    }
}

oneof! {
    pub enum StatefulSessionSetting {
        Disabled: bool = "disabled",
        StatefulSession: StatefulSession = "stateful_session",
    }
}

message! {
    pub struct CookieBasedSessionState = "envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState" {
        cookie: Option<Cookie>,
    }
}

message! {
    pub struct HeaderBasedSessionState = "envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState" {
        name: String,
    }
}

message! {
    pub struct Cookie = "envoy.type.http.v3.Cookie" {
        name: String,
        ttl: Option<Duration>,
        path: String,
    }
}
