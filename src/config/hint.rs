//! "Did you mean …?": the known word nearest to a mistyped one.

/// The candidate with the fewest edits, if that is at most a third of the word.
pub(super) fn nearest<'a>(
    given: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    let limit = (given.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (edits(given, candidate), candidate))
        .filter(|(edits, _)| *edits <= limit)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate.to_owned())
}

/// Levenshtein distance, row by row.
fn edits(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut diagonal = i;
        let mut previous = i + 1;
        for (cell, r) in row.iter_mut().skip(1).zip(&right) {
            let best = (diagonal + usize::from(l != *r))
                .min(previous + 1)
                .min(*cell + 1);
            diagonal = *cell;
            previous = best;
            *cell = best;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_its_word_and_nonsense_finds_none() {
        let known = ["secret", "muc", "address"];
        assert_eq!(nearest("secrte", known).as_deref(), Some("secret"));
        assert_eq!(nearest("adress", known).as_deref(), Some("address"));
        assert_eq!(nearest("mux", known).as_deref(), Some("muc"));
        assert_eq!(nearest("colour", known), None);
    }
}
