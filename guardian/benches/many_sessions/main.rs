//! The time of a session check and of a global sign-out, and how little they depend on the total number of
//! sessions.

mod checks;
#[path = "../common/mod.rs"]
mod common;
mod sessions;

use checks::Checks;
use common::{Aim, Fresh, Kind, Row, Turns, Unit, grouped, in_turns, kinds, report};
use leptos_guardian::{
    Reason,
    server::{Database, Guardian, SigningKey},
};
use sessions::Sessions;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// The total number of sessions.
const SIZES: [usize; 3] = [1_000, 100_000, 1_000_000];

/// The number of the user's sessions.
const OF_USER: [usize; 3] = [1, 10, 100];

/// For all sign-outs of a user with one number of sessions, and for the sign-ins in between, which
/// are not measured.
const TIME: Duration = Duration::from_secs(4);

/// The most that a sign-out among the most sessions may take, relative to one among the fewest, by the number
/// of the user's sessions.
const GROWTH: [f64; OF_USER.len()] = [1.2, 1.2, 2.0];

/// The least rate of session checks among the most sessions, relative to those among the fewest.
const CHECKS: f64 = 0.95;

/// The positions of the fewest and of the most sessions in [`SIZES`].
const FEWEST: usize = 0;
const MOST: usize = SIZES.len() - 1;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let measured: Vec<_> = kinds()
        .into_iter()
        .map(|kind| measure(&runtime, kind))
        .collect();
    report::heading("Session check, in process, one after the other");
    for (size, all) in SIZES.into_iter().enumerate() {
        let what = format!("among {} sessions", grouped(all));
        let times = measured.iter().map(|(checks, _)| checks.time(size));
        Row::new(what, Unit::Seconds, times.collect()).report();
    }
    let [fewest, .., most] = SIZES.map(grouped);
    let what = format!("rate among {most} to rate among {fewest}");
    let ratios = measured
        .iter()
        .map(|(checks, _)| checks.ratio(FEWEST, MOST));
    Row::new(what, Unit::Ratio, ratios.collect())
        .aim(Aim::AtLeast(CHECKS))
        .report();
    report::heading("Global sign-out of one user");
    for (of_user, sessions) in OF_USER.into_iter().enumerate() {
        for (size, all) in SIZES.into_iter().enumerate() {
            let what = format!("{sessions} of {} sessions", grouped(all));
            let times = measured.iter().map(|(_, turns)| turns[of_user].time(size));
            Row::new(what, Unit::Seconds, times.collect()).report();
        }
        let what = format!("{sessions} of {most} to {sessions} of {fewest}");
        let ratios = measured
            .iter()
            .map(|(_, turns)| turns[of_user].ratio(MOST, FEWEST));
        Row::new(what, Unit::Ratio, ratios.collect())
            .aim(Aim::AtMost(GROWTH[of_user]))
            .report();
    }
}

/// The times of the checks, and of the sign-outs by the number of the user's sessions, for all sizes.
fn measure(runtime: &Runtime, kind: Kind) -> (Turns, [Turns; OF_USER.len()]) {
    // All sites are open at once, so that they can take turns.
    let sites: Vec<Site> = SIZES
        .into_iter()
        .map(|size| runtime.block_on(Site::with(kind, size)))
        .collect();
    let name = format!("session checks, {}", kind.name());
    let checks = in_turns(runtime, &name, &sites, TIME, async |site| {
        site.checks.check().await
    });
    let turns = OF_USER.map(|sessions| {
        let name = format!("sign-outs, {}, {sessions} of the user", kind.name());
        in_turns(runtime, &name, &sites, TIME, async |site| {
            site.sign_out(sessions).await
        })
    });
    for site in sites {
        runtime.block_on(site.remove());
    }
    (checks, turns)
}

struct Site {
    guardian: Guardian,
    checks: Checks,
    /// Another server's connections, so that their writes are in no cache of the guardian.
    sessions: Sessions,
    database: Fresh,
}

impl Site {
    async fn with(kind: Kind, size: usize) -> Self {
        let database = kind.fresh().await;
        let connect = async || {
            Database::connect(&database.url)
                .await
                .expect("the database")
        };
        let guardian = Guardian::builder(connect().await)
            .site_url("http://127.0.0.1")
            .key(SigningKey::generate())
            .build()
            .await
            .expect("the guardian");
        let sessions = Sessions::new(connect().await);
        let start = Instant::now();
        sessions.fill(size).await;
        eprintln!(
            "{}: {size} sessions in {:.1?}",
            kind.name(),
            start.elapsed()
        );
        Self {
            checks: Checks::new(&guardian).await,
            guardian,
            sessions,
            database,
        }
    }

    /// Signs a user in and out. Returns the time of the sign-out.
    async fn sign_out(&self, sessions: usize) -> Duration {
        let user = self.sessions.sign_in(sessions).await;
        let start = Instant::now();
        let ended = self.guardian.sign_out_user(&user, Reason::Administrator);
        let ended = ended.await.expect("signed out");
        let time = start.elapsed();
        assert_eq!(ended.len(), sessions);
        // Earlier sign-outs must not slow down later ones.
        self.sessions.delete_events().await;
        time
    }

    async fn remove(self) {
        drop((self.guardian, self.checks));
        self.sessions.close().await;
        self.database.remove().await;
    }
}
