use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

/// Warm-up needs a load balancer that knows it.
pub fn check<'m>(_: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    for balancer in rule.spec.levels().filter_map(|level| level.load_balancer) {
        let Some(at) = ["warmup", "warmupDurationSecs"].into_iter().find_map(|key| balancer.node.key_at(key)) else {
            continue;
        };
        let (name, place) = match (balancer.simple, balancer.node.key_at("consistentHash")) {
            (_, Some(hash)) => ("consistentHash", hash),
            (Some(simple), None) if ["RANDOM", "PASSTHROUGH"].contains(&simple.value) => (simple.value, simple.at),
            _ => continue,
        };
        report
            .at(&rule.meta, at, format!("`{name}` does not warm up"))
            .label("new endpoints get their full share at once")
            .related(place, "the load balancer")
            .help("use `ROUND_ROBIN` or `LEAST_REQUEST`");
    }
}
