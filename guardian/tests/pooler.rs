//! PgBouncer between the servers and PostgreSQL. A version that keeps prepared statements (1.21 and
//! newer) works in transaction mode, an older one in session mode. A mode that cannot work is
//! refused.

mod common;

use common::{Site, with_hook};
use leptos_guardian::{
    Reason, SignOutScope,
    server::{ConnectError, Database},
};
use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{net::TcpStream, sync::mpsc::unbounded_channel, time::sleep};
use url::Url;

/// A running PgBouncer.
struct Pooler {
    port: u16,
    child: Child,
    _folder: TempDir,
}

impl Pooler {
    /// Starts one in front of PostgreSQL.
    async fn start(program: &str, database: &str, mode: &str, settings: &str) -> Self {
        let url = Url::parse(database).unwrap();
        let server = url.socket_addrs(|| Some(5432)).unwrap()[0];
        let folder = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let file = folder.path().join("pgbouncer.ini");
        let (host, server_port, user) = (server.ip(), server.port(), url.username());
        let password = match url.password() {
            Some(password) => format!("password={password}"),
            None => String::new(),
        };
        std::fs::write(
            &file,
            format!(
                "[databases]\n* = host={host} port={server_port} user={user} {password}\n\
                 [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n\
                 auth_type = any\npool_mode = {mode}\n{settings}\n"
            ),
        )
        .unwrap();
        let mut command = Command::new(program);
        command
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if is_root() {
            // PgBouncer refuses to run as root.
            readable_by_all(folder.path());
            command.args(["-u", "nobody"]);
        }
        let child = command.spawn().unwrap();
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "PgBouncer does not start"
            );
            sleep(Duration::from_millis(20)).await;
        }
        Self {
            port,
            child,
            _folder: folder,
        }
    }

    /// The URL of a database through this pooler.
    fn url(&self, database: &str) -> String {
        let mut url = Url::parse(database).unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(self.port)).unwrap();
        url.into()
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

fn readable_by_all(folder: &std::path::Path) {
    let folder = folder.display().to_string();
    let done = Command::new("chmod").args(["-R", "a+rX", &folder]).status();
    assert!(done.unwrap().success());
}

/// PgBouncer's program, and whether it keeps prepared statements. `None` on SQLite, or if PgBouncer
/// is not installed.
fn pgbouncer() -> Option<(String, bool)> {
    std::env::var_os("TEST_POSTGRES_URL")?;
    let program = std::env::var("PGBOUNCER").unwrap_or_else(|_| "pgbouncer".into());
    let Ok(output) = Command::new(&program).arg("--version").output() else {
        eprintln!("NOT TESTED: there is no PgBouncer. Install it, or name it in PGBOUNCER.");
        return None;
    };
    let output = String::from_utf8(output.stdout).unwrap();
    let version = output.lines().next().unwrap().rsplit(' ').next().unwrap();
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    let version = (numbers.next().unwrap(), numbers.next().unwrap());
    Some((program, version >= (1, 21)))
}

/// A pool mode that works, and its settings.
fn working_mode(keeps_statements: bool) -> (&'static str, &'static str) {
    if keeps_statements {
        ("transaction", "max_prepared_statements = 200")
    } else {
        ("session", "")
    }
}

#[tokio::test]
async fn everything_works_behind_a_pooler() {
    let Some((program, keeps_statements)) = pgbouncer() else {
        return;
    };
    let (sender, mut events) = unbounded_channel();
    let site = Site::new().await;
    let (mode, settings) = working_mode(keeps_statements);
    let pooler = Pooler::start(&program, &site.url, mode, settings).await;
    let configure = |builder| with_hook(builder, &sender);
    let one = site.server_through(|url| pooler.url(&url), configure).await;
    let direct = site.url.clone();
    let other = site
        .server_through(
            |url| pooler.url(&url),
            |builder| builder.listener_url(direct),
        )
        .await;
    for round in 0..20 {
        let user = format!("user-{round}");
        let mut browser = site.browser().on(&one);
        browser.post("/remember/cart").await;
        browser.sign_in(&user).await;
        assert_eq!(browser.get("/recall").await.body, "cart");
        let mut elsewhere = site.browser().on(&other);
        elsewhere.sign_in(&user).await;
        let mut page = elsewhere.open_page().await;
        let mut replay = browser.clone();
        browser.sign_out(SignOutScope::Global).await;
        assert_eq!(replay.whoami().await, "nobody");
        assert_eq!(elsewhere.whoami().await, "nobody");
        // At once, through the direct connection, and not with the next poll.
        let notice = page.notice_within(Duration::from_secs(5)).await;
        assert!(notice.is_current);
        assert_eq!(notice.reason, Reason::OtherDevice);
        assert_eq!(events.recv().await.unwrap().user_id, user);
    }
}

#[tokio::test]
async fn a_pooler_that_forgets_prepared_statements_is_refused_with_advice() {
    let Some((program, keeps_statements)) = pgbouncer() else {
        return;
    };
    let site = Site::new().await;
    // An old version does not know the setting.
    let settings = if keeps_statements {
        "max_prepared_statements = 0"
    } else {
        ""
    };
    let pooler = Pooler::start(&program, &site.url, "transaction", settings).await;
    let url = pooler.url(&site.url);
    for url in [url.clone(), format!("{url}?statement-cache-capacity=0")] {
        let refused = Database::connect(&url).await.unwrap_err();
        assert!(matches!(refused, ConnectError::Pooler), "{refused}");
        assert!(
            refused.to_string().contains("max_prepared_statements"),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn open_pages_learn_of_sign_outs_without_a_direct_connection() {
    let Some((program, keeps_statements)) = pgbouncer() else {
        return;
    };
    let site = Site::new().await;
    let (mode, settings) = working_mode(keeps_statements);
    let pooler = Pooler::start(&program, &site.url, mode, settings).await;
    let other = site
        .server_through(|url| pooler.url(&url), |builder| builder)
        .await;
    let mut elsewhere = site.browser().on(&other);
    elsewhere.sign_in("ada").await;
    let mut page = elsewhere.open_page().await;
    site.guardian
        .sign_out_user("ada", Reason::Administrator)
        .await
        .unwrap();
    assert!(page.notice_within(Duration::from_secs(5)).await.is_current);
}
