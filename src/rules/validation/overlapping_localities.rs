use crate::format::Locality;
use crate::mesh::Mesh;
use crate::model::destination_rule::LocalityLbSetting;
use crate::model::{Meta, Str};
use crate::rules::Report;

/// Places of a distribution must be apart (`validateLocalities` in pkg/config/validation/agent/validation.go, which looks
/// at each place and those before it).
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for rule in &mesh.resources.destination_rules {
        let settings = rule.spec.levels().filter_map(|block| block.load_balancer?.locality_lb_setting.as_deref());
        settings.for_each(|locality| lists(&rule.meta, locality, report));
    }
}

fn lists(meta: &Meta<'_>, locality: &LocalityLbSetting<'_>, report: &mut Report) {
    let from: Vec<_> = locality.distribute.iter().filter_map(|entry| entry.from).collect();
    places(meta, &from, report);
    for entry in &locality.distribute {
        let to: Vec<_> = entry.to.iter().map(|(place, _)| *place).collect();
        places(meta, &to, report);
    }
}

fn places(meta: &Meta<'_>, texts: &[Str<'_>], report: &mut Report) {
    let mut before: Vec<(&Str<'_>, Locality<'_>)> = Vec::new();
    for text in texts.iter().filter(|text| !text.is_placeholder()) {
        match Locality::parse(text.value) {
            Ok(place) => {
                if let Some((other, _)) = before.iter().find(|(_, other)| overlap(*other, place)) {
                    report
                        .at(meta, text.at, format!("`{}` overlaps with `{}`", text.value, other.value))
                        .related(other.at, "before here")
                        .help("write places that are apart");
                }
                before.push((text, place));
            }
            Err(reason) => {
                let draft = report.at(meta, text.at, reason.message());
                reason.instruction().into_iter().fold(draft, |draft, help| draft.help(help));
            }
        }
    }
}

/// Whether istiod takes a later place for a part of an earlier one, or the reverse for a whole region or zone.
fn overlap(before: Locality<'_>, place: Locality<'_>) -> bool {
    let before: Vec<_> = before.parts().collect();
    let place: Vec<_> = place.parts().collect();
    let covers = match before.as_slice() {
        ["*"] => true,
        [inner @ .., "*"] => place.len() > inner.len() && place[..inner.len()] == *inner && place.last() != Some(&"*"),
        whole => place.len() > whole.len() && place[..whole.len()] == *whole,
    };
    covers || (before.len() >= place.len() && before[..place.len()] == *place)
}
