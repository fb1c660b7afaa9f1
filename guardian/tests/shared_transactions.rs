//! Sign-ins and sign-outs that wait at the same moment share one transaction, and each gets its own result.

mod common;

use common::{Browser, Server, Site, with_hook};
use futures::{FutureExt as _, future::BoxFuture};
use http::StatusCode;
use leptos_guardian::{
    Reason, SessionHandle, SignOutScope, SignedOut,
    server::{Builder, Database, Guardian, Overflow, Transaction, WritePermit},
};
use sqlx::{Connection as _, PgConnection, postgres::PgPoolOptions};
use std::{
    collections::HashSet,
    future::Future,
    time::{Duration, Instant},
};
use tokio::{sync::mpsc::unbounded_channel, task::JoinHandle, time::timeout};

/// A server with one writer, so that all writes behind the first one wait for each other.
async fn one_writer(site: &Site) -> Server {
    one_writer_with(site, |builder| builder).await
}

async fn one_writer_with(site: &Site, configure: impl FnOnce(Builder) -> Builder) -> Server {
    let database = match &site.database {
        Database::Postgres(pool) => {
            sqlx::raw_sql(SLOW_FIRST).execute(pool).await.unwrap();
            let pool = PgPoolOptions::new().max_connections(3);
            Database::Postgres(pool.connect_lazy(&site.url).unwrap())
        }
        sqlite => sqlite.clone(),
    };
    site.server_on(database, configure).await
}

/// Makes the first write take as long as the test has a lock. It is no lock that the write waits for: it would give
/// way soon.
const SLOW_FIRST: &str = "create function wait_for_test() returns trigger language plpgsql as $$
    begin
        while not pg_try_advisory_xact_lock_shared(1) loop perform pg_sleep(0.01); end loop;
        return new;
    end $$;
    create trigger wait_for_test before insert on guardian_session
        for each row when (new.user_id = 'first') execute function wait_for_test()";

const SLEEPING: &str = "pg_stat_activity
    where datname = current_database() and wait_event = 'PgSleep'";

/// Keeps writes waiting until it is dropped or released.
enum Blocker {
    Permit(#[expect(dead_code, reason = "held")] WritePermit),
    Lock(PgConnection),
}

impl Blocker {
    async fn new(site: &Site, server: &Server) -> Self {
        if let Database::Sqlite(_) = &site.database {
            return Self::Permit(server.guardian.acquire_write().await);
        }
        let mut connection = PgConnection::connect(&site.url).await.unwrap();
        let lock = sqlx::query("select pg_advisory_lock(1)");
        lock.execute(&mut connection).await.unwrap();
        Self::Lock(connection)
    }

    async fn release(self) {
        if let Self::Lock(connection) = self {
            connection.close().await.unwrap();
        }
    }
}

/// Carries out writes while none can go ahead, in this order: the first one begins, the others share the
/// next transaction.
struct Held<'a> {
    site: &'a Site,
    server: &'a Server,
    blocker: Blocker,
    first: JoinHandle<Browser>,
    queued: usize,
}

impl<'a> Held<'a> {
    async fn new(site: &'a Site, server: &'a Server) -> Self {
        let held = Self {
            site,
            server,
            blocker: Blocker::new(site, server).await,
            first: tokio::spawn(signed_in(site.browser().on(server), "first")),
            // On SQLite, the first one counts while it waits to begin.
            queued: usize::from(matches!(&site.database, Database::Sqlite(_))),
        };
        match &site.database {
            Database::Sqlite(_) => held.until_queued().await,
            Database::Postgres(_) => site.until_count(SLEEPING, 1).await,
        }
        held
    }

    async fn add<T: Send + 'static>(
        &mut self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        let work = tokio::spawn(work);
        self.queued += 1;
        self.until_queued().await;
        work
    }

    async fn until_queued(&self) {
        let queued = async {
            while self.server.guardian.waiting_to_write() < self.queued {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let queued = timeout(Duration::from_secs(10), queued).await;
        assert!(queued.is_ok(), "it does not wait");
    }

    async fn release(self) {
        self.blocker.release().await;
        let mut first = self.first.await.unwrap();
        assert_eq!(first.whoami().await, "first");
        self.site.settle().await;
    }
}

async fn signed_in(mut browser: Browser, user: &str) -> Browser {
    browser.sign_in(user).await;
    browser
}

async fn signed_out(mut browser: Browser, scope: SignOutScope) -> (Browser, SignedOut) {
    let response = browser.sign_out(scope).await;
    assert_eq!(response.status, StatusCode::OK, "{}", response.body);
    (browser, response.json())
}

#[tokio::test]
async fn everybody_gets_their_own_result() {
    let site = Site::new().await;
    let server = one_writer(&site).await;
    let mut old = Vec::new();
    for n in 0..4 {
        let browser = site.browser().on(&server);
        old.push(signed_in(browser, &format!("user-{n}")).await);
    }
    let mut held = Held::new(&site, &server).await;
    let (mut sign_ins, mut sign_outs) = (Vec::new(), Vec::new());
    for (n, browser) in old.iter().enumerate() {
        let other = site.browser().on(&server);
        let user = format!("other-{n}");
        sign_ins.push(held.add(async move { signed_in(other, &user).await }).await);
        sign_outs.push(
            held.add(signed_out(browser.clone(), SignOutScope::Local))
                .await,
        );
    }
    held.release().await;
    let mut ended = HashSet::new();
    for (sign_out, mut replay) in sign_outs.into_iter().zip(old) {
        let (_, done) = sign_out.await.unwrap();
        assert_eq!((done.ended.len(), done.events.len()), (1, 1));
        ended.extend(done.ended);
        assert_eq!(replay.whoami().await, "nobody");
    }
    assert_eq!(ended.len(), 4);
    for (n, sign_in) in sign_ins.into_iter().enumerate() {
        assert_eq!(sign_in.await.unwrap().whoami().await, format!("other-{n}"));
    }
    assert_eq!(site.count("guardian_event").await, 4);
}

/// Each session is in one result, and its event has the scope of that sign-out.
#[tokio::test]
async fn two_sign_outs_of_one_user_share_what_ends() {
    for scopes in [
        [SignOutScope::Others, SignOutScope::Global],
        [SignOutScope::Others, SignOutScope::Others],
        [SignOutScope::Local, SignOutScope::Others],
        [SignOutScope::Browser, SignOutScope::Global],
    ] {
        let site = Site::new().await;
        let server = one_writer(&site).await;
        let mut devices = Vec::new();
        for _ in 0..4 {
            devices.push(signed_in(site.browser().on(&server), "ada").await);
        }
        let handles: HashSet<_> = devices[0]
            .sessions()
            .await
            .into_iter()
            .map(|it| it.handle)
            .collect();
        let mut held = Held::new(&site, &server).await;
        let mut sign_outs = Vec::new();
        for (browser, scope) in devices.iter().zip(scopes) {
            sign_outs.push(held.add(signed_out(browser.clone(), scope)).await);
        }
        held.release().await;
        let mut ended = Vec::new();
        for sign_out in sign_outs {
            ended.extend(sign_out.await.unwrap().1.ended);
        }
        // Of two devices that sign each other out, neither stays. One that signs out goes, too.
        let left = match scopes {
            [SignOutScope::Local, _] => 1,
            _ => 0,
        };
        assert_eq!(ended.len(), handles.len() - left, "{scopes:?}");
        let different: HashSet<_> = ended.iter().cloned().collect();
        assert_eq!(different.len(), ended.len(), "{scopes:?}");
        let mut signed_in = 0;
        for mut device in devices {
            signed_in += usize::from(device.whoami().await == "ada");
        }
        assert_eq!(signed_in, left, "{scopes:?}");
        let events = "guardian_event where user_id = 'ada'";
        assert_eq!(site.count(events).await, 2, "{scopes:?}");
    }
}

#[tokio::test]
async fn a_sign_in_that_came_before_a_sign_out_everywhere_ends_and_one_after_it_stays() {
    let site = Site::new().await;
    let server = one_writer(&site).await;
    let ada = signed_in(site.browser().on(&server), "ada").await;
    let mut held = Held::new(&site, &server).await;
    let before = held.add(signed_in(site.browser().on(&server), "ada")).await;
    let sign_out = held.add(signed_out(ada, SignOutScope::Global)).await;
    let after = held.add(signed_in(site.browser().on(&server), "ada")).await;
    let other = held.add(signed_in(site.browser().on(&server), "bob")).await;
    held.release().await;
    assert_eq!(sign_out.await.unwrap().1.ended.len(), 2);
    assert_eq!(before.await.unwrap().whoami().await, "nobody");
    assert_eq!(after.await.unwrap().whoami().await, "ada");
    assert_eq!(other.await.unwrap().whoami().await, "bob");
}

/// Makes the database refuse the sessions of one user.
async fn refuse_bad(site: &Site) {
    site.execute(match &site.database {
        Database::Sqlite(_) => {
            "create trigger refuse before insert on guardian_session when new.user_id = 'bad'
            begin select raise(abort, 'refused'); end"
        }
        Database::Postgres(_) => {
            "alter table guardian_session add constraint refuse check (user_id <> 'bad')"
        }
    })
    .await;
}

#[tokio::test]
async fn a_write_that_fails_fails_no_other() {
    let site = Site::new().await;
    refuse_bad(&site).await;
    let server = one_writer(&site).await;
    let ada = signed_in(site.browser().on(&server), "ada").await;
    let mut replay = ada.clone();
    let mut held = Held::new(&site, &server).await;
    let good = held.add(signed_in(site.browser().on(&server), "bob")).await;
    let mut browser = site.browser().on(&server);
    let bad = held
        .add(async move { (browser.post("/sign-in/bad").await.status, browser) })
        .await;
    let sign_out = held.add(signed_out(ada, SignOutScope::Local)).await;
    held.release().await;
    assert_eq!(good.await.unwrap().whoami().await, "bob");
    let (status, mut browser) = bad.await.unwrap();
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(browser.whoami().await, "nobody");
    assert_eq!(sign_out.await.unwrap().1.ended.len(), 1);
    assert_eq!(replay.whoami().await, "nobody");
    // Once each, and not again with the write that is carried out alone.
    assert_eq!(site.count("guardian_event").await, 1);
    assert_eq!(
        site.count("guardian_session where user_id = 'bob'").await,
        1
    );
}

/// The sign-in is carried out once more, alone, and the sign-out came after it.
#[tokio::test]
async fn a_sign_out_everywhere_passes_no_sign_in_whose_transaction_has_failed() {
    let site = Site::new().await;
    refuse_bad(&site).await;
    let server = one_writer(&site).await;
    let ada = signed_in(site.browser().on(&server), "ada").await;
    let mut held = Held::new(&site, &server).await;
    let mut browser = site.browser().on(&server);
    let bad = held.add(async move { browser.post("/sign-in/bad").await.status });
    let bad = bad.await;
    let before = held.add(signed_in(site.browser().on(&server), "ada")).await;
    let sign_out = held.add(signed_out(ada, SignOutScope::Global)).await;
    held.release().await;
    assert_eq!(bad.await.unwrap(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(sign_out.await.unwrap().1.ended.len(), 2);
    assert_eq!(before.await.unwrap().whoami().await, "nobody");
}

/// No browser would have the session.
#[tokio::test]
async fn a_sign_in_whose_request_is_gone_leaves_no_session() {
    let site = Site::new().await;
    let server = one_writer(&site).await;
    let mut held = Held::new(&site, &server).await;
    let mut gone = Vec::new();
    let bob = held.add(signed_in(site.browser().on(&server), "bob")).await;
    for _ in 0..2 {
        let waits = held.add(signed_in(site.browser().on(&server), "ada")).await;
        waits.abort();
        gone.push(waits);
    }
    let eve = held.add(signed_in(site.browser().on(&server), "eve")).await;
    for waits in gone {
        assert!(waits.await.is_err());
    }
    held.release().await;
    assert_eq!(bob.await.unwrap().whoami().await, "bob");
    assert_eq!(eve.await.unwrap().whoami().await, "eve");
    let of_ada = "guardian_session where user_id = 'ada'";
    assert_eq!(site.count(of_ada).await, 0);
}

/// It is being carried out when the request goes. Its session would take the user's only place.
#[tokio::test]
async fn a_sign_in_whose_request_is_gone_before_the_commit_leaves_no_session() {
    let site = Site::new().await;
    let limit = |builder: Builder| builder.sessions_per_user(1, Overflow::Refuse);
    let server = one_writer_with(&site, limit).await;
    let Held { blocker, first, .. } = Held::new(&site, &server).await;
    first.abort();
    assert!(first.await.is_err());
    blocker.release().await;
    let mut again = signed_in(site.browser().on(&server), "first").await;
    assert_eq!(again.whoami().await, "first");
}

/// As after a lost connection, or when the server is killed before it responds.
#[tokio::test]
async fn a_dropped_request_stops_no_other_and_its_sign_out_holds() {
    let site = Site::new().await;
    let (sender, mut events) = unbounded_channel();
    let server = one_writer_with(&site, |builder| with_hook(builder, &sender)).await;
    let [ada, bob] = ["ada", "bob"].map(|user| signed_in(site.browser().on(&server), user));
    let (mut ada, bob) = (ada.await, bob.await);
    let mut held = Held::new(&site, &server).await;
    let dropped = held.add(signed_out(ada.clone(), SignOutScope::Local)).await;
    let other = held.add(signed_out(bob, SignOutScope::Local)).await;
    dropped.abort();
    held.release().await;
    assert_eq!(other.await.unwrap().1.ended.len(), 1);
    let users = async {
        let mut users = HashSet::new();
        while users.len() < 2 {
            users.insert(events.recv().await.unwrap().user_id);
        }
        users
    };
    let users = timeout(Duration::from_secs(20), users).await.unwrap();
    assert_eq!(users, HashSet::from(["ada".into(), "bob".into()]));
    assert_eq!(ada.whoami().await, "nobody");
}

#[derive(Clone)]
struct Ada {
    browser: Browser,
    session: SessionHandle,
    guardian: Guardian,
}

/// A write that has to do with Ada.
type Request = fn(Ada) -> BoxFuture<'static, StatusCode>;

const SIGN_OUT: Request =
    |mut ada| async move { ada.browser.sign_out(SignOutScope::Local).await.status }.boxed();

const SIGN_OUT_EVERYWHERE: Request =
    |mut ada| async move { ada.browser.sign_out(SignOutScope::Global).await.status }.boxed();

/// Whose session that is, only the database knows.
const SIGN_OUT_USER_OF_SESSION: Request = |mut ada| {
    let path = format!("/sign-out-session/{}/global", ada.session);
    async move { ada.browser.post(&path).await.status }.boxed()
};

const SIGN_IN: Request = |mut ada| {
    ada.browser.cookies.clear();
    async move { ada.browser.post("/sign-in/ada").await.status }.boxed()
};

const SIGN_OUT_EVERYONE: Request = |ada| {
    async move {
        let ended = ada.guardian.sign_out_everyone(Reason::Administrator).await;
        ended.map_or(StatusCode::SERVICE_UNAVAILABLE, |_| StatusCode::OK)
    }
    .boxed()
};

const ALL: [Request; 5] = [
    SIGN_OUT,
    SIGN_OUT_EVERYWHERE,
    SIGN_OUT_USER_OF_SESSION,
    SIGN_IN,
    SIGN_OUT_EVERYONE,
];

/// Two users of a server on PostgreSQL with one writer. A sign-in may be refused, so that it may not share a
/// transaction.
async fn ada_and_bob(site: &Site) -> Option<(Server, Ada, Browser)> {
    let Database::Postgres(_) = &site.database else {
        return None;
    };
    let limit = |builder: Builder| builder.sessions_per_user(50, Overflow::Refuse);
    let server = one_writer_with(site, limit).await;
    let mut browser = signed_in(site.browser().on(&server), "ada").await;
    let ada = Ada {
        session: browser.sessions().await[0].handle.clone(),
        browser,
        guardian: server.guardian.clone(),
    };
    let bob = signed_in(site.browser().on(&server), "bob").await;
    Some((server, ada, bob))
}

/// An open transaction of another server, which has the locks of a user and of their sessions' rows.
async fn begin_sign_out(site: &Site, user: &str) -> Transaction {
    let other = site.server(|builder| builder).await;
    let mut transaction = other.guardian.begin().await.unwrap();
    let ended = transaction.sign_out_user(user, Reason::Administrator);
    assert_eq!(ended.await.unwrap().len(), 1);
    transaction
}

/// Bob does not wait as long as Ada does for a lock, which is four seconds.
async fn is_answered(bob: JoinHandle<(Browser, SignedOut)>) {
    let (_, done) = timeout(Duration::from_secs(3), bob).await.unwrap().unwrap();
    assert_eq!(done.ended.len(), 1);
}

#[tokio::test]
async fn a_write_that_must_wait_for_a_lock_holds_up_no_other() {
    for of_ada in ALL {
        let site = Site::new().await;
        let Some((server, ada, bob)) = ada_and_bob(&site).await else {
            return;
        };
        let app = begin_sign_out(&site, "ada").await;
        let mut held = Held::new(&site, &server).await;
        let waits = held.add(of_ada(ada)).await;
        let goes = held.add(signed_out(bob, SignOutScope::Global)).await;
        held.release().await;
        is_answered(goes).await;
        assert!(!waits.is_finished());
        app.rollback().await.unwrap();
        assert_eq!(waits.await.unwrap(), StatusCode::OK);
    }
}

/// The other write comes later.
#[tokio::test]
async fn a_write_that_waits_for_a_lock_holds_up_no_later_one() {
    for of_ada in ALL {
        let site = Site::new().await;
        let Some((_server, ada, bob)) = ada_and_bob(&site).await else {
            return;
        };
        let app = begin_sign_out(&site, "ada").await;
        let waits = tokio::spawn(of_ada(ada));
        site.until_waiting(1).await;
        is_answered(tokio::spawn(signed_out(bob, SignOutScope::Global))).await;
        assert!(!waits.is_finished());
        app.rollback().await.unwrap();
        assert_eq!(waits.await.unwrap(), StatusCode::OK);
    }
}

/// Those that wait take turns.
#[tokio::test]
async fn a_write_whose_lock_is_free_waits_for_none_that_waits_for_another() {
    let site = Site::new().await;
    let Some((_server, ada, bob)) = ada_and_bob(&site).await else {
        return;
    };
    let of_ada = begin_sign_out(&site, "ada").await;
    let of_bob = begin_sign_out(&site, "bob").await;
    let sign_outs = [SIGN_OUT, SIGN_OUT_EVERYWHERE, SIGN_OUT];
    let waiting = sign_outs.map(|it| tokio::spawn(it(ada.clone())));
    site.until_waiting(1).await;
    let goes = tokio::spawn(signed_out(bob, SignOutScope::Global));
    tokio::time::sleep(Duration::from_millis(500)).await;
    of_bob.rollback().await.unwrap();
    is_answered(goes).await;
    assert!(waiting.iter().all(|waits| !waits.is_finished()));
    of_ada.rollback().await.unwrap();
    for waits in waiting {
        assert_eq!(waits.await.unwrap(), StatusCode::OK);
    }
}

/// They leave connections for everything else, and none waits for ever.
#[tokio::test]
async fn however_many_writes_wait_for_a_lock_pages_are_served_and_each_fails_in_time() {
    for of_ada in [SIGN_OUT, SIGN_OUT_EVERYWHERE] {
        let site = Site::new().await;
        let Some((server, ada, mut bob)) = ada_and_bob(&site).await else {
            return;
        };
        let mut app = begin_sign_out(&site, "ada").await;
        let start = Instant::now();
        let waiting: Vec<_> = (0..10).map(|_| tokio::spawn(of_ada(ada.clone()))).collect();
        while start.elapsed() < Duration::from_secs(3) {
            let user = timeout(Duration::from_secs(1), bob.whoami()).await;
            assert_eq!(user.unwrap(), "bob");
        }
        for waits in waiting {
            assert_eq!(waits.await.unwrap(), StatusCode::SERVICE_UNAVAILABLE);
        }
        // As long as tests/faults.rs allows.
        assert!(start.elapsed() < Duration::from_secs(12), "{start:?}");
        assert_eq!(server.guardian.waiting_to_write(), 0);
        app.sign_out_user("ada", Reason::User).await.unwrap();
        app.commit().await.unwrap();
        assert_eq!(of_ada(ada).await, StatusCode::OK);
    }
}

/// Ada's cart is in the new session, and nothing is left for whoever has the old cookie.
#[tokio::test]
async fn a_sign_in_that_replaces_a_session_which_another_sign_out_ends_leaves_no_data_behind() {
    let site = Site::new().await;
    let server = one_writer_with(&site, |builder| builder.keep_visitor_data("word")).await;
    let mut browser = signed_in(site.browser().on(&server), "ada").await;
    browser.post("/remember/cart").await;
    let mut old = browser.clone();
    let mut held = Held::new(&site, &server).await;
    let sign_in = held.add(signed_in(browser, "bob")).await;
    let guardian = server.guardian.clone();
    let sign_out = held.add(async move { guardian.sign_out_user("ada", Reason::User).await });
    let sign_out = sign_out.await;
    held.release().await;
    assert_eq!(sign_out.await.unwrap().unwrap().len(), 1);
    let mut browser = sign_in.await.unwrap();
    assert_eq!(browser.whoami().await, "bob");
    assert_eq!(browser.get("/recall").await.body, "cart");
    assert_eq!(old.get("/recall").await.body, "nothing");
    assert_eq!(site.count("tower_sessions").await, 1);
}

/// When a program panics while it signs somebody in, the writer ends with the runtime.
#[test]
fn a_panic_of_the_program_ends_the_writer() {
    let program = std::thread::spawn(|| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build().unwrap().block_on(async {
            let site = Site::new().await;
            let server = one_writer(&site).await;
            let held = Held::new(&site, &server).await;
            panic!("while {} waits", held.site.url);
        });
    });
    assert!(program.join().is_err());
}
