//! Code blocks of documents, which tests run.

/// The code blocks whose fence begins like this one.
pub fn blocks<'a>(document: &'a str, fence: &'a str) -> impl Iterator<Item = &'a str> {
    // Before the first fence there is no code.
    let from_each = document.split(fence).skip(1);
    from_each.filter_map(|code| code.split("```").next())
}

/// Asserts that the code contains the block, with any indentation.
pub fn assert_contains(code: &str, block: &str) {
    let [code, lines] = [code, block].map(|text| text.lines().map(str::trim).collect::<Vec<_>>());
    let is_there = code.windows(lines.len()).any(|part| part == lines);
    assert!(is_there, "not in the code:\n{block}");
}
