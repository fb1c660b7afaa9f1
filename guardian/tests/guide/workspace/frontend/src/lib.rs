#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    use app::*;

    leptos::mount::hydrate_body(App);
}
