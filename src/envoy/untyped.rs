//! Fields that this crate has no types for.

use std::collections::BTreeSet;

use super::message::{Message, Untyped};
use super::sink::{Kind, Scalar, Sink};

/// Each field of the message or of one within it that has no type here, by its protobuf name, with the name of the
/// message that it is a field of: `("envoy.config.route.v3.RouteAction", "hedge_policy")`.
pub fn untyped_fields(message: &impl Message) -> BTreeSet<(&'static str, String)> {
    let mut found = Found::default();
    message.emit(&mut found);
    found.0
}

/// Writes nothing, and keeps names.
#[derive(Default)]
struct Found(BTreeSet<(&'static str, String)>);

impl Sink for Found {
    fn scalar(&mut self, _: Scalar<'_>) {}

    fn open(&mut self, _: Kind) {}

    fn key(&mut self, _: &str) {}

    fn close(&mut self) {}

    fn untyped(&mut self, message: &'static str, fields: &Untyped) {
        self.0.extend(fields.names().map(|name| (message, snake(name))));
    }
}

fn snake(name: &str) -> String {
    name.chars().fold(String::new(), |mut text, letter| {
        if letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
        text
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::untyped_fields;
    use crate::envoy::Json;
    use crate::envoy::route::RouteConfiguration;

    #[test]
    fn fields_are_found_wherever_they_are() {
        let routes = [json!({"match": {"prefix": "/"}, "route": {"cluster": "a", "hedgePolicy": {}}})];
        let hosts = [json!({"name": "a", "domains": ["*"], "routes": routes, "include_is_timeout_retry_header": true})];
        let configuration = RouteConfiguration::read(&json!({"name": "r", "virtualHosts": hosts})).unwrap();
        let found: Vec<_> = untyped_fields(&configuration).into_iter().collect();
        let expected = [
            ("envoy.config.route.v3.RouteAction", "hedge_policy".to_owned()),
            ("envoy.config.route.v3.VirtualHost", "include_is_timeout_retry_header".to_owned()),
        ];
        assert_eq!(found, expected);
    }
}
