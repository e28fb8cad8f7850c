use crate::mesh::{Mesh, Workload};
use crate::rules::Report;

use super::webhooks::injectors;

/// `image: auto` is for the injector to replace, which has to be asked for.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    let webhooks: Vec<_> = injectors(mesh).collect();
    for workload in mesh.workloads.iter().filter(|workload| workload.is_template()) {
        let Some(image) = workload.auto_image() else { continue };
        let namespace = mesh.namespace(workload.namespace);
        let of_namespace = |label: &str| namespace.and_then(|meta| meta.labels.text(label));
        let injected = match webhooks.is_empty() {
            true => asks_for_injection(workload, of_namespace),
            false => webhooks.iter().any(|webhook| webhook.selects(of_namespace, |label| workload.labels.text(label))),
        };
        if injected || webhooks.is_empty() && namespace.is_none() {
            continue;
        }
        report
            .at(workload.meta, image.at, format!("nothing injects the pods of `{}`", workload.title()))
            .label("the image `auto` does not exist")
            .help("label the pods with `sidecar.istio.io/inject: \"true\"`, or the namespace with `istio-injection: enabled`");
    }
}

fn asks_for_injection<'m>(workload: &Workload<'m>, namespace: impl Fn(&str) -> Option<&'m str>) -> bool {
    let own = workload.labels.text("sidecar.istio.io/inject").or(workload.annotations.text("sidecar.istio.io/inject"));
    match own {
        Some("true") => true,
        Some("false") => false,
        _ => {
            namespace("istio-injection") == Some("enabled")
                || namespace("istio.io/rev").is_some()
                || workload.labels.get("istio.io/rev").is_some()
        }
    }
}
