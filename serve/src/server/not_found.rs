use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

/// Sets the status of the page to 404. In the browser it does nothing.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian_serve::not_found;
///
/// #[component]
/// fn NotFound() -> impl IntoView {
///     not_found();
///     view! { <h1>"Not found"</h1> }
/// }
/// ```
pub fn not_found() {
    if let Some(response) = use_context::<ResponseOptions>() {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
}
