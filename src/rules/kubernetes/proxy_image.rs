use serde_json::Value;

use crate::mesh::{Mesh, WorkloadKind};
use crate::rules::Report;

/// Pods whose proxy is not of the image that the injector would give them now.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for namespace in &mesh.resources.namespaces {
        let labels = &namespace.meta.labels;
        let revision = labels.text("istio.io/rev").filter(|revision| !["", "default"].contains(revision));
        if labels.text("istio-injection") != Some("enabled") && labels.get("istio.io/rev").is_none() {
            continue;
        }
        let Some(current) = image(mesh, revision) else { continue };
        let older = mesh.workloads_in(namespace.meta.name.value).find_map(|workload| {
            let WorkloadKind::Pod(_) = workload.kind else { return None };
            let own = workload.proxy()?.image?;
            let chosen = workload.annotations.get("sidecar.istio.io/proxyImage").is_some();
            // A variant, such as `-distroless`, may be chosen in many places.
            let same = own.value == current || own.value.starts_with(&format!("{current}-"));
            (!chosen && !same && own.value != "auto").then_some((workload, own))
        });
        let Some((workload, own)) = older else { continue };
        report
            .at(&namespace.meta, namespace.meta.at(), format!("proxies of this namespace are not `{current}`"))
            .label("the injector would give them that image now")
            .related(own.at, format!("`{}` has another one", workload.title()))
            .help("restart the pods");
    }
}

/// The image of proxies, by the injector's configuration for the revision.
fn image(mesh: &Mesh<'_>, revision: Option<&str>) -> Option<String> {
    let name = match revision {
        Some(revision) => format!("istio-sidecar-injector-{revision}"),
        None => "istio-sidecar-injector".to_owned(),
    };
    let map = mesh.resources.config_maps.iter().find(|map| map.meta.name.value == name)?;
    let values: Value = serde_json::from_str(map.spec.data.text("values")?).ok()?;
    let global = &values["global"];
    let image = global["proxy"]["image"].as_str()?;
    match image.contains('/') {
        true => Some(image.to_owned()),
        false => {
            // A tag is often a number.
            let tag = global["tag"]
                .as_str()
                .map(str::to_owned)
                .or_else(|| global["tag"].as_f64().map(|tag| tag.to_string()))?;
            Some(format!("{}/{image}:{tag}", global["hub"].as_str()?))
        }
    }
}
