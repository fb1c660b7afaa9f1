//! The flash message carries the result of a form to the next page. That page says what happened
//! and fills the fields again. It works without JavaScript.

use crate::{FormFailure, take_flash};
use leptos::prelude::SharedValue;
use std::{convert::Infallible, fmt, str::FromStr};

/// The result of a form, for the next page: why it was refused, and what was typed. It never holds
/// a password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flash {
    /// The form's action. Empty when no form was sent.
    pub(crate) form: String,
    /// Why the form was not accepted. Empty when it was.
    pub(crate) alert: String,
    /// The name of the field to correct, if there is one.
    pub(crate) field: String,
    /// What was typed, by the names of the fields.
    pub(crate) typed: Vec<(String, String)>,
}

/// The flash message for this page. Reading it removes it, so a page reads it once.
pub fn use_flash<E: FormFailure>() -> Flash {
    SharedValue::new_str(take_flash::<E>).into_inner()
}

impl Flash {
    /// The message, if it is about the form with this action. Otherwise an empty one.
    #[must_use]
    pub fn for_form(&self, form: &str) -> Self {
        if self.form == form {
            self.clone()
        } else {
            Self::default()
        }
    }

    /// Whether a form was sent and accepted.
    pub fn is_accepted(&self) -> bool {
        !self.form.is_empty() && self.alert.is_empty()
    }

    /// What was typed into this field of a form that was not accepted. Empty if that is not known.
    /// [`Field`](crate::Field) calls this by itself; other kinds of fields need it.
    pub fn typed(&self, name: &str) -> String {
        let mut typed = self.typed.iter();
        let found = typed.find(|(field, _)| field == name);
        found.map(|(_, text)| text.clone()).unwrap_or_default()
    }
}

/// Sent to the browser as form fields, the first three without a name: a JSON parser would make
/// the WebAssembly much larger.
impl fmt::Display for Flash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = form_urlencoded::Serializer::new(String::new());
        for value in [&self.form, &self.alert, &self.field] {
            text.append_pair("", value);
        }
        f.write_str(&text.extend_pairs(&self.typed).finish())
    }
}

impl FromStr for Flash {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let mut pairs = form_urlencoded::parse(text.as_bytes()).into_owned();
        let mut next = || pairs.next().unwrap_or_default().1;
        Ok(Self {
            form: next(),
            alert: next(),
            field: next(),
            typed: pairs.collect(),
        })
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
            typed: vec![
                ("name".into(), "李=小龍\n&name=Eve".into()),
                ("email".into(), "ada+1@example.com".into()),
                ("form".into(), String::new()),
            ],
        };
        assert_eq!(flash.to_string().parse(), Ok(flash));
    }

    #[test]
    fn a_field_gets_back_what_was_typed_into_it_alone() {
        let typed = vec![("name".into(), "Ada".into())];
        let flash = Flash {
            typed,
            ..Flash::default()
        };
        assert_eq!(flash.typed("name"), "Ada");
        assert_eq!(flash.typed("nickname"), "");
    }
}
