//! The keys that sign the cookies. The first one signs. The others are old ones, or ones that other servers
//! sign with already: what they have signed is accepted, and signed again with the first one.

use super::key::SigningKey;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cookie::{Cookie, CookieJar};
use sha2::{Digest, Sha256};

/// How many bytes of a key's hash are its fingerprint: enough to tell keys apart, and useless for finding a
/// key, which has at least 256 bits.
const FINGERPRINT_BYTES: usize = 6;

/// The keys. Never empty.
#[derive(Clone, Debug)]
pub(crate) struct Keyring(Vec<SigningKey>);

/// A value whose signature is ours.
pub(super) struct Verified {
    pub(super) value: String,
    /// Whether the first key has signed it.
    pub(super) is_current: bool,
}

impl Keyring {
    /// Returns `None` without a key.
    pub(crate) fn new(keys: Vec<SigningKey>) -> Option<Self> {
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// Signs a cookie with the first key.
    pub(super) fn sign(&self, cookie: Cookie<'static>) -> CookieJar {
        let mut jar = CookieJar::new();
        jar.signed_mut(&self.0[0].0).add(cookie);
        jar
    }

    /// Returns what was signed, if one of the keys has signed it.
    pub(super) fn verify(&self, signed: &str) -> Option<Verified> {
        let jar = CookieJar::new();
        self.0.iter().enumerate().find_map(|(index, key)| {
            let cookie = jar
                .signed(&key.0)
                .verify(Cookie::new("", signed.to_owned()))?;
            Some(Verified {
                value: cookie.value().to_owned(),
                is_current: index == 0,
            })
        })
    }

    /// Returns a name for each key, which says nothing about it. Servers compare them.
    pub(crate) fn fingerprints(&self) -> Vec<String> {
        let fingerprint = |key: &SigningKey| {
            let hash = Sha256::new()
                .chain_update("leptos-guardian fingerprint of a key")
                .chain_update(key.0.master())
                .finalize();
            URL_SAFE_NO_PAD.encode(&hash[..FINGERPRINT_BYTES])
        };
        self.0.iter().map(fingerprint).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(key: &SigningKey) -> String {
        let keyring = Keyring::new(vec![key.clone()]).unwrap();
        let jar = keyring.sign(Cookie::new("name", "value"));
        jar.get("name").unwrap().value().to_owned()
    }

    #[test]
    fn every_key_is_accepted_and_the_first_one_signs() {
        let [new, old, other] = [(); 3].map(|()| SigningKey::generate());
        let keyring = Keyring::new(vec![new.clone(), old.clone()]).unwrap();
        let verify = |key| keyring.verify(&signed(key)).map(|it| it.is_current);
        assert_eq!(verify(&new), Some(true));
        assert_eq!(verify(&old), Some(false));
        assert_eq!(verify(&other), None);
        let jar = keyring.sign(Cookie::new("name", "value"));
        assert_eq!(jar.get("name").unwrap().value(), signed(&new));
    }

    #[test]
    fn a_fingerprint_names_one_key_and_holds_none_of_it() {
        let [one, other] = [(); 2].map(|()| SigningKey::generate());
        let of = |keys: &[&SigningKey]| {
            let keys = keys.iter().map(|key| (*key).clone()).collect();
            Keyring::new(keys).unwrap().fingerprints()
        };
        let both = of(&[&one, &other]);
        assert_eq!(of(&[&other, &one]), [both[1].clone(), both[0].clone()]);
        assert_ne!(both[0], both[1]);
        let bytes = URL_SAFE_NO_PAD.decode(&both[0]).unwrap();
        assert!(!one.0.master().windows(6).any(|part| part == bytes));
    }
}
