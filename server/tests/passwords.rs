//! Passwords that are guessed first are refused. All ways to write a password or an address are
//! equal.

mod common;

use common::{PASSWORD, Site};
use http::StatusCode;
use leptos_guardian::with_pool;
use std::sync::Arc;

/// `weak_passwords.rs` tests which passwords they are.
#[tokio::test]
async fn passwords_that_are_guessed_first_are_refused() {
    let site = Site::new().await;
    let cookie = site.sign_up("bob@example.com").await;
    for password in [
        "password",
        "12345678",
        "++++++++",
        "ada.lovelace@example.com",
        "Ada+Lovelace",
        "lovelace1815",
        "ADA.lovelace@example.com!",
        // In full-width letters.
        "ｐａｓｓｗｏｒｄ",
        &format!("{}2024", app::NAME.replace(' ', "")),
    ] {
        let fields =
            format!("name=Ada+Lovelace&email=ada.lovelace@example.com&password={password}");
        let response = site.post("/api/sign_up", "", &fields).await;
        assert_eq!(
            response.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{password}"
        );
        assert_eq!(response.error(), "weak_password", "{password}");
        assert!(response.cookie("session").is_none());
    }
    // Bob's own address is weak for Bob.
    for password in ["password", "bob@example.com", "ada.lovelace@example.com"] {
        let fields = format!("current_password={PASSWORD}&password={password}");
        let response = site.post("/api/change_password", &cookie, &fields).await;
        let expected = if password.starts_with("ada") {
            200
        } else {
            422
        };
        assert_eq!(
            response.status.as_u16(),
            expected,
            "{password}: {}",
            response.body
        );
    }
}

/// Hashes from before passwords were judged and normalized: of `password`, and of
/// `über den Bergen ist es weit` as a Mac may send it, with two characters for the first letter.
const OLD_HASHES: [&str; 2] = [
    "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$0qsHs573+LgGInzYb7sRqlOTBmqY4X6srNEm6ybpJ20",
    "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$FbocyyWxpnNrjeirAD1Hn07QsWwSqxAsmKYWh8PqOc0",
];

async fn add_old_account(site: &Site, email: &str, password_hash: &str) {
    const ADD: &str = "insert into app_user (id, email, name, password_hash, created_at)
        values ($1, $1, 'Ada', $2, 1)";
    with_pool!(&site.database, pool => {
        let add = sqlx::query(ADD).bind(email).bind(password_hash);
        add.execute(pool).await.map(drop)
    })
    .unwrap();
}

async fn sign_in(site: &Site, email: &str, password: &str) -> u16 {
    let fields = format!("email={email}&password={password}");
    site.post("/api/sign_in", "", &fields).await.status.as_u16()
}

#[tokio::test]
async fn old_passwords_still_sign_in() {
    let site = Site::new().await;
    add_old_account(&site, "weak@example.com", OLD_HASHES[0]).await;
    add_old_account(&site, "mac@example.com", OLD_HASHES[1]).await;
    assert_eq!(sign_in(&site, "weak@example.com", "password").await, 200);
    let as_before = "u\u{308}ber den Bergen ist es weit";
    assert_eq!(sign_in(&site, "mac@example.com", as_before).await, 200);
    assert_eq!(
        sign_in(&site, "mac@example.com", "u\u{308}ber den Bergen").await,
        401
    );
}

#[tokio::test]
async fn all_ways_to_write_a_password_are_equal() {
    let site = Site::new().await;
    let ways = [
        "über den Bergen ist es weit",
        "u\u{308}ber den Bergen ist es weit",
        "ｕ\u{308}ber\u{a0}den Bergen ist es weit",
    ];
    for (n, chosen) in ways.iter().enumerate() {
        let email = format!("ada{n}@example.com");
        let fields = format!("name=Ada&email={email}&password={chosen}");
        let response = site.post("/api/sign_up", "", &fields).await;
        assert_eq!(response.status, StatusCode::OK, "{}", response.body);
        for way in ways {
            assert_eq!(sign_in(&site, &email, way).await, 200, "{chosen:?} {way:?}");
        }
        assert_eq!(
            sign_in(&site, &email, "uber den Bergen ist es weit").await,
            401
        );
    }
}

/// One address in many forms; `+` in a form's field is a blank.
const ADDRESSES: [&str; 7] = [
    "ada@bücher.example",
    "ADA@BÜCHER.example",
    "ada@xn--bcher-kva.example",
    "ada@XN--BCHER-KVA.EXAMPLE.",
    "ada@bu\u{308}cher.example",
    "+ａda＠bücher．example+",
    "a\u{200b}da@bücher.example",
];

#[tokio::test]
async fn all_ways_to_write_an_address_lead_to_one_account() {
    for chosen in ADDRESSES {
        let site = Site::new().await;
        let cookie = site.sign_up(chosen).await;
        for way in ADDRESSES {
            assert_eq!(
                sign_in(&site, way, PASSWORD).await,
                200,
                "{chosen:?} {way:?}"
            );
            let fields = format!("name=Ada&email={way}&password={PASSWORD}");
            // With the right password, it signs in.
            let again = site.post("/api/sign_up", "", &fields).await;
            assert_eq!(again.status, StatusCode::OK, "{chosen:?} {way:?}");
            let again = site.who_is(&again.cookie("session").unwrap()).await;
            assert_eq!(again["id"], site.who_is(&cookie).await["id"], "{way:?}");
            let user = site.state.user_id(way.trim_matches('+')).await.unwrap();
            assert!(user.is_some(), "{chosen:?} {way:?}");
        }
        let shown = &site.who_is(&cookie).await["profile"]["email"];
        assert_eq!(shown, "ada@bücher.example");
    }
}

#[tokio::test]
async fn accounts_under_an_earlier_form_of_their_address_still_sign_in() {
    let site = Site::new().await;
    for (email, ways) in [
        (
            "ada@xn--bcher-kva.example",
            vec!["ADA@bücher.example", "ada@xn--bcher-kva.example"],
        ),
        (
            "bob@bücher.example",
            vec!["bob@xn--bcher-kva.example", "BOB@bücher.example"],
        ),
        (
            "ju\u{308}rgen@example.com",
            vec!["JU\u{308}RGEN@example.com"],
        ),
        ("carol@example.com.", vec!["carol@example.com."]),
        ("dan@[192.0.2.1]", vec!["DAN@[192.0.2.1]"]),
    ] {
        add_old_account(&site, email, OLD_HASHES[0]).await;
        for way in ways {
            assert_eq!(sign_in(&site, way, "password").await, 200, "{email} {way}");
            let user = site.state.user_id(way).await.unwrap();
            assert_eq!(user.as_deref(), Some(email), "{way}");
            let fields = format!("name=Ada&email={way}&password={PASSWORD}");
            let again = site.post("/api/sign_up", "", &fields).await;
            assert_ne!(again.status, StatusCode::OK, "{way}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_concurrent_sign_ups_with_one_address_succeeds() {
    let site = Arc::new(Site::new().await);
    let mut number = 0;
    let sign_ups = ADDRESSES.map(|way| {
        number += 1;
        let site = Arc::clone(&site);
        tokio::spawn(async move {
            // Each with a password of its own. With the account's, a second one signs in.
            let fields = format!("name=Ada&email={way}&password={PASSWORD} {number}");
            site.post("/api/sign_up", "", &fields).await.status.as_u16()
        })
    });
    let mut statuses = Vec::new();
    for sign_up in sign_ups {
        statuses.push(sign_up.await.unwrap());
    }
    statuses.sort();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409]);
}
