//! What a request costs, as counts that do not depend on the machine.

mod common;

use common::{Browser, Site};
use futures::future::join_all;
use leptos_guardian::{
    Reason, SignOutScope,
    server::{Builder, Database, Overflow},
};
use sqlx::{Connection as _, PgConnection};
use std::{
    collections::BTreeSet,
    fmt,
    future::Future,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};
use tracing::{Event, Subscriber, field::Visit};
use tracing_subscriber::{Layer, layer::Context, prelude::*};

/// Every executed statement, as sqlx logs it.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            let mut text = Text::default();
            event.record(&mut text);
            self.0.lock().unwrap().push(text.statement());
        }
    }
}

/// A statement's first words, and its whole text if there is more.
#[derive(Default)]
struct Text {
    summary: String,
    whole: String,
}

impl Visit for Text {
    fn record_str(&mut self, field: &tracing::field::Field, value: &str) {
        match field.name() {
            "summary" => self.summary = value.to_owned(),
            "db.statement" => self.whole = value.trim().to_owned(),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &tracing::field::Field, _: &dyn fmt::Debug) {}
}

impl Text {
    fn statement(self) -> String {
        if self.whole.is_empty() {
            self.summary
        } else {
            self.whole
        }
    }
}

/// One log for all tests, because sqlx logs SQLite's statements on its own threads.
static STATEMENTS: LazyLock<Statements> = LazyLock::new(|| {
    let statements = Statements::default();
    tracing_subscriber::registry()
        .with(statements.clone())
        .init();
    statements
});

/// One test counts at a time.
static COUNTING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The statements that some work executes, without those with which the pool opens or takes back a connection.
/// Each is a trip to the database. What begins a transaction is one more, and so is SQLite's commit: sqlx does
/// not log them.
async fn all_statements(work: impl Future<Output = ()>) -> Vec<String> {
    const OF_THE_POOL: [&str; 6] = [
        "statement_timestamp",
        "pg_backend_pid",
        "select exists",
        "LISTEN",
        "PRAGMA",
        "rollback",
    ];
    STATEMENTS.0.lock().unwrap().clear();
    work.await;
    let mut statements = std::mem::take(&mut *STATEMENTS.0.lock().unwrap());
    statements.retain(|it| !OF_THE_POOL.iter().any(|word| it.contains(word)));
    statements
}

/// The same on both databases: without what only PostgreSQL needs or logs.
async fn statements(work: impl Future<Output = ()>) -> Vec<String> {
    let mut statements = all_statements(work).await;
    statements.retain(|it| !it.contains("advisory_xact_lock") && it != "COMMIT");
    statements
}

fn is_read(statement: &str) -> bool {
    statement.starts_with("select")
}

#[tokio::test]
async fn a_signed_in_request_costs_one_read() {
    let _alone = COUNTING.lock().await;
    let site = Site::with(Builder::accept_bearer_tokens).await;
    let mut browser = site.signed_in("ada").await;
    let mut app = site.app_signed_in("ada").await;
    for minutes in [0, 1, 3] {
        site.pass_time(Duration::from_secs(60 * minutes));
        let of_browser = statements(async { drop(browser.get("/whoami").await) }).await;
        let of_app = statements(async { drop(app.get("/whoami").await) }).await;
        for check in [of_browser, of_app] {
            assert_eq!(check.len(), 1, "{check:#?}");
            assert!(is_read(&check[0]), "{check:#?}");
        }
    }
}

/// The check whether they have just signed in is for a token that they get.
#[tokio::test]
async fn a_visitors_data_is_read_and_written_once() {
    let _alone = COUNTING.lock().await;
    let site = Site::new().await;
    let mut visitor = site.browser();
    visitor.post("/remember/cart").await;
    let save = statements(async { drop(visitor.post("/remember/book").await) }).await;
    let (reads, writes): (Vec<_>, Vec<_>) = save.iter().partition(|it| is_read(it));
    assert_eq!((reads.len(), writes.len()), (2, 1), "{save:#?}");
}

#[tokio::test]
async fn concurrent_requests_share_reads_and_each_gets_its_own_result() {
    let _alone = COUNTING.lock().await;
    let site = Site::new().await;
    let mut browsers = Vec::new();
    for n in 0..20 {
        let user = format!("user-{n}");
        let browser = site.signed_in(&user).await;
        browsers.extend(vec![(user, browser); 10]);
        let mut eve = site.signed_in("eve").await;
        let old = eve.clone();
        eve.sign_out(SignOutScope::Local).await;
        browsers.push(("nobody".into(), old));
    }
    let checks = statements(async {
        let requests = browsers.iter_mut().map(|(user, browser)| async {
            assert_eq!(browser.whoami().await, *user);
        });
        join_all(requests).await;
    });
    let checks = checks.await;
    assert!(checks.len() <= 20, "{} reads", checks.len());
    assert!(checks.iter().all(|check| is_read(check)), "{checks:#?}");
}

#[tokio::test]
async fn activity_costs_one_write_in_five_minutes() {
    let _alone = COUNTING.lock().await;
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    for _ in 0..3 {
        site.pass_time(Duration::from_secs(5 * 60));
        let first = statements(async { drop(browser.get("/whoami").await) }).await;
        assert_eq!(first.len(), 2, "{first:#?}");
        assert!(
            first[1].starts_with("update guardian_session"),
            "{first:#?}"
        );
        let second = statements(async { drop(browser.get("/whoami").await) }).await;
        assert_eq!(second.len(), 1, "{second:#?}");
    }
}

#[tokio::test]
async fn a_visitor_without_a_cookie_costs_nothing() {
    let _alone = COUNTING.lock().await;
    let site = Site::new().await;
    let check = statements(async { drop(site.browser().get("/whoami").await) }).await;
    assert!(check.is_empty(), "{check:#?}");
    let sign_out = statements(async {
        site.browser().sign_out(SignOutScope::Global).await;
    });
    assert!(sign_out.await.is_empty());
}

#[tokio::test]
async fn a_sign_in_costs_one_write_and_more_only_for_a_visitor_with_data() {
    let _alone = COUNTING.lock().await;
    let site = Site::new().await;
    let sign_in = statements(async { site.browser().sign_in("ada").await }).await;
    assert_eq!(sign_in.len(), 1, "{sign_in:#?}");
    let mut visitor = site.browser();
    visitor.post("/remember/cart").await;
    let sign_in = statements(async { visitor.sign_in("ada").await }).await;
    let writes: Vec<_> = sign_in.iter().filter(|one| !is_read(one)).collect();
    // What is left under the old token, the old data, the new data, the session; then the response saves the data.
    assert_eq!(writes.len(), 5, "{sign_in:#?}");
}

#[tokio::test]
async fn a_limit_on_sessions_costs_a_sign_in_one_read_until_one_must_end() {
    let _alone = COUNTING.lock().await;
    let site = Site::with(|builder| builder.sessions_per_user(2, Overflow::EndOldest)).await;
    for expected in [2, 2, 4, 4] {
        let sign_in = statements(async { site.browser().sign_in("ada").await }).await;
        // Then the session that ends, and the event.
        assert_eq!(sign_in.len(), expected, "{sign_in:#?}");
    }
}

/// One transaction: the sessions, their data if any has some, the event.
#[tokio::test]
async fn a_sign_out_costs_the_same_however_many_sessions_end() {
    let _alone = COUNTING.lock().await;
    for (scope, expected) in [
        (SignOutScope::Local, 3),
        (SignOutScope::Others, 3),
        (SignOutScope::Global, 3),
        // Sessions by handle, and sessions by the browser's token.
        (SignOutScope::Browser, 5),
    ] {
        for (sessions, have_data) in [(1, false), (2, false), (30, false), (30, true)] {
            let site = Site::new().await;
            let mut browsers = Vec::new();
            for _ in 0..=sessions {
                let mut browser = site.signed_in("ada").await;
                if have_data {
                    browser.post("/remember/word").await;
                }
                browsers.push(browser);
            }
            // A browser's visitor may have data beside the account's.
            let deletes_data = have_data && scope != SignOutScope::Browser;
            let sign_out = statements(async { drop(browsers[0].sign_out(scope).await) }).await;
            assert_eq!(
                sign_out.len(),
                expected + usize::from(deletes_data),
                "{scope} of {sessions}: {sign_out:#?}"
            );
            assert!(is_read(&sign_out[0]), "the session check");
        }
    }
}

/// A sign-in, a check, and a sign-out of each scope.
#[tokio::test]
async fn no_trip_to_the_database_is_added() {
    let _alone = COUNTING.lock().await;
    let site = Site::new().await;
    let is_sqlite = matches!(site.database, Database::Sqlite(_));
    let mut counts = Vec::new();
    for scope in [
        SignOutScope::Local,
        SignOutScope::Others,
        SignOutScope::Global,
        SignOutScope::Browser,
    ] {
        let mut browser = site.signed_in("ada").await;
        let sign_in = all_statements(async { site.browser().sign_in("ada").await }).await;
        let check = all_statements(async { drop(browser.get("/whoami").await) }).await;
        let sign_out = all_statements(async { drop(browser.sign_out(scope).await) }).await;
        counts.push([sign_in.len(), check.len(), sign_out.len()]);
    }
    let expected = if is_sqlite {
        [[1, 1, 3], [1, 1, 3], [1, 1, 3], [1, 1, 5]]
    } else {
        [[3, 1, 4], [3, 1, 5], [3, 1, 5], [3, 1, 7]]
    };
    assert_eq!(counts, expected);
}

/// Those of each kind share a statement, and all share one commit.
#[tokio::test]
async fn writes_that_wait_cost_as_much_as_one() {
    let _alone = COUNTING.lock().await;
    let site = Site::new().await;
    if !matches!(site.database, Database::Sqlite(_)) {
        return;
    }
    let mut browsers = Vec::new();
    for n in 0..8 {
        browsers.push(site.signed_in(&format!("user-{n}")).await);
    }
    let writes = statements(async {
        let permit = site.guardian.acquire_write().await;
        let sign_outs = browsers
            .iter_mut()
            .map(|browser| browser.sign_out(SignOutScope::Local));
        let sign_ins = (0..8).map(async |n| site.browser().sign_in(&format!("user-{n}")).await);
        let release = async {
            site.until_waiting_to_write(16).await;
            drop(permit);
        };
        tokio::join!(join_all(sign_outs), join_all(sign_ins), release);
    });
    let writes = writes.await;
    let count = |word: &str| writes.iter().filter(|it| it.starts_with(word)).count();
    // The first one may be alone.
    assert!(count("begin") + count("BEGIN") <= 2, "{writes:#?}");
    assert!(count("delete from guardian_session") <= 2, "{writes:#?}");
    assert!(count("delete from tower_sessions") <= 2, "{writes:#?}");
    assert!(count("insert into guardian_event") <= 2, "{writes:#?}");
    assert!(count("insert into guardian_session") <= 2, "{writes:#?}");
    assert!(count("insert into tower_sessions") <= 2, "{writes:#?}");
}

#[tokio::test]
async fn the_cookie_is_small() {
    let _alone = COUNTING.lock().await;
    let site = Site::new().await;
    let mut browser = site.browser();
    let response = browser.post("/sign-in/ada").await;
    assert_eq!(browser.cookie_names(), ["guardian"]);
    let (name, value) = &browser.cookies[0];
    // 128 bits of token and 256 of signature, in base64.
    assert_eq!(name.len() + value.len(), 8 + 22 + 44);
    assert!(
        response.set_cookies()[0].len() <= 150,
        "{:?}",
        response.set_cookies()
    );
}

/// Everything that the library does with the database.
async fn do_everything(site: &Site) {
    let mut browser = site.signed_in("ada").await;
    browser.post("/remember/word").await;
    browser.sign_in("bob").await;
    browser.sessions().await;
    let other = browser.sessions().await[0].handle.clone();
    browser.post(&format!("/switch-account/{other}")).await;
    site.pass_time(Duration::from_secs(600));
    browser.get("/recall").await;
    drop(browser.open_stream().await.next().await);
    for scope in ["local", "others", "global"] {
        let mut browser = site.signed_in("ada").await;
        let handle = browser.sessions().await[0].handle.clone();
        browser
            .post(&format!("/sign-out-session/{handle}/{scope}"))
            .await;
    }
    for scope in [
        SignOutScope::Local,
        SignOutScope::Browser,
        SignOutScope::Others,
        SignOutScope::Global,
    ] {
        let mut browser: Browser = site.signed_in("ada").await;
        let mut old = browser.clone();
        browser.sign_in("eve").await;
        old.sign_out(scope).await;
        old.post("/remember/late").await;
        browser.sign_out(scope).await;
    }
    let guardian = &site.guardian;
    guardian
        .update_profile("ada", &Default::default())
        .await
        .unwrap();
    let page = guardian.sessions_of("ada", None).await.unwrap();
    let after = page.next;
    guardian.sessions_of("ada", after.as_ref()).await.unwrap();
    guardian
        .sign_out_user("ada", Reason::Administrator)
        .await
        .unwrap();
    guardian
        .sign_out_everyone(Reason::Administrator)
        .await
        .unwrap();
    guardian.clean_up().await.unwrap();
    site.until_count(
        "guardian_event where delivered_at is not null",
        site.count("guardian_event").await,
    )
    .await;
}

/// Such a statement would slow down as the site grows.
#[tokio::test]
async fn no_statement_reads_a_whole_table() {
    let _alone = COUNTING.lock().await;
    let site = Site::with(|builder| {
        builder
            .accounts_per_browser(5)
            .after_sign_out(|_| async { Ok(()) })
    })
    .await;
    let mut executed = statements(do_everything(&site)).await;
    let limited = Site::with(|builder| {
        let builder = builder.accounts_per_browser(5);
        builder.sessions_per_user(1, Overflow::EndOldest)
    })
    .await;
    let more = statements(async {
        limited.signed_in("ada").await;
        let mut browser = limited.signed_in("ada").await;
        browser.sign_in_until_closed("bob").await;
        browser.post("/confirm/test").await;
    });
    executed.extend(more.await);
    let mut different: BTreeSet<&String> = executed.iter().collect();
    // Without the test's own, and without migrations.
    different.retain(|statement| {
        let is_of_tests = statement.starts_with("select count(*) from guardian_event");
        let words = ["select", "insert", "update", "delete"];
        !is_of_tests && words.iter().any(|word| statement.starts_with(word))
    });
    assert!(different.len() > 30, "{different:#?}");
    for statement in different {
        for step in plan(&site, statement).await {
            let is_whole = [
                "guardian_session",
                "guardian_event",
                "tower_sessions",
                " one",
                " next",
            ]
            .iter()
            .any(|table| step.contains(&format!("Seq Scan on {table}")) || is_scan(&step));
            assert!(!is_whole, "{step}\n{statement}");
        }
    }
}

#[tokio::test]
async fn a_page_of_sessions_is_one_range_of_an_index() {
    let _alone = COUNTING.lock().await;
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    let executed = statements(async { drop(browser.session_page(None).await) }).await;
    let list = executed
        .iter()
        .find(|statement| statement.contains("limit"));
    let plan = plan(&site, list.expect("the list")).await.join("\n");
    assert!(plan.contains("guardian_session_of_user"), "{plan}");
    assert!(
        !plan.contains("TEMP B-TREE") && !plan.contains("Sort"),
        "{plan}"
    );
}

/// Whether a step of SQLite's plan reads a whole table. `SCAN one USING INDEX` may stop at a
/// `limit`. An automatic index is built from a whole table.
fn is_scan(step: &str) -> bool {
    let is_whole = step.starts_with("SCAN ") && !step.contains("USING");
    (is_whole && !step.contains("CONSTANT ROW")) || step.contains("AUTOMATIC")
}

/// The database's plan for a statement, as if its tables were large.
async fn plan(site: &Site, statement: &str) -> Vec<String> {
    match &site.database {
        Database::Sqlite(pool) => {
            let explain = format!("explain query plan {statement}");
            let steps = sqlx::query_as::<_, (i64, i64, i64, String)>(&explain);
            let steps = steps.fetch_all(pool).await.unwrap();
            steps.into_iter().map(|(.., step)| step).collect()
        }
        Database::Postgres(_) => {
            let mut connection = PgConnection::connect(&site.url).await.unwrap();
            let parameters = (1..100)
                .rev()
                .find(|n| statement.contains(&format!("${n}")));
            let nulls = vec!["null"; parameters.unwrap_or(0)].join(", ");
            let arguments = if nulls.is_empty() {
                nulls
            } else {
                format!("({nulls})")
            };
            // Otherwise PostgreSQL would read a test's small tables whole.
            let explain = format!(
                "set enable_seqscan = off; set plan_cache_mode = force_generic_plan;
                prepare it as {statement}; explain execute it {arguments}"
            );
            use sqlx::Row as _;
            let steps = sqlx::raw_sql(&explain)
                .fetch_all(&mut connection)
                .await
                .unwrap();
            steps.iter().map(|step| step.get(0)).collect()
        }
    }
}
