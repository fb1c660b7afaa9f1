use crate::{SessionHandle, api::PostSignOut, platform::shown_user_field};
use leptos::{prelude::*, server_fn::ServerFn as _};

/// Where the page's script says how a form goes. They are there from the start, because assistive
/// technology announces only what changes in a region that it knows.
const REGIONS: &str = r#"<div class="guardian-message" role="status"></div><div class="guardian-message guardian-failure" role="alert"></div>"#;

/// The form behind every sign-out: a plain POST. The page's script sends it with the fields that it
/// reads from the form, so both ways send the same.
pub(crate) fn sign_out_form(
    session: Option<SessionHandle>,
    callback_url: Option<String>,
    redirect: bool,
    content: AnyView,
) -> AnyView {
    let shown_user = session.is_none().then(shown_user_field).unwrap_or_default();
    view! {
        <form class="guardian-form" method="post" action=PostSignOut::PATH>
            {session.map(|session| hidden_field("session", session.to_string()))}
            {callback_url.map(|url| hidden_field("callback_url", url))}
            {(!redirect).then(|| hidden_field("redirect", "false".into()))}
            {content}
            <div class="guardian-contents" inner_html=shown_user + REGIONS></div>
        </form>
    }
    // Erased, because its type would be part of the type of every page that contains it.
    .into_any()
}

pub(crate) fn hidden_field(name: &'static str, value: String) -> AnyView {
    view! { <input type="hidden" name=name value=value/> }.into_any()
}
