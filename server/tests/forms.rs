//! A form is carried out exactly as it is, or refused: bodies that are not forms, fields that are
//! unknown, doubled or unreadable.

mod common;

use common::{PASSWORD, Site, TestResponse};
use http::{HeaderValue, Request, StatusCode, header, request::Builder};
use serde_json::json;
use server::config::COOKIE_NAME;

const FORM: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=x";
const HTML: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

const JSON_BODY: &[u8] = br#"{"scope":"global"}"#;
const MULTIPART_BODY: &[u8] =
    b"--x\r\nContent-Disposition: form-data; name=\"scope\"\r\n\r\nglobal\r\n--x--\r\n";
/// `scope=global`, compressed.
const GZIP_BODY: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff+N\xce/H\xb5M\xcf\xc9OJ\xcc\x01\x00\x8d\x0b\xa3\x85\x0c\x00\x00\x00";

type Headers = Vec<(&'static str, &'static str)>;

/// A user with two browsers.
struct Ada {
    here: String,
    there: String,
}

impl Ada {
    async fn on(site: &Site) -> Self {
        Self {
            here: site.sign_in("ada").await,
            there: site.sign_in("ada").await,
        }
    }

    /// Which of the old cookies still sign in.
    async fn is_in(&self, site: &Site) -> (bool, bool) {
        (
            site.who_is(&self.here).await.is_object(),
            site.who_is(&self.there).await.is_object(),
        )
    }

    fn asks(&self, headers: &[(&str, &str)]) -> Builder {
        request("/api/sign_out", &self.here, headers)
    }
}

fn request(path: &str, cookie: &str, headers: &[(&str, &str)]) -> Builder {
    let request = Request::post(path).header(header::COOKIE, cookie);
    headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    })
}

fn assert_refused(response: &TestResponse, status: StatusCode, error: &str, asked: &str) {
    assert_eq!(response.status, status, "{asked}");
    assert_eq!(response.error(), error, "{asked}");
    let mut cookies = response.headers.get_all(header::SET_COOKIE).iter();
    // The marker tells the page's script who is signed in.
    let is_marker = |cookie: &HeaderValue| {
        cookie
            .to_str()
            .is_ok_and(|cookie| cookie.starts_with(&format!("{COOKIE_NAME}_signed_in")))
    };
    assert!(cookies.all(is_marker), "{asked}");
}

/// Headers and bodies that ask for a global sign-out, but are not forms.
fn not_forms() -> Vec<(Headers, &'static [u8])> {
    let form = ("content-type", FORM);
    vec![
        (vec![("content-type", "application/json")], JSON_BODY),
        (
            vec![("content-type", "APPLICATION/JSON; charset=utf-8")],
            JSON_BODY,
        ),
        (vec![("content-type", "application/json")], b""),
        (vec![("content-type", MULTIPART)], MULTIPART_BODY),
        (vec![("content-type", "text/plain")], b"scope=global"),
        (
            vec![("content-type", "text/plain;charset=UTF-8")],
            JSON_BODY,
        ),
        (vec![("content-type", "")], b"scope=global"),
        (
            vec![(
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-16",
            )],
            b"s\0c\0o\0p\0e\0=\0g\0l\0o\0b\0a\0l\0",
        ),
        (vec![form, ("content-type", "application/json")], JSON_BODY),
        (
            vec![("content-type", "application/json"), form],
            b"scope=global",
        ),
        (vec![form, ("content-encoding", "gzip")], GZIP_BODY),
        (
            vec![
                form,
                ("content-encoding", "identity"),
                ("content-encoding", "br"),
            ],
            b"scope=global",
        ),
    ]
}

#[tokio::test]
async fn a_request_that_is_not_a_form_ends_nothing() {
    let site = Site::new().await;
    let ada = Ada::on(&site).await;
    for (headers, body) in not_forms() {
        let asked = format!("{headers:?} {}", body.escape_ascii());
        let response = site.send(ada.asks(&headers), body.to_vec()).await;
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        assert_refused(&response, status, "unsupported_media_type", &asked);
        assert_eq!(ada.is_in(&site).await, (true, true), "{asked}");
    }
}

#[tokio::test]
async fn the_type_of_a_form_may_be_written_in_several_ways() {
    let site = Site::new().await;
    for headers in [
        vec![("content-type", FORM)],
        vec![("content-type", "Application/X-WWW-Form-URLencoded")],
        vec![(
            "content-type",
            "application/x-www-form-urlencoded;charset=UTF-8",
        )],
        vec![(
            "content-type",
            "application/x-www-form-urlencoded; charset=\"utf-8\"",
        )],
        vec![("content-type", FORM), ("content-type", FORM)],
        vec![("content-type", FORM), ("content-encoding", "identity")],
        vec![],
    ] {
        let ada = Ada::on(&site).await;
        let response = site.send(ada.asks(&headers), "scope=global").await;
        assert_eq!(response.status, StatusCode::OK, "{headers:?}");
        assert_eq!(ada.is_in(&site).await, (false, false), "{headers:?}");
    }
}

/// `curl -X POST`.
#[tokio::test]
async fn no_body_and_no_type_is_an_empty_form() {
    let site = Site::new().await;
    let ada = Ada::on(&site).await;
    let response = site.send(ada.asks(&[]), "").await;
    assert_eq!(response.json()["scope"], "local");
    assert_eq!(ada.is_in(&site).await, (false, true));
}

#[tokio::test]
async fn a_body_without_a_type_that_is_no_form_is_refused() {
    let site = Site::new().await;
    let ada = Ada::on(&site).await;
    for body in [
        JSON_BODY,
        MULTIPART_BODY,
        GZIP_BODY,
        b"scope=global\n",
        b"global",
    ] {
        let asked = body.escape_ascii().to_string();
        let response = site.send(ada.asks(&[]), body.to_vec()).await;
        assert_refused(&response, StatusCode::BAD_REQUEST, "malformed", &asked);
        assert_eq!(ada.is_in(&site).await, (true, true), "{asked}");
    }
}

#[tokio::test]
async fn fields_that_are_not_known_exactly_end_nothing() {
    let site = Site::new().await;
    let ada = Ada::on(&site).await;
    for fields in [
        "scoop=global",
        "Scope=global",
        "SCOPE=global",
        "scope%20=global",
        "scope[]=global",
        "scope%5B%5D=global",
        "scope[0]=global",
        "=global",
        "scope=Global",
        "scope=global%00",
        "scope=%ff",
        "session=%ff&scope=global",
        "scope=local&scope=global",
        "scope=global&scope=",
        "redirect=true&redirect=false",
        "redirect=maybe",
        "session=one&session=two",
        "scope=global;redirect=false",
        "scope=global&unknown=",
    ] {
        let response = site.post("/api/sign_out", &ada.here, fields).await;
        assert_refused(&response, StatusCode::BAD_REQUEST, "malformed", fields);
        assert_eq!(ada.is_in(&site).await, (true, true), "{fields}");
    }
}

/// Nothing would read them.
#[tokio::test]
async fn fields_in_the_query_end_nothing() {
    let site = Site::new().await;
    let ada = Ada::on(&site).await;
    for (query, fields) in [("scope=global", ""), ("scope=global", "scope=local")] {
        let path = format!("/api/sign_out?{query}");
        let response = site.post(&path, &ada.here, fields).await;
        assert_refused(&response, StatusCode::BAD_REQUEST, "malformed", fields);
        assert_eq!(ada.is_in(&site).await, (true, true), "{fields}");
    }
    let response = site.post("/api/sign_out?from=mail", &ada.here, "scope=global");
    assert_eq!(response.await.status, StatusCode::OK);
    assert_eq!(ada.is_in(&site).await, (false, false));
}

#[tokio::test]
async fn empty_fields_are_the_defaults_and_equal_fields_count_once() {
    let site = Site::new().await;
    for (fields, left) in [
        ("scope=&session=&redirect=&callback_url=", (false, true)),
        ("scope=global&scope=global", (false, false)),
        ("&scope=others&", (true, false)),
    ] {
        let ada = Ada::on(&site).await;
        let response = site.post("/api/sign_out", &ada.here, fields).await;
        assert_eq!(response.status, StatusCode::OK, "{fields}");
        assert_eq!(ada.is_in(&site).await, left, "{fields}");
        site.post("/api/sign_out", &ada.there, "scope=global").await;
    }
}

#[tokio::test]
async fn the_first_of_two_callback_urls_counts_and_none_stops_a_sign_out() {
    let site = Site::new().await;
    for (fields, url) in [
        ("callback_url=/a&callback_url=/b&scope=global", "/a"),
        (
            "callback_url=//evil.example&scope=global&callback_url=/b",
            "/",
        ),
        ("callback_url=&scope=global&callback_url=/b", "/"),
        (
            "callback_url=%ff&scope=global&callback_url=%fe",
            "/%EF%BF%BD",
        ),
    ] {
        let ada = Ada::on(&site).await;
        let response = site.post("/api/sign_out", &ada.here, fields).await;
        assert_eq!(response.json()["url"], url, "{fields}");
        assert_eq!(ada.is_in(&site).await, (false, false), "{fields}");
    }
}

/// Without JavaScript: the page says so, and its own form works.
#[tokio::test]
async fn a_refused_form_leads_to_the_page_that_says_so() {
    let site = Site::new().await;
    let ada = Ada::on(&site).await;
    let refused = [
        site.send(
            ada.asks(&[("content-type", MULTIPART), ("accept", HTML)]),
            MULTIPART_BODY,
        )
        .await,
        site.submit("/api/sign_out", &ada.here, "scoop=global")
            .await,
        site.submit("/api/sign_out", &ada.here, "scope=everything")
            .await,
    ];
    for response in refused {
        assert_eq!(response.status, StatusCode::SEE_OTHER);
        assert_eq!(response.location(), "/sign-out?error=malformed");
        let page = site.get(response.location(), &ada.here).await;
        assert!(
            page.body.contains("could not be understood"),
            "{}",
            page.body
        );
        assert!(page.body.contains("You are signed in as"), "{}", page.body);
        assert_eq!(ada.is_in(&site).await, (true, true));
    }
}

#[tokio::test]
async fn the_librarys_other_functions_accept_only_their_forms() {
    let site = Site::new().await;
    let ada = Ada::on(&site).await;
    for path in ["/api/session", "/api/sessions", "/api/switch_account"] {
        let json = request(path, &ada.here, &[("content-type", "application/json")]);
        let response = site.send(json, "{}").await;
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        assert_refused(&response, status, "unsupported_media_type", path);
        let response = site.post(path, &ada.here, "unknown=1").await;
        assert_refused(&response, StatusCode::BAD_REQUEST, "malformed", path);
    }
    let response = site
        .submit("/api/switch_account", &ada.here, "sesion=x")
        .await;
    assert_eq!(response.status, StatusCode::SEE_OTHER);
    assert!(
        response.location().starts_with("/some-page?__path="),
        "{}",
        response.location()
    );
}

#[tokio::test]
async fn the_apps_forms_are_accepted_exactly_or_not_at_all() {
    let site = Site::new().await;
    let ada = site.sign_up("ada@example.com").await;
    let new = "another good password";
    for (path, fields, page) in [
        (
            "/api/sign_up",
            format!("name=Eve&email=eve@example.com&password={new}"),
            "/sign-up",
        ),
        (
            "/api/sign_in",
            format!("email=ada@example.com&password={PASSWORD}"),
            "/sign-in",
        ),
        (
            "/api/change_password",
            format!("current_password={PASSWORD}&password={new}"),
            "/account",
        ),
        (
            "/api/delete_account",
            format!("confirm_password={PASSWORD}"),
            "/account",
        ),
    ] {
        let multipart = [("content-type", MULTIPART)];
        let response = site
            .send(request(path, &ada, &multipart), fields.clone())
            .await;
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        assert_refused(&response, status, "unsupported_media_type", path);
        for wrong in [
            "remember=on",
            "Password=x",
            "password=a&password=b",
            "password=%ff",
        ] {
            let response = site.post(path, &ada, format!("{fields}&{wrong}")).await;
            assert_refused(&response, StatusCode::BAD_REQUEST, "malformed", path);
        }
        let response = site
            .submit(path, &ada, format!("{fields}&remember=on"))
            .await;
        assert_eq!(response.status, StatusCode::SEE_OTHER, "{path}");
        assert_eq!(response.location(), page);
        let flash = response.cookie("flash").unwrap();
        let page = site.get(page, &format!("{ada}; {flash}")).await;
        assert!(
            page.body.contains("The form could not be understood."),
            "{path}"
        );
    }
    assert_eq!(site.who_is(&ada).await["profile"]["name"], "Ada");
    let eve = format!("email=eve@example.com&password={new}");
    let response = site.post("/api/sign_in", "", eve).await;
    assert_eq!(
        response.error(),
        "wrong_credentials",
        "nobody has signed up"
    );
    let fields = format!("email=ada@example.com&password={PASSWORD}");
    let response = site.post("/api/sign_in", "", fields).await;
    assert_eq!(
        response.status,
        StatusCode::OK,
        "the password is the old one"
    );
}

#[tokio::test]
async fn a_large_body_is_refused_whatever_is_in_it() {
    let site = Site::new().await;
    let ada = Ada::on(&site).await;
    let raw = "/".repeat(60_000);
    let response = site.post("/api/sign_out", &ada.here, format!("callback_url={raw}"));
    assert_eq!(
        response.await.status,
        StatusCode::OK,
        "only its escaped form is too large"
    );
    for filler in ["a", "&", "\u{fc}", "scope=global&"] {
        let response = site
            .post("/api/sign_out", &ada.there, filler.repeat(70_000))
            .await;
        assert_refused(
            &response,
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            filler,
        );
    }
    assert_eq!(site.who_is(&ada.there).await["id"], json!("ada"));
}
