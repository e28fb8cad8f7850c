use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// A match must name a header once.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for request in service.spec.http.iter().flat_map(|http| &http.r#match) {
        for headers in [&request.headers, &request.without_headers] {
            let names: Vec<_> = headers.iter().map(|(name, _)| name).collect();
            for (at, name) in names.iter().enumerate() {
                let same = |first: &&&crate::model::Str<'_>| {
                    first.value != name.value && first.value.eq_ignore_ascii_case(name.value)
                };
                let Some(first) = names[..at].iter().find(same) else { continue };
                report
                    .at(&service.meta, name.at, format!("`{}` is the same header as `{}`", name.value, first.value))
                    .label("names of headers ignore case: both conditions must hold")
                    .related(first.at, "the first one")
                    .help("keep one of them");
            }
        }
    }
}
