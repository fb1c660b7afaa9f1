/// What the app is called, in its pages.
pub const NAME: &str = "Starter";

/// What it is, for search engines.
pub const DESCRIPTION: &str =
    "Sign-in sessions in your own database, and signing out that works at once, on every device.";
