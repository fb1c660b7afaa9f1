//! A note from a form's answer to the page that is shown next, so that nothing typed is lost
//! and the page says what happened. It works without JavaScript.

use crate::FormError;
use serde::{Deserialize, Serialize};

/// What became of a form, for the page that is shown next. Never holds a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flash {
    /// The form, by its action.
    pub(crate) form: String,
    /// Why the form was not accepted; `None` when it was.
    pub(crate) error: Option<FormError>,
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) email: String,
}
