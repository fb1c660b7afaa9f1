use crate::Profile;
use leptos::prelude::*;
use unicode_segmentation::UnicodeSegmentation as _;

/// The user's picture over their initials, which show until it has loaded. It is decoration: the name
/// is beside it or in the label.
pub(super) fn avatar(profile: &Profile) -> AnyView {
    let picture = profile.picture.clone();
    view! {
        <span class="guardian-avatar" aria-hidden="true">
            {initials(&profile.name)}
            {picture.map(|picture| view! { <img src=picture alt="" referrerpolicy="no-referrer"/> })}
        </span>
    }
    .into_any()
}

/// Returns the first letters of the first and the last word, as capitals. A family emoji, or a letter with
/// its accents, counts as one letter.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next();
    let last = words.next_back();
    [first, last]
        .into_iter()
        .flatten()
        .filter_map(|word| word.graphemes(true).next())
        .map(str::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_are_whole_letters_in_every_script() {
        for (name, expected) in [
            ("Ada Lovelace", "AL"),
            ("ada", "A"),
            ("Juan Carlos de Borbón", "JB"),
            ("李小龍", "李"),
            ("👩‍👩‍👧 Family", "👩‍👩‍👧F"),
            ("e\u{301}mile zola", "E\u{301}Z"),
            ("  ", ""),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }
}
