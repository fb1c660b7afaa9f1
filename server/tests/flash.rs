//! The flash message: what a form that is not accepted shows again.

mod common;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use common::{PASSWORD, Site};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

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

/// The shorter ones, if not all fit.
#[tokio::test]
async fn input_that_fits_the_cookie_comes_back_whole() {
    let site = Site::new().await;
    let name = "\u{1f600}".repeat(101);
    let email = format!("{}@example.com", "a".repeat(300));
    let long = "b".repeat(3_000);
    for (typed_name, typed_email, shown) in [
        (&name, &email, vec![&name, &email]),
        (&long, &email, vec![&email]),
        (&name, &long, vec![&name]),
    ] {
        let fields = format!("name={typed_name}&email={typed_email}&password=short12");
        let response = site.submit("/api/sign_up", "", fields).await;
        let flash = response.cookie("flash").unwrap();
        let page = site.get(response.location(), &flash).await.body;
        for text in shown {
            assert!(page.contains(&format!(r#"value="{text}""#)), "{page}");
        }
        assert!(!page.contains(&long), "{page}");
    }
}

/// Even one that the server does not know: the app has no list of its fields.
#[tokio::test]
async fn the_cookie_has_every_field_except_passwords_and_the_callback_url() {
    let site = Site::new().await;
    let fields = "name=Ada+L&nickname=Countess&email=ada@example.com&password=secret-1\
        &current_password=secret-2&NEW_PASSWORD=secret-3&password%5B%5D=secret-4\
        &callback_url=/secret-5";
    let response = site.submit("/api/sign_up", "", fields).await;
    let flash = response.cookie("flash").unwrap();
    let (_, value) = flash.split_once('=').unwrap();
    let outcome = URL_SAFE_NO_PAD.decode(value).unwrap();
    let outcome: Value = serde_json::from_slice(&outcome).unwrap();
    let typed = json!([
        ["name", "Ada L"],
        ["nickname", "Countess"],
        ["email", "ada@example.com"]
    ]);
    assert_eq!(outcome["typed"], typed);
    assert!(!outcome.to_string().contains("secret"), "{outcome}");
    let page = site.get(response.location(), &flash).await.body;
    assert!(page.contains("The form could not be understood."), "{page}");
    assert!(page.contains(r#"value="Ada L""#), "{page}");
    assert!(!page.contains("secret"), "{page}");
}

#[tokio::test]
async fn an_accepted_form_leaves_nothing_that_was_typed() {
    let site = Site::new().await;
    let cookie = site.sign_up("ada@example.com").await;
    let fields = format!("current_password={PASSWORD}&password=another+good+password");
    let response = site.submit("/api/change_password", &cookie, fields).await;
    let flash = response.cookie("flash").unwrap();
    let (_, value) = flash.split_once('=').unwrap();
    let outcome = URL_SAFE_NO_PAD.decode(value).unwrap();
    let expected = json!({ "form": "/api/change_password", "error": null, "typed": [] });
    assert_eq!(serde_json::from_slice::<Value>(&outcome).unwrap(), expected);
}
