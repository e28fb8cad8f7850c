/// The candidate that `word` was probably meant to be: the one with the fewest edits, of at most a third of its length.
/// Case does not count; ties go to the first in alphabetical order.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let lower = word.to_lowercase();
    let limit = (word.chars().count() / 3).max(1);
    let near = candidates.into_iter().filter(|candidate| !candidate.is_empty() && *candidate != word);
    near.map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_proposed_and_far_ones_not() {
        let fields = ["weight", "destination", "headers"];
        let cases =
            [("wieght", Some("weight")), ("Weight", Some("weight")), ("header", Some("headers")), ("port", None)];
        for (word, expected) in cases {
            assert_eq!(nearest(word, fields), expected, "{word}");
        }
    }
}
