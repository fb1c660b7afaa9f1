use crate::platform::{page_head, provide_auth, shell_head};
use leptos::prelude::*;

/// Provides the auth state to everything inside it, and makes the page live: it adds the components'
/// stylesheet, the page's script, and what the script must know. An app that Leptos hydrates has one,
/// around its router.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::{AuthProvider, SignedIn, SignedOut, UserButton};
///
/// #[component]
/// fn App() -> impl IntoView {
///     view! {
///         <AuthProvider>
///             <SignedIn><UserButton/></SignedIn>
///             <SignedOut><a href="/sign-in">"Sign in"</a></SignedOut>
///         </AuthProvider>
///     }
/// }
/// ```
#[component]
pub fn AuthProvider(children: Children) -> impl IntoView {
    provide_auth();
    view! {
        <div hidden inner_html=page_head()></div>
        {children()}
    }
}

/// Makes a page live that Leptos renders on the server but does not hydrate, or hydrates only in islands.
/// It belongs in the document's `<head>`, and takes the place of [`AuthProvider`]. The components and
/// [`use_auth`](crate::use_auth) work without a provider.
///
/// When somebody signs in or out, the page's script fetches the page again and changes what differs. What
/// a person has typed stays.
///
/// ```
/// use leptos::prelude::*;
/// use leptos_guardian::{GuardianHead, SignedIn, UserButton};
///
/// fn page() -> impl IntoView {
///     view! {
///         <!DOCTYPE html>
///         <html lang="en">
///             <head>
///                 <title>"My app"</title>
///                 <GuardianHead/>
///             </head>
///             <body>
///                 <SignedIn><UserButton/></SignedIn>
///             </body>
///         </html>
///     }
/// }
/// ```
#[component]
pub fn GuardianHead() -> impl IntoView {
    shell_head()
}
