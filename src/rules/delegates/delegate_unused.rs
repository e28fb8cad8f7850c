use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// A VirtualService without hosts has an effect only through another one.
pub fn check<'m>(mesh: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    if !service.spec.is_delegate() {
        return;
    }
    // Where the input has no root at all, the roots are elsewhere.
    let roots = mesh.resources.virtual_services.iter().flat_map(|root| &root.spec.http);
    let some_delegate = mesh.settings.options.assume_complete || roots.into_iter().any(|http| http.delegate.is_some());
    if !some_delegate || service.spec.node.has("hosts") || mesh.roots(service).next().is_some() {
        return;
    }
    report
        .at(&service.meta, service.meta.at(), format!("no VirtualService delegates to `{}`", service.meta.name.value))
        .label("without hosts it has no effect of its own")
        .help("name it as the `delegate` of a route, or give it hosts");
}
