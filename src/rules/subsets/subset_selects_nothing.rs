use crate::finding::{Severity, nearest};
use crate::mesh::{Mesh, Service};
use crate::model::destination_rule::{DestinationRule, Subset};
use crate::model::{Labels, Object};
use crate::rules::Report;

/// A subset must select some workload of the service.
pub fn check<'m>(mesh: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    let Some(host) = rule.spec.host.filter(|_| !rule.spec.subsets.is_empty()) else { return };
    let full = mesh.full_name(host.value, rule.meta.namespace);
    let Some(service) = mesh.service(&full, rule.meta.namespace).service() else { return };
    let Some(endpoints) = mesh.endpoint_labels(service) else { return };
    for subset in &rule.spec.subsets {
        let Some(name) = subset.name else { continue };
        if endpoints.iter().any(|labels| selects(subset, labels)) {
            continue;
        }
        let draft = report
            .at(&rule.meta, labels_at(subset), format!("subset `{}` of `{}` is empty", name.value, host.value))
            .label("no workload of the service has these labels")
            .related(service.at, format!("the service has {} workloads in the input", endpoints.len()));
        let draft = match near_label(subset, service, mesh) {
            Some(help) => draft.help(help),
            None => draft.help("correct the labels, or label the pods"),
        };
        if !mesh.routed_subsets(&full).is_some_and(|routed| routed.contains(name.value)) {
            draft.severity(Severity::Warning);
        }
    }
}

fn labels_at(subset: &Subset<'_>) -> crate::source::Span {
    subset.node.key_at("labels").unwrap_or(subset.node.head())
}

/// Whether the labels that are known before anything runs are those of the subset.
fn selects(subset: &Subset<'_>, labels: &Labels<'_>) -> bool {
    let mut known =
        subset.labels.iter().filter(|(key, value)| !is_given_at_runtime(key.value) && !value.is_placeholder());
    known.all(|(key, value)| labels.get(key.value).is_some_and(|own| own.value == value.value || own.is_placeholder()))
}

fn is_given_at_runtime(key: &str) -> bool {
    const KEYS: [&str; 8] = [
        "pod-template-hash",
        "rollouts-pod-template-hash",
        "controller-revision-hash",
        "pod-template-generation",
        "kubernetes.io/hostname",
        "statefulset.kubernetes.io/pod-name",
        "apps.kubernetes.io/pod-index",
        "security.istio.io/tlsMode",
    ];
    KEYS.contains(&key) || key.starts_with("topology.kubernetes.io/") || key.starts_with("topology.istio.io/")
}

/// "Did you mean", for the first label that no workload has.
fn near_label(subset: &Subset<'_>, service: &Service<'_>, mesh: &Mesh<'_>) -> Option<String> {
    let workloads = mesh.workloads_of(service);
    subset.labels.iter().find_map(|(key, value)| {
        let values = || workloads.iter().filter_map(|workload| workload.labels.text(key.value));
        if values().any(|own| own == value.value) {
            return None;
        }
        let near = nearest(value.value, values()).map(|near| format!("did you mean `{}: {near}`?", key.value));
        near.or_else(|| {
            let mut all: Vec<_> = values().collect();
            all.sort_unstable();
            all.dedup();
            (!all.is_empty()).then(|| format!("the pods have `{}: {}`", key.value, all.join("`, `")))
        })
    })
}
