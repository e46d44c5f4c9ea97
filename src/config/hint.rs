//! "Did you mean …?": the known word nearest to a mistyped one.

/// The candidate with the fewest edits, if they are at most a third of the word.
pub(super) fn nearest<'a>(
    given: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let limit = (given.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(given, candidate), candidate))
        .filter(|(edits, _)| *edits <= limit)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_word_and_nonsense_finds_none() {
        let known = ["secret", "muc", "address"];
        assert_eq!(nearest("secrte", known).as_deref(), Some("secret"));
        assert_eq!(nearest("adress", known).as_deref(), Some("address"));
        assert_eq!(nearest("mcu", known).as_deref(), Some("muc"));
        assert_eq!(nearest("colour", known), None);
    }
}
