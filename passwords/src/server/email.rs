//! E-mail addresses. All ways to write an address lead to one account.

use crate::PasswordError;
use icu_properties::{CodePointSetData, props::DefaultIgnorableCodePoint};
use idna::AsciiDenyList;
use unicode_normalization::UnicodeNormalization as _;

/// The longest address that mail can be sent to
/// ([RFC 5321, section 4.5.3.1.3](https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.3)).
const LENGTH: usize = 254;

/// An e-mail address. All ways to write it are equal.
///
/// ```
/// use leptos_guardian_passwords::server::Email;
///
/// let email = Email::parse_new(" Ada@Example.COM ")?;
/// assert_eq!(email.canonical, "ada@example.com");
/// # Ok::<(), leptos_guardian_passwords::PasswordError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The canonical form: stored for new accounts, shown, and counted. Its domain is in Unicode,
    /// as people write and recognise it.
    pub canonical: String,
    /// The forms under which the table may have older accounts: in lower case only, or with the
    /// domain in ASCII.
    pub earlier: [String; 2],
}

impl Email {
    /// Reads the address of a sign-in. Accepts every address that accounts could ever have.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Email`] if it can be no address.
    pub fn parse(text: &str) -> Result<Self, PasswordError> {
        let folded = text.trim().to_lowercase();
        match canonicalize(text) {
            Some((canonical, ascii)) => Ok(Self {
                canonical,
                earlier: [folded, ascii],
            }),
            None if was_accepted(&folded) => Ok(Self {
                canonical: folded.clone(),
                earlier: [folded.clone(), folded],
            }),
            None => Err(PasswordError::Email),
        }
    }

    /// Reads the address of a new account. Accepts whatever may be an address: only a confirmation
    /// mail could tell.
    ///
    /// # Errors
    ///
    /// [`PasswordError::Email`] if it can be no address.
    pub fn parse_new(text: &str) -> Result<Self, PasswordError> {
        canonicalize(text).ok_or(PasswordError::Email)?;
        Self::parse(text)
    }
}

/// The address with its domain in Unicode, and in ASCII. `None` if it cannot be an address.
///
/// This normalizes compatibility forms (full-width letters, ligatures), case and composed accents,
/// and removes invisible characters (zero-width spaces). The domain follows the rules for domains
/// ([UTS #46](https://www.unicode.org/reports/tr46/)).
fn canonicalize(text: &str) -> Option<(String, String)> {
    let text: String = text.trim().nfkc().collect();
    let (local, domain) = text.split_once('@')?;
    let local = fold(local);
    let domain = idna::domain_to_ascii_cow(domain.as_bytes(), AsciiDenyList::URL).ok()?;
    let domain = domain.strip_suffix('.').unwrap_or(&domain);
    let ascii = format!("{local}@{domain}");
    let is_whole = !local.is_empty() && domain.split('.').all(|label| !label.is_empty());
    let is_plain = !local.chars().any(|c| c.is_whitespace() || c.is_control());
    let (domain, _) = idna::domain_to_unicode(domain);
    let fits = ascii.len() <= LENGTH;
    (is_whole && is_plain && fits).then(|| (format!("{local}@{domain}"), ascii))
}

/// Letter by letter, because [`str::to_lowercase`] writes another small sigma at the end of a word.
fn fold(local: &str) -> String {
    let is_ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    local
        .chars()
        .filter(|c| !is_ignorable.contains(*c))
        .flat_map(char::to_lowercase)
        .map(|c| if c == 'ς' { 'σ' } else { c })
        .nfkc()
        .collect()
}

/// The rule for new accounts before there was a canonical form.
fn was_accepted(folded: &str) -> bool {
    let has_parts = folded.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@')
    });
    let is_plain = !folded.chars().any(|c| c.is_whitespace() || c.is_control());
    has_parts && is_plain && folded.len() <= LENGTH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_to_write_an_address_have_one_canonical_form() {
        for (canonical, written) in [
            (
                "ada@example.com",
                vec![
                    " ADA@Example.COM\t",
                    "ada@example.com.",
                    "ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ",
                    "ada@example。com",
                    "a\u{200b}d\u{ad}a\u{feff}@exam\u{200b}ple.com",
                    "\u{feff}ada@example.com\u{2060}",
                    "ad\u{fe0f}a@example.com",
                ],
            ),
            (
                "ada@bücher.example",
                vec![
                    "ADA@BÜCHER.example",
                    "ada@xn--bcher-kva.example",
                    "ada@XN--BCHER-KVA.example.",
                    "ada@bu\u{308}cher.example",
                ],
            ),
            (
                "jürgen@a",
                vec!["ju\u{308}rgen@a", "JÜRGEN@A", "JU\u{308}RGEN@A"],
            ),
            ("νικοσ@a", vec!["ΝΙΚΟΣ@a", "νικος@a", "νικοσ@a"]),
            ("office@a", vec!["oﬃce@a"]),
        ] {
            for text in written.into_iter().chain([canonical]) {
                let email = Email::parse_new(text).unwrap();
                assert_eq!(email.canonical, canonical, "{text:?}");
            }
        }
    }

    #[test]
    fn different_addresses_stay_different() {
        let canonical = |text| Email::parse_new(text).unwrap().canonical;
        for (one, other) in [
            ("ada@a.b", "ad.a@a.b"),
            ("ada+x@a.b", "ada@a.b"),
            ("strasse@a.b", "straße@a.b"),
            ("a@strasse.b", "a@straße.b"),
            ("mike@a.b", "mıke@a.b"),
            ("ada@a.b", "аda@a.b"),
        ] {
            assert_ne!(canonical(one), canonical(other));
        }
    }

    #[test]
    fn an_impossible_address_is_refused() {
        for text in [
            "",
            "ada",
            "@a.b",
            "ada@",
            "ada@@b",
            "a@b@c",
            "a@b＠c",
            "a b@c",
            "a@b c",
            "a@b..c",
            "a@.b",
            "a@.",
            "\u{200b}@b",
            "a@\u{200b}",
            "a\0@b",
            "a@xn--a",
            "a\u{2028}@b",
        ] {
            assert_eq!(
                Email::parse_new(text),
                Err(PasswordError::Email),
                "{text:?}"
            );
        }
        let long = format!("{}@example.com", "a".repeat(243));
        assert!(Email::parse_new(&long).is_err());
    }

    #[test]
    fn an_address_that_was_accepted_before_can_still_sign_in() {
        for text in ["ada@[192.0.2.1]", "ada@a..b", "ada@xn--a"] {
            assert!(Email::parse_new(text).is_err());
            let email = Email::parse(text).unwrap();
            assert!(email.earlier.contains(&text.to_owned()));
        }
    }
}
