use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::destination_rule::DestinationRule;
use crate::rules::Report;

/// A maximum of 0 is not written to Envoy, whose default holds then.
pub fn check<'m>(_: &Mesh<'m>, rule: &'m Object<'m, DestinationRule<'m>>, report: &mut Report) {
    for (_, policy) in rule.spec.policies() {
        let ports = policy.port_level_settings.iter().filter_map(|port| port.outlier_detection.as_deref());
        for outlier in policy.outlier_detection.as_deref().into_iter().chain(ports) {
            let Some(percent) = outlier.max_ejection_percent.filter(|percent| percent.value == 0) else { continue };
            report
                .at(&rule.meta, percent.at, "`maxEjectionPercent: 0` does not switch ejection off")
                .label("means the default, 10 %")
                .help("remove `outlierDetection` to eject nothing, or write the percentage that is meant");
        }
    }
}
