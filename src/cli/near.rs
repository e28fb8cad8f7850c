/// The candidate that someone who typed `name` most likely meant; none if nothing is near. Ties go to the first.
pub(super) fn near<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_ascii_lowercase();
    let distance = |candidate: &str| strsim::damerau_levenshtein(&name, &candidate.to_ascii_lowercase());
    let allowed = (name.chars().count() / 3).max(1);
    let ranked = candidates.map(|candidate| (distance(candidate), candidate));
    ranked.filter(|(distance, _)| *distance <= allowed).min_by_key(|(distance, _)| *distance).map(|(_, near)| near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let names = ["unknown-field", "unknown-subset", "IST0101", "IST0102"];
        for (typed, expected) in [
            ("unkown-field", Some("unknown-field")),
            ("unknown-subsets", Some("unknown-subset")),
            ("ist0103", Some("IST0101")),
            ("weather", None),
        ] {
            assert_eq!(near(typed, names.into_iter()), expected, "{typed}");
        }
    }
}
