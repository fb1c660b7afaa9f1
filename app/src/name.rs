/// What the app is called, in its pages.
pub const NAME: &str = "Starter";
