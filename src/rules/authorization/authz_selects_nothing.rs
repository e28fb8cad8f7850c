use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::security::{Attached, AuthorizationPolicy};
use crate::rules::Report;

/// A policy whose selector no workload has guards nothing.
pub fn check<'m>(mesh: &Mesh<'m>, policy: &'m Object<'m, AuthorizationPolicy<'m>>, report: &mut Report) {
    if let Some(selector) = policy.spec.selector() {
        report.selects_nothing(mesh, &policy.meta, selector, None);
    }
}
