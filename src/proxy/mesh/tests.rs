//! Scenes of small meshes, as they would be on this machine.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::plan::{Place, Plan};
use super::ports::Ports;
use super::scene::Scene;
use crate::mesh::testing::with_mesh;
use crate::translate::PushContext;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

const SHOP: &str = r#"
{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {istio-injection: enabled}}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {clusterIP: 10.96.0.1, selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web, version: v1}}, spec: {containers: [{name: app, image: a}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: client, namespace: shop, labels: {app: client}}, spec: {containers: [{name: app, image: a}]}, status: {podIP: 10.0.0.9}}
---
{apiVersion: v1, kind: Pod, metadata: {name: old, namespace: shop, annotations: {sidecar.istio.io/inject: "false"}}, spec: {containers: [{name: app, image: a}]}, status: {podIP: 10.0.0.8}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec: {host: web, subsets: [{name: one, labels: {version: v1}}]}
"#;

fn scene(proxies: &[&str], is_mesh: bool) -> Scene {
    with_mesh(SHOP, |mesh| {
        let push = PushContext::new(mesh);
        let specs: Vec<_> = push.proxies().into_iter().filter(|spec| proxies.contains(&spec.key.as_str())).collect();
        Scene::new(mesh, &push, &specs, is_mesh, &|_| BTreeMap::new()).0
    })
}

fn plan(scene: &Scene) -> Plan {
    Plan::new(scene, &mut Ports::new(HERE, BTreeMap::new()), HERE).unwrap()
}

#[test]
fn one_proxy_leads_to_applications() {
    let scene = scene(&["shop/client"], false);
    let plan = plan(&scene);
    let of_client = &plan.endpoints["shop/client"];
    let web = ["10.244.0.1:8080", "10.244.0.2:8080"];
    for endpoint in web {
        assert_eq!(of_client[endpoint], Place::Application(endpoint.to_owned()));
        let (backend, subsets) = &plan.applications[endpoint];
        assert_eq!((backend.workload.as_str(), backend.version()), ("web", Some("v1")));
        assert_eq!(backend.services.iter().collect::<Vec<_>>(), [&("web.shop.svc.cluster.local".to_owned(), 80)]);
        assert_eq!(backend.account.as_deref(), Some("spiffe://cluster.local/ns/shop/sa/default"));
        assert_eq!(subsets.iter().collect::<Vec<_>>(), ["one"]);
    }
    let applications = web.map(|endpoint| (endpoint.to_owned(), SocketAddr::from((HERE, 7)))).into();
    let loopback = plan.loopback("shop/client", HERE, &applications);
    assert_eq!(loopback.upstreams["10.244.0.1:8080"], SocketAddr::from((HERE, 7)));
    assert!(loopback.ports.contains_key("0.0.0.0_80"), "{:?}", loopback.ports);
}

#[test]
fn in_a_mesh_pods_are_reached_through_their_proxies() {
    let scene = scene(&["shop/client", "shop/web"], true);
    let keys: Vec<_> = scene.members.iter().map(|member| member.key.as_str()).collect();
    assert_eq!(keys, ["shop/client", "shop/web", "shop/web/web-5d4f8c7b9-00001"]);
    let plan = plan(&scene);
    let servers: Vec<_> = ["10.244.0.1:8080", "10.244.0.2:8080"]
        .map(|endpoint| match &plan.endpoints["shop/client"][endpoint] {
            Place::Proxy(address) => *address,
            other => panic!("{other:?}"),
        })
        .into();
    let inbound = |key: &str| {
        let mut own = plan.doors.iter().filter(|door| door.proxy == key && door.entrance.port == Some(8080));
        own.find(|door| door.entrance.inbound).unwrap().address
    };
    assert_eq!(servers, [inbound("shop/web"), inbound("shop/web/web-5d4f8c7b9-00001")]);
    // Behind each is its own application.
    let second = &plan.endpoints["shop/web/web-5d4f8c7b9-00001"]["127.0.0.1:8080"];
    assert_eq!(*second, Place::Application("10.244.0.2:8080".to_owned()));
    assert_eq!(plan.applications["10.244.0.2:8080"].0.pod, "web-5d4f8c7b9-00001");
    // A further pod sends nothing.
    assert!(plan.doors.iter().all(|door| door.proxy != "shop/web/web-5d4f8c7b9-00001" || door.entrance.inbound));
}

#[test]
fn ports_stay_when_files_change() {
    let mut ports = Ports::new(HERE, BTreeMap::new());
    let first = Plan::new(&scene(&["shop/client"], true), &mut ports, HERE).unwrap();
    ports.release();
    let second = Plan::new(&scene(&["shop/client", "shop/web"], true), &mut ports, HERE).unwrap();
    assert!(first.doors.iter().all(|door| second.doors.contains(door)));
}

#[test]
fn workloads_without_a_proxy_are_known() {
    assert_eq!(scene(&["shop/client"], true).bare.iter().collect::<Vec<_>>(), ["shop/old"]);
}
