//! `/api/sign_up`, `/api/sign_in`, `/api/change_password`: bad input gets a clear answer.

mod common;

use common::{PASSWORD, Site};
use http::{Request, StatusCode};
use std::time::{Duration, Instant};

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
        let answer = site.post("/api/sign_up", "", &fields).await;
        assert_eq!(answer.status.as_u16(), status, "{fields}");
        assert_eq!(answer.error(), error, "{fields}");
        assert!(answer.cookie("session").is_none());
    }
}

#[tokio::test]
async fn the_shortest_and_the_longest_password_work() {
    let site = Site::new().await;
    for password in ["12345678".to_owned(), "ü".repeat(256)] {
        let email = format!("ada{}@example.com", password.len());
        let fields = format!("name=Ada&email={email}&password={password}");
        let answer = site.post("/api/sign_up", "", &fields).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let fields = format!("email={email}&password={password}");
        let answer = site.post("/api/sign_in", "", &fields).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }
}

#[tokio::test]
async fn missing_fields_are_named_and_unreadable_ones_are_a_400() {
    let site = Site::new().await;
    let answer = site.post("/api/sign_up", "", "").await;
    assert_eq!(
        (answer.status.as_u16(), answer.error().as_str()),
        (422, "name")
    );
    for fields in ["email=a&email=b", "name[x]=1"] {
        let answer = site.post("/api/sign_up", "", fields).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{fields}");
        assert_eq!(answer.error(), "malformed", "{fields}");
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
        let answer = site.post(path, "", &fields).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        assert_eq!(answer.error(), "too_large", "{path}");
    }
}

#[tokio::test]
async fn a_form_goes_back_with_what_was_typed_but_the_password() {
    let site = Site::new().await;
    let fields = "name=Ada+L&email=ada@example.com&password=short12&callback_url=/bye";
    let answer = site.submit("/api/sign_up", "", fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.location(), "/sign-up?callback_url=%2Fbye");
    let flash = answer.cookie("flash").unwrap();
    let page = site.get(answer.location(), &flash).await;
    assert!(page.body.contains(r#"value="Ada L""#), "{}", page.body);
    assert!(page.body.contains(r#"value="ada@example.com""#));
    assert!(page.body.contains("8 to 256 characters"));
    assert!(!page.body.contains("short12"));
    assert_eq!(page.headers["cache-control"], "no-store");
    assert_eq!(page.cookie("flash").unwrap(), "flash=", "it is shown once");
}

#[tokio::test]
async fn a_wrong_address_and_a_wrong_password_get_the_same_answer_after_the_same_work() {
    let site = Site::new().await;
    site.sign_up("ada@example.com").await;
    let mut times = [Duration::MAX; 2];
    let mut answers = Vec::new();
    // The least of some: what the work takes, without what else the machine was doing. More than
    // ten attempts within a minute would be refused.
    for _ in 0..9 {
        for (time, email) in times.iter_mut().zip(["ada@example.com", "bob@example.com"]) {
            let fields = format!("email={email}&password=wrong+password");
            let start = Instant::now();
            let answer = site.post("/api/sign_in", "", &fields).await;
            *time = start.elapsed().min(*time);
            answers.push((answer.status, answer.body));
        }
    }
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    assert_eq!(answers[0].0, StatusCode::UNAUTHORIZED);
    let ratio = times[0].as_secs_f64() / times[1].as_secs_f64();
    assert!((0.5..2.0).contains(&ratio), "{times:?}");
}

#[tokio::test]
async fn too_many_attempts_on_one_account_have_to_wait() {
    let site = Site::new().await;
    site.sign_up("ada@example.com").await;
    let fields = format!("email=ada@example.com&password={PASSWORD}");
    let mut refused = None;
    for _ in 0..11 {
        let answer = site.post("/api/sign_in", "", &fields).await;
        if answer.status != StatusCode::OK {
            refused = Some(answer);
        }
    }
    let refused = refused.expect("the eleventh attempt within a minute");
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.error(), "too_many_attempts");
    let wait: u64 = refused.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=7).contains(&wait), "{wait}");
    let other = format!("email=bob@example.com&password={PASSWORD}");
    let other = site.post("/api/sign_in", "", &other).await;
    assert_eq!(other.status, StatusCode::UNAUTHORIZED, "others may go on");
}

#[tokio::test]
async fn too_many_attempts_from_one_address_have_to_wait() {
    let site = Site::with_attempts("2").await;
    for (attempt, expected) in [(1, 401), (2, 401), (3, 429)] {
        let fields = format!("email={attempt}@example.com&password={PASSWORD}");
        let answer = site.post("/api/sign_in", "", &fields).await;
        assert_eq!(answer.status.as_u16(), expected, "{attempt}");
    }
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions() {
    let site = Site::new().await;
    let here = site.sign_up("ada@example.com").await;
    let fields = format!("email=ada@example.com&password={PASSWORD}");
    let there = site.post("/api/sign_in", "", &fields).await;
    let there = there.cookie("session").unwrap();

    let wrong = "current_password=wrong&password=a+new+password";
    let answer = site.post("/api/change_password", &here, wrong).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error().as_str()),
        (403, "wrong_password")
    );
    assert!(site.who_is(&there).await.is_object());

    let right = format!("current_password={PASSWORD}&password=a+new+password");
    let answer = site.post("/api/change_password", &here, &right).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert!(site.who_is(&here).await.is_object());
    assert!(site.who_is(&there).await.is_null());
    let old = site.post("/api/sign_in", "", &fields).await;
    assert_eq!(old.status, StatusCode::UNAUTHORIZED);

    let answer = site.post("/api/change_password", "", &right).await;
    assert_eq!(
        (answer.status.as_u16(), answer.error().as_str()),
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
        let answer = site.post(path, "", &fields).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.error(), "unavailable", "{path}");
    }
}
