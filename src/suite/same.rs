//! Messages in JSON, compared by their meaning.

use serde_json::Value;

/// Whether two messages in JSON mean the same: what is absent has its default, and durations have several forms.
pub(super) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            let keys = left.keys().chain(right.keys());
            let value =
                |object: &serde_json::Map<String, Value>, key: &String| object.get(key).cloned().unwrap_or_default();
            keys.into_iter().all(|key| same(&value(left, key), &value(right, key)))
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::String(left), Value::String(right)) => {
            let duration = |text: &str| crate::format::Duration::parse(text).ok();
            left == right || duration(left).is_some_and(|left| duration(right) == Some(left))
        }
        (left, right) => left == right || (is_default(left) && is_default(right)),
    }
}

fn is_default(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_default),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::same;

    #[test]
    fn messages_are_compared_by_their_meaning() {
        let table = [
            (json!({"a": 1}), json!({"a": 1.0, "b": 0}), true),
            (json!({"fixedDelay": "5s"}), json!({"fixedDelay": "5000ms"}), true),
            (json!({"a": [1]}), json!({"a": []}), false),
            (json!({"a": {}}), json!({}), true),
            (json!(null), json!({"a": "x"}), false),
            (json!("/a"), json!("/b"), false),
        ];
        for (left, right, expected) in table {
            assert_eq!(same(&left, &right), expected, "{left} {right}");
        }
    }
}
