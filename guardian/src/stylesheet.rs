//! The components' stylesheet, served by the library itself so that an app needs no step
//! for it.

/// The stylesheet.
pub(crate) const CSS: &str = include_str!("components/guardian.css");

/// Where it is served. The name changes with the content, so browsers may keep it for good.
pub(crate) fn path() -> String {
    format!("/guardian/{:016x}.css", FINGERPRINT)
}

const FINGERPRINT: u64 = fnv1a(CSS.as_bytes());

/// [FNV-1a](https://www.rfc-editor.org/rfc/rfc9923), at compile time, so that the browser's
/// half knows the name without carrying the stylesheet.
pub(crate) const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x100_0000_01b3);
        at += 1;
    }
    hash
}
