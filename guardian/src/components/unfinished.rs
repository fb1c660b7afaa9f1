use super::sign_out_form::{Progress, SignOutForm, hidden};
use crate::{SignOutError, SignOutOptions};
use leptos::prelude::*;

/// Says, wherever on the page the sign-out began, that the server has not ended the session,
/// and sends it again. The button itself may be gone with the signed-in state.
#[component]
pub(super) fn UnfinishedSignOut(
    unfinished: RwSignal<Option<(SignOutOptions, SignOutError)>>,
) -> impl IntoView {
    view! {
        {move || unfinished.get().map(|(options, error)| view! {
            <div class="guardian-notice">
                <SignOutForm
                    progress=Progress::new(Some(error))
                    session=options.session
                    callback_url=options.callback_url
                    redirect=options.redirect
                >
                    {hidden("scope", options.scope.to_string())}
                </SignOutForm>
            </div>
        }.into_any())}
    }
}
