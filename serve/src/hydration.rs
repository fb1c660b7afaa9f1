use leptos::{nonce::use_nonce, prelude::*};
use std::fs;

/// Loads and starts the WebAssembly after the first paint. Earlier, it would delay the paint, and
/// the page works without it. (Leptos's own `HydrationScripts` requests it before the stylesheets.)
///
/// The program exports `hydrate`:
///
/// ```ignore
/// #[wasm_bindgen]
/// pub fn hydrate() {
///     leptos::mount::hydrate_body(App);
/// }
/// ```
#[component]
pub fn Hydration(
    /// Where the files are.
    options: LeptosOptions,
) -> impl IntoView {
    let hashes = options.hash_files.then(|| hashes(&options)).flatten();
    let url = |kind| file_url(&options, hashes.as_deref(), kind);
    let script = include_str!("hydration.js")
        .replace("SCRIPT_URL", &url("js"))
        .replace("WASM_URL", &url("wasm"));
    view! { <script type="module" nonce=use_nonce()>{script}</script> }
}

/// The URL of an asset. A release puts a hash of the content into its name.
fn file_url(options: &LeptosOptions, hashes: Option<&str>, kind: &str) -> String {
    let LeptosOptions {
        output_name,
        site_pkg_dir,
        ..
    } = options;
    let hash = hashes.and_then(|hashes| hash_of(hashes, kind));
    let hash = hash.map(|hash| format!(".{hash}")).unwrap_or_default();
    format!("/{site_pkg_dir}/{output_name}{hash}.{kind}")
}

/// Lines such as `js: 0123456789abcdef`. Leptos looks for the file in the same place.
fn hashes(options: &LeptosOptions) -> Option<String> {
    let program = std::env::current_exe().ok()?;
    fs::read_to_string(program.parent()?.join(&*options.hash_file)).ok()
}

fn hash_of<'h>(hashes: &'h str, kind: &str) -> Option<&'h str> {
    let mut lines = hashes.lines().filter_map(|line| line.split_once(':'));
    let (_, hash) = lines.find(|(name, _)| *name == kind)?;
    Some(hash.trim())
}
