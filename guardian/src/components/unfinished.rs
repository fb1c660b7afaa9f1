use super::sign_out_form::{Progress, SignOutForm};
use crate::{SignOutError, SignOutOptions};
use leptos::prelude::*;

/// Says, wherever on the page the sign-out began, that the server could not end the session,
/// and sends it again. The button itself may be gone with the signed-in state.
#[component]
pub(super) fn UnfinishedSignOut(unfinished: RwSignal<Option<SignOutOptions>>) -> impl IntoView {
    move || {
        unfinished.get().map(|options| {
            let progress = Progress::new(Some(SignOutError::Unavailable {
                signed_out_here: true,
            }));
            view! {
                <div class="guardian-notice">
                    <SignOutForm
                        progress
                        callback_url=options.callback_url
                        redirect=options.redirect
                    >
                        <input type="hidden" name="scope" value=options.scope.as_str()/>
                    </SignOutForm>
                </div>
            }
        })
    }
}
