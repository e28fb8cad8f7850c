//! Whatever is said about all requests of a match comes with one request that shows it. Here the matcher itself judges
//! these requests, for the examples of all pages and for a page of cases that are harder.

use meshlint::mesh::matching::{HttpPredicate, Request};
use meshlint::mesh::{EffectiveRoute, Mesh, Options, Place, Settings, l4_routes, l4_shadows, shadows};
use meshlint::model::Resources;
use meshlint::model::virtual_service::Section;
use meshlint::rules;
use meshlint::source::SourceId;
use meshlint::yaml;

/// Cases beside those of the pages: the hosts that are shared are those of a gateway whose VirtualServices have times.
const HARDER: &str = r"
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: regexes, namespace: shop}
spec:
  hosts: [shop.example.com]
  http:
  - match: [{uri: {regex: '/orders/[0-9]+(/.*)?'}}]
    route: [{destination: {host: orders}}]
  - match: [{uri: {regex: '/(orders|carts)/[0-9]{3}'}, headers: {x-env: {exact: canary}}}]
    route: [{destination: {host: canary}}]
  - match: [{uri: {prefix: /carts}}]
    route: [{destination: {host: carts}}]
  - match: # each by another rule
    - {uri: {regex: '/orders/[1-9][0-9]'}, withoutHeaders: {x-env: {}}}
    - {uri: {regex: '/carts/(a|b)'}, queryParams: {page: {regex: '[0-9]+'}}}
    route: [{destination: {host: old}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: gateways, namespace: shop}
spec:
  hosts: [shop.example.com]
  gateways: [mesh, edge]
  http:
  - match: [{gateways: [mesh], uri: {prefix: /a}}]
    route: [{destination: {host: orders}}]
  - match: [{gateways: [edge], uri: {prefix: /}}]
    route: [{destination: {host: orders}}]
  - match: [{uri: {exact: /a/b}}]
    route: [{destination: {host: old}}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: edge, namespace: shop}
spec:
  selector: {istio: ingress}
  servers:
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: ['*']
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: young, namespace: shop, creationTimestamp: '2026-02-01T00:00:00Z'}
spec:
  hosts: [young.example.com]
  gateways: [edge]
  http:
  - match: [{uri: {prefix: /api/v1}}]
    route: [{destination: {host: young}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: old, namespace: shop, creationTimestamp: '2026-01-01T00:00:00Z'}
spec:
  hosts: [young.example.com]
  gateways: [edge]
  http:
  - match: [{uri: {prefix: /api}}]
    route: [{destination: {host: old}}]
";

#[test]
fn requests_go_where_findings_say() {
    let pages = rules::pages().flat_map(|page| page.body.split("```yaml\n").skip(1));
    let examples = pages.map(|block| block.split("\n```").next().unwrap_or_default());
    let mut count = Count::default();
    for example in examples.chain([HARDER]) {
        with_mesh(example, |mesh| {
            check_routes(mesh, &mut count);
            check_connections(mesh, &mut count);
            check_shared_hosts(mesh, &mut count);
        });
    }
    let Count { http, l4, shared, overlaps } = count;
    assert!(http >= 10 && l4 > 0 && shared > 0 && overlaps > 0, "{http} {l4} {shared} {overlaps}");
}

/// How many witnesses were judged.
#[derive(Default)]
struct Count {
    http: usize,
    l4: usize,
    shared: usize,
    overlaps: usize,
}

fn with_mesh(text: &str, ask: impl FnOnce(&Mesh<'_>)) {
    let (tree, _) = yaml::parse(SourceId::default(), text);
    let mut resources = Resources::default();
    tree.roots().for_each(|root| resources.add(root, "default"));
    resources.drop_replaced();
    let options = Options::default();
    ask(&Mesh::new(&resources, Settings::new(&options, None)));
}

fn check_routes(mesh: &Mesh<'_>, count: &mut Count) {
    for service in &mesh.resources.virtual_services {
        let routes = mesh.http_routes(service);
        let found = shadows(&routes);
        for (own, shadow) in places(&found) {
            let Some((request, by)) = &shadow.witness else { panic!("no witness: {}", title(&routes[own.0])) };
            assert!(predicate(&routes, own).accepts(request).is_yes(), "{request} is not for {own:?}");
            assert_eq!(first(&routes, request), Some(*by), "{request}");
            assert!(*by < own, "{request} is for {by:?} before {own:?}");
            count.http += 1;
        }
    }
}

fn check_connections(mesh: &Mesh<'_>, count: &mut Count) {
    let sections = [Section::Tls, Section::Tcp];
    for (service, section) in
        mesh.resources.virtual_services.iter().flat_map(|own| sections.map(|section| (own, section)))
    {
        let routes = l4_routes(service, section);
        let found = l4_shadows(&routes);
        for (own, shadow) in places(&found) {
            let Some((connection, by)) = &shadow.witness else { panic!("no witness: {own:?}") };
            for (route, number) in [own, *by] {
                assert!(
                    routes[route].matches[number].0.accepts(connection),
                    "{connection} is not for {route}, {number}"
                );
            }
            assert!(*by < own, "{connection}");
            count.l4 += 1;
        }
    }
}

fn check_shared_hosts(mesh: &Mesh<'_>, count: &mut Count) {
    for shared in mesh.shared_hosts() {
        let matches = shared.matches();
        for (at, shadow) in shared.shadows(&matches).iter().enumerate() {
            let Some(shadow) = shadow else { continue };
            let (request, (by, _)) = shadow.witness.as_ref().unwrap();
            let first = matches.iter().position(|own| own.predicate().accepts(request).is_yes());
            assert_eq!(first, Some(*by), "{request}");
            assert!(*by < at && matches[at].predicate().accepts(request).is_yes(), "{request}");
            count.shared += 1;
        }
        for overlap in shared.overlaps() {
            let request = overlap.witness().unwrap();
            for own in [overlap.taker, overlap.taken] {
                assert!(own.predicate().accepts(&request).is_yes(), "{request}");
            }
            count.overlaps += 1;
        }
    }
}

/// Everything that is taken, with its place.
fn places<S>(found: &[Vec<Option<S>>]) -> impl Iterator<Item = (Place, &S)> {
    found.iter().enumerate().flat_map(|(route, shadows)| {
        shadows.iter().enumerate().filter_map(move |(number, shadow)| Some(((route, number), shadow.as_ref()?)))
    })
}

fn predicate<'r, 'm>(routes: &'r [EffectiveRoute<'m>], (route, number): Place) -> &'r HttpPredicate<'m> {
    &routes[route].matches[number].predicate
}

fn first<'m>(routes: &[EffectiveRoute<'m>], request: &Request<'m>) -> Option<Place> {
    let all = routes.iter().enumerate().flat_map(|(at, route)| (0..route.matches.len()).map(move |own| (at, own)));
    all.into_iter().find(|place| predicate(routes, *place).accepts(request).is_yes())
}

fn title(route: &EffectiveRoute<'_>) -> String {
    format!("{} of {}", route.title(), route.owner.meta.full_name())
}
