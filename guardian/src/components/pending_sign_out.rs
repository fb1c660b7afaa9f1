use super::sign_out_form::{Progress, SignOutForm, hidden_field};
use crate::{SignOutError, SignOutOptions};
use leptos::prelude::*;

/// Says that the server has not ended the session yet, and offers to send the sign-out again. The
/// button that started it may have disappeared with the signed-in state.
#[component]
pub(super) fn PendingSignOut(
    pending_sign_out: RwSignal<Option<(SignOutOptions, SignOutError)>>,
) -> impl IntoView {
    view! {
        {move || pending_sign_out.get().map(|(options, error)| view! {
            <div class="guardian-notice">
                <SignOutForm
                    progress=Progress::new(Some(error))
                    session=options.session
                    callback_url=options.callback_url
                    redirect=options.redirect
                >
                    {hidden_field("scope", options.scope.to_string())}
                </SignOutForm>
            </div>
        }.into_any())}
    }
}
