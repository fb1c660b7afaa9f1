//! Code that stands in a document and is run by a test.

/// Whether the block stands in the code, whatever the indentation.
pub fn assert_holds(code: &str, block: &str) {
    let [code, lines] = [code, block].map(|text| text.lines().map(str::trim).collect::<Vec<_>>());
    let is_there = code.windows(lines.len()).any(|part| part == lines);
    assert!(is_there, "not in the code:\n{block}");
}
