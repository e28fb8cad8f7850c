use crate::format::{HeaderValue, refused_command};
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::{HeaderOperations, VirtualService};
use crate::rules::Report;

use super::ROUTES_REFUSED;

/// istiod reads the grammar of values such as `%REQ(x-user)%`, Envoy also looks up the command.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for value in service.spec.header_operations().flat_map(added_values) {
        // What istiod refuses is reported elsewhere.
        let Ok(Err(reason)) = HeaderValue::parse(value.value).map(refused_command) else { continue };
        let draft = report.at(&service.meta, value.at, reason.message()).label(ROUTES_REFUSED);
        if let Some(help) = reason.instruction() {
            draft.help(help);
        }
    }
}

fn added_values<'s, 'm>(operations: &'s HeaderOperations<'m>) -> impl Iterator<Item = crate::model::Str<'m>> + 's {
    // Envoy's own headers are changed in other ways: istiod leaves these out.
    let counts = |name: &str| !name.starts_with(':') && !name.eq_ignore_ascii_case("host");
    let all = operations.set.iter().chain(operations.add.iter());
    all.filter(move |(name, _)| counts(name.value)).map(|(_, value)| *value)
}
