//! The app's own fields of a user.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeMap;

/// The most bytes that the fields of a user may have together, as JSON with their names. Every request of the
/// user reads them. PostgreSQL keeps a row of more than some 2,000 bytes in two places, and then reads both
/// (<https://www.postgresql.org/docs/current/storage-toast.html>).
const LIMIT: usize = 1024;

/// The fields. Only the public ones are serialized, so no response has another one by mistake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<Field>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// As JSON: a browser need not parse what no component reads.
    pub(crate) json: String,
    pub(crate) is_public: bool,
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
        /// The size of all fields, as JSON with their names.
        bytes: usize,
        /// The most that is possible.
        limit: usize,
    },
}

/// The fields as the database keeps them.
#[cfg(feature = "ssr")]
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    public: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    private: BTreeMap<String, Value>,
}

impl Fields {
    /// Adds a field, or replaces the one of this name.
    pub(crate) fn set(
        &mut self,
        name: String,
        value: &impl Serialize,
        is_public: bool,
    ) -> Result<(), FieldError> {
        let json = match serde_json::to_string(value) {
            Ok(json) => json,
            Err(source) => return Err(FieldError::NotJson { name, source }),
        };
        self.0.retain(|field| field.name != name);
        self.0.push(Field {
            name,
            json,
            is_public,
        });
        let sizes = self
            .0
            .iter()
            .map(|field| field.name.len() + field.json.len());
        let bytes = sizes.sum();
        if bytes > LIMIT {
            return Err(FieldError::TooLarge {
                name: self.0.pop().unwrap_or_else(|| unreachable!()).name,
                bytes,
                limit: LIMIT,
            });
        }
        Ok(())
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T, FieldError> {
        let field = self.0.iter().find(|field| field.name == name);
        let field = field.ok_or_else(|| FieldError::Missing(name.to_owned()))?;
        serde_json::from_str(&field.json).map_err(|source| FieldError::OtherType {
            name: name.to_owned(),
            source,
        })
    }

    pub(crate) fn has_no_public(&self) -> bool {
        !self.0.iter().any(|field| field.is_public)
    }

    /// The public ones, as JSON.
    fn public(&self) -> impl Iterator<Item = (&str, Value)> {
        self.all(true)
    }

    fn all(&self, is_public: bool) -> impl Iterator<Item = (&str, Value)> {
        let fields = self.0.iter();
        fields
            .filter(move |field| field.is_public == is_public)
            .map(|field| {
                let value = serde_json::from_str(&field.json).unwrap_or_default();
                (field.name.as_str(), value)
            })
    }
}

#[cfg(feature = "ssr")]
impl Fields {
    /// What a page may have.
    pub(crate) fn without_private(mut self) -> Self {
        self.0.retain(|field| field.is_public);
        self
    }

    /// Returns the text for the database; `None` without fields.
    pub(crate) fn encode(&self) -> Result<Option<String>, serde_json::Error> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let of = |is_public| {
            let fields = self.all(is_public);
            fields
                .map(|(name, value)| (name.to_owned(), value))
                .collect()
        };
        let stored = Stored {
            public: of(true),
            private: of(false),
        };
        serde_json::to_string(&stored).map(Some)
    }

    /// Reads the text from the database. A server of an earlier version has written none.
    pub(crate) fn decode(text: Option<&str>) -> Result<Self, serde_json::Error> {
        let Some(text) = text else {
            return Ok(Self::default());
        };
        let Stored { public, private } = serde_json::from_str(text)?;
        let all = [(public, true), (private, false)].into_iter();
        Ok(all
            .flat_map(|(fields, is_public)| Self::from_values(fields, is_public))
            .collect())
    }
}

impl Fields {
    fn from_values(
        values: BTreeMap<String, Value>,
        is_public: bool,
    ) -> impl Iterator<Item = Field> {
        values.into_iter().map(move |(name, value)| Field {
            name,
            json: value.to_string(),
            is_public,
        })
    }
}

impl FromIterator<Field> for Fields {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.public())
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = BTreeMap::deserialize(deserializer)?;
        Ok(Self::from_values(values, true).collect())
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
        let stored = fields.encode().unwrap().unwrap();
        let read = Fields::decode(Some(&stored)).unwrap();
        assert_eq!(read.get::<String>("role").unwrap(), "admin");
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
        assert_eq!(Fields::default().encode().unwrap(), None);
        assert_eq!(Fields::decode(None).unwrap(), Fields::default());
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
        let half = "x".repeat(LIMIT / 2 - 4);
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
