use crate::mesh::{Mesh, Workload};
use crate::rules::Report;

const INJECT: &str = "sidecar.istio.io/inject";

/// The label of a pod comes before its annotation of the same name.
pub fn check<'m>(_: &Mesh<'m>, workload: &Workload<'m>, report: &mut Report) {
    let (Some(label), Some(annotation)) = (workload.labels.get(INJECT), workload.annotations.get(INJECT)) else {
        return;
    };
    if label.value == annotation.value {
        return;
    }
    report
        .at(workload.meta, annotation.at, format!("annotation `{INJECT}` says otherwise than the label"))
        .label("ignored")
        .related(label.at, "the label wins")
        .help("remove the annotation");
}
