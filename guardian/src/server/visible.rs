//! Texts that show nothing.

use icu_properties::{
    CodePointSetData,
    props::{DefaultIgnorableCodePoint, WhiteSpace},
};

/// U+2800. It has no dots, so it is as blank as a space, but Unicode counts it among the symbols.
const BRAILLE_BLANK: char = '\u{2800}';

/// Whether a text shows anything. Spaces, control characters, and characters that Unicode calls ignorable show
/// nothing: with such a name, a user would look like nobody.
///
/// ```
/// use leptos_guardian::server::is_visible;
///
/// assert!(is_visible("Zoë") && is_visible("🦊"));
/// assert!(!is_visible("\u{200b}\u{3164}"));
/// ```
pub fn is_visible(text: &str) -> bool {
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let space = CodePointSetData::new::<WhiteSpace>();
    text.chars().any(|character| {
        !ignorable.contains(character)
            && !space.contains(character)
            && !character.is_control()
            && character != BRAILLE_BLANK
    })
}

#[cfg(test)]
mod tests {
    use super::is_visible;

    #[test]
    fn blank_texts_are_not_visible() {
        for blank in [
            "",
            " \t\u{a0}\u{3000}\u{2003}",
            "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}",
            "\u{ad}\u{34f}\u{61c}\u{180e}",
            "\u{202a}\u{202e}\u{2066}\u{2069}",
            "\u{115f}\u{1160}\u{3164}\u{ffa0}",
            "\u{2800}",
            "\u{e0001}\u{e0041}",
            "\u{fe0f}",
            "\u{7}\u{85}",
        ] {
            assert!(!is_visible(blank), "{blank:?}");
        }
        for text in ["a", "李", "🦊", "\u{200b}a", "👩\u{200d}🔬", "-"] {
            assert!(is_visible(text), "{text:?}");
        }
    }
}
