use serde_json::{Map, Value};

use super::Reason;
use super::base64::decode;

/// A set of JSON Web Keys (RFC 7517), as Istio's library reads it: an object with the list `keys`, or a single key.
///
/// Every key has the members that its type needs, in base64. Members that are not known are skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwks {
    keys: Vec<Jwk>,
    is_single: bool,
}

/// One key of a set, without its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    /// `RSA`, `EC`, `OKP` or `oct`.
    pub key_type: String,
    /// `kid`
    pub id: Option<String>,
    /// `alg`
    pub algorithm: Option<String>,
    /// `use`: `sig` or `enc`
    pub usage: Option<String>,
    /// Whether the key can sign: it is a private one, or a symmetric one. Such a key does not belong into a policy.
    pub is_secret: bool,
}

impl Jwks {
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            Reason::new(format!("the key set is not JSON in line {}, column {}", error.line(), error.column()))
        })?;
        let Value::Object(set) = value else {
            return Err(Reason::new("the key set is not an object").help("write `{\"keys\": [ … ]}`"));
        };
        let keys = match set.get("keys") {
            None => vec![
                Jwk::read(&set)
                    .map_err(|problem| Reason::new(format!("the key set has no `keys`, and as a key {problem}")))?,
            ],
            Some(Value::Null) => Vec::new(),
            Some(Value::Array(keys)) => {
                keys.iter().enumerate().map(|(index, key)| Jwk::in_set(index, key)).collect::<Result<_, _>>()?
            }
            Some(_) => return Err(Reason::new("the `keys` of the key set are not a list")),
        };
        Ok(Self { keys, is_single: !set.contains_key("keys") })
    }

    /// Whether the text is a key rather than a set, which Istio takes and Envoy does not.
    pub fn is_single(&self) -> bool {
        self.is_single
    }

    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }
}

impl Jwk {
    fn in_set(index: usize, key: &Value) -> Result<Self, Reason> {
        let problem = match key.as_object().map(Self::read) {
            Some(Ok(key)) => return Ok(key),
            Some(Err(problem)) => problem,
            None => "is not an object".to_owned(),
        };
        Err(Reason::new(format!("the key with the index {index} {problem}")))
    }

    /// Fails with a part of a sentence whose subject is the key.
    fn read(key: &Map<String, Value>) -> Result<Self, String> {
        let text = |name: &str| match key.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(format!("has a `{name}` that is not a text")),
        };
        let key_type = text("kty")?.ok_or("has no `kty`")?;
        let (plain, encoded): (&[&str], &[&str]) = match key_type.as_str() {
            "RSA" => (&[], &["n", "e"]),
            "EC" => (&["crv"], &["x", "y"]),
            "OKP" => (&["crv"], &["x"]),
            "oct" => (&[], &["k"]),
            _ => return Err(format!("has the type `{key_type}`, which is none of `RSA`, `EC`, `OKP` and `oct`")),
        };
        for name in plain {
            text(name)?.ok_or_else(|| format!("has no `{name}`"))?;
        }
        for name in encoded {
            let value = text(name)?.ok_or_else(|| format!("has no `{name}`"))?;
            decode(&value).ok_or_else(|| format!("has a member `{name}` that is not base64"))?;
        }
        let usage = text("use")?;
        if let Some(usage) = usage.as_deref().filter(|usage| !["sig", "enc"].contains(usage)) {
            return Err(format!("has the use `{usage}`, which is neither `sig` nor `enc`"));
        }
        let is_secret = key_type == "oct" || key.contains_key("d");
        Ok(Self { id: text("kid")?, algorithm: text("alg")?, usage, is_secret, key_type })
    }
}

#[cfg(test)]
mod tests {
    use super::Jwks;

    #[test]
    fn keys_of_sets() {
        let set = r#"{"keys": [
            {"kty": "RSA", "n": "0vx7", "e": "AQAB", "kid": "1", "alg": "RS256", "use": "sig", "x5c": []},
            {"kty": "EC", "crv": "P-256", "x": "f83O", "y": "x_FE", "d": "jpsQ"},
            {"kty": "oct", "k": "AyM1"}
        ]}"#;
        let set = Jwks::parse(set).unwrap();
        let keys: Vec<_> =
            set.keys().iter().map(|key| (key.key_type.as_str(), key.id.as_deref(), key.is_secret)).collect();
        assert_eq!(keys, [("RSA", Some("1"), false), ("EC", None, true), ("oct", None, true)]);
        assert_eq!(Jwks::parse(r#"{"keys": []}"#).unwrap().keys(), []);
        let single = Jwks::parse(r#"{"kty": "OKP", "crv": "Ed25519", "x": "11qY"}"#).unwrap();
        assert!(single.is_single() && single.keys().len() == 1);
    }

    #[test]
    fn says_what_is_no_set() {
        let table = [
            ("[]", "the key set is not an object"),
            ("{", "the key set is not JSON in line 1, column 1"),
            ("{}", "the key set has no `keys`, and as a key has no `kty`"),
            (r#"{"keys": {}}"#, "the `keys` of the key set are not a list"),
            (r#"{"keys": [1]}"#, "the key with the index 0 is not an object"),
            (r#"{"keys": [{"kty": "RSA", "n": "0vx7"}]}"#, "the key with the index 0 has no `e`"),
            (r#"{"keys": [{"kty": "oct", "k": "?"}]}"#, "the key with the index 0 has a member `k` that is not base64"),
            (
                r#"{"keys": [{"kty": "DSA"}]}"#,
                "the key with the index 0 has the type `DSA`, which is none of `RSA`, `EC`, `OKP` and `oct`",
            ),
            (
                r#"{"keys": [{"kty": "oct", "k": "", "use": "x"}]}"#,
                "the key with the index 0 has the use `x`, which is neither `sig` nor `enc`",
            ),
        ];
        for (text, message) in table {
            assert_eq!(Jwks::parse(text).unwrap_err().message(), message);
        }
    }
}
