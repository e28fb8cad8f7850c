use crate::finding::nearest;
use crate::format::CelExpression;
use crate::mesh::Mesh;
use crate::model::Object;
use crate::model::security::Telemetry;
use crate::rules::Report;

/// istiod reads the grammar of an expression, Envoy also looks up what it calls.
pub fn check<'m>(_: &Mesh<'m>, telemetry: &'m Object<'m, Telemetry<'m>>, report: &mut Report) {
    let filters = telemetry.spec.access_logging.iter().filter_map(|logging| logging.filter.as_ref());
    for text in filters.filter_map(|filter| filter.expression) {
        let Ok(expression) = CelExpression::parse(text.value) else { continue };
        let Some(name) = expression.unknown_functions().next() else { continue };
        let draft = report
            .at(&telemetry.meta, text.at, format!("Envoy has no function `{name}`"))
            .label("Envoy refuses the listeners with this access log");
        match nearest(name, CelExpression::known_functions()) {
            Some(near) => draft.help(format!("did you mean `{near}`?")),
            None => draft.help("use `size`, `contains`, `startsWith`, `endsWith`, `matches`, `has` or `in`"),
        };
    }
}
