use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::{Section, VirtualService};
use crate::rules::Report;

use super::ROUTES_REFUSED;

/// Envoy adds the weights of an HTTP route up in 32 bits.
const LARGEST_SUM: i64 = u32::MAX as i64;

/// The sum of weights must fit.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for split in service.spec.splits().filter(|split| split.section == Section::Http) {
        if split.total() <= LARGEST_SUM {
            continue;
        }
        let largest = split.shares.iter().filter_map(|share| share.weight).max_by_key(|weight| weight.value);
        let Some(largest) = largest else { continue };
        report
            .at(&service.meta, largest.at, format!("the weights add up to {}, more than {LARGEST_SUM}", split.total()))
            .label(ROUTES_REFUSED)
            .help("write smaller weights, such as percentages");
    }
}
