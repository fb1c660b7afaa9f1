//! Passwords that attackers try first
//! ([NIST SP 800-63B-4, section 3.1.1.2](https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver)):
//! common ones, facts about the user, repetitions and sequences, also with small changes such as a
//! year or digits for letters.

use zxcvbn::{Score, zxcvbn};

/// How many characters of a password are judged. The time grows faster than the length: the worst
/// 32 characters take 60 ms, the worst 64 take 280 ms. A password with a strong beginning does not
/// get weaker by what follows.
const JUDGED_LENGTH: usize = 32;

/// Parts of names and addresses with fewer characters are ignored.
const SHORTEST_WORD: usize = 3;

/// Whether fewer than a million guesses find the password, for somebody who knows these words, in
/// lower case. One network needs 28 years to try a million, but thousands of networks need days.
pub(super) fn is_weak(password: &str, known_words: &[String]) -> bool {
    let words = context_words(known_words);
    // Judged without the words, too: they may be longer than what is judged.
    let rest = words
        .iter()
        .fold(password.to_lowercase(), |rest, word| rest.replace(word, ""));
    [password, &rest].into_iter().any(|password| {
        let judged: String = password.chars().take(JUDGED_LENGTH).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        zxcvbn(&judged, &words).score() < Score::Two
    })
}

/// What an attacker knows, whole and in parts. The longest first.
fn context_words(known_words: &[String]) -> Vec<String> {
    let known = known_words.join(" ");
    let parts = known.split(|c: char| !c.is_alphanumeric());
    let halves = known.split(['@', ' ']);
    let mut words: Vec<String> = parts.chain(halves).map(str::to_owned).collect();
    words.extend_from_slice(known_words);
    words.retain(|word| word.chars().count() >= SHORTEST_WORD);
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.dedup();
    words
}

#[cfg(test)]
mod tests {
    const APP: &str = "my first idea";

    fn is_weak(password: &str) -> bool {
        let email = "countess.ada@analytical-engine.example";
        let known = [email, "ada lovelace", APP];
        super::is_weak(password, &known.map(str::to_owned))
    }

    #[test]
    fn common_passwords_are_weak() {
        for password in [
            "password",
            "Password1!",
            "P@ssw0rd123",
            "12345678",
            "87654321",
            "11111111",
            "abcd1234",
            "qwertyuiop",
            "1qaz2wsx",
            "iloveyou",
            "letmein123",
            "welcome1",
            "Winter2023",
            "11/12/1999",
        ] {
            assert!(is_weak(password), "{password}");
        }
    }

    #[test]
    fn a_password_from_known_facts_is_weak() {
        let app_name = APP.replace(' ', "");
        for password in [
            "countess.ada@analytical-engine.example",
            "COUNTESS.ADA@analytical-engine.example!1",
            "!!countess.ada@analytical-engine.example",
            "countess.ada",
            "countess1815",
            "analytical-engine",
            "Ada Lovelace",
            "adalovelace",
            "lovelace!2024",
            "L0velace1",
            "ecalevol1",
            &format!("{app_name}123"),
            &format!("{app_name}{app_name}"),
            &format!("My{app_name}!"),
        ] {
            assert!(is_weak(password), "{password}");
        }
    }

    #[test]
    fn repetitions_and_blanks_are_weak() {
        for password in [
            " ".repeat(8),
            " ".repeat(200),
            "a".repeat(12),
            "ü".repeat(256),
            "abc".repeat(40),
            "Passwort".repeat(9),
            "        a".into(),
        ] {
            assert!(is_weak(&password), "{password}");
        }
    }

    #[test]
    fn a_password_that_is_hard_to_guess_is_not_weak() {
        for password in [
            "correct horse battery",
            "a new password",
            "the first password",
            "Xk29!mZq",
            "ada likes steam engines",
            "грузовик-морковь",
            "密码很难猜到的句子",
        ] {
            assert!(!is_weak(password), "{password}");
        }
    }
}
