//! Hash policies: which requests go to the same endpoint (Envoy 1.40 `source/common/http/hash_policy.cc`).

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};
use twox_hash::XxHash64;

use crate::envoy::route::{HashCookie, HashHeader, HashPolicy, HashPolicySpecifier};
use crate::format::{Re2, Substitution};
use crate::proxy::http::stateful::cookie_value;
use crate::proxy::record::Client;
use crate::trace::Request;

/// Envoy hashes everything with the seed 0.
pub fn hash_of(bytes: &[u8]) -> u64 {
    XxHash64::oneshot(0, bytes)
}

/// The hash of a request, and the cookies that the client gets for it.
pub fn hash(policies: &[HashPolicy], request: &Request, remote: &str, client: &Client) -> (Option<u64>, HeaderMap) {
    let mut whole: Option<u64> = None;
    let mut cookies = HeaderMap::new();
    for policy in policies {
        let own = match &policy.policy {
            Some(HashPolicySpecifier::Header(header)) => of_header(header, request),
            Some(HashPolicySpecifier::Cookie(cookie)) => of_cookie(cookie, request, client, &mut cookies),
            Some(HashPolicySpecifier::ConnectionProperties(connection)) => {
                connection.source_ip.then(|| hash_of(remote.as_bytes()))
            }
            Some(HashPolicySpecifier::QueryParameter(parameter)) => {
                let value = request.query().find(|(name, _)| *name == parameter.name);
                value.map(|(_, value)| hash_of(value.as_bytes()))
            }
            None => None,
        };
        if let Some(own) = own {
            // Rotated, so that equal hashes do not cancel each other out.
            whole = Some(whole.map_or(own, |before| before.rotate_left(1) ^ own));
        }
        if policy.terminal && whole.is_some() {
            break;
        }
    }
    (whole, cookies)
}

fn of_header(header: &HashHeader, request: &Request) -> Option<u64> {
    let name = header.header_name.to_ascii_lowercase();
    let mut values: Vec<Vec<u8>> = match name.as_str() {
        ":path" | ":method" | ":authority" | "host" | ":scheme" => vec![request.header(&name)?.as_bytes().to_vec()],
        name => request.headers.all(name).map(|value| value.as_bytes().to_vec()).collect(),
    };
    if values.is_empty() {
        return None;
    }
    if let Some(rewrite) = &header.regex_rewrite
        && let Some(regex) = rewrite.pattern.as_ref().and_then(|pattern| Re2::shared(&pattern.regex))
        && let Ok(substitution) = Substitution::parse(&rewrite.substitution)
    {
        for value in &mut values {
            *value = regex.replace_all(&String::from_utf8_lossy(value), &substitution).into_owned().into_bytes();
        }
    }
    // Several values count in any order.
    values.sort();
    Some(values.iter().fold(0, |seed, value| XxHash64::oneshot(seed, value)))
}

/// A client without the cookie gets one, if it is to: with the hash of its address and port.
fn of_cookie(cookie: &HashCookie, request: &Request, client: &Client, cookies: &mut HeaderMap) -> Option<u64> {
    if let Some(value) = cookie_value(request, &cookie.name).filter(|value| !value.is_empty()) {
        return Some(hash_of(value.as_bytes()));
    }
    let ttl = cookie.ttl?;
    let value = format!("{:016x}", hash_of(format!("{}{}", client.peer, client.local).as_bytes()));
    let mut text = format!("{}=\"{value}\"", cookie.name);
    if ttl.as_secs() > 0 {
        text += &format!("; Max-Age={}", ttl.as_secs());
    }
    if !cookie.path.is_empty() {
        text += &format!("; Path={}", cookie.path);
    }
    for attribute in &cookie.attributes {
        text += &match attribute.value.as_str() {
            "" => format!("; {}", attribute.name),
            value => format!("; {}={value}", attribute.name),
        };
    }
    text += "; HttpOnly";
    if let Ok(text) = HeaderValue::try_from(text) {
        cookies.append(SET_COOKIE, text);
    }
    Some(hash_of(value.as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{hash, hash_of};
    use crate::envoy::Json;
    use crate::envoy::route::HashPolicy;
    use crate::proxy::record::Client;
    use crate::trace::Request;

    fn hashed(policies: &[Value], request: &Request) -> (Option<u64>, Option<String>) {
        let policies: Vec<_> = policies.iter().map(|policy| HashPolicy::read(policy).unwrap()).collect();
        let address = "127.0.0.1:4000".parse().unwrap();
        let client = Client {
            id: 1,
            local: "127.0.0.1:80".parse().unwrap(),
            original: None,
            peer: address,
            direct: address,
            server_name: None,
            listener: "".into(),
            chain: "".into(),
            tls: None,
        };
        let (hash, cookies) = hash(&policies, request, "127.0.0.1", &client);
        (hash, cookies.get("set-cookie").map(|value| value.to_str().unwrap().to_owned()))
    }

    #[test]
    fn each_kind_of_policy_has_its_text() {
        let mut request = Request::get("a", "/?q=x");
        request.headers.add("x-user", "x");
        request.headers.add("cookie", "a=b; session=x");
        let x = hash_of(b"x");
        let header = json!({"header": {"headerName": "X-User"}});
        let none = json!({"header": {"headerName": "x-none"}});
        let table = [
            (vec![header.clone()], Some(x)),
            (vec![json!({"cookie": {"name": "session"}})], Some(x)),
            (vec![json!({"queryParameter": {"name": "q"}})], Some(x)),
            (vec![json!({"connectionProperties": {"sourceIp": true}})], Some(hash_of(b"127.0.0.1"))),
            (vec![none.clone()], None),
            (vec![none, header.clone()], Some(x)),
            (vec![header.clone(), json!({"queryParameter": {"name": "q"}})], Some(x.rotate_left(1) ^ x)),
        ];
        for (policies, expected) in table {
            assert_eq!(hashed(&policies, &request), (expected, None), "{policies:?}");
        }
    }

    #[test]
    fn a_client_without_the_cookie_gets_one() {
        let request = Request::get("a", "/");
        let policy = |ttl: &str| json!({"cookie": {"name": "s", "ttl": ttl, "path": "/p"}});
        let value = format!("{:016x}", hash_of(b"127.0.0.1:4000127.0.0.1:80"));
        let expected = format!("s=\"{value}\"; Max-Age=60; Path=/p; HttpOnly");
        assert_eq!(hashed(&[policy("60s")], &request), (Some(hash_of(value.as_bytes())), Some(expected)));
        assert_eq!(hashed(&[policy("0s")], &request).1, Some(format!("s=\"{value}\"; Path=/p; HttpOnly")));
        assert_eq!(hashed(&[json!({"cookie": {"name": "s"}})], &request), (None, None));
    }

    /// XXH64 of the empty text and of `a`, from its specification.
    #[test]
    fn the_hash_is_xxh64() {
        assert_eq!((hash_of(b""), hash_of(b"a")), (0xef46_db37_51d8_e999, 0xd24e_c4f1_a98c_6e5b));
    }
}
