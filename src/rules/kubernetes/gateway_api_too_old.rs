use crate::mesh::Mesh;
use crate::rules::Report;

const VERSION: &str = "gateway.networking.k8s.io/bundle-version";

/// The bundle of Gateway API that Istio 1.31 needs for each kind.
const NEEDED: [(&str, [u64; 3]); 4] = [
    ("grpcroutes.gateway.networking.k8s.io", [1, 1, 0]),
    ("backendtlspolicies.gateway.networking.k8s.io", [1, 4, 0]),
    ("tlsroutes.gateway.networking.k8s.io", [1, 5, 0]),
    ("tcproutes.gateway.networking.k8s.io", [1, 6, 0]),
];

/// Definitions of Gateway API that are too old for Istio.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for definition in &mesh.resources.crds {
        let name = definition.meta.name.value;
        let Some((_, needed)) = NEEDED.iter().find(|(own, _)| *own == name) else { continue };
        let Some(written) = definition.meta.annotations.get(VERSION) else { continue };
        let Some(version) = parse(written.value).filter(|version| version < needed) else { continue };
        let [major, minor, patch] = version;
        let [wanted_major, wanted_minor, wanted_patch] = needed;
        report
            .at(&definition.meta, written.at, format!("Gateway API {major}.{minor}.{patch} is too old for `{name}`"))
            .label("Istio ignores objects of this kind")
            .help(format!("install Gateway API {wanted_major}.{wanted_minor}.{wanted_patch} or newer"));
    }
}

/// `v1.2.3`, whatever follows as in `v1.2.3-rc1`.
fn parse(text: &str) -> Option<[u64; 3]> {
    let release = text.strip_prefix('v').unwrap_or(text).split(['-', '+']).next()?;
    let mut parts = release.split('.').map(|part| part.parse().ok());
    let version = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(version)
}
