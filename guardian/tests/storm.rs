//! A sign-out takes effect at the next request, also under load on two servers. Each response is
//! checked against the responses that had arrived before its request was sent.

mod common;

use common::{Browser, Site, TestResponse};
use leptos_guardian::{Accounts, AuthError, SessionHandle, SignOutScope, SignedOut};
use rand::random_range;
use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

const USERS: usize = 200;
const TASKS: usize = 64;
const DURATION: Duration = Duration::from_secs(5);

/// The tasks choose from this many of a user's most recent browsers.
const RECENT: usize = 4;

/// When a request was sent and when its response arrived.
#[derive(Clone, Copy)]
struct Span {
    sent: Instant,
    received: Instant,
}

struct SignOut {
    span: Span,
    targets: Targets,
    /// `false` if it may or may not have ended its targets.
    is_certain: bool,
}

/// Which of the user's sessions a sign-out ends.
#[derive(Clone, PartialEq)]
enum Targets {
    All,
    AllBut(SessionHandle),
    One(SessionHandle),
}

impl Targets {
    fn includes(&self, session: &SessionHandle) -> bool {
        match self {
            Self::All => true,
            Self::AllBut(one) => one != session,
            Self::One(one) => one == session,
        }
    }
}

#[derive(Clone)]
struct Device {
    browser: Browser,
    session: SessionHandle,
    signed_in: Span,
}

#[derive(Default)]
struct User {
    devices: Vec<Device>,
    sign_outs: Vec<SignOut>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Expected {
    SignedIn,
    SignedOut,
    Either,
}

impl User {
    /// The response that a request in this span must have got.
    fn expected(&self, device: &Device, request: Span) -> Expected {
        let mut of_device = self
            .sign_outs
            .iter()
            .filter(|sign_out| sign_out.targets.includes(&device.session))
            .filter(|sign_out| sign_out.span.received > device.signed_in.sent)
            .peekable();
        if of_device.peek().is_none() {
            return Expected::SignedIn;
        }
        let is_out = of_device.any(|sign_out| {
            let was_in = sign_out.span.sent > device.signed_in.received;
            sign_out.is_certain && was_in && sign_out.span.received < request.sent
        });
        let may_be_out = self.sign_outs.iter().any(|sign_out| {
            sign_out.targets.includes(&device.session)
                && sign_out.span.sent < request.received
                && sign_out.span.received > device.signed_in.sent
        });
        match (is_out, may_be_out) {
            (true, _) => Expected::SignedOut,
            (false, true) => Expected::Either,
            (false, false) => Expected::SignedIn,
        }
    }
}

#[derive(Default)]
struct Counts {
    checked: AtomicUsize,
    after_sign_out: AtomicUsize,
    signed_in: AtomicUsize,
    ended: AtomicUsize,
    unavailable: AtomicUsize,
}

struct Storm {
    site: Site,
    routers: Vec<axum::Router>,
    users: Vec<Mutex<User>>,
    counts: Counts,
}

async fn timed(response: impl Future<Output = TestResponse>) -> (Span, TestResponse) {
    let sent = Instant::now();
    let response = response.await;
    let received = Instant::now();
    (Span { sent, received }, response)
}

impl Storm {
    fn user(&self, user: usize) -> std::sync::MutexGuard<'_, User> {
        self.users[user].lock().unwrap()
    }

    /// A recent device of the user, connected to a random server.
    fn device(&self, user: usize) -> Option<Device> {
        let user = self.user(user);
        let recent = user.devices.iter().rev().take(RECENT);
        let chosen = recent.clone().nth(random_range(0..recent.len().max(1)))?;
        let mut device = chosen.clone();
        device.browser.router = self.router();
        Some(device)
    }

    fn router(&self) -> axum::Router {
        self.routers[random_range(0..self.routers.len())].clone()
    }

    async fn sign_in(&self, user: usize) {
        let mut browser = Browser::new(&self.router());
        let (signed_in, response) = timed(browser.post(&format!("/sign-in/{user}"))).await;
        if self.is_unavailable(&response) {
            return;
        }
        let listed = browser.get("/accounts").await;
        if self.is_unavailable(&listed) {
            return;
        }
        // Another task may have ended the session already.
        let Ok(accounts) = listed.json::<Result<Accounts, AuthError>>() else {
            return;
        };
        self.counts.signed_in.fetch_add(1, SeqCst);
        self.user(user).devices.push(Device {
            browser,
            session: accounts.active.session,
            signed_in,
        });
    }

    async fn check(&self, user: usize, device: &mut Device) {
        let (request, response) = timed(device.browser.get("/whoami")).await;
        if self.is_unavailable(&response) {
            return;
        }
        let expected = self.user(user).expected(device, request);
        self.counts.checked.fetch_add(1, SeqCst);
        if expected == Expected::SignedOut {
            self.counts.after_sign_out.fetch_add(1, SeqCst);
        }
        let is_in = response.body == user.to_string();
        assert!(
            is_in || response.body == "nobody",
            "{user} is {}",
            response.body
        );
        match expected {
            Expected::SignedIn => assert!(is_in, "{user} is signed out, and nobody did that"),
            Expected::SignedOut => assert!(!is_in, "{user} is signed in after the sign-out"),
            Expected::Either => {}
        }
    }

    async fn write(&self, user: usize, device: &mut Device) {
        let mut replay = device.browser.clone();
        let response = device.browser.post(&format!("/remember/of-{user}")).await;
        self.is_unavailable(&response);
        let (request, response) = timed(replay.get("/recall")).await;
        if self.is_unavailable(&response) {
            return;
        }
        let own = format!("of-{user}");
        assert!(
            response.body == own || response.body == "nothing",
            "{user} has {}",
            response.body
        );
        if self.user(user).expected(device, request) == Expected::SignedOut {
            assert_eq!(response.body, "nothing", "data of an ended session");
        }
    }

    async fn sign_out(&self, user: usize, device: &mut Device) {
        let scope = match random_range(0..10) {
            0 => SignOutScope::Global,
            1 => SignOutScope::Others,
            _ => SignOutScope::Local,
        };
        let targets = match scope {
            SignOutScope::Global => Targets::All,
            SignOutScope::Others => Targets::AllBut(device.session.clone()),
            _ => Targets::One(device.session.clone()),
        };
        // Recorded before it is sent, because another task's response may arrive first.
        let sent = Instant::now();
        let never = sent + Duration::from_secs(3600);
        let place = {
            let mut user = self.user(user);
            user.sign_outs.push(SignOut {
                span: Span {
                    sent,
                    received: never,
                },
                targets,
                is_certain: false,
            });
            user.sign_outs.len() - 1
        };
        let mut browser = device.browser.clone();
        let (span, response) = timed(browser.sign_out(scope)).await;
        let is_done = !self.is_unavailable(&response);
        let ended = is_done.then(|| response.json::<SignedOut>().ended);
        let ended = ended.unwrap_or_default();
        self.counts.ended.fetch_add(ended.len(), SeqCst);
        let mut user = self.user(user);
        let sign_out = &mut user.sign_outs[place];
        sign_out.span.received = if is_done { span.received } else { never };
        // A session that had ended before cannot end the user's others.
        let had_own_session = ended.contains(&device.session);
        sign_out.is_certain = is_done
            && match sign_out.targets {
                Targets::One(_) => true,
                Targets::All => had_own_session,
                Targets::AllBut(_) => !ended.is_empty(),
            };
    }

    fn is_unavailable(&self, response: &TestResponse) -> bool {
        let is_unavailable = response.status.as_u16() == 503;
        if is_unavailable {
            self.counts.unavailable.fetch_add(1, SeqCst);
        } else {
            assert!(
                response.status.is_success(),
                "{}: {}",
                response.status,
                response.body
            );
        }
        is_unavailable
    }

    async fn run(&self, until: Instant) {
        while Instant::now() < until {
            let user = random_range(0..USERS);
            let Some(mut device) = self.device(user) else {
                self.sign_in(user).await;
                continue;
            };
            match random_range(0..10) {
                0 => self.sign_in(user).await,
                1 | 2 => self.sign_out(user, &mut device).await,
                3 => self.write(user, &mut device).await,
                _ => self.check(user, &mut device).await,
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_gets_a_signed_in_response_after_its_sign_out() {
    let site = Site::new().await;
    let other = site.server(|builder| builder).await;
    let storm = Arc::new(Storm {
        routers: vec![site.router.clone(), other.router.clone()],
        site,
        users: (0..USERS).map(|_| Mutex::default()).collect(),
        counts: Counts::default(),
    });
    let until = Instant::now() + DURATION;
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let storm = Arc::clone(&storm);
            tokio::spawn(async move { storm.run(until).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    // Once more without load: now each check has exactly one right result.
    for user in 0..USERS {
        let devices = storm.user(user).devices.clone();
        for mut device in devices {
            storm.check(user, &mut device).await;
        }
    }
    let Counts {
        checked,
        after_sign_out,
        signed_in,
        ended,
        unavailable,
    } = &storm.counts;
    println!(
        "{checked:?} responses checked, {after_sign_out:?} of them after a sign-out; {signed_in:?} sign-ins, {ended:?} sessions ended, {unavailable:?} times unavailable"
    );
    assert!(after_sign_out.load(SeqCst) > 100, "too little was tried");
    let recorded = ended_sessions(&storm.site).await;
    let different: HashSet<_> = recorded.iter().collect();
    assert_eq!(recorded.len(), different.len(), "a session ended twice");
    assert!(
        recorded.len() >= ended.load(SeqCst),
        "an ended session is in no event"
    );
}

/// The ended sessions of all events.
async fn ended_sessions(site: &Site) -> Vec<SessionHandle> {
    let ended: Vec<String> = leptos_guardian::with_pool!(&site.database, pool => {
        sqlx::query_scalar("select ended from guardian_event").fetch_all(pool).await.unwrap()
    });
    ended
        .iter()
        .flat_map(|ended| serde_json::from_str::<Vec<SessionHandle>>(ended).unwrap())
        .collect()
}
