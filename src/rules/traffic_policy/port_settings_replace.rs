use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

/// An entry of `portLevelSettings` stands alone: what it leaves out is not that of the destination.
pub fn check<'m>(_: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    for (_, policy) in rule.spec.policies() {
        for port in &policy.port_level_settings {
            let fields = ["connectionPool", "outlierDetection", "loadBalancer", "tls"];
            let lost: Vec<_> =
                fields.into_iter().filter(|field| policy.node.has(field) && !port.node.has(field)).collect();
            let Some(first) = lost.first().and_then(|field| policy.node.key_at(field)) else { continue };
            report
                .at(&rule.meta, port.node.head(), format!("this port loses {}", crate::rules::words::list(&lost)))
                .label("settings of a port replace those of the destination, they do not add to them")
                .related(first, "does not hold for the port")
                .help("repeat in the port's settings what is to hold there, too");
        }
    }
}
