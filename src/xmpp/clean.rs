//! Text that XML 1.0 can carry, whatever a stranger typed.

use std::borrow::Cow;

/// Whether XML 1.0 §2.2 forbids the character, even written as a reference.
///
/// Surrogates are forbidden too, but no `char` is one.
#[must_use]
pub fn is_forbidden(c: char) -> bool {
    matches!(c, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}')
}

/// Replaces each character that XML 1.0 §2.2 forbids by U+FFFD.
///
/// Replacing, not dropping: the reader sees that something was there, two words do not become
/// one, and a text of nothing but control characters does not become empty.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.contains(is_forbidden) {
        Cow::Owned(text.replace(is_forbidden, "\u{FFFD}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_control_character_but_tab_lf_cr_is_replaced() {
        for code in 0u32..0x20 {
            let c = char::from_u32(code).unwrap();
            let expected = if "\t\n\r".contains(c) { c } else { '\u{FFFD}' };
            assert_eq!(clean(&format!("a{c}b")), format!("a{expected}b"));
        }
        assert_eq!(clean("\u{FFFE}\u{FFFF}"), "\u{FFFD}\u{FFFD}");
    }

    #[test]
    fn ordinary_text_is_not_copied() {
        let text = "\u{7F}\u{85}\u{FFFD}😀 \t\r\n";
        assert!(matches!(clean(text), Cow::Borrowed(same) if same == text));
    }

    proptest! {
        #[test]
        fn cleaned_text_is_allowed_by_the_parser_and_keeps_its_length(text in any::<String>()) {
            let cleaned = clean(&text);
            prop_assert!(rxml::strings::validate_cdata(&cleaned).is_ok());
            prop_assert_eq!(cleaned.chars().count(), text.chars().count());
            prop_assert!(matches!(clean(&cleaned), Cow::Borrowed(_)));
        }
    }
}
