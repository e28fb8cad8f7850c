use crate::finding::Severity;
use crate::mesh::{Mesh, Workload, WorkloadKind};
use crate::rules::Report;

/// `image: auto` is for the injector to replace. Where a pod still has it, it did not.
pub fn check<'m>(_: &Mesh<'m>, workload: &Workload<'m>, report: &mut Report) {
    let WorkloadKind::Pod(_) = workload.kind else { return };
    let Some(image) = workload.auto_image() else { return };
    let draft = report
        .at(workload.meta, image.at, "the proxy of this pod has the image `auto`")
        .label("the injector is to replace it, but injects no pod that already exists")
        .help("let a Deployment make the pod");
    if !workload.meta.root.has("status") {
        draft.severity(Severity::Warning);
    }
}
