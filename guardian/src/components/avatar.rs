use crate::{Profile, platform::initial};
use leptos::prelude::*;

/// The user's picture over their initials, which show until it has loaded. It is decoration: the name
/// is beside it or in the label.
#[component]
pub(crate) fn Avatar(profile: Profile) -> impl IntoView {
    view! {
        <span class="guardian-avatar" aria-hidden="true">
            {initials(&profile.name)}
            {profile.picture.map(|picture| view! {
                <img src=picture alt="" referrerpolicy="no-referrer"/>
            }.into_any())}
        </span>
    }
}

/// Returns the first letters of the first and the last word.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next();
    let last = words.next_back();
    [first, last]
        .into_iter()
        .flatten()
        .filter_map(initial)
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
