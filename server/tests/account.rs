//! A changed password and a deleted account: the sessions end with it, or not at all.

mod common;

use common::{PASSWORD, Starter};
use http::StatusCode;

async fn on_two_browsers(starter: &Starter) -> [String; 2] {
    let here = starter.sign_up("ada@example.com").await;
    let fields = format!("email=ada@example.com&password={PASSWORD}");
    let there = starter.post("/api/sign_in", "", &fields).await;
    [here, there.cookie("session").unwrap()]
}

async fn execute(starter: &Starter, sql: &str) {
    leptos_guardian::with_pool!(&starter.database, pool => {
        sqlx::query(sql).execute(pool).await.unwrap();
    });
}

#[tokio::test]
async fn a_password_is_not_changed_when_the_others_cannot_be_ended() {
    let starter = Starter::new().await;
    let [here, there] = on_two_browsers(&starter).await;
    execute(&starter, "alter table guardian_event rename to away").await;
    let fields = format!("current_password={PASSWORD}&password=a+new+password");
    let answer = starter.post("/api/change_password", &here, &fields).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(starter.who_is(&there).await.is_object());
    execute(&starter, "alter table away rename to guardian_event").await;
    let old = format!("email=ada@example.com&password={PASSWORD}");
    let answer = starter.post("/api/sign_in", "", &old).await;
    assert_eq!(
        answer.status,
        StatusCode::OK,
        "the old password still works"
    );
}

#[tokio::test]
async fn a_deleted_account_is_signed_out_everywhere_and_gone() {
    let starter = Starter::new().await;
    let [here, there] = on_two_browsers(&starter).await;
    let wrong = starter
        .post(
            "/api/delete_account",
            &here,
            "confirm_password=wrong+password",
        )
        .await;
    assert_eq!(
        (wrong.status.as_u16(), wrong.error().as_str()),
        (403, "not_deleted")
    );
    assert!(starter.who_is(&there).await.is_object());

    let fields = format!("confirm_password={PASSWORD}");
    let answer = starter.submit("/api/delete_account", &here, &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.location(), "/");
    assert_eq!(
        answer.cookie("session").as_deref(),
        Some("session="),
        "the cookie goes"
    );
    for cookie in [&here, &there] {
        assert!(starter.who_is(cookie).await.is_null());
    }
    let page = starter.get("/", &answer.cookie("flash").unwrap()).await;
    assert!(page.body.contains("Your account is deleted."));
    let fields = format!("email=ada@example.com&password={PASSWORD}");
    let again = starter.post("/api/sign_in", "", &fields).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);

    let nobody = starter.post("/api/delete_account", "", &fields).await;
    assert_eq!(nobody.error(), "signed_out");
}

/// Both know the old password; whoever is slower must not undo what the other has done.
#[tokio::test]
async fn of_two_password_changes_at_once_one_is_refused() {
    let starter = Starter::new().await;
    let [here, there] = on_two_browsers(&starter).await;
    let change = async |cookie: &str, password: &str| {
        let fields = format!("current_password={PASSWORD}&password={password}");
        starter.post("/api/change_password", cookie, &fields).await
    };
    let (one, other) = tokio::join!(
        change(&here, "the+first+password"),
        change(&there, "the+other+password"),
    );
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort();
    assert_eq!(statuses, [200, 403], "{} {}", one.body, other.body);
    let is_first = one.status == StatusCode::OK;
    let (winner, loser) = if is_first {
        (&here, &there)
    } else {
        (&there, &here)
    };
    assert!(starter.who_is(winner).await.is_object());
    assert!(starter.who_is(loser).await.is_null());
}
