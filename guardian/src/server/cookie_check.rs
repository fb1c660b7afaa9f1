//! `/guardian/signed-in`: whether the browser has kept the cookie of its sign-in. Otherwise a browser that refuses
//! cookies would lead from the right password back to the form, without a word.
//!
//! [`Auth::after_sign_in`](super::Auth::after_sign_in) leads here. It is a safe GET that asks no database, so
//! anybody may open it at any time. The browser has kept a cookie with our signature even if its session has ended
//! since.

use super::{
    Guardian, SafeRedirect, caching,
    cookie_header::cookie_values,
    cookie_place::SameSite,
    markup::{CookiePage, refused_cookie},
    request_target::refuse_other_targets,
};
use crate::query::find_field;
use axum::{
    Router,
    extract::{Request, State},
    middleware::from_fn,
    response::{Html, IntoResponse as _, Redirect, Response},
    routing::get,
};
use http::{HeaderMap, Method, StatusCode, header};
use std::{
    collections::HashMap,
    mem::{Discriminant, discriminant},
    sync::{Mutex, PoisonError},
};
use url::{Position, Url};

/// The path of the check. `callback_url` in its query says where it leads.
pub(super) const PATH: &str = "/guardian/signed-in";

/// The shortest time between two lines of the log about the same problem, in seconds: anybody may open the page
/// as often as they like.
const LOG_PAUSE: i64 = 60;

pub(super) fn routes<S: Clone + Send + Sync + 'static>(guardian: &Guardian) -> Router<S> {
    Router::new()
        .route(PATH, get(check))
        .layer(from_fn(refuse_other_targets))
        .with_state(guardian.clone())
}

async fn check(State(guardian): State<Guardian>, request: Request) -> Response {
    let target = target(&guardian, request.uri().query().unwrap_or_default());
    let before = page_before(&guardian, request.headers());
    let mut response = match Problem::of(&guardian, request.headers(), before.as_ref()) {
        None => Redirect::to(target.as_str()).into_response(),
        Some(problem) => {
            let now = guardian.0.clock.now();
            if guardian.0.logged_problems.is_due(&problem, now) {
                problem.log(&guardian);
            }
            explain(&guardian, &problem, target, before.as_ref())
        }
    };
    let visitor = caching::Visitor {
        is_private: true,
        is_personal: true,
        may_be_app: false,
    };
    caching::set_headers(&mut response, &visitor);
    response
}

fn target(guardian: &Guardian, query: &str) -> SafeRedirect {
    let redirects = guardian.redirects();
    let asked = find_field(query, "callback_url").unwrap_or_default();
    redirects.check(&asked).unwrap_or_else(|refused| {
        // `after_sign_in` writes no such URL.
        tracing::debug!(%refused, "a callback URL was refused; using the home page");
        redirects.home()
    })
}

/// Returns the page that the form was on, at the address at which the browser has opened it, from the `Referer`.
/// `None` if it is not known or is another site's.
fn page_before(guardian: &Guardian, headers: &HeaderMap) -> Option<Url> {
    let text = |name| headers.get(name)?.to_str().ok();
    let page = Url::parse(text(header::REFERER)?).ok()?;
    let host = text(header::HOST).unwrap_or_default();
    let is_ours = page.host_str() == guardian.redirects().site().host_str()
        || page[Position::BeforeHost..Position::AfterPort].eq_ignore_ascii_case(host);
    (matches!(page.scheme(), "http" | "https") && is_ours && page.path() != PATH).then_some(page)
}

/// Why a browser that has signed in sends no valid cookie.
pub(crate) enum Problem {
    /// Browsers refuse the cookie at the address at which the site was opened, such as `http://example.com`.
    Address {
        /// The origin.
        opened: String,
    },
    /// There is a cookie, but none that one of our keys has signed.
    Unrecognized,
    /// There is no cookie.
    Refused,
}

impl Problem {
    /// `None` if there is none, or if nobody can tell.
    fn of(guardian: &Guardian, headers: &HeaderMap, before: Option<&Url>) -> Option<Self> {
        let cookies = &guardian.0.cookies;
        let presented = cookies.read(&Method::GET, headers);
        if presented.has_token() {
            return None;
        }
        if let Some(page) = before
            && !cookies.place.is_accepted_at(page)
        {
            let opened = page.origin().ascii_serialization();
            return Some(Self::Address { opened });
        }
        // After a redirect that has begun on another site, such as a provider's.
        let may_have_begun_elsewhere = presented.may_be_withheld
            || (before.is_none() && !headers.contains_key("sec-fetch-site"));
        if cookies.place.same_site == SameSite::Strict && may_have_begun_elsewhere {
            return None;
        }
        let name = cookies.session_name();
        let mut others = cookie_values(headers, name);
        Some(others.next().map_or(Self::Refused, |_| Self::Unrecognized))
    }

    fn log(&self, guardian: &Guardian) {
        let site = guardian.redirects().site_origin();
        let cookie = guardian.session_cookie_name();
        match self {
            Self::Address { opened } => tracing::warn!(
                opened,
                site,
                cookie,
                "a browser has refused the cookie of a sign-in, because the site was opened at another address than \
                 its own. Redirect http to https, or set the site's URL (site_url, in the starter SITE_URL) to what \
                 browsers show"
            ),
            Self::Unrecognized => tracing::warn!(
                site,
                cookie,
                "after a sign-in, a browser has sent a cookie that none of the keys has signed. All servers of a \
                 site need the same keys (in the starter SESSION_KEY). If the cookie is another app's, choose \
                 another name (Builder::cookie_name)"
            ),
            Self::Refused => tracing::warn!(
                site,
                cookie,
                "after a sign-in, a browser has sent no cookie. If it is one visitor's, their browser blocks \
                 cookies. If it is everybody's, a proxy removes Set-Cookie, or the site's URL (site_url, in the \
                 starter SITE_URL) is not what browsers show: over http they refuse the cookie of an https site"
            ),
        }
    }
}

/// When each problem was last in the log.
#[derive(Debug, Default)]
pub(crate) struct LoggedProblems(Mutex<HashMap<Discriminant<Problem>, i64>>);

impl LoggedProblems {
    /// Whether a problem of this kind may be logged now. The next ones have to wait.
    fn is_due(&self, problem: &Problem, now: i64) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = last.entry(discriminant(problem)).or_insert(i64::MIN);
        // Also if the clock has been set back.
        let is_due = now.abs_diff(*last) >= LOG_PAUSE.unsigned_abs();
        if is_due {
            *last = now;
        }
        is_due
    }
}

/// Returns the page that says what is wrong. Its status is an error's, because the sign-in has not succeeded: a
/// script that follows redirects should know.
fn explain(
    guardian: &Guardian,
    problem: &Problem,
    target: SafeRedirect,
    before: Option<&Url>,
) -> Response {
    let redirects = guardian.redirects();
    let form = before
        .and_then(|page| {
            redirects
                .check(&page[Position::BeforePath..Position::AfterQuery])
                .ok()
        })
        .unwrap_or(target);
    let page = refused_cookie(&CookiePage {
        problem,
        site: redirects.site_origin(),
        is_secure: guardian.is_secure(),
        // Not at the address at which the browser refuses the cookie.
        form: match problem {
            Problem::Address { .. } => redirects.full_url(form.as_str()),
            _ => form.into(),
        },
    });
    let frames = if guardian.0.cookies.place.is_partitioned() {
        ""
    } else {
        "; frame-ancestors 'none'"
    };
    let policy = format!(
        "default-src 'none'; style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'{frames}"
    );
    let headers = [(header::CONTENT_SECURITY_POLICY, policy)];
    (StatusCode::BAD_REQUEST, headers, Html(page)).into_response()
}
