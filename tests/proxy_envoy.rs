//! Envoy, the proxy and `trace` make the same of the same requests.
//!
//! The bootstraps are those of the cases in `testdata/proxy/equal` and, where they are, of the scenarios that istiod was
//! asked about. Most requests are made from the routes. `SCENARIO=name` tries only those whose name has that in it.

mod envoy_program;
mod equal;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use meshlint::envoy::Json;
use meshlint::envoy::bootstrap::Bootstrap;
use meshlint::proxy::{Options, Proxy};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use envoy_program::envoy;
use equal::client::{Authority, Probe, Seen};
use equal::compare::{Difference, Made, Prophet, differences, logged};
use equal::echo::Echo;
use equal::probes::probes;
use equal::scenario::{Scenario, endpoints, ports, server_names};
use equal::servers::Envoy;

/// Connections at a time.
const AT_A_TIME: usize = 16;

/// Until logs are written.
const FLUSH: Duration = Duration::from_millis(200);

#[test]
fn all_make_the_same_of_requests() {
    let Some(program) = envoy() else { return };
    let only = std::env::var("SCENARIO").unwrap_or_default();
    let authority = Arc::new(Authority::generate());
    let (mut requests, mut rows) = (0, Vec::new());
    for scenario in Scenario::all().into_iter().filter(|scenario| scenario.name.contains(&only)) {
        // Each scenario's servers end with its runtime.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (count, found) = runtime.block_on(run(&scenario, &program, &authority));
        requests += count;
        rows.extend(found.into_iter().map(|row| format!("{}: {row}", scenario.name)));
        runtime.shutdown_background();
    }
    println!("{requests} requests");
    assert!(rows.is_empty(), "{} differences in {requests} requests\n{}", rows.len(), rows.join("\n"));
}

async fn run(scenario: &Scenario, program: &Path, authority: &Arc<Authority>) -> (usize, Vec<String>) {
    let plain = scenario.plain(&authority.signer);
    let echo = Echo::start(&endpoints(&plain), &authority.signer, &server_names(&plain.write())).await;
    let directory = tempfile::tempdir().unwrap();
    let log = |name: &str| directory.path().join(name);
    let of_envoy = scenario.bootstrap(&authority.signer, &echo.ports, &log("envoy.log"));
    let of_proxy = scenario.bootstrap(&authority.signer, &echo.ports, &log("proxy.log"));
    let Some(first) = ports(&of_envoy).into_values().next() else { return (0, Vec::new()) };
    let own = scenario.probes.iter().map(|probe| probe.clone().with_ports(&echo.ports));
    let probes: Vec<_> = probes(&of_envoy).into_iter().chain(own).collect();

    let envoy = match Envoy::start(program, &of_envoy, directory.path(), first).await {
        Ok(envoy) => envoy,
        Err(reason) => return (0, vec![format!("Envoy does not start: {reason}")]),
    };
    let by_envoy = send(&probes, &of_envoy, authority).await;
    tokio::time::sleep(FLUSH).await;
    drop(envoy);
    let by_envoy = with_logs(by_envoy, &log("envoy.log"));
    echo.forget();

    let prophet = Prophet::new(&of_envoy);
    let foretold =
        probes.iter().zip(&by_envoy).flat_map(|(probe, made)| Some(row(probe, &prophet.difference(probe, made)?)));
    let mut rows: Vec<_> = foretold.collect();
    match Proxy::start(of_proxy.clone(), Options::default()).await {
        Ok(proxy) => {
            proxy.notes().iter().for_each(|note| println!("{}: {note}", scenario.name));
            let by_proxy = send(&probes, &of_proxy, authority).await;
            tokio::time::sleep(FLUSH).await;
            proxy.stop().await;
            let by_proxy = with_logs(by_proxy, &log("proxy.log"));
            for ((probe, envoy), proxy) in probes.iter().zip(&by_envoy).zip(&by_proxy) {
                let found = differences(envoy, proxy, prophet.certainty(probe));
                rows.extend(found.iter().map(|difference| row(probe, difference)));
            }
        }
        Err(error) => rows.push(format!("the proxy does not start: {error:?}")),
    }
    (probes.len(), rows)
}

/// Of listener and client.
type Ports = (u16, u16);

/// What comes back for each probe, and the ports that it was sent over.
async fn send(probes: &[Probe], bootstrap: &Bootstrap, authority: &Arc<Authority>) -> Vec<(Ports, Seen)> {
    let ports = ports(bootstrap);
    let free = Arc::new(Semaphore::new(if is_narrow(bootstrap) { 1 } else { AT_A_TIME }));
    let mut tasks = JoinSet::new();
    for (index, probe) in probes.iter().cloned().enumerate() {
        let (free, authority, port) = (free.clone(), authority.clone(), ports[&probe.to]);
        tasks.spawn(async move {
            let _one = free.acquire_owned().await;
            (index, probe.send(port, &index.to_string(), &authority).await)
        });
    }
    tasks.join_all().await.into_iter().collect::<BTreeMap<_, _>>().into_values().collect()
}

/// Whether a cluster takes only few connections or requests at a time.
fn is_narrow(bootstrap: &Bootstrap) -> bool {
    let clusters = bootstrap.static_resources.iter().flat_map(|resources| &resources.clusters);
    let mut thresholds =
        clusters.filter_map(|cluster| cluster.circuit_breakers.as_ref()).flat_map(|own| &own.thresholds);
    let few = |limit: Option<u32>| limit.is_some_and(|limit| (limit as usize) < 2 * AT_A_TIME);
    thresholds.any(|own| few(own.max_connections) || few(own.max_requests) || few(own.max_pending_requests))
}

fn with_logs(seen: Vec<(Ports, Seen)>, log: &Path) -> Vec<Made> {
    let mut logged = logged(&std::fs::read_to_string(log).unwrap_or_default());
    seen.into_iter().map(|(port, seen)| Made { seen, logged: logged.remove(&port) }).collect()
}

fn row(probe: &Probe, difference: &Difference) -> String {
    let Probe { to, tls, method, path, host, headers, http2, send, .. } = probe;
    let tls = tls.as_ref().map(|tls| format!(" TLS {:?} {:?} {:?}", tls.name, tls.protocols, tls.certificate));
    let version = if *http2 { " HTTP/2" } else { "" };
    let headers: String = headers.iter().map(|(name, value)| format!(" -H '{name}: {value}'")).collect();
    let request = path.as_ref().map_or(format!("{send:?}"), |path| format!("{} {host} {path}{headers}", method.0));
    format!("{to}{}{version} {request}\n    {difference}", tls.unwrap_or_default())
}
