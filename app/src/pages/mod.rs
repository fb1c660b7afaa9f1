//! The pages, one file each. The short ones are here.

mod account;
mod home;
mod sign_in;
mod sign_up;

pub(crate) use account::{Account, ChangeEmail};
pub(crate) use home::Home;
pub(crate) use sign_in::{Confirm, SignIn};
pub(crate) use sign_up::SignUp;

use leptos::prelude::*;
use leptos_guardian::{RequireSignedIn, SessionList};
use leptos_guardian_serve::not_found;
use leptos_meta::Title;

#[component]
pub(crate) fn Sessions() -> impl IntoView {
    view! {
        <Title text="Where you are signed in"/>
        <RequireSignedIn sign_in_url="/sign-in">
            <h1>"Where you are signed in"</h1>
            <section class="card">
                <SessionList/>
            </section>
            <p class="aside"><a href="/account">"Back to your account"</a></p>
        </RequireSignedIn>
    }
}

/// A GET of this page changes nothing: the button does.
#[component]
pub(crate) fn SignOut() -> impl IntoView {
    view! {
        <Sheet title="Sign out">
            <leptos_guardian::SignOut/>
        </Sheet>
    }
}

#[component]
pub(crate) fn NotFound() -> impl IntoView {
    not_found();
    view! {
        <Sheet title="Not found">
            <p>"There is no page at this address."</p>
            <p><a href="/">"Go home"</a></p>
        </Sheet>
    }
}

/// A page that is one card.
#[component]
fn Sheet(title: &'static str, children: Children) -> impl IntoView {
    view! {
        <Title text=title/>
        <section class="card sheet">
            <h1>{title}</h1>
            {children()}
        </section>
    }
}
