use crate::mesh::Mesh;
use crate::rules::Report;

const INJECT: &str = "sidecar.istio.io/inject";

/// The label of a pod comes before its annotation of the same name.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for workload in &mesh.workloads {
        let (Some(label), Some(annotation)) = (workload.labels.get(INJECT), workload.annotations.get(INJECT)) else {
            continue;
        };
        if label.value == annotation.value {
            continue;
        }
        report
            .at(workload.meta, annotation.at, format!("annotation `{INJECT}` says otherwise than the label"))
            .label("ignored")
            .related(label.at, "the label wins")
            .help("remove the annotation");
    }
}
