//! The app's own fields of a user.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeMap;

/// The most bytes that the fields of a user may have together, as the database stores them. Every request of the
/// user reads them. PostgreSQL keeps a row of more than some 2,000 bytes in two places, and then reads both
/// (<https://www.postgresql.org/docs/current/storage-toast.html>).
const LIMIT: usize = 1024;

/// The fields, as the JSON of [`Values`]: nothing parses them before one is asked for. Only the public ones are
/// serialized, so no response has another one by mistake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(Option<String>);

#[derive(Default, Serialize, Deserialize)]
struct Values {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    public: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    private: BTreeMap<String, Value>,
}

/// Why a field could not be read or written.
///
/// ```
/// use leptos_guardian::{FieldError, Profile};
///
/// let ada = Profile::new("Ada Lovelace").with("seats", 3)?;
/// assert_eq!(ada.field::<u32>("seats")?, 3);
/// assert!(matches!(ada.field::<bool>("seats"), Err(FieldError::OtherType { .. })));
/// assert!(matches!(ada.field::<u32>("plan"), Err(FieldError::Missing(_))));
/// let essay = ada.with("essay", "long ".repeat(500));
/// assert!(matches!(essay, Err(FieldError::TooLarge { limit: 1024, .. })));
/// # Ok::<(), FieldError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FieldError {
    /// The user has no such field; in the browser, no such public field.
    #[error("the user has no field {0:?}")]
    Missing(String),
    /// The field's value has another type than the one that was asked for.
    #[error("the user's field {name:?} has another type")]
    OtherType {
        /// The field.
        name: String,
        /// What is different.
        source: serde_json::Error,
    },
    /// The value cannot be JSON.
    #[error("the field {name:?} cannot be stored as JSON")]
    NotJson {
        /// The field.
        name: String,
        /// Why not.
        source: serde_json::Error,
    },
    /// All fields of the user together are too large for the row.
    #[error(
        "with {name:?}, the user's fields have {bytes} bytes; at most {limit} fit into the row of a session"
    )]
    TooLarge {
        /// The field that was added last.
        name: String,
        /// The size of all fields, as the database stores them.
        bytes: usize,
        /// The most that is possible.
        limit: usize,
    },
}

impl Fields {
    /// Sets a field. When it is too large, nothing changes.
    pub(crate) fn set(
        &mut self,
        name: String,
        value: &impl Serialize,
        is_public: bool,
    ) -> Result<(), FieldError> {
        let value = match serde_json::to_value(value) {
            Ok(value) => value,
            Err(source) => return Err(FieldError::NotJson { name, source }),
        };
        let mut values = self.values().unwrap_or_default();
        values.public.remove(&name);
        values.private.remove(&name);
        let kind = match is_public {
            true => &mut values.public,
            false => &mut values.private,
        };
        kind.insert(name.clone(), value);
        let fields = Self::of(&values);
        let bytes = fields.0.as_ref().map_or(0, String::len);
        if bytes > LIMIT {
            return Err(FieldError::TooLarge {
                name,
                bytes,
                limit: LIMIT,
            });
        }
        *self = fields;
        Ok(())
    }

    /// Reads a field as this type.
    pub(crate) fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T, FieldError> {
        let other_type = |source| FieldError::OtherType {
            name: name.to_owned(),
            source,
        };
        let mut values = self.values().map_err(other_type)?;
        let public = values.public.remove(name);
        let value = public.or_else(|| values.private.remove(name));
        let value = value.ok_or_else(|| FieldError::Missing(name.to_owned()))?;
        serde_json::from_value(value).map_err(other_type)
    }

    /// Whether a response would have none.
    pub(crate) fn has_no_public(&self) -> bool {
        self.values()
            .map_or(true, |values| values.public.is_empty())
    }

    /// Takes the JSON of the public ones.
    pub(crate) fn from_public(json: &str) -> Self {
        Self(Some(format!("{{\"public\":{json}}}")))
    }

    fn values(&self) -> Result<Values, serde_json::Error> {
        match &self.0 {
            Some(json) => serde_json::from_str(json),
            None => Ok(Values::default()),
        }
    }

    fn of(values: &Values) -> Self {
        let is_empty = values.public.is_empty() && values.private.is_empty();
        // A map of values is always JSON.
        let json = serde_json::to_string(values).ok();
        Self(json.filter(|_| !is_empty))
    }
}

#[cfg(feature = "ssr")]
impl Fields {
    /// What the page may know.
    pub(crate) fn without_private(self) -> Self {
        let mut values = self.values().unwrap_or_default();
        values.private.clear();
        Self::of(&values)
    }

    /// As the database keeps them.
    pub(crate) fn stored(&self) -> Option<&str> {
        self.0.as_deref()
    }

    pub(crate) fn from_stored(json: Option<&str>) -> Self {
        Self(json.map(str::to_owned))
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Somebody may have written nonsense into the table. Reading a field says so.
        let values = self.values().unwrap_or_default();
        values.public.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let public = BTreeMap::deserialize(deserializer)?;
        Ok(Self::of(&Values {
            public,
            ..Values::default()
        }))
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    fn fields() -> Fields {
        let mut fields = Fields::default();
        fields
            .set("role".into(), &"admin", false)
            .expect("a small field");
        fields
            .set("plan".into(), &"pro", true)
            .expect("a small field");
        fields
    }

    #[test]
    fn the_database_keeps_what_a_response_leaves_out() {
        let fields = fields();
        let json = serde_json::to_string(&fields).unwrap();
        assert_eq!(json, r#"{"plan":"pro"}"#);
        let page: Fields = serde_json::from_str(&json).unwrap();
        assert_eq!(page, fields.clone().without_private());
        assert!(page.get::<String>("role").is_err());
        let read = Fields::from_stored(fields.stored());
        assert_eq!(read.get::<String>("role").unwrap(), "admin");
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        assert_eq!(Fields::default().stored(), None);
        assert_eq!(Fields::from_stored(None), Fields::default());
        // Somebody has written into the table.
        let broken = Fields::from_stored(Some("{"));
        assert!(broken.get::<String>("role").is_err());
        assert!(broken.has_no_public());
    }

    #[test]
    fn a_field_replaces_the_one_of_its_name_also_a_public_one() {
        let mut fields = fields();
        fields.set("plan".into(), &3, false).unwrap();
        assert_eq!(fields.get::<i32>("plan").unwrap(), 3);
        assert!(fields.has_no_public());
    }

    #[test]
    fn all_fields_together_have_a_limit_and_one_too_many_is_not_kept() {
        let mut fields = Fields::default();
        let half = "x".repeat(LIMIT / 2 - 20);
        fields.set("a".into(), &half, false).unwrap();
        fields.set("b".into(), &half, true).unwrap();
        let refused = fields.set("c".into(), &"x", false).unwrap_err().to_string();
        assert!(
            refused.contains("\"c\"") && refused.contains("at most 1024"),
            "{refused}"
        );
        assert!(!refused.contains("xx"), "{refused}");
        assert!(fields.get::<String>("c").is_err());
        assert_eq!(fields.get::<String>("b").unwrap(), half);
        // Replacing one makes room.
        fields.set("a".into(), &"short", false).unwrap();
        fields.set("c".into(), &"x", false).unwrap();
    }
}
