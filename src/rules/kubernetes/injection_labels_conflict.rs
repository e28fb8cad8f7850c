use crate::mesh::Mesh;
use crate::rules::Report;

/// Labels of a namespace that ask for different things.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for namespace in &mesh.resources.namespaces {
        let labels = &namespace.meta.labels;
        let injection = labels.get("istio-injection");
        if injection.is_some_and(|value| value.value != "enabled") {
            continue;
        }
        let revision = labels.get("istio.io/rev");
        let mode = labels.get("istio.io/dataplane-mode").filter(|mode| mode.value != "none");
        let written: Vec<_> = [injection, revision, mode].into_iter().flatten().collect();
        let [first, second, ..] = written[..] else { continue };
        let effect = match (injection, revision, mode) {
            (Some(_), Some(_), _) => "`istio-injection` wins: the revision is ignored",
            _ => "pods get a sidecar and are taken into ambient mode",
        };
        report
            .at(&namespace.meta, second.at, "labels of this namespace ask for different proxies")
            .label(effect)
            .related(first.at, "the other label")
            .help("keep one of the labels");
    }
}
