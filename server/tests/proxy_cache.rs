//! A cache in front of the site, a real nginx, shows nobody what was made for another.

mod common;

use common::Site;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use leptos_guardian_serve::server::{Limits, serve};
use std::{
    fs,
    future::pending,
    path::Path,
    process::{Child, Command},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{
    net::{TcpListener, TcpStream},
    time::sleep,
};

/// Caches what it may: the usual configuration, with a time for responses that name none.
const USUAL: &str = "proxy_cache_valid any 10m;";

/// Caches everything, whatever its `Cache-Control`. Only `Vary` keeps visitors apart.
const CARELESS: &str = "proxy_cache_valid any 10m; proxy_ignore_headers Cache-Control Expires;
    proxy_cache_methods GET HEAD POST;";

/// nginx in front of the site.
struct Proxy {
    nginx: Child,
    address: String,
    client: Client<HttpConnector, String>,
    _folder: TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.nginx.kill();
        let _ = self.nginx.wait();
    }
}

struct TestResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl TestResponse {
    /// Where the response comes from: `MISS` is the site, `HIT` the cache.
    fn cache(&self) -> &str {
        self.headers["x-cache"].to_str().unwrap()
    }

    fn is_users(&self) -> bool {
        self.body.contains("Account of Ada") || self.body.contains("ada@example.com")
    }
}

/// `None` where nginx could not be installed, which `scripts/unit` has said.
fn program() -> Option<String> {
    match std::env::var("NGINX") {
        Ok(name) if name == "none" => None,
        Ok(path) if !path.is_empty() => Some(path),
        _ => {
            let usual = "/usr/sbin/nginx";
            let is_there = Path::new(usual).exists();
            Some(if is_there { usual } else { "nginx" }.to_owned())
        }
    }
}

impl Proxy {
    async fn start(program: &str, site: &Site, rules: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, site.router(), Limits::default(), pending()));
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let folder = tempfile::tempdir().unwrap();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {kind};"))
            .concat();
        let configuration = format!(
            "daemon off; master_process off; pid pid; error_log stderr; events {{}}
            http {{
                access_log off; {temporary}
                proxy_cache_path cache keys_zone=pages:1m;
                server {{
                    listen {address};
                    location / {{
                        proxy_pass http://{upstream}; proxy_set_header Host $http_host;
                        proxy_cache pages; {rules}
                        add_header x-cache $upstream_cache_status always;
                    }}
                }}
            }}"
        );
        fs::write(folder.path().join("nginx.conf"), configuration).unwrap();
        let nginx = Command::new(program)
            .arg("-p")
            .arg(folder.path())
            .args(["-c", "nginx.conf", "-e", "stderr"])
            .spawn()
            .expect("nginx: install it, or run scripts/unit, which does");
        let proxy = Self {
            nginx,
            address: format!("http://{address}"),
            client: Client::builder(TokioExecutor::new()).build_http(),
            _folder: folder,
        };
        let start = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "nginx does not listen"
            );
            sleep(Duration::from_millis(20)).await;
        }
        proxy
    }

    async fn ask(&self, method: &str, path: &str, cookie: &str) -> TestResponse {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            // With this, a visitor's page varies by two headers.
            .header(header::ACCEPT_ENCODING, "gzip");
        // A browser without cookies sends no header.
        let request = match cookie {
            "" => request,
            cookie => request.header(header::COOKIE, cookie),
        };
        let response = self
            .client
            .request(request.body(String::new()).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        TestResponse {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    async fn get(&self, path: &str, cookie: &str) -> TestResponse {
        self.ask("GET", path, cookie).await
    }
}

async fn site() -> (Site, TempDir) {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("pkg")).unwrap();
    fs::write(root.path().join("pkg/app.css"), "main { color: black }").unwrap();
    fs::write(
        root.path().join("favicon.svg"),
        "<svg xmlns='http://www.w3.org/2000/svg'/>",
    )
    .unwrap();
    let path = root.path().to_str().unwrap();
    (
        Site::with_settings(&[("LEPTOS_SITE_ROOT", path)]).await,
        root,
    )
}

#[tokio::test]
async fn a_cache_shows_nobody_the_page_of_another() {
    let Some(program) = program() else { return };
    for rules in [USUAL, CARELESS] {
        let (site, _root) = site().await;
        let proxy = Proxy::start(&program, &site, rules).await;
        let ada = site.sign_up("ada@example.com").await;
        // A browser with another cookie, whose session has ended.
        let eve = site.sign_in("eve").await;
        site.post("/api/sign_out", &eve, "").await;
        for round in 0..3 {
            for (method, path, is_personal) in [
                ("GET", "/", true),
                ("GET", "/sign-in", true),
                ("GET", "/no-such-page", true),
                ("GET", "/account", true),
                ("POST", "/api/session", true),
                ("POST", "/api/sessions", false),
            ] {
                for visitor in ["", &eve] {
                    let response = proxy.ask(method, path, visitor).await;
                    assert!(
                        !response.is_users(),
                        "{round} {rules} {path}: a stranger's page"
                    );
                    assert_ne!(response.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
                    let response = proxy.ask(method, path, &ada).await;
                    let found = (path, response.is_users());
                    assert_eq!(
                        found,
                        (path, is_personal),
                        "{round} {rules} {}",
                        response.body
                    );
                }
            }
            let account = proxy.get("/account", "").await;
            assert_eq!(account.status, StatusCode::SEE_OTHER, "{round} {rules}");
        }
        if rules == USUAL {
            // The proxy has cached none of them, so a sign-out takes effect at the next request.
            site.post("/api/sign_out", &ada, "").await;
            for path in ["/", "/account"] {
                assert!(
                    !proxy.get(path, &ada).await.is_users(),
                    "{path} after the sign-out"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_cache_keeps_files_for_everybody() {
    let Some(program) = program() else { return };
    let (site, _root) = site().await;
    let proxy = Proxy::start(&program, &site, USUAL).await;
    let ada = site.sign_in("ada").await;
    let page = proxy.get("/", &ada).await.body;
    let start = page.find("/guardian/").unwrap();
    let stylesheet = &page[start..start + page[start..].find('"').unwrap()];
    for path in ["/favicon.svg", stylesheet] {
        let first = proxy.get(path, &ada).await;
        assert_eq!(
            (first.status, first.cache()),
            (StatusCode::OK, "MISS"),
            "{path}"
        );
        for cookie in [ada.as_str(), "", "session=another"] {
            assert_eq!(
                proxy.get(path, cookie).await.cache(),
                "HIT",
                "{path} {cookie}"
            );
        }
    }
    // Its name has no hash here, so the browser asks each time.
    let css = proxy.get("/pkg/app.css", &ada).await;
    assert_eq!(css.headers[header::CACHE_CONTROL], "no-cache");
    assert!(
        !css.headers.contains_key(header::VARY) || css.headers[header::VARY] == "accept-encoding"
    );
}
