use leptos::{ev::MouseEvent, prelude::*};

/// An app's link in the [`UserButton`](crate::UserButton)'s menu.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::{MenuLink, UserButton};
///
/// #[component]
/// fn Account() -> impl IntoView {
///     view! { <UserButton><MenuLink href="/billing">"Billing"</MenuLink></UserButton> }
/// }
/// ```
#[component]
pub fn MenuLink(
    /// The link's URL.
    #[prop(into)]
    href: String,
    children: Children,
) -> impl IntoView {
    view! { <a class="guardian-item" href=href>{children()}</a> }.into_any()
}

/// An app's button in the [`UserButton`](crate::UserButton)'s menu. Inside an app's form, it submits
/// the form and works without JavaScript.
///
/// ```
/// use leptos::{ev::MouseEvent, prelude::*};
/// use leptos_guardian::{MenuButton, UserButton};
///
/// #[component]
/// fn Account() -> impl IntoView {
///     let is_dark = RwSignal::new(false);
///     let flip = Callback::new(move |_: MouseEvent| is_dark.update(|dark| *dark = !*dark));
///     view! { <UserButton><MenuButton on_click=flip>"Dark or light"</MenuButton></UserButton> }
/// }
/// ```
#[component]
pub fn MenuButton(
    /// Called when the button is pressed, once the page is hydrated.
    #[prop(optional, into)]
    on_click: Option<Callback<MouseEvent>>,
    children: Children,
) -> impl IntoView {
    let on_click = move |click| {
        if let Some(on_click) = on_click {
            on_click.run(click);
        }
    };
    view! { <button class="guardian-item" on:click=on_click>{children()}</button> }.into_any()
}
