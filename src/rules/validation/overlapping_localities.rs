use crate::format::Locality;
use crate::mesh::Mesh;
use crate::model::Str;
use crate::model::destination_rule::LocalityLbSetting;
use crate::rules::Report;

use super::localities::{self, Owner};

/// Places of a distribution must be apart (`validateLocalities` in pkg/config/validation/agent/validation.go, which looks
/// at each place and those before it).
pub fn check(mesh: &Mesh<'_>, report: &mut Report) {
    for (owner, locality) in localities::settings(mesh) {
        lists(owner, locality, report);
    }
}

fn lists(owner: Owner<'_, '_>, locality: &LocalityLbSetting<'_>, report: &mut Report) {
    let from: Vec<_> = locality.distribute.iter().filter_map(|entry| entry.from).collect();
    places(owner, &from, report);
    for entry in &locality.distribute {
        let to: Vec<_> = entry.to.iter().map(|(place, _)| *place).collect();
        places(owner, &to, report);
    }
}

fn places(owner: Owner<'_, '_>, texts: &[Str<'_>], report: &mut Report) {
    let mut before: Vec<(&Str<'_>, Locality<'_>)> = Vec::new();
    for text in texts.iter().filter(|text| !text.is_placeholder()) {
        match Locality::parse(text.value) {
            Ok(place) => {
                if let Some((other, _)) = before.iter().find(|(_, other)| overlap(*other, place)) {
                    report
                        .at(owner, text.at, format!("`{}` overlaps with `{}`", text.value, other.value))
                        .related(other.at, "before here")
                        .help("write places that are apart");
                }
                before.push((text, place));
            }
            Err(reason) => {
                let draft = report.at(owner, text.at, reason.message());
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
