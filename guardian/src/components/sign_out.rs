use super::sign_out_form::{Progress, SignOutForm};
use crate::{
    AuthState, SessionHandle, SignOutError, SignOutOptions, SignOutScope,
    query::use_query_parameter, use_auth, use_callback_url, use_other_accounts,
};
use leptos::prelude::*;

/// The panel of the sign-out page: who is signed in, which sessions to end, the button.
///
/// The query parameter `callback_url` says where the browser goes afterwards. A browser without
/// JavaScript returns to this page when a sign-out fails, with `error` in the query.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::SignOut;
///
/// #[component]
/// fn SignOutPage() -> impl IntoView {
///     view! {
///         <h1>"Sign out"</h1>
///         <SignOut/>
///     }
/// }
/// ```
#[component]
pub fn SignOut() -> impl IntoView {
    let auth = use_auth();
    let callback_url = use_callback_url();
    let requested_scope = use_query_parameter("scope").and_then(|scope| scope.parse().ok());
    let others = use_other_accounts();
    let has_others = others.with_untracked(|others| !others.is_empty());
    // A scope that is not offered would leave nothing selected.
    let scope = requested_scope
        .filter(|scope| *scope != SignOutScope::Browser || has_others)
        .unwrap_or_default();
    // The session that a failed sign-out referred to.
    let session =
        use_query_parameter("session").map(|session| SessionHandle::from(session.as_str()));
    let has_scopes = session.is_none();
    let profile = move || auth.with(|auth| auth.user().map(|user| user.profile.clone()));

    // The failure is shown only if it can be true: anybody may have written the URL.
    let requested = SignOutOptions {
        scope,
        session: session.clone(),
        ..Default::default()
    };
    let signed_out_here = untrack(profile).is_none();
    let current = auth.with_untracked(AuthState::session);
    let error = use_query_parameter("error");
    let failed_before = error.as_deref() == Some("unavailable")
        && (requested.session.is_some() || requested.ends(current.as_ref()) == signed_out_here);
    let failure = if failed_before {
        Some(SignOutError::Unavailable { signed_out_here })
    } else {
        (error.as_deref() == Some("malformed")).then_some(SignOutError::Malformed)
    };
    let progress = Progress::new(failure);
    let is_pending = move || progress.is_pending();
    // After a failure, there may be a session to end although nobody is signed in here.
    let has_form = Memo::new(move |_| profile().is_some() || failed_before);

    let choice = move |value: SignOutScope, label: &'static str, hint: &'static str| {
        view! {
            <label class="guardian-choice">
                <input type="radio" name="scope" value=value.as_str() checked=value == scope/>
                <span>{label}<span class="guardian-details">{hint}</span></span>
            </label>
        }
        .into_any()
    };
    view! {
        <section class="guardian-panel" aria-label="Sign out">
            {move || profile().map(|profile| view! {
                <p>
                    "You are signed in as "<strong dir="auto">{profile.name}</strong>
                    {profile.email.map(|email| format!(" ({email})"))}"."
                </p>
            }.into_any())}
            {move || has_form.get().then(|| view! {
                <SignOutForm progress session=session.clone() callback_url=callback_url.clone()>
                    {has_scopes.then(|| view! { <fieldset class="guardian-choices">
                        <legend>"Where"</legend>
                        {choice(SignOutScope::Local, "Here", "Only in this browser")}
                        {has_others.then(|| choice(
                            SignOutScope::Browser, "All accounts", "Every account in this browser",
                        ))}
                        {choice(SignOutScope::Others, "Everywhere else", "You stay signed in in this browser")}
                        {choice(SignOutScope::Global, "Everywhere", "All browsers and devices, this one too")}
                    </fieldset> }.into_any())}
                    <button
                        type="submit"
                        class="guardian-button guardian-primary"
                        aria-busy=move || is_pending().then_some("true".to_owned())
                        aria-disabled=move || is_pending().then_some("true".to_owned())
                    >
                        "Sign out"
                    </button>
                </SignOutForm>
            }.into_any())}
            {move || (!has_form.get()).then(|| view! {
                <p>"You are signed out. Nobody is signed in in this browser."</p>
            }.into_any())}
        </section>
    }
}
