use crate::platform::is_recent;
use leptos::prelude::*;
use std::time::Duration;

/// Shows its children only to a user whose last proof of identity, the sign-in or a later confirmation, is not
/// older than `max_age`. Everybody else goes to `confirm_url`, with this page as the `callback_url`. That page
/// checks a factor and calls [`Auth::confirm`](crate::server::Auth::confirm). For pages that need a signed-in
/// user, inside a `<Router>`.
///
/// The server decides, before it renders the page. In the browser, a link of the router loads the page as a
/// new document. A page that stays open is not left when the proof becomes too old, because somebody may be
/// typing: the server asks when the form arrives. Not for pages of
/// [`SsrMode::Static`](leptos_router::SsrMode), which are the same for everybody.
///
/// This spares people a useless page. It does not protect anything: the code that makes the change must
/// check [`Auth::require_recent`](crate::server::Auth::require_recent).
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::{RequireRecent, RequireSignedIn};
/// use std::time::Duration;
///
/// #[component]
/// fn ChangeAddress() -> impl IntoView {
///     view! {
///         <RequireSignedIn sign_in_url="/sign-in">
///             <RequireRecent max_age=Duration::from_secs(10 * 60) confirm_url="/confirm">
///                 <h1>"Change your e-mail address"</h1>
///             </RequireRecent>
///         </RequireSignedIn>
///     }
/// }
/// ```
#[component]
pub fn RequireRecent(
    /// The most time since the last proof.
    max_age: Duration,
    /// The page that asks for another one, a path on this site.
    #[prop(into)]
    confirm_url: String,
    children: ChildrenFn,
) -> impl IntoView {
    let shown = is_recent(max_age, &confirm_url).then(|| children());
    view! { <div class="guardian-contents">{shown}</div> }
}
