//! Letters, as the server tells them apart. A browser has tables of its own for it, which the
//! page need not bring.

use unicode_segmentation::UnicodeSegmentation as _;

/// The first letter of a word, as a capital. A letter is what a reader takes for one: a family
/// emoji or a letter with accents is one, not several.
pub(crate) fn initial(word: &str) -> Option<String> {
    word.graphemes(true).next().map(str::to_uppercase)
}
