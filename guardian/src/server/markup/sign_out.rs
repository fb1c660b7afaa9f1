use super::avatar::shown_name;
use crate::{
    Profile, SessionHandle, SignOutError, SignOutOptions, SignOutScope,
    components::sign_out_form,
    query::{MAX_URL_LENGTH, find_field},
    use_auth, use_other_accounts,
};
use leptos::prelude::*;

/// What the query of the sign-out page asks for.
struct Request {
    scope: SignOutScope,
    /// The session that a failed sign-out referred to.
    session: Option<SessionHandle>,
    callback_url: Option<String>,
    error: Option<String>,
}

impl Request {
    fn read(query: &str, has_others: bool) -> Self {
        let requested: Option<SignOutScope> =
            find_field(query, "scope").and_then(|scope| scope.parse().ok());
        Self {
            // A scope that is not offered would leave nothing selected.
            scope: requested
                .filter(|scope| *scope != SignOutScope::Browser || has_others)
                .unwrap_or_default(),
            session: find_field(query, "session").map(SessionHandle::from),
            callback_url: find_field(query, "callback_url")
                .filter(|url| url.len() <= MAX_URL_LENGTH),
            error: find_field(query, "error"),
        }
    }

    /// Returns why the sign-out has failed before, if that can be true: anybody may have written the URL.
    fn failure(&self, current: Option<&SessionHandle>) -> Option<SignOutError> {
        let options = SignOutOptions {
            scope: self.scope,
            session: self.session.clone(),
            ..Default::default()
        };
        let signed_out_here = current.is_none();
        match self.error.as_deref()? {
            "unavailable" => {
                let can_be = self.session.is_some() || options.ends(current) == signed_out_here;
                can_be.then_some(SignOutError::Unavailable { signed_out_here })
            }
            "malformed" => Some(SignOutError::Malformed),
            _ => None,
        }
    }
}

/// The inside of a [`SignOut`](crate::SignOut), on a page with this query.
pub(crate) fn sign_out_panel(query: &str) -> String {
    let user = use_auth().with_untracked(|auth| auth.user().cloned());
    let has_others = use_other_accounts().with_untracked(|others| !others.is_empty());
    let request = Request::read(query, has_others);
    let failure = request.failure(user.as_ref().map(|user| &user.session));
    // After a failure, there may be a session to end although nobody is signed in here.
    let failed_before = matches!(failure, Some(SignOutError::Unavailable { .. }));
    let content = if user.is_some() || failed_before {
        form(request, has_others, failure)
    } else {
        view! { <p>"You are signed out. Nobody is signed in in this browser."</p> }.into_any()
    };
    view! {
        <section class="guardian-panel" aria-label="Sign out">
            {user.map(|user| signed_in_as(user.profile))}
            {content}
        </section>
    }
    .to_html()
}

fn signed_in_as(profile: Profile) -> AnyView {
    let name = shown_name(&profile).to_owned();
    let email = profile.email.map(|email| format!(" ({email})"));
    view! { <p>"You are signed in as "<strong dir="auto">{name}</strong>{email}"."</p> }.into_any()
}

fn form(request: Request, has_others: bool, failure: Option<SignOutError>) -> AnyView {
    let scopes = request
        .session
        .is_none()
        .then(|| choices(request.scope, has_others));
    let failure = failure.map(|error| {
        view! {
            <div class="guardian-message guardian-failure" role="alert">{error.to_string()}</div>
        }
    });
    let content = view! {
        {scopes}
        <button type="submit" class="guardian-button guardian-primary">"Sign out"</button>
        {failure}
    };
    sign_out_form(
        request.session,
        request.callback_url,
        true,
        content.into_any(),
    )
}

fn choices(selected: SignOutScope, has_others: bool) -> AnyView {
    use SignOutScope::{Browser, Global, Local, Others};
    let choice = |scope: SignOutScope, label: &'static str, hint: &'static str| {
        view! {
            <label class="guardian-choice">
                <input type="radio" name="scope" value=scope.as_str() checked=scope == selected/>
                <span>{label}<span class="guardian-details">{hint}</span></span>
            </label>
        }
        .into_any()
    };
    let all_accounts =
        has_others.then(|| choice(Browser, "All accounts", "Every account in this browser"));
    view! {
        <fieldset class="guardian-choices">
            <legend>"Where"</legend>
            {choice(Local, "Here", "Only in this browser")}
            {all_accounts}
            {choice(Others, "Everywhere else", "You stay signed in in this browser")}
            {choice(Global, "Everywhere", "All browsers and devices, this one too")}
        </fieldset>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the page says that the sign-out of this query has failed.
    fn says_so(query: &str, current: Option<&str>) -> bool {
        let request = Request::read(&format!("error=unavailable&{query}"), true);
        let current = current.map(SessionHandle::from);
        let failure = request.failure(current.as_ref());
        let signed_out_here = current.is_none();
        let expected = SignOutError::Unavailable { signed_out_here };
        assert!(failure.is_none() || failure == Some(expected));
        failure.is_some()
    }

    /// Anybody may link to the page with an error in its URL.
    #[test]
    fn a_failure_is_shown_only_where_it_can_be_true() {
        for scope in SCOPES_OF_THIS_BROWSER {
            assert!(says_so(scope, None), "{scope}: the cookie is gone");
            assert!(!says_so(scope, Some("here")), "{scope}: it would be gone");
        }
        assert!(says_so("scope=others", Some("here")));
        assert!(!says_so("scope=others", None));
        for current in [None, Some("here"), Some("there")] {
            assert!(says_so("session=there", current), "{current:?}");
        }
    }

    const SCOPES_OF_THIS_BROWSER: [&str; 4] = ["", "scope=local", "scope=browser", "scope=global"];
}
