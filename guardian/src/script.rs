//! The script of the pages, served by the library itself. Its files are joined into one module when the
//! server starts, so that a browser loads one file and an app needs no build step for it.

use crate::server::File;
use axum::{Router, routing::get};
use http::HeaderMap;
use std::sync::LazyLock;

/// The files, in the order in which they compress best. A constant is needed only when the last one runs.
const FILES: [&str; 21] = [
    include_str!("script/cookies.mjs"),
    include_str!("script/api.mjs"),
    include_str!("script/forms.mjs"),
    include_str!("script/pending.mjs"),
    include_str!("script/options.mjs"),
    include_str!("script/draft.mjs"),
    include_str!("script/attempt.mjs"),
    include_str!("script/sign_out.mjs"),
    include_str!("script/auth_state.mjs"),
    include_str!("script/conclude.mjs"),
    include_str!("script/state.mjs"),
    include_str!("script/components.mjs"),
    include_str!("script/update.mjs"),
    include_str!("script/show.mjs"),
    include_str!("script/menus.mjs"),
    include_str!("script/page.mjs"),
    include_str!("script/tabs.mjs"),
    include_str!("script/elements.mjs"),
    include_str!("script/data.mjs"),
    include_str!("script/stream.mjs"),
    include_str!("script/guardian.mjs"),
];

static MODULE: LazyLock<File> =
    LazyLock::new(|| File::new("text/javascript; charset=utf-8", join(&FILES)));

/// What TypeScript knows of the script.
static TYPES: LazyLock<File> = LazyLock::new(|| {
    let types = include_str!("script/guardian.d.ts");
    File::new("text/plain; charset=utf-8", types.to_owned())
});

/// Returns where the module is served.
pub(crate) fn path() -> String {
    MODULE.path("js")
}

/// Serves the module, also under a name that static pages can know, and its types.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route(
            &path(),
            get(async |request: HeaderMap| MODULE.unchanging(&request)),
        )
        .route(
            "/guardian/guardian.js",
            get(async |request: HeaderMap| MODULE.revalidated(&request)),
        )
        .route(
            "/guardian/guardian.d.ts",
            get(async |request: HeaderMap| TYPES.revalidated(&request)),
        )
}

/// Joins modules into one: without what connects them, and without comments, indentation and the line breaks
/// that mean nothing.
fn join(files: &[&str]) -> String {
    let lines = files.iter().flat_map(|file| file.lines()).map(str::trim);
    let code = lines.filter(|line| {
        let left_out = ["import ", "//", "/*", "*"];
        !line.is_empty() && !left_out.iter().any(|start| line.starts_with(start))
    });
    let bare = code.map(|line| without_types(line.strip_prefix("export ").unwrap_or(line)));
    bare.map(|line| {
        let goes_on = line.ends_with([';', '{', ',', '(', '[']);
        line + if goes_on { "" } else { "\n" }
    })
    .collect()
}

/// Removes the comments inside a line, which are for the type checker.
fn without_types(line: &str) -> String {
    let mut parts = line.split("/** ");
    let start = parts.next().unwrap_or_default().to_owned();
    parts.fold(start, |code, part| {
        let (_, after) = part.split_once("*/").unwrap_or_default();
        code + after.trim_start()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_modules_are_one_without_comments() {
        let first = "// Why.\nimport { b } from \"./b.mjs\";\n\n/**\n * What.\n */\nexport function a() {\n  return b;\n}\n";
        let second =
            "/** What. */\nexport const c = (/** @type {any} */ a)(/** @type {A} */ (b));\n";
        let joined = "function a() {return b;}\nconst c = (a)((b));";
        assert_eq!(join(&[first, second]), joined);
    }

    #[test]
    fn no_file_has_an_import_or_export_of_another_form() {
        for line in FILES.iter().flat_map(|file| file.lines()) {
            let is_import = line.starts_with("import ");
            assert_eq!(line.ends_with(".mjs\";"), is_import, "{line}");
            for form in ["export {", "export *", "export default"] {
                assert!(!line.starts_with(form), "{line}");
            }
        }
    }
}
