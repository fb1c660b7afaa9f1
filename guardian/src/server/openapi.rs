//! `/api/openapi.json`: the description of the site's HTTP interface in
//! [OpenAPI 3.1](https://spec.openapis.org/oas/v3.1.1.html), from which clients in other languages are
//! generated.

use super::{Guardian, request_target::refuse_other_targets};
use axum::{Router, middleware::from_fn, routing::get};
use http::header;
use serde_json::{Value, json};

const PATH: &str = "/api/openapi.json";

/// The library's own functions.
const OF_LIBRARY: &str = include_str!("../../openapi.json");

impl Guardian {
    /// The route `/api/openapi.json`, which describes the site's HTTP interface. `of_app` describes the app's
    /// own functions, in JSON, with `paths` and `components`; the library adds its own, the site's URL, and
    /// how clients sign in. The app may refer to the library's components.
    ///
    /// # Panics
    ///
    /// When `of_app` is not JSON.
    ///
    /// ```
    /// use axum::Router;
    /// # use leptos_guardian::server::Guardian;
    ///
    /// # fn example(guardian: &Guardian, app: Router) -> Router {
    /// let of_app = r#"{"paths": {"/api/notes": {"get": {"responses": {"200": {"description": "All notes."}}}}}}"#;
    /// guardian.protect(app).merge(guardian.openapi("Notes", of_app))
    /// # }
    /// ```
    pub fn openapi<S>(&self, title: &str, of_app: &str) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        let description = self.describe(title, of_app).to_string();
        let response = || async { ([(header::CONTENT_TYPE, "application/json")], description) };
        Router::new()
            .route(PATH, get(response))
            .layer(from_fn(refuse_other_targets))
    }

    fn describe(&self, title: &str, of_app: &str) -> Value {
        let mut description: Value =
            serde_json::from_str(of_app).expect("the app's description is JSON");
        let mut own: Value =
            serde_json::from_str(OF_LIBRARY).expect("the library's description is JSON");
        own["info"]["title"] = title.into();
        own["servers"] = json!([{"url": self.redirects().site_origin()}]);
        own["components"]["securitySchemes"]["cookie"]["name"] =
            self.0.cookies.session_name().into();
        merge(&mut description, own);
        if !self.0.accepts_bearer_tokens {
            remove(&mut description, "bearer");
        }
        description
    }
}

/// Adds what is missing.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                merge(into.entry(name).or_insert(Value::Null), value);
            }
        }
        (into @ Value::Null, from) => *into = from,
        _ => {}
    }
}

/// Removes a way to sign in, and every mention of it.
fn remove(description: &mut Value, scheme: &str) {
    match description {
        Value::Object(entries) => {
            entries.remove(scheme);
            for value in entries.values_mut() {
                remove(value, scheme);
            }
        }
        Value::Array(items) => {
            items.retain(|item| item.get(scheme).is_none());
            for item in items {
                remove(item, scheme);
            }
        }
        _ => {}
    }
}
