use crate::Profile;
use leptos::prelude::*;
use unicode_segmentation::UnicodeSegmentation as _;

/// The initials of the user's name, and over them their picture, once it is there. Decoration:
/// the name stands beside it or in the label.
#[component]
pub(crate) fn Avatar(profile: Profile) -> impl IntoView {
    view! {
        <span class="guardian-avatar" aria-hidden="true">
            {initials(&profile.name)}
            {profile.picture.map(|picture| view! {
                <img src=picture alt="" referrerpolicy="no-referrer"/>
            })}
        </span>
    }
}

/// The first letters of the first and the last word. A letter is what a reader takes for
/// one: a family emoji or a letter with accents is one, not several.
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
