//! Messages in protobuf's binary form, which is what xDS carries and a `.pb` bootstrap holds.

use prost_reflect::prost::Message as _;
use prost_reflect::{DeserializeOptions, DynamicMessage, MessageDescriptor};
use serde_json::Value;

use super::descriptor;
use super::message::Violation;

/// The binary form of a message of the type with this full name.
pub fn to_binary(message_type: &str, value: &Value) -> Result<Vec<u8>, Violation> {
    let options = DeserializeOptions::new().deny_unknown_fields(true);
    let message = DynamicMessage::deserialize_with_options(descriptor_of(message_type)?, value, &options);
    Ok(message.map_err(|error| Violation::new(error.to_string()))?.encode_to_vec())
}

/// The protobuf JSON of a message in binary form.
pub fn from_binary(message_type: &str, bytes: &[u8]) -> Result<Value, Violation> {
    let message = DynamicMessage::decode(descriptor_of(message_type)?, bytes);
    let message = message.map_err(|error| Violation::new(error.to_string()))?;
    serde_json::to_value(message).map_err(|error| Violation::new(error.to_string()))
}

fn descriptor_of(message_type: &str) -> Result<MessageDescriptor, Violation> {
    descriptor::message_of_all(message_type)
        .ok_or_else(|| Violation::new(format!("Envoy has no type `{message_type}`")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn binary_and_json_are_the_same_message() {
        let filter = json!({
            "name": "envoy.filters.http.lua",
            "typedConfig": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
                "defaultSourceCode": {"inlineString": "function envoy_on_request(h) end"},
            },
        });
        let message_type = "envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter";
        let bytes = to_binary(message_type, &filter).unwrap();
        assert_eq!(bytes[..8], *b"\x0a\x16envoy.");
        assert_eq!(from_binary(message_type, &bytes), Ok(filter));
        assert!(to_binary(message_type, &json!({"nam": "a"})).unwrap_err().to_string().contains("nam"));
        assert!(from_binary(message_type, &[0xff]).is_err());
    }
}
