//! The components' stylesheet. The library serves it, so that an app has nothing to set up.

pub(crate) const CSS: &str = include_str!("components/guardian.css");

/// The stylesheet's path. It changes with the content, so browsers may keep the file for good.
pub(crate) fn path() -> String {
    format!("/guardian/{:016x}.css", FINGERPRINT)
}

const FINGERPRINT: u64 = fnv1a(CSS.as_bytes());

/// Hashes with [FNV-1a](https://www.rfc-editor.org/rfc/rfc9923), at compile time, so that the browser's
/// half knows the path without containing the stylesheet.
pub(crate) const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x100_0000_01b3);
        index += 1;
    }
    hash
}
