//! The flash message carries the result of a form to the next page. That page says what happened
//! and fills the fields again. It works without JavaScript.

use crate::take_flash;
use leptos::prelude::SharedValue;
use std::{convert::Infallible, fmt, str::FromStr};

/// The result of a form, for the next page. Never holds a password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flash {
    /// The form's action. Empty when no form was sent.
    pub(crate) form: String,
    /// Why the form was not accepted. Empty when it was.
    pub(crate) alert: String,
    /// The name of the field to correct, if there is one.
    pub(crate) field: String,
    pub(crate) name: String,
    pub(crate) email: String,
}

/// The flash message for this page. Reading it removes it, so a page reads it once.
pub(crate) fn use_flash() -> Flash {
    SharedValue::new_str(take_flash).into_inner()
}

impl Flash {
    /// The message, if it is about the form with this action. Otherwise an empty one.
    pub(crate) fn for_form(&self, form: &str) -> Self {
        if self.form == form {
            self.clone()
        } else {
            Self::default()
        }
    }

    /// Whether a form was sent and accepted.
    pub(crate) fn is_accepted(&self) -> bool {
        !self.form.is_empty() && self.alert.is_empty()
    }
}

/// Sent to the browser as form fields: a JSON parser would make the WebAssembly much larger.
impl fmt::Display for Flash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = [
            ("form", &self.form),
            ("alert", &self.alert),
            ("field", &self.field),
            ("name", &self.name),
            ("email", &self.email),
        ];
        let mut text = form_urlencoded::Serializer::new(String::new());
        f.write_str(&text.extend_pairs(fields).finish())
    }
}

impl FromStr for Flash {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let mut flash = Self::default();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let field = match &*name {
                "form" => &mut flash.form,
                "alert" => &mut flash.alert,
                "field" => &mut flash.field,
                "name" => &mut flash.name,
                "email" => &mut flash.email,
                _ => continue,
            };
            *field = value.into_owned();
        }
        Ok(flash)
    }
}

#[cfg(test)]
mod tests {
    use super::Flash;

    #[test]
    fn a_flash_message_arrives_unchanged() {
        let flash = Flash {
            form: "/api/sign_up".into(),
            alert: "50 % & more".into(),
            field: "email".into(),
            name: "李=小龍\n&name=Eve".into(),
            email: "ada+1@example.com".into(),
        };
        assert_eq!(flash.to_string().parse(), Ok(flash));
    }
}
