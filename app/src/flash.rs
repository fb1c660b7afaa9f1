//! A note from a form's answer to the page that is shown next, so that nothing typed is lost
//! and the page says what happened. It works without JavaScript.

use crate::take_flash;
use leptos::prelude::SharedValue;
use std::{convert::Infallible, fmt, str::FromStr};

/// What became of a form, for the page that is shown next. Never holds a password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flash {
    /// The form, by its action. Empty when no form was sent.
    pub(crate) form: String,
    /// Why the form was not accepted, in words. Empty when it was.
    pub(crate) alert: String,
    /// The name of the field that the person should look at, if it is one.
    pub(crate) field: String,
    pub(crate) name: String,
    pub(crate) email: String,
}

/// The note that was left for this page. Read once per page: it is gone then.
pub(crate) fn use_flash() -> Flash {
    SharedValue::new_str(take_flash).into_inner()
}

impl Flash {
    /// The note, if the form with this action left it.
    pub(crate) fn of(&self, form: &str) -> Self {
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

/// On its way to the browser it is written as a form's fields: a fraction of what reading JSON
/// would add to the page's program.
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
    fn a_note_arrives_as_it_was_left() {
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
