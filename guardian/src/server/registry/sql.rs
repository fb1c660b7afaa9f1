//! How statements are built whose text depends on their parameters, and how values are stored as text.

use serde::{Deserialize, Serialize};
use sqlx::{Encode, QueryBuilder, Type};

/// sqlx's [`QueryBuilder`] on either database, so that a part of a statement is written once.
pub(crate) trait Statement {
    /// Adds a piece of SQL.
    fn add(&mut self, sql: &str) -> &mut Self;

    /// Adds a parameter.
    fn text(&mut self, value: impl Into<String>) -> &mut Self;

    /// Adds a parameter.
    fn integer(&mut self, value: i64) -> &mut Self;

    /// Adds ` in ($1, $2, …)`. Each number of parameters is a separate prepared statement, so only powers
    /// of two are used; the last value fills the rest.
    fn is_one_of(&mut self, values: &[String]) -> &mut Self {
        self.add(" in (");
        let rest = values.last().into_iter().cycle();
        let filled = values.iter().chain(rest);
        for (index, value) in filled.take(values.len().next_power_of_two()).enumerate() {
            self.add(if index == 0 { "" } else { ", " });
            self.text(value.as_str());
        }
        self.add(")")
    }
}

impl<DB> Statement for QueryBuilder<'static, DB>
where
    DB: sqlx::Database,
    String: Type<DB> + Encode<'static, DB>,
    i64: Type<DB> + Encode<'static, DB>,
{
    fn add(&mut self, sql: &str) -> &mut Self {
        self.push(sql)
    }

    fn text(&mut self, value: impl Into<String>) -> &mut Self {
        self.push_bind(value.into())
    }

    fn integer(&mut self, value: i64) -> &mut Self {
        self.push_bind(value)
    }
}

pub(super) fn encode(value: &impl Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|cause| sqlx::Error::Encode(cause.into()))
}

pub(super) fn decode<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, sqlx::Error> {
    serde_json::from_str(text).map_err(|cause| sqlx::Error::Decode(cause.into()))
}
