//! Invariant 8: `after_sign_out` runs at least once, off the request's path.

mod common;

use common::{Server, Site, with_hook};
use futures::FutureExt as _;
use leptos_guardian::{
    Reason, SignOutScope,
    server::{Builder, SignOutEvent},
};
use std::{
    collections::HashMap,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{
    sync::{
        Notify,
        mpsc::{UnboundedReceiver, unbounded_channel},
    },
    time::{sleep, timeout},
};

/// Long enough for a busy machine, far below the next periodic look at the table.
const SOON: Duration = Duration::from_secs(10);

async fn next(events: &mut UnboundedReceiver<SignOutEvent>) -> SignOutEvent {
    timeout(SOON, events.recv()).await.unwrap().unwrap()
}

async fn site_with_hook() -> (Site, UnboundedReceiver<SignOutEvent>) {
    let (heard, events) = unbounded_channel();
    (
        Site::with(|builder| with_hook(builder, &heard)).await,
        events,
    )
}

#[tokio::test]
async fn the_hook_hears_of_every_ended_session_in_one_event() {
    let (site, mut events) = site_with_hook().await;
    let mut browser = site.signed_in("ada").await;
    site.signed_in("ada").await;
    let mut replay = browser.clone();
    browser.sign_out(SignOutScope::Global).await;
    let event = next(&mut events).await;
    assert_eq!(event.user_id, "ada");
    assert_eq!(event.scope, SignOutScope::Global);
    assert_eq!(event.reason, Reason::User);
    assert_eq!(event.ended.len(), 2);
    browser.sign_out(SignOutScope::Global).await;
    replay.sign_out(SignOutScope::Global).await;
    // A user's sign-outs are told in order: what comes next is this one.
    browser.sign_in("ada").await;
    browser.sign_out(SignOutScope::Local).await;
    let event = next(&mut events).await;
    assert_eq!(event.scope, SignOutScope::Local, "nothing ended twice");
}

#[tokio::test]
async fn a_replaced_session_is_told_with_its_own_reason() {
    let (site, mut events) = site_with_hook().await;
    let mut browser = site.signed_in("ada").await;
    browser.sign_in("bob").await;
    let event = next(&mut events).await;
    assert_eq!(
        (event.user_id.as_str(), event.reason),
        ("ada", Reason::NewSignIn)
    );
}

#[tokio::test]
async fn a_hook_that_fails_and_panics_is_run_again_and_delays_nobody() {
    let (heard, mut events) = unbounded_channel();
    let runs = Arc::new(AtomicUsize::new(0));
    let site = Site::with(|builder| {
        builder.after_sign_out(move |event| {
            let (heard, run) = (heard.clone(), runs.fetch_add(1, SeqCst));
            assert!(run != 0, "the hook panics before it starts");
            async move {
                match run {
                    1 => Err("the mail server is away".into()),
                    2 => panic!("the hook panics on its way"),
                    _ => Ok(heard.send(event)?),
                }
            }
        })
    })
    .await;
    let mut browser = site.signed_in("ada").await;
    let answer = browser.sign_out(SignOutScope::Local).await;
    assert!(answer.status.is_success());
    assert_eq!(browser.is().await, "nobody");
    assert_eq!(next(&mut events).await.user_id, "ada");
}

#[tokio::test]
async fn a_hook_that_hangs_is_cut_off_and_run_again() {
    let (heard, mut events) = unbounded_channel();
    let runs = Arc::new(AtomicUsize::new(0));
    let site = Site::with(|builder| {
        let hangs_once = builder.after_sign_out(move |event| {
            let (heard, run) = (heard.clone(), runs.fetch_add(1, SeqCst));
            async move {
                if run == 0 {
                    std::future::pending::<()>().await;
                }
                Ok(heard.send(event)?)
            }
        });
        hangs_once.hook_timeout(Duration::from_millis(200))
    })
    .await;
    site.signed_in("ada")
        .await
        .sign_out(SignOutScope::Local)
        .await;
    assert_eq!(next(&mut events).await.user_id, "ada");
}

/// However long: others are told meanwhile.
#[tokio::test]
async fn a_hook_that_hangs_holds_up_nobody_else() {
    let (heard, mut events) = unbounded_channel();
    let site = Site::with(|builder| {
        builder.after_sign_out(move |event: SignOutEvent| {
            let heard = heard.clone();
            async move {
                if event.user_id == "ada" {
                    std::future::pending::<()>().await;
                }
                Ok(heard.send(event)?)
            }
        })
    })
    .await;
    for user in ["ada", "bob", "eve"] {
        let mut browser = site.signed_in(user).await;
        browser.sign_out(SignOutScope::Local).await;
    }
    assert_eq!(next(&mut events).await.user_id, "bob");
    assert_eq!(next(&mut events).await.user_id, "eve");
}

/// What it has begun is done; the rest is the next server's at once.
#[tokio::test]
async fn a_server_that_stops_finishes_the_hooks_that_run() {
    let (heard, mut events) = unbounded_channel();
    let go_on = Arc::new(Notify::new());
    let site = Site::new().await;
    let stopping = site
        .server_on(site.database.clone(), |builder| {
            let (heard, go_on) = (heard.clone(), Arc::clone(&go_on));
            builder.after_sign_out(move |event| {
                let (heard, go_on) = (heard.clone(), Arc::clone(&go_on));
                async move {
                    heard.send(event)?;
                    go_on.notified().await;
                    Ok(())
                }
            })
        })
        .await;
    site.signed_in("ada").await;
    let ended = stopping
        .guardian
        .sign_out_user("ada", Reason::Administrator);
    ended.await.unwrap();
    assert_eq!(next(&mut events).await.user_id, "ada");
    // It has looked for more, and will look again only when it is woken.
    site.settle().await;
    site.signed_in("bob")
        .await
        .sign_out(SignOutScope::Local)
        .await;
    let mut finished = pin!(stopping.guardian.finish_hooks());
    assert!((&mut finished).now_or_never().is_none(), "it did not wait");
    go_on.notify_one();
    finished.await;
    assert_eq!(
        site.count("guardian_event where delivered_at is not null")
            .await,
        1
    );
    assert!(events.try_recv().is_err(), "it began another");

    let _next = site.server(|builder| with_hook(builder, &heard)).await;
    assert_eq!(next(&mut events).await.user_id, "bob");
}

/// A failure holds up that user's later sign-outs, and nobody else's.
#[tokio::test]
async fn each_users_sign_outs_are_told_in_order() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let failures = Arc::new(AtomicUsize::new(0));
    let site = Site::with(|builder| {
        let told = Arc::clone(&told);
        builder.after_sign_out(move |event| {
            let (told, failures) = (Arc::clone(&told), Arc::clone(&failures));
            async move {
                let is_first = event.reason == Reason::PasswordChange;
                if is_first && failures.fetch_add(1, SeqCst) < 2 {
                    return Err("away".into());
                }
                told.lock().unwrap().push((event.user_id, event.reason));
                Ok(())
            }
        })
    })
    .await;
    for (user, reason) in [
        ("ada", Reason::PasswordChange),
        ("ada", Reason::Administrator),
        ("bob", Reason::Administrator),
    ] {
        site.signed_in(user).await;
        site.guardian.sign_out_user(user, reason).await.unwrap();
    }
    site.until("guardian_event where delivered_at is not null", 3)
        .await;
    assert_eq!(
        *told.lock().unwrap(),
        [
            ("bob".to_owned(), Reason::Administrator),
            ("ada".to_owned(), Reason::PasswordChange),
            ("ada".to_owned(), Reason::Administrator),
        ]
    );
}

#[tokio::test]
async fn one_that_always_fails_is_given_up_and_the_next_is_told() {
    let (heard, mut events) = unbounded_channel();
    let attempts = Arc::new(AtomicUsize::new(0));
    let site = Site::with(|builder| {
        builder.after_sign_out(move |event: SignOutEvent| {
            let (heard, attempts) = (heard.clone(), Arc::clone(&attempts));
            async move {
                match event.reason {
                    Reason::PasswordChange => {
                        let attempt = attempts.fetch_add(1, SeqCst) + 1;
                        Err(format!("failed {attempt} times").into())
                    }
                    _ => Ok(heard.send(event)?),
                }
            }
        })
    })
    .await;
    for reason in [Reason::PasswordChange, Reason::Administrator] {
        site.signed_in("ada").await;
        site.guardian.sign_out_user("ada", reason).await.unwrap();
    }
    for attempt in 1..20 {
        let failed = format!("guardian_event where failure = 'failed {attempt} times'");
        site.until(&failed, 1).await;
        let told = "guardian_event where user_id = 'ada' and delivered_at is not null";
        assert_eq!(site.count(told).await, 0, "the second came first");
        site.pass_time(Duration::from_secs(3600));
        // Somebody else's sign-out wakes it.
        let mut other = site.signed_in("bob").await;
        other.sign_out(SignOutScope::Local).await;
    }
    while next(&mut events).await.user_id != "ada" {}
    let given_up = "guardian_event where given_up_at is not null and delivered_at is null
        and attempts = 20 and failure = 'failed 20 times'";
    assert_eq!(site.count(given_up).await, 1);
}

/// Each is claimed by one of them, and each user's are told in order all the same.
#[tokio::test]
async fn of_several_servers_one_runs_the_hook() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = |builder: Builder| {
        let told = Arc::clone(&told);
        builder.after_sign_out(move |event| {
            let told = Arc::clone(&told);
            async move {
                // Long enough for another server to look meanwhile.
                sleep(Duration::from_millis(5)).await;
                told.lock().unwrap().push(event);
                Ok(())
            }
        })
    };
    let site = Site::with(hook).await;
    let others: Vec<Server> = vec![site.server(hook).await, site.server(hook).await];
    const USERS: usize = 10;
    const EACH: usize = 12;
    let servers = [&site.guardian, &others[0].guardian, &others[1].guardian];
    let mut order = HashMap::<String, Vec<_>>::new();
    for round in 0..EACH {
        for user in 0..USERS {
            let user = format!("user-{user}");
            let mut browser = site.signed_in(&user).await;
            let handle = browser.sessions().await[0].handle.clone();
            let server = servers[round % servers.len()];
            server
                .sign_out_user(&user, Reason::Administrator)
                .await
                .unwrap();
            order.entry(user).or_default().push(vec![handle]);
        }
    }
    let delivered = "guardian_event where delivered_at is not null";
    site.until(delivered, (USERS * EACH) as i64).await;
    // A second run of one that was told would end before this.
    for server in servers {
        server.finish_hooks().await;
    }
    let told = told.lock().unwrap();
    assert_eq!(told.len(), USERS * EACH, "each once");
    for (user, ended) in order {
        let of_user = told.iter().filter(|event| event.user_id == user);
        let told: Vec<_> = of_user.map(|event| event.ended.clone()).collect();
        assert_eq!(told, ended, "{user}");
    }
}

/// A process that was killed between the commit and the hook.
#[tokio::test]
async fn an_event_left_behind_is_delivered_by_the_next_start() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.sign_out(SignOutScope::Local).await;
    let (heard, mut events) = unbounded_channel();
    let _restarted = site.server(|builder| with_hook(builder, &heard)).await;
    assert_eq!(next(&mut events).await.user_id, "ada");
}

/// As a newer server may write one during a rolling restart.
#[tokio::test]
async fn an_unreadable_event_holds_up_no_other() {
    let (site, mut events) = site_with_hook().await;
    site.execute(
        "insert into guardian_event
            (id, user_id, scope, reason, ended, created_at, attempts, next_attempt_at)
         values ('0', 'ada', 'local', 'a reason of tomorrow', '[]', 0, 0, 0)",
    )
    .await;
    let mut browser = site.signed_in("bob").await;
    browser.sign_out(SignOutScope::Local).await;
    assert_eq!(next(&mut events).await.user_id, "bob");
}
