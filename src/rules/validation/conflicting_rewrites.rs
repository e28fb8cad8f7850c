use crate::mesh::Mesh;
use crate::model::virtual_service::{HttpRoute, VirtualService};
use crate::model::{Object, Str};
use crate::rules::Report;

use super::fields::report_pairs;

/// A path, or an authority, can be written anew in one way only.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in &service.spec.http {
        if let Some(rewrite) = &route.rewrite {
            report_pairs(&service.meta, rewrite.node, &[("uri", &["uriRegexRewrite"])], report);
        }
        if let Some(redirect) = &route.redirect {
            report_pairs(&service.meta, redirect.node, &[("uri", &["prefixRewrite"])], report);
        }
        let authorities = authorities(route);
        for again in authorities.iter().skip(1) {
            report
                .at(&service.meta, again.at, "the authority of the request is set a second time")
                .related(authorities[0].at, "first here")
                .help("keep one of them");
        }
    }
}

/// The values that the route gives to the authority, in the order of istiod.
fn authorities<'a>(route: &HttpRoute<'a>) -> Vec<Str<'a>> {
    let rewrite = route.rewrite.as_ref().and_then(|rewrite| rewrite.authority);
    let request = route.headers.as_ref().and_then(|headers| headers.request.as_deref());
    let changed = request.into_iter().flat_map(|request| request.set.iter().chain(request.add.iter()));
    let authority = |name: &str| name.eq_ignore_ascii_case("host") || name.eq_ignore_ascii_case(":authority");
    let headers = changed.filter(|(name, _)| authority(name)).map(|(_, value)| *value);
    rewrite.into_iter().chain(headers).filter(|value| !value.is_empty() && !value.is_placeholder()).collect()
}
