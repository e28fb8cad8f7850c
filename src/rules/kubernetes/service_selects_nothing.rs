use crate::finding::nearest;
use crate::mesh::{Mesh, Service};
use crate::rules::Report;

/// A Service without workloads has no endpoints.
pub fn check<'m>(mesh: &Mesh<'m>, service: &Service<'m>, report: &mut Report) {
    let (Some(object), Some(selector)) = (service.kubernetes(), service.selector()) else { return };
    if service.external || !mesh.workloads_of(service).is_empty() {
        return;
    }
    let Some((key, value)) = mesh.selects_nothing(service.namespace, selector) else { return };
    let values = mesh.label_values(service.namespace, key.value);
    let draft = report
        .at(&object.meta, value.at, format!("no workload of namespace `{}` has these labels", service.namespace))
        .label("the service has no endpoints");
    match nearest(value.value, values.iter().map(|value| value.value)) {
        Some(near) => draft.help(format!("did you mean `{near}`?")),
        None => draft.help("select labels of the pods, as their templates have them"),
    };
}
