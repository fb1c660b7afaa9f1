//! `after_sign_out` runs at least once for each event, and no request waits for it.

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

/// Long enough for a busy machine, and far less than the dispatcher's longest sleep.
const SOON: Duration = Duration::from_secs(10);

async fn next_event(events: &mut UnboundedReceiver<SignOutEvent>) -> SignOutEvent {
    timeout(SOON, events.recv()).await.unwrap().unwrap()
}

async fn site_with_hook() -> (Site, UnboundedReceiver<SignOutEvent>) {
    let (sender, events) = unbounded_channel();
    (
        Site::with(|builder| with_hook(builder, &sender)).await,
        events,
    )
}

#[tokio::test]
async fn one_event_lists_every_session_that_a_sign_out_ends() {
    let (site, mut events) = site_with_hook().await;
    let mut browser = site.signed_in("ada").await;
    site.signed_in("ada").await;
    let mut replay = browser.clone();
    browser.sign_out(SignOutScope::Global).await;
    let event = next_event(&mut events).await;
    assert_eq!(event.user_id, "ada");
    assert_eq!(event.scope, SignOutScope::Global);
    assert_eq!(event.reason, Reason::User);
    assert_eq!(event.ended.len(), 2);
    browser.sign_out(SignOutScope::Global).await;
    replay.sign_out(SignOutScope::Global).await;
    // Events of one user come in order, so an event of the two sign-outs above would come first.
    browser.sign_in("ada").await;
    browser.sign_out(SignOutScope::Local).await;
    let event = next_event(&mut events).await;
    assert_eq!(event.scope, SignOutScope::Local, "nothing ended twice");
}

#[tokio::test]
async fn a_replaced_session_has_its_own_reason() {
    let (site, mut events) = site_with_hook().await;
    let mut browser = site.signed_in("ada").await;
    browser.sign_in("bob").await;
    let event = next_event(&mut events).await;
    assert_eq!(
        (event.user_id.as_str(), event.reason),
        ("ada", Reason::NewSignIn)
    );
}

#[tokio::test]
async fn a_hook_that_fails_or_panics_is_retried_and_delays_nobody() {
    let (sender, mut events) = unbounded_channel();
    let runs = Arc::new(AtomicUsize::new(0));
    let site = Site::with(|builder| {
        builder.after_sign_out(move |event| {
            let (sender, run) = (sender.clone(), runs.fetch_add(1, SeqCst));
            assert!(run != 0, "the hook panics before its future exists");
            async move {
                match run {
                    1 => Err("the mail server is away".into()),
                    2 => panic!("the future of the hook panics"),
                    _ => Ok(sender.send(event)?),
                }
            }
        })
    })
    .await;
    let mut browser = site.signed_in("ada").await;
    let response = browser.sign_out(SignOutScope::Local).await;
    assert!(response.status.is_success());
    assert_eq!(browser.whoami().await, "nobody");
    assert_eq!(next_event(&mut events).await.user_id, "ada");
}

#[tokio::test]
async fn a_hook_that_hangs_is_cancelled_and_retried() {
    let (sender, mut events) = unbounded_channel();
    let runs = Arc::new(AtomicUsize::new(0));
    let site = Site::with(|builder| {
        let hangs_once = builder.after_sign_out(move |event| {
            let (sender, run) = (sender.clone(), runs.fetch_add(1, SeqCst));
            async move {
                if run == 0 {
                    std::future::pending::<()>().await;
                }
                Ok(sender.send(event)?)
            }
        });
        hangs_once.hook_timeout(Duration::from_millis(200))
    })
    .await;
    site.signed_in("ada")
        .await
        .sign_out(SignOutScope::Local)
        .await;
    assert_eq!(next_event(&mut events).await.user_id, "ada");
}

#[tokio::test]
async fn a_hook_that_hangs_does_not_delay_other_users_hooks() {
    let (sender, mut events) = unbounded_channel();
    let site = Site::with(|builder| {
        builder.after_sign_out(move |event: SignOutEvent| {
            let sender = sender.clone();
            async move {
                if event.user_id == "ada" {
                    std::future::pending::<()>().await;
                }
                Ok(sender.send(event)?)
            }
        })
    })
    .await;
    for user in ["ada", "bob", "eve"] {
        let mut browser = site.signed_in(user).await;
        browser.sign_out(SignOutScope::Local).await;
    }
    assert_eq!(next_event(&mut events).await.user_id, "bob");
    assert_eq!(next_event(&mut events).await.user_id, "eve");
}

/// The next server runs the others at once.
#[tokio::test]
async fn a_stopping_server_finishes_running_hooks_and_starts_no_others() {
    let (sender, mut events) = unbounded_channel();
    let resume = Arc::new(Notify::new());
    let site = Site::new().await;
    let stopping = site
        .server_on(site.database.clone(), |builder| {
            let (sender, resume) = (sender.clone(), Arc::clone(&resume));
            builder.after_sign_out(move |event| {
                let (sender, resume) = (sender.clone(), Arc::clone(&resume));
                async move {
                    sender.send(event)?;
                    resume.notified().await;
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
    assert_eq!(next_event(&mut events).await.user_id, "ada");
    // The dispatcher has found no more events, and sleeps until it is woken.
    site.settle().await;
    site.signed_in("bob")
        .await
        .sign_out(SignOutScope::Local)
        .await;
    let mut finished = pin!(stopping.guardian.finish_hooks());
    assert!((&mut finished).now_or_never().is_none(), "it did not wait");
    resume.notify_one();
    finished.await;
    assert_eq!(
        site.count("guardian_event where delivered_at is not null")
            .await,
        1
    );
    assert!(events.try_recv().is_err(), "it started another");

    let _next = site.server(|builder| with_hook(builder, &sender)).await;
    assert_eq!(next_event(&mut events).await.user_id, "bob");
}

/// A failure delays later events of that user, and of nobody else.
#[tokio::test]
async fn the_hook_runs_in_order_for_each_user() {
    let delivered = Arc::new(Mutex::new(Vec::new()));
    let failures = Arc::new(AtomicUsize::new(0));
    let site = Site::with(|builder| {
        let delivered = Arc::clone(&delivered);
        builder.after_sign_out(move |event| {
            let (delivered, failures) = (Arc::clone(&delivered), Arc::clone(&failures));
            async move {
                let is_first = event.reason == Reason::PasswordChange;
                if is_first && failures.fetch_add(1, SeqCst) < 2 {
                    return Err("away".into());
                }
                let mut delivered = delivered.lock().unwrap();
                delivered.push((event.user_id, event.reason));
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
    site.until_count("guardian_event where delivered_at is not null", 3)
        .await;
    assert_eq!(
        *delivered.lock().unwrap(),
        [
            ("bob".to_owned(), Reason::Administrator),
            ("ada".to_owned(), Reason::PasswordChange),
            ("ada".to_owned(), Reason::Administrator),
        ]
    );
}

#[tokio::test]
async fn an_event_whose_hook_always_fails_is_given_up_and_the_next_is_delivered() {
    let (sender, mut events) = unbounded_channel();
    let attempts = Arc::new(AtomicUsize::new(0));
    let site = Site::with(|builder| {
        builder.after_sign_out(move |event: SignOutEvent| {
            let (sender, attempts) = (sender.clone(), Arc::clone(&attempts));
            async move {
                match event.reason {
                    Reason::PasswordChange => {
                        let attempt = attempts.fetch_add(1, SeqCst) + 1;
                        Err(format!("failed {attempt} times").into())
                    }
                    _ => Ok(sender.send(event)?),
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
        site.until_count(&failed, 1).await;
        let delivered = "guardian_event where user_id = 'ada' and delivered_at is not null";
        assert_eq!(site.count(delivered).await, 0, "the second came first");
        site.pass_time(Duration::from_secs(3600));
        // Another user's sign-out wakes the dispatcher.
        let mut other = site.signed_in("bob").await;
        other.sign_out(SignOutScope::Local).await;
    }
    while next_event(&mut events).await.user_id != "ada" {}
    let given_up = "guardian_event where given_up_at is not null and delivered_at is null
        and attempts = 20 and failure = 'failed 20 times'";
    assert_eq!(site.count(given_up).await, 1);
}

/// The events of each user still come in order.
#[tokio::test]
async fn only_one_of_several_servers_runs_the_hook_for_an_event() {
    let runs = Arc::new(Mutex::new(Vec::new()));
    let hook = |builder: Builder| {
        let runs = Arc::clone(&runs);
        builder.after_sign_out(move |event| {
            let runs = Arc::clone(&runs);
            async move {
                // Another server polls meanwhile.
                sleep(Duration::from_millis(5)).await;
                runs.lock().unwrap().push(event);
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
    site.until_count(delivered, (USERS * EACH) as i64).await;
    // A second run for an event would end before this.
    for server in servers {
        server.finish_hooks().await;
    }
    let runs = runs.lock().unwrap();
    assert_eq!(runs.len(), USERS * EACH, "one run for each event");
    for (user, ended) in order {
        let of_user = runs.iter().filter(|event| event.user_id == user);
        let delivered: Vec<_> = of_user.map(|event| event.ended.clone()).collect();
        assert_eq!(delivered, ended, "{user}");
    }
}

/// As when the process is killed between the commit and the hook.
#[tokio::test]
async fn an_undelivered_event_is_delivered_after_a_restart() {
    let site = Site::new().await;
    let mut browser = site.signed_in("ada").await;
    browser.sign_out(SignOutScope::Local).await;
    let (sender, mut events) = unbounded_channel();
    let _restarted = site.server(|builder| with_hook(builder, &sender)).await;
    assert_eq!(next_event(&mut events).await.user_id, "ada");
}

/// A newer server may write one during a rolling restart.
#[tokio::test]
async fn an_unreadable_event_delays_no_other() {
    let (site, mut events) = site_with_hook().await;
    site.execute(
        "insert into guardian_event
            (id, user_id, scope, reason, ended, created_at, attempts, next_attempt_at)
         values ('0', 'ada', 'local', 'a reason of tomorrow', '[]', 0, 0, 0)",
    )
    .await;
    let mut browser = site.signed_in("bob").await;
    browser.sign_out(SignOutScope::Local).await;
    assert_eq!(next_event(&mut events).await.user_id, "bob");
}
