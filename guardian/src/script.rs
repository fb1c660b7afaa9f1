//! The script of the pages, served by the library itself. Its files are joined into one module when the
//! server starts, so that a browser loads one file and an app needs no build step for it.

use crate::stylesheet::fnv1a;
use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderMap, StatusCode, header};
use std::sync::LazyLock;

/// The files in an order in which each one comes after those that it needs.
const FILES: [&str; 18] = [
    include_str!("script/attempt.mjs"),
    include_str!("script/texts.mjs"),
    include_str!("script/options.mjs"),
    include_str!("script/messages.mjs"),
    include_str!("script/draft.mjs"),
    include_str!("script/auth_state.mjs"),
    include_str!("script/sign_out.mjs"),
    include_str!("script/conclude.mjs"),
    include_str!("script/state.mjs"),
    include_str!("script/api.mjs"),
    include_str!("script/pending.mjs"),
    include_str!("script/tabs.mjs"),
    include_str!("script/stream.mjs"),
    include_str!("script/elements.mjs"),
    include_str!("script/forms.mjs"),
    include_str!("script/show.mjs"),
    include_str!("script/page.mjs"),
    include_str!("script/guardian.mjs"),
];

static MODULE: LazyLock<String> = LazyLock::new(|| join(&FILES));

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// What TypeScript knows of the script.
const TYPES: &str = include_str!("script/guardian.d.ts");

/// Returns where the module is served. The name changes with the content, so browsers may keep it for good.
pub(crate) fn path() -> String {
    format!("/guardian/{:016x}.js", fnv1a(MODULE.as_bytes()))
}

/// Serves the module, also under a name that static pages can know, and its types.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let named = |kind, text: &'static str| {
        get(async move |headers: HeaderMap| revalidated(&headers, kind, text))
    };
    Router::new()
        .route(&path(), get(unchanging))
        .route("/guardian/guardian.js", named(JAVASCRIPT, &MODULE))
        .route(
            "/guardian/guardian.d.ts",
            named("text/plain; charset=utf-8", TYPES),
        )
}

async fn unchanging() -> impl IntoResponse {
    (
        [
            (header::CONTENT_TYPE, JAVASCRIPT),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        ],
        MODULE.as_str(),
    )
}

/// Responds with a text, or that it has not changed.
fn revalidated(request: &HeaderMap, kind: &'static str, text: &'static str) -> Response {
    // Weak: a layer of the app's may compress the text.
    let tag = format!("W/\"{:016x}\"", fnv1a(text.as_bytes()));
    let known = request.get_all(header::IF_NONE_MATCH).iter();
    let is_known = known
        .filter_map(|tags| tags.to_str().ok())
        .any(|tags| tags.contains(&tag));
    let headers = [
        (header::CACHE_CONTROL, "no-cache"),
        (header::ETAG, tag.as_str()),
    ];
    if is_known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (headers, [(header::CONTENT_TYPE, kind)], text).into_response()
}

/// Joins modules into one: without what connects them, and without comments and indentation.
fn join(files: &[&str]) -> String {
    let lines = files.iter().flat_map(|file| file.lines()).map(str::trim);
    let code = lines.filter(|line| {
        let left_out = ["import ", "//", "/*", "*"];
        !line.is_empty() && !left_out.iter().any(|start| line.starts_with(start))
    });
    code.flat_map(|line| [line.strip_prefix("export ").unwrap_or(line), "\n"])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_modules_are_one_without_comments() {
        let first = "// Why.\nimport { b } from \"./b.mjs\";\n\n/**\n * What.\n */\nexport function a() {\n  return b;\n}\n";
        let second = "/** What. */\nexport const c = a();\n";
        let joined = "function a() {\nreturn b;\n}\nconst c = a();\n";
        assert_eq!(join(&[first, second]), joined);
    }

    #[test]
    fn no_file_has_an_import_or_export_of_another_form() {
        for line in MODULE.lines() {
            for word in ["import", "export", "from \""] {
                assert!(!line.starts_with(word), "{line}");
            }
            assert!(!line.starts_with("} from"), "{line}");
        }
    }
}
