use crate::mesh::Mesh;
use crate::rules::Report;

/// Weights are shares of their sum. That is legal, but mostly a slip where the sum is not 100.
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for service in &mesh.resources.virtual_services {
        for route in service.spec.weighted_routes() {
            let sum: i64 = route.iter().filter_map(|(_, weight)| weight.map(|weight| weight.value)).sum();
            // Zero is refused, and controllers such as Argo Rollouts write 100 and 0.
            let Some((_, Some(last))) = route.last().filter(|_| route.len() > 1 && sum != 100 && sum > 0) else {
                continue;
            };
            let share = 100.0 * last.value as f64 / sum as f64;
            report
                .at(&service.meta, last.at, format!("the weights of this route add up to {sum}"))
                .label(format!("{} of {sum} are {share:.1} % of the requests", last.value))
                .help("let the weights add up to 100");
        }
    }
}
