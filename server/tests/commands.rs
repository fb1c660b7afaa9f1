//! The commands for an administrator's shell.

mod common;

use clap::Parser as _;
use common::{PASSWORD, Site};
use leptos_guardian::server::{ConnectError, Database};
use server::commands::{self, Cli, CommandError};

async fn run(site: &Site, line: &str) -> Result<String, CommandError> {
    let words = std::iter::once("server").chain(line.split(' '));
    let command = Cli::try_parse_from(words).unwrap().command.unwrap();
    let mut output = Vec::new();
    commands::run(command, &site.guardian, &site.state, &mut output).await?;
    Ok(String::from_utf8(output).unwrap().trim_end().to_owned())
}

#[tokio::test]
async fn a_users_sessions_are_listed_and_ended() {
    let site = Site::new().await;
    let ada = site.sign_up("ada@example.com").await;
    let bob = site.sign_up("bob@example.com").await;
    let listed = run(&site, "sessions --user Ada@example.com").await.unwrap();
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(listed.contains("192.0.2.1"), "{listed}");
    assert!(!listed.contains(ada.split_once('=').unwrap().1), "{listed}");

    let ended = run(&site, "sign-out --user ada@example.com --reason stolen").await;
    assert_eq!(ended.unwrap(), "1 session ended.");
    assert!(site.who_is(&ada).await.is_null());
    assert!(site.who_is(&bob).await.is_object());
    let listed = run(&site, "sessions --user ada@example.com").await.unwrap();
    assert_eq!(listed, "ada@example.com is signed in nowhere.");
}

#[tokio::test]
async fn one_session_is_ended_by_the_handle_that_the_list_shows() {
    let site = Site::new().await;
    let here = site.sign_up("ada@example.com").await;
    let fields = format!("email=ada@example.com&password={PASSWORD}");
    site.post("/api/sign_in", "", &fields).await;
    let listed = run(&site, "sessions --user ada@example.com").await.unwrap();
    for line in listed.lines().skip(1) {
        let handle = line.split(' ').next().unwrap();
        let ended = run(&site, &format!("sign-out --session {handle}")).await;
        assert_eq!(ended.unwrap(), "1 session ended.");
    }
    assert!(site.who_is(&here).await.is_null());
}

/// Page by page: none is missing, and none is printed twice.
#[tokio::test]
async fn very_many_sessions_of_a_user_are_all_listed() {
    let site = Site::new().await;
    let ada = site.sign_up("ada@example.com").await;
    site.add_sessions(120).await;
    let listed = run(&site, "sessions --user ada@example.com").await.unwrap();
    let mut handles: Vec<&str> = listed.lines().skip(1).map(|line| &line[..22]).collect();
    handles.sort_unstable();
    handles.dedup();
    assert_eq!((listed.lines().count(), handles.len()), (122, 121));
    let ended = run(&site, "sign-out --user ada@example.com").await;
    assert_eq!(ended.unwrap(), "121 sessions ended.");
    assert!(site.who_is(&ada).await.is_null());
}

#[tokio::test]
async fn everyone_is_signed_out() {
    let site = Site::new().await;
    let ada = site.sign_up("ada@example.com").await;
    let bob = site.sign_up("bob@example.com").await;
    let ended = run(&site, "sign-out --everyone").await.unwrap();
    assert_eq!(ended, "2 sessions ended.");
    for cookie in [ada, bob] {
        assert!(site.who_is(&cookie).await.is_null());
    }
}

#[tokio::test]
async fn an_unknown_user_or_session_is_an_error() {
    let site = Site::new().await;
    for line in [
        "sign-out --user x@example.com",
        "sessions --user x@example.com",
    ] {
        let refused = run(&site, line).await.unwrap_err().to_string();
        assert!(refused.contains("no user"), "{refused}");
    }
    let refused = run(&site, "sign-out --session nonsense").await.unwrap_err();
    assert!(refused.to_string().contains("no session nonsense"));
}

#[test]
fn a_sign_out_needs_exactly_one_target() {
    for line in [
        "sign-out",
        "sign-out --everyone --user a@example.com",
        "sign-out --reason x",
    ] {
        let words = std::iter::once("server").chain(line.split(' '));
        assert!(Cli::try_parse_from(words).is_err(), "{line}");
    }
    // Handles may begin with a hyphen.
    let words = ["server", "sign-out", "--session", "-aB_"];
    assert!(Cli::try_parse_from(words).is_ok());
}

/// A command in the wrong folder must not report on a new and empty database.
#[tokio::test]
async fn a_missing_database_is_not_created() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.db");
    let refused = Database::connect_existing(&format!("sqlite://{}", file.display())).await;
    assert!(matches!(refused, Err(ConnectError::Missing { .. })));
    assert!(!file.exists());
    // The URL of a server names no file.
    let refused = Database::connect_existing("postgres://127.0.0.1:1/app").await;
    assert!(
        matches!(refused, Err(ConnectError::Refused(_))),
        "{refused:?}"
    );
}
