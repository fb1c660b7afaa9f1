use crate::platform::filled_for;
use leptos::prelude::*;

/// An element whose inside the server renders. The page's script keeps it current, and fills one that
/// appears when a router changes the page, from its `address` below `/guardian/fragment/`. So the browser's
/// build does not know what is inside.
pub(crate) fn slot(address: String, html: String) -> AnyView {
    view! {
        <div
            class="guardian-contents"
            data-guardian=address
            data-guardian-filled=filled_for()
            inner_html=html
        ></div>
    }
    .into_any()
}

/// A part of a component, for one whose element also holds what the app has put into it.
pub(super) fn part(name: &'static str, html: String) -> AnyView {
    view! { <div class="guardian-contents" data-guardian-part=name inner_html=html></div> }
        .into_any()
}
