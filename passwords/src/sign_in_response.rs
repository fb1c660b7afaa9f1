use leptos_guardian::User;
use serde::{Deserialize, Serialize};

/// The JSON response to a sign-up or a sign-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignInResponse {
    /// Who is signed in.
    pub user: User,
    /// Where to go next: a checked URL.
    pub url: String,
}
