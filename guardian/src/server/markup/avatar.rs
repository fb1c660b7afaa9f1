use crate::{Profile, server::visible::is_visible};
use leptos::prelude::*;
use unicode_segmentation::UnicodeSegmentation as _;

/// The user's picture over their initials, which show until it has loaded. It is decoration: the name
/// is beside it or in the label.
pub(super) fn avatar(profile: &Profile) -> AnyView {
    let picture = profile.picture.clone();
    view! {
        <span class="guardian-avatar" aria-hidden="true">
            {initials(shown_name(profile))}
            {picture.map(|picture| view! { <img src=picture alt="" referrerpolicy="no-referrer"/> })}
        </span>
    }
    .into_any()
}

/// Returns the first letters of the first and the last word, as capitals. A family emoji, or a letter with
/// its accents, counts as one letter.
fn initials(name: &str) -> String {
    // Some systems put an invisible mark of direction before a name.
    let mut letters = name
        .split_whitespace()
        .filter_map(|word| word.graphemes(true).find(|letter| is_visible(letter)));
    let first = letters.next();
    let last = letters.next_back();
    let letters = [first, last].into_iter().flatten();
    letters.map(str::to_uppercase).collect()
}

/// Returns what a user is called: the name, or the address if a provider has given none that shows.
pub(super) fn shown_name(profile: &Profile) -> &str {
    let names = [Some(&profile.name), profile.email.as_ref()];
    let shown = names.into_iter().flatten().find(|name| is_visible(name));
    shown.map_or("a user without a name", String::as_str)
}

#[cfg(test)]
mod tests {
    use super::{initials, shown_name};
    use crate::Profile;

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
            ("\u{200F}\u{05D0}\u{05D3}\u{05D4}", "\u{05D0}"),
            ("\u{FEFF} ada \u{200B}", "A"),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }

    #[test]
    fn a_user_without_a_visible_name_is_called_by_the_address() {
        for (name, email, expected) in [
            ("Ada", Some("ada@example.com"), "Ada"),
            ("", Some("ada@example.com"), "ada@example.com"),
            (" \u{200B}", Some("ada@example.com"), "ada@example.com"),
            ("", None, "a user without a name"),
        ] {
            let profile = Profile {
                name: name.into(),
                email: email.map(Into::into),
                ..Default::default()
            };
            assert_eq!(shown_name(&profile), expected, "{name:?}");
        }
    }
}
