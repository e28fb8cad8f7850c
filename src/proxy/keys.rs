//! Keys of issuers that are not in the configuration: read from files, or fetched from servers (Envoy 1.40
//! `source/extensions/filters/http/common/jwks_fetcher.cc`).

use std::fs;
use std::future::Future;
use std::sync::{Arc, Weak};
use std::time::Duration;

use http::header::HOST;
use http::{Request, Uri};
use http_body_util::{BodyExt, Limited};
use tokio::sync::oneshot;

use crate::envoy::jwt::RemoteJwks;
use crate::trace::{AbsentKeys, KeyPlace, Tracer, Version};

use super::snapshot::Snapshot;
use super::time::Time;
use super::upstream::{Clusters, Outcome, Pick, Terms};
use super::{Body, Note};

/// How long keys are used before they are fetched again, and how long it takes until that is tried again if it failed.
const USUAL_LIFE: Duration = Duration::from_secs(600);
const PAUSE: Duration = Duration::from_secs(1);

const TIMEOUT: Duration = Duration::from_secs(5);
const LONGEST: usize = 1 << 20;

/// Reads keys from files, and tells where that does not work. Envoy would not start there.
pub fn read_files(tracer: &Tracer) -> Vec<Note> {
    let problem = |keys: &Arc<AbsentKeys>| {
        let KeyPlace::File(file) = &keys.place else { return None };
        let problem = match fs::read_to_string(file) {
            Ok(text) if keys.bring(&text) => return None,
            Ok(_) => "has no key that can be used".to_owned(),
            Err(error) => format!("cannot be read: {error}"),
        };
        Some(Note::new(format!("key file `{file}`"), problem))
    };
    tracer.absent_keys().filter_map(problem).collect()
}

/// Fetches keys from servers as long as the snapshot is in use. What the one before knows is used until then. What is
/// returned is done when each server was asked once.
pub fn fetch_all(snapshot: &Arc<Snapshot>, before: Option<&Snapshot>, time: Time) -> impl Future<Output = ()> + use<> {
    let mut asked = Vec::new();
    for keys in snapshot.tracer.absent_keys().filter(|keys| matches!(keys.place, KeyPlace::Server(_))) {
        let mut known = before.into_iter().flat_map(|before| before.tracer.absent_keys());
        if let Some(known) = known.find(|known| known.place == keys.place) {
            keys.take_over(known);
        }
        let (tell, first) = oneshot::channel();
        tokio::spawn(keep(Arc::downgrade(snapshot), Arc::downgrade(keys), time, tell));
        asked.push(first);
    }
    async move {
        for first in asked {
            // An error says that nobody needs the keys any more.
            let _ = first.await;
        }
    }
}

async fn keep(snapshot: Weak<Snapshot>, keys: Weak<AbsentKeys>, time: Time, asked: oneshot::Sender<()>) {
    let mut asked = Some(asked);
    while let (Some(snapshot), Some(keys)) = (snapshot.upgrade(), keys.upgrade()) {
        let KeyPlace::Server(remote) = &keys.place else { return };
        let succeeded = refresh(&keys, remote, &snapshot.clusters, time).await;
        let pause = if succeeded { remote.cache_duration.unwrap_or(USUAL_LIFE) } else { PAUSE };
        drop((snapshot, keys));
        if let Some(asked) = asked.take() {
            // Only the start of the proxy waits.
            let _ = asked.send(());
        }
        time.sleep(pause).await;
    }
}

async fn refresh(keys: &AbsentKeys, remote: &RemoteJwks, clusters: &Clusters, time: Time) -> bool {
    let timeout = remote.http_uri.as_ref().and_then(|uri| uri.timeout).unwrap_or(TIMEOUT);
    let fetched = time.timeout(timeout, fetch(remote, clusters)).await;
    fetched.ok().flatten().is_some_and(|text| keys.bring(&text))
}

async fn fetch(remote: &RemoteJwks, clusters: &Clusters) -> Option<String> {
    let target = remote.http_uri.as_ref()?;
    let uri: Uri = target.uri.parse().ok()?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path).header(HOST, uri.authority()?.as_str()).body(Body::Empty).ok()?;
    let cluster = clusters.serving(clusters.get(target.cluster.as_ref()?)?);
    let host = cluster.pick(&Pick::default()).ok()?;
    let response = cluster.send(&host, request, Terms::of(Version::Http1)).await.ok()?;
    cluster.record(&host, Outcome::Response(response.status()));
    if response.status() != 200 {
        return None;
    }
    let body = Limited::new(response.into_body(), LONGEST).collect().await.ok()?;
    String::from_utf8(body.to_bytes().into()).ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::read_files;
    use crate::envoy::Config;
    use crate::trace::Tracer;

    #[test]
    fn keys_that_no_file_has_are_told() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("keys.json");
        let of = |name: &str| format!("type.googleapis.com/envoy.extensions.filters.{name}");
        let provider = json!({"issuer": "a", "localJwks": {"filename": file}});
        let tokens = json!({"@type": of("http.jwt_authn.v3.JwtAuthentication"), "providers": {"a": provider}});
        let manager = json!({
            "@type": of("network.http_connection_manager.v3.HttpConnectionManager"),
            "statPrefix": "a",
            "httpFilters": [{"name": "tokens", "typedConfig": tokens}],
        });
        let chain = json!({"filters": [{"name": "http", "typedConfig": manager}]});
        let config = Config::from_value(&json!({"listeners": [{"name": "l", "filterChains": [chain]}]})).unwrap();
        let notes = || read_files(&Tracer::new(config.clone())).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(notes()[0].contains("cannot be read: "), "{:?}", notes());
        fs::write(&file, r#"{"keys": []}"#).unwrap();
        assert!(notes()[0].ends_with("has no key that can be used"), "{:?}", notes());
        fs::write(&file, r#"{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}"#).unwrap();
        assert_eq!(notes(), [""; 0]);
    }
}
