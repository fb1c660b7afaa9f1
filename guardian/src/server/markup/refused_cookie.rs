//! The page of a browser that has signed in and sends no valid cookie. It works without JavaScript, and what it
//! says is true whoever opens it, and whenever.

use crate::{server::cookie_check::Problem, stylesheet};
use leptos::prelude::*;

const TITLE: &str = "This browser is not signed in";

/// What the page is about.
pub(crate) struct CookiePage<'a> {
    pub(crate) problem: &'a Problem,
    /// The site's own origin.
    pub(crate) site: String,
    pub(crate) is_secure: bool,
    /// Where the user can try again.
    pub(crate) form: String,
}

/// Returns the whole document.
pub(crate) fn refused_cookie(page: &CookiePage<'_>) -> String {
    let CookiePage { site, form, .. } = page;
    let (explanation, remedy, link) = texts(page);
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                // Leptos would mark the end of the text with a comment, which a title shows.
                <title inner_html=TITLE></title>
                <link rel="stylesheet" href=stylesheet::path()/>
            </head>
            <body>
                <main class="guardian-page">
                    <h1>{TITLE}</h1>
                    <p>{explanation}</p>
                    <p>{remedy}</p>
                    <p>
                        <a href=form.clone()>{link.replace("{site}", site)}</a>
                    </p>
                </main>
            </body>
        </html>
    }
    .to_html()
}

/// What is wrong, what the user can do, and the text of the link.
fn texts(page: &CookiePage<'_>) -> (String, String, &'static str) {
    let CookiePage { site, .. } = page;
    match page.problem {
        Problem::Address { opened } => (
            format!(
                "You have opened this site at {opened}. It keeps you signed in with a cookie, and browsers keep this \
                 cookie only at {site}."
            ),
            format!("Open {site} and sign in there."),
            "Sign in at {site}",
        ),
        Problem::Unrecognized => (
            "This site keeps you signed in with a cookie. Your browser has sent one that this site does not \
             recognize."
                .into(),
            "Delete this site's cookies in your browser's settings, then sign in again. If that does not help, \
             please tell the people who run this site: its log says more."
                .into(),
            "Try again",
        ),
        Problem::Refused => {
            let scheme = if page.is_secure {
                " Make sure that the address begins with https://, too."
            } else {
                ""
            };
            (
                "This site keeps you signed in with a cookie. Your browser has not sent it back: it probably blocks \
                 cookies."
                    .into(),
                format!(
                    "Allow cookies for this site, then sign in again. A setting of your browser may block them, a \
                     private window, or an extension.{scheme}"
                ),
                "Try again",
            )
        }
    }
}
