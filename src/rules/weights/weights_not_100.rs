use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::virtual_service::VirtualService;
use crate::rules::Report;

/// Weights are shares of their sum. That is legal, but mostly a slip where the sum is not 100.
pub fn check<'m>(_: &Mesh<'m>, service: &'m Object<'m, VirtualService<'m>>, report: &mut Report) {
    for split in service.spec.splits() {
        let sum = split.total();
        // Zero is refused, and controllers such as Argo Rollouts write 100 and 0.
        if split.shares.len() < 2 || sum == 100 || sum <= 0 {
            continue;
        }
        let Some(last) = split.shares.iter().filter_map(|share| share.weight).next_back() else { continue };
        let share = 100.0 * last.value as f64 / sum as f64;
        report
            .at(&service.meta, last.at, format!("the weights of this route add up to {sum}"))
            .label(format!("{} of {sum} are {share:.1} % of the requests", last.value))
            .help("let the weights add up to 100");
    }
}
