use crate::finding::Edit;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

/// `LEAST_CONN` is the old name of `LEAST_REQUEST`.
pub fn check<'m>(_: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    for (_, policy) in rule.spec.policies() {
        let ports = policy.port_level_settings.iter().filter_map(|port| port.load_balancer.as_deref());
        for balancer in policy.load_balancer.as_deref().into_iter().chain(ports) {
            let Some(simple) = balancer.simple.filter(|simple| simple.value == "LEAST_CONN") else { continue };
            let edit = Edit { at: simple.at, text: "LEAST_REQUEST".to_owned() };
            report
                .at(&rule.meta, simple.at, "`LEAST_CONN` is deprecated")
                .label("means `LEAST_REQUEST`")
                .fix("replace `LEAST_CONN` by `LEAST_REQUEST`", vec![edit]);
        }
    }
}
