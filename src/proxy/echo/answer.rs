//! What an echo says: who it is, and what it received.

use std::collections::BTreeMap;
use std::fmt::Write;

use http::request::Parts;
use http::{HeaderMap, Version, header};
use serde::Serialize;

use crate::translate::Backend;

/// Who answers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Identity {
    pub workload: String,
    pub namespace: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The subsets of DestinationRules that it belongs to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subsets: Vec<String>,
    pub labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pod: String,
    /// As clusters have it, not where it listens.
    pub address: String,
}

/// One request, as it arrived.
#[derive(Debug, Serialize)]
pub(super) struct Received {
    method: String,
    path: String,
    authority: String,
    protocol: &'static str,
    headers: BTreeMap<String, OneOrMore>,
    /// The length of the body.
    body: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<PeerTls>,
}

/// What a client showed in TLS.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PeerTls {
    pub server_name: Option<String>,
    pub protocol: Option<String>,
    /// The URI in its certificate.
    pub peer: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    identity: &'a Identity,
    received: &'a Received,
}

impl Identity {
    pub fn new(address: &str, backend: &Backend, subsets: impl IntoIterator<Item = String>) -> Self {
        Self {
            workload: backend.workload.clone(),
            namespace: backend.namespace.clone(),
            version: backend.version().map(str::to_owned),
            subsets: subsets.into_iter().collect(),
            labels: backend.labels.clone(),
            pod: backend.pod.clone(),
            address: address.to_owned(),
        }
    }

    /// `shop/web version=v2`; of something outside of the mesh its address.
    pub fn short(&self) -> String {
        match (&*self.workload, &self.version) {
            ("", _) => self.address.clone(),
            (workload, None) => format!("{}/{workload}", self.namespace),
            (workload, Some(version)) => format!("{}/{workload} version={version}", self.namespace),
        }
    }
}

impl Received {
    pub fn new(request: &Parts, body: u64, tls: Option<&PeerTls>) -> Self {
        let host = request.headers.get(header::HOST).map(text);
        let authority = request.uri.authority().map(|authority| authority.to_string());
        Self {
            method: request.method.to_string(),
            path: request.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
            authority: authority.or(host).unwrap_or_default(),
            protocol: protocol(request.version),
            headers: headers(&request.headers),
            body,
            tls: tls.cloned(),
        }
    }
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        _ => "HTTP/1.1",
    }
}

fn headers(map: &HeaderMap) -> BTreeMap<String, OneOrMore> {
    let values = |name| {
        let mut values: Vec<_> = map.get_all(name).iter().map(text).collect();
        match values.len() {
            1 => OneOrMore::One(values.remove(0)),
            _ => OneOrMore::More(values),
        }
    };
    map.keys().map(|name| (name.to_string(), values(name))).collect()
}

/// Bytes that are no UTF-8 are shown as such.
fn text(value: &http::HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// The body of the answer, and its content type: text for who accepts only that, else JSON.
pub(super) fn render(identity: &Identity, received: &Received, accept: Option<&str>) -> (String, &'static str) {
    let wants_text = accept.is_some_and(|accept| accept.contains("text/plain") && !accept.contains("json"));
    if wants_text {
        return (plain(identity, received), "text/plain; charset=utf-8");
    }
    let answer = serde_json::to_string_pretty(&Answer { identity, received });
    (answer.expect("maps have strings for keys") + "\n", "application/json")
}

fn plain(identity: &Identity, received: &Received) -> String {
    let Received { method, path, protocol, authority, headers, body, tls } = received;
    let mut text = format!("{} at {}", identity.short(), identity.address);
    if !identity.subsets.is_empty() {
        text += &format!(", subset {}", identity.subsets.join(", "));
    }
    // Writing to a string does not fail.
    let _ = write!(text, "\n\n{method} {path} {protocol}\nauthority: {authority}\n");
    for (name, value) in headers.iter().filter(|(name, _)| *name != "host") {
        let values = match value {
            OneOrMore::One(value) => std::slice::from_ref(value),
            OneOrMore::More(values) => values,
        };
        values.iter().for_each(|value| text += &format!("{name}: {value}\n"));
    }
    if *body > 0 {
        text += &format!("\nbody of {body} bytes\n");
    }
    if let Some(tls) = tls {
        let peer = tls.peer.as_deref().unwrap_or("a client without a certificate");
        text += &format!("\nTLS with {peer}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        let labels = [("app", "web"), ("version", "v2")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let backend = Backend {
            workload: "web".to_owned(),
            namespace: "shop".to_owned(),
            labels: labels.into(),
            ..Backend::default()
        };
        Identity::new("10.0.0.7:8080", &backend, ["canary".to_owned()])
    }

    fn received() -> Received {
        let request = http::Request::post("/cart?a=b")
            .header("host", "web:80")
            .header("x-a", "1")
            .header("x-a", "2")
            .body(())
            .unwrap();
        Received::new(&request.into_parts().0, 5, None)
    }

    #[test]
    fn answers_are_json() {
        let (body, kind) = render(&identity(), &received(), Some("*/*"));
        assert_eq!(kind, "application/json");
        let value: serde_json::Value = serde_json::from_str(&body).unwrap();
        let expected = serde_json::json!({
            "workload": "web",
            "namespace": "shop",
            "version": "v2",
            "subsets": ["canary"],
            "labels": {"app": "web", "version": "v2"},
            "address": "10.0.0.7:8080",
            "received": {
                "method": "POST",
                "path": "/cart?a=b",
                "authority": "web:80",
                "protocol": "HTTP/1.1",
                "headers": {"host": "web:80", "x-a": ["1", "2"]},
                "body": 5,
            },
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn answers_are_text_for_who_wants_text() {
        let (body, _) = render(&identity(), &received(), Some("text/plain"));
        let expected = "shop/web version=v2 at 10.0.0.7:8080, subset canary\n\n\
            POST /cart?a=b HTTP/1.1\nauthority: web:80\nx-a: 1\nx-a: 2\n\nbody of 5 bytes\n";
        assert_eq!(body, expected);
    }
}
