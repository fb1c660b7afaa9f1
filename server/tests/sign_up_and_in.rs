//! `/api/sign_up`, `/api/sign_in`, `/api/change_password`: bad input gets a clear error.

mod common;

use common::{PASSWORD, Site};
use http::{HeaderValue, Request, StatusCode, header};
use leptos_guardian::with_pool;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

#[tokio::test]
async fn bad_fields_are_named() {
    let site = Site::new().await;
    site.sign_up("taken@example.com").await;
    let long = "a".repeat(257);
    for (name, email, password, status, error) in [
        ("", "a@example.com", PASSWORD, 422, "name"),
        ("a%00b", "a@example.com", PASSWORD, 422, "name"),
        ("Ada", "", PASSWORD, 422, "email"),
        ("Ada", "not an address", PASSWORD, 422, "email"),
        ("Ada", "@example.com", PASSWORD, 422, "email"),
        ("Ada", "a@b@c", PASSWORD, 422, "email"),
        ("Ada", "a@example.com", "short12", 422, "password"),
        ("Ada", "a@example.com", &long, 422, "password"),
        ("Ada", "taken@example.com", PASSWORD, 409, "email_taken"),
        ("Ada", " TAKEN@Example.com ", PASSWORD, 409, "email_taken"),
    ] {
        let fields = format!("name={name}&email={email}&password={password}");
        let response = site.post("/api/sign_up", "", &fields).await;
        assert_eq!(response.status.as_u16(), status, "{fields}");
        assert_eq!(response.error(), error, "{fields}");
        assert!(response.cookie("session").is_none());
    }
}

#[tokio::test]
async fn the_shortest_and_the_longest_password_work() {
    let site = Site::new().await;
    let longest: String = "correct-hörse-battery-".chars().cycle().take(256).collect();
    for password in ["a1!bc2?d".to_owned(), longest] {
        let email = format!("ada{}@example.com", password.len());
        let fields = format!("name=Ada&email={email}&password={password}");
        let response = site.post("/api/sign_up", "", &fields).await;
        assert_eq!(response.status, StatusCode::OK, "{}", response.body);
        let fields = format!("email={email}&password={password}");
        let response = site.post("/api/sign_in", "", &fields).await;
        assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    }
}

#[tokio::test]
async fn missing_fields_are_named_and_unreadable_ones_are_a_400() {
    let site = Site::new().await;
    let response = site.post("/api/sign_up", "", "").await;
    assert_eq!(
        (response.status.as_u16(), response.error().as_str()),
        (422, "name")
    );
    for fields in ["email=a&email=b", "name[x]=1"] {
        let response = site.post("/api/sign_up", "", fields).await;
        assert_eq!(response.status, StatusCode::BAD_REQUEST, "{fields}");
        assert_eq!(response.error(), "malformed", "{fields}");
    }
    let bytes = site
        .send(Request::post("/api/sign_up"), vec![0xff; 10])
        .await;
    assert_eq!(
        (bytes.status, bytes.error().as_str()),
        (StatusCode::BAD_REQUEST, "malformed")
    );
}

#[tokio::test]
async fn a_body_over_the_limit_is_a_413() {
    let site = Site::new().await;
    let fields = format!("name={}", "a".repeat(70_000));
    for path in ["/api/sign_up", "/api/sign_in", "/api/sign_out"] {
        let response = site.post(path, "", &fields).await;
        assert_eq!(response.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        assert_eq!(response.error(), "too_large", "{path}");
    }
}

#[tokio::test]
async fn a_refused_form_keeps_what_was_typed_except_the_password() {
    let site = Site::new().await;
    let fields = "name=Ada+L&email=ada@example.com&password=short12&callback_url=/bye";
    let response = site.submit("/api/sign_up", "", fields).await;
    assert_eq!(response.status, StatusCode::SEE_OTHER);
    assert_eq!(response.location(), "/sign-up?callback_url=%2Fbye");
    let flash = response.cookie("flash").unwrap();
    let page = site.get(response.location(), &flash).await;
    assert!(page.body.contains(r#"value="Ada L""#), "{}", page.body);
    assert!(page.body.contains(r#"value="ada@example.com""#));
    assert!(page.body.contains("8 to 256 characters"));
    assert!(!page.body.contains("short12"));
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(
        page.cookie("flash").unwrap(),
        "flash-3000=",
        "it is shown once"
    );
}

/// A browser drops a cookie of more than 4096 bytes, and a proxy refuses the response.
#[tokio::test]
async fn the_error_is_shown_however_much_was_typed() {
    let site = Site::new().await;
    for (name, email) in [
        (
            "Ada".to_owned(),
            format!("{}@example.com", "a".repeat(30_000)),
        ),
        ("Ada".repeat(10_000), "ada@example.com".to_owned()),
        ("李".repeat(5_000), "\u{1f600}".repeat(5_000)),
        ("%01".repeat(5_000), "%01".repeat(5_000)),
        ("%22".repeat(5_000), "%5C".repeat(5_000)),
    ] {
        let fields = format!("name={name}&email={email}&password=short12");
        let response = site.submit("/api/sign_up", "", fields).await;
        assert_eq!(response.status, StatusCode::SEE_OTHER);
        let sent = response.headers.get_all(header::SET_COOKIE).iter();
        let length: usize = sent.map(HeaderValue::len).sum();
        assert!(length < 2100, "{length} bytes");
        let flash = response.cookie("flash").unwrap();
        let page = site.get(response.location(), &flash).await;
        assert!(page.body.contains(r#"role="alert""#), "{}", page.body);
    }
}

/// Of longer input, the beginning comes back.
#[tokio::test]
async fn input_that_fits_the_form_comes_back_whole() {
    let site = Site::new().await;
    let name = "\u{1f600}".repeat(100);
    let email = format!("{}@example.com", "a".repeat(242));
    for (typed_name, typed_email) in [
        (name.clone(), email.clone()),
        (format!("{name}b"), format!("{email}mmm")),
    ] {
        let fields = format!("name={typed_name}&email={typed_email}&password=short12");
        let response = site.submit("/api/sign_up", "", fields).await;
        let flash = response.cookie("flash").unwrap();
        let page = site.get(response.location(), &flash).await.body;
        assert!(page.contains(&format!(r#"value="{name}""#)), "{page}");
        assert!(page.contains(&format!(r#"value="{email}""#)), "{page}");
    }
}

#[tokio::test]
async fn a_flash_cookie_is_read_only_by_its_exact_name() {
    let site = Site::new().await;
    let fields = "name=Ada&email=ada@example.com&password=short12";
    let response = site.submit("/api/sign_up", "", fields).await;
    let flash = response.cookie("flash").unwrap();
    let words = r#"role="alert""#;
    for planted in [
        format!("\u{2000}{flash}"),
        flash.replacen("flash-3000", "Flash-3000", 1),
        flash.replacen("flash-3000", "flash", 1),
    ] {
        let page = site.get("/sign-up", &planted).await;
        assert!(!page.body.contains(words), "{planted}");
        assert!(page.cookie("flash").is_none(), "{planted}");
    }
    let page = site
        .get("/sign-up", &format!("flash-3000=junk; {flash}"))
        .await;
    assert!(page.body.contains(words));
}

#[tokio::test]
async fn the_flash_cookie_belongs_to_this_host_alone_over_https() {
    let site = Site::with_settings(&[("SITE_URL", "https://site.test")]).await;
    let fields = "name=Ada&email=ada@example.com&password=short12";
    let response = site.submit("/api/sign_up", "", fields).await;
    let set = response.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(set.starts_with("__Host-flash="), "{set}");
    assert!(set.contains("; Secure") && !set.contains("Domain"), "{set}");
    let flash = set.split(';').next().unwrap();
    let page = site.get("/sign-up", flash).await;
    assert!(page.body.contains("8 to 256 characters"));
    let removed = page.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(removed.starts_with("__Host-flash=;") && removed.contains("Max-Age=0"));
}

#[tokio::test]
async fn a_wrong_address_and_a_wrong_password_get_the_same_response_after_the_same_work() {
    // An account has to wait after ten failures in a row.
    const PAIRS: [[&str; 2]; 3] = [["ada", "bob"], ["eve", "tim"], ["joe", "ann"]];
    let site = Site::new().await;
    for [known, _] in PAIRS {
        site.sign_up(&format!("{known}@example.com")).await;
    }
    let mut times = [Duration::MAX; 2];
    let mut responses = Vec::new();
    let mut ratio = 0.0;
    // Compares the shortest times, which leave out what else the machine was doing. Takes more of
    // them until they are alike.
    for round in 0..9 * PAIRS.len() {
        for (time, user) in times.iter_mut().zip(PAIRS[round % PAIRS.len()]) {
            let fields = format!("email={user}@example.com&password=wrong+password");
            let start = Instant::now();
            let response = site.post("/api/sign_in", "", &fields).await;
            *time = start.elapsed().min(*time);
            responses.push((response.status, response.body));
        }
        ratio = times[0].as_secs_f64() / times[1].as_secs_f64();
        if round >= 3 && (0.5..2.0).contains(&ratio) {
            break;
        }
    }
    assert!(
        responses.iter().all(|response| *response == responses[0]),
        "{responses:?}"
    );
    assert_eq!(responses[0].0, StatusCode::UNAUTHORIZED);
    assert!((0.5..2.0).contains(&ratio), "{times:?}");
}

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

#[tokio::test]
async fn a_weak_password_is_explained_beside_its_field() {
    let site = Site::new().await;
    let fields = "name=Ada&email=ada@example.com&password=password";
    let response = site.submit("/api/sign_up", "", fields).await;
    assert_eq!(response.location(), "/sign-up");
    let page = site
        .get("/sign-up", &response.cookie("flash").unwrap())
        .await;
    assert!(page.body.contains("easy to guess"), "{}", page.body);
    let field = page.body.split("id=\"password\"").nth(1).unwrap();
    let field = field.split('>').next().unwrap();
    assert!(field.contains("aria-invalid=\"true\""), "{field}");
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
            let again = site.post("/api/sign_up", "", &fields).await;
            assert_eq!(again.status, StatusCode::CONFLICT, "{chosen:?} {way:?}");
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
    let sign_ups = ADDRESSES.map(|way| {
        let site = Arc::clone(&site);
        tokio::spawn(async move {
            let fields = format!("name=Ada&email={way}&password={PASSWORD}");
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

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions() {
    let site = Site::new().await;
    let here = site.sign_up("ada@example.com").await;
    let fields = format!("email=ada@example.com&password={PASSWORD}");
    let there = site.post("/api/sign_in", "", &fields).await;
    let there = there.cookie("session").unwrap();

    let wrong = "current_password=wrong&password=a+new+password";
    let response = site.post("/api/change_password", &here, wrong).await;
    assert_eq!(
        (response.status.as_u16(), response.error().as_str()),
        (403, "wrong_password")
    );
    assert!(site.who_is(&there).await.is_object());

    let right = format!("current_password={PASSWORD}&password=a+new+password");
    let response = site.post("/api/change_password", &here, &right).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    let new = response.cookie("session").unwrap();
    assert!(site.who_is(&new).await.is_object());
    for old in [&here, &there] {
        assert!(site.who_is(old).await.is_null());
    }
    let old = site.post("/api/sign_in", "", &fields).await;
    assert_eq!(old.status, StatusCode::UNAUTHORIZED);

    let response = site.post("/api/change_password", "", &right).await;
    assert_eq!(
        (response.status.as_u16(), response.error().as_str()),
        (401, "signed_out")
    );
}

#[tokio::test]
async fn a_database_that_is_away_is_a_503() {
    let site = Site::new().await;
    site.database.close().await;
    let sign_in = format!("email=ada@example.com&password={PASSWORD}");
    let sign_up = format!("name=Ada&{sign_in}");
    for (path, fields) in [("/api/sign_up", sign_up), ("/api/sign_in", sign_in)] {
        let response = site.post(path, "", &fields).await;
        assert_eq!(response.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(response.error(), "unavailable", "{path}");
    }
}
