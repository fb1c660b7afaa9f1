//! Invariant 1 under load, on two servers at once: every answer is checked against what had
//! been answered before its request was sent.

mod common;

use common::{Answer, Browser, Site};
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

/// How many browsers of a user the tasks choose from.
const RECENT: usize = 4;

/// From when a request was sent until its answer was there.
#[derive(Clone, Copy)]
struct Span {
    sent: Instant,
    answered: Instant,
}

/// A sign-out, as far as the tasks know. One that got no success may have happened or not.
struct SignOut {
    span: Span,
    /// All of the user's, or all but one, or one.
    ends: Ends,
    is_certain: bool,
}

#[derive(Clone, PartialEq)]
enum Ends {
    All,
    AllBut(SessionHandle),
    One(SessionHandle),
}

impl Ends {
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
struct Person {
    devices: Vec<Device>,
    sign_outs: Vec<SignOut>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Expected {
    SignedIn,
    SignedOut,
    Either,
}

impl Person {
    /// What a request that took this long must have been answered.
    fn expected(&self, device: &Device, request: Span) -> Expected {
        let mut of_this = self
            .sign_outs
            .iter()
            .filter(|sign_out| sign_out.ends.includes(&device.session))
            .filter(|sign_out| sign_out.span.answered > device.signed_in.sent)
            .peekable();
        if of_this.peek().is_none() {
            return Expected::SignedIn;
        }
        let is_over = of_this.any(|sign_out| {
            let was_there = sign_out.span.sent > device.signed_in.answered;
            sign_out.is_certain && was_there && sign_out.span.answered < request.sent
        });
        let may_be_over = self.sign_outs.iter().any(|sign_out| {
            sign_out.ends.includes(&device.session)
                && sign_out.span.sent < request.answered
                && sign_out.span.answered > device.signed_in.sent
        });
        match (is_over, may_be_over) {
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
    people: Vec<Mutex<Person>>,
    counts: Counts,
}

async fn timed(answer: impl Future<Output = Answer>) -> (Span, Answer) {
    let sent = Instant::now();
    let answer = answer.await;
    let answered = Instant::now();
    (Span { sent, answered }, answer)
}

impl Storm {
    fn person(&self, user: usize) -> std::sync::MutexGuard<'_, Person> {
        self.people[user].lock().unwrap()
    }

    /// A device of the user's, reached through either server.
    fn device(&self, user: usize) -> Option<Device> {
        let person = self.person(user);
        let recent = person.devices.iter().rev().take(RECENT);
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
        let (signed_in, answer) = timed(browser.post(&format!("/sign-in/{user}"))).await;
        if self.is_unavailable(&answer) {
            return;
        }
        let listed = browser.get("/accounts").await;
        if self.is_unavailable(&listed) {
            return;
        }
        // Perhaps it was ended before it could be asked.
        let Ok(accounts) = listed.json::<Result<Accounts, AuthError>>() else {
            return;
        };
        self.counts.signed_in.fetch_add(1, SeqCst);
        self.person(user).devices.push(Device {
            browser,
            session: accounts.active.session,
            signed_in,
        });
    }

    async fn check(&self, user: usize, device: &mut Device) {
        let (request, answer) = timed(device.browser.get("/whoami")).await;
        if self.is_unavailable(&answer) {
            return;
        }
        let expected = self.person(user).expected(device, request);
        self.counts.checked.fetch_add(1, SeqCst);
        if expected == Expected::SignedOut {
            self.counts.after_sign_out.fetch_add(1, SeqCst);
        }
        let is_in = answer.body == user.to_string();
        assert!(
            is_in || answer.body == "nobody",
            "{user} is {}",
            answer.body
        );
        match expected {
            Expected::SignedIn => assert!(is_in, "{user} is out, and nobody signed them out"),
            Expected::SignedOut => assert!(!is_in, "{user} is in after the sign-out"),
            Expected::Either => {}
        }
    }

    async fn write(&self, user: usize, device: &mut Device) {
        let mut replay = device.browser.clone();
        let answer = device.browser.post(&format!("/remember/of-{user}")).await;
        self.is_unavailable(&answer);
        let (request, answer) = timed(replay.get("/recall")).await;
        if self.is_unavailable(&answer) {
            return;
        }
        let own = format!("of-{user}");
        assert!(
            answer.body == own || answer.body == "nothing",
            "{user} has {}",
            answer.body
        );
        if self.person(user).expected(device, request) == Expected::SignedOut {
            assert_eq!(answer.body, "nothing", "data of an ended session");
        }
    }

    async fn sign_out(&self, user: usize, device: &mut Device) {
        let scope = match random_range(0..10) {
            0 => SignOutScope::Global,
            1 => SignOutScope::Others,
            _ => SignOutScope::Local,
        };
        let ends = match scope {
            SignOutScope::Global => Ends::All,
            SignOutScope::Others => Ends::AllBut(device.session.clone()),
            _ => Ends::One(device.session.clone()),
        };
        // Noted before it is sent: another task may be answered before this one.
        let sent = Instant::now();
        let far = sent + Duration::from_secs(3600);
        let place = {
            let mut person = self.person(user);
            person.sign_outs.push(SignOut {
                span: Span {
                    sent,
                    answered: far,
                },
                ends,
                is_certain: false,
            });
            person.sign_outs.len() - 1
        };
        let mut browser = device.browser.clone();
        let (span, answer) = timed(browser.sign_out(scope)).await;
        let is_done = !self.is_unavailable(&answer);
        let ended = is_done.then(|| answer.json::<SignedOut>().ended);
        let ended = ended.unwrap_or_default();
        self.counts.ended.fetch_add(ended.len(), SeqCst);
        let mut person = self.person(user);
        let sign_out = &mut person.sign_outs[place];
        sign_out.span.answered = if is_done { span.answered } else { far };
        // Whose session was over already speaks for no other.
        let spoke_for_all = ended.contains(&device.session);
        sign_out.is_certain = is_done
            && match sign_out.ends {
                Ends::One(_) => true,
                Ends::All => spoke_for_all,
                Ends::AllBut(_) => !ended.is_empty(),
            };
    }

    fn is_unavailable(&self, answer: &Answer) -> bool {
        let is_unavailable = answer.status.as_u16() == 503;
        if is_unavailable {
            self.counts.unavailable.fetch_add(1, SeqCst);
        } else {
            assert!(
                answer.status.is_success(),
                "{}: {}",
                answer.status,
                answer.body
            );
        }
        is_unavailable
    }

    async fn rage(&self, until: Instant) {
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
async fn no_request_is_answered_as_signed_in_after_its_sign_out() {
    let site = Site::new().await;
    let other = site.server(|builder| builder).await;
    let storm = Arc::new(Storm {
        routers: vec![site.router.clone(), other.router.clone()],
        site,
        people: (0..USERS).map(|_| Mutex::default()).collect(),
        counts: Counts::default(),
    });
    let until = Instant::now() + DURATION;
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let storm = Arc::clone(&storm);
            tokio::spawn(async move { storm.rage(until).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    // Once more, when all is quiet: now there is one right answer to each.
    for user in 0..USERS {
        let devices = storm.person(user).devices.clone();
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
        "{checked:?} answers checked, {after_sign_out:?} of them after a sign-out; {signed_in:?} sign-ins, {ended:?} sessions ended, {unavailable:?} times unavailable"
    );
    assert!(after_sign_out.load(SeqCst) > 100, "too little was tried");
    let told = told(&storm.site).await;
    let different: HashSet<_> = told.iter().collect();
    assert_eq!(told.len(), different.len(), "a session ended twice");
    assert!(
        told.len() >= ended.load(SeqCst),
        "an end was not written down"
    );
}

/// The sessions of all events.
async fn told(site: &Site) -> Vec<SessionHandle> {
    let ended: Vec<String> = leptos_guardian::with_pool!(&site.database, pool => {
        sqlx::query_scalar("select ended from guardian_event").fetch_all(pool).await.unwrap()
    });
    ended
        .iter()
        .flat_map(|ended| serde_json::from_str::<Vec<SessionHandle>>(ended).unwrap())
        .collect()
}
