use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// A mirror should get something.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for route in &service.spec.http {
        let of_mirror = route.mirror_percentage.as_ref().filter(|_| route.mirror.is_some());
        let of_mirrors = route.mirrors.iter().filter_map(|mirror| mirror.percentage.as_ref());
        for percentage in of_mirror.into_iter().chain(of_mirrors).filter_map(|percentage| percentage.value) {
            if percentage.value == 0.0 {
                report
                    .at(&service.meta, percentage.at, "nothing is mirrored")
                    .help("remove the mirror, or raise the share");
            }
        }
    }
}
