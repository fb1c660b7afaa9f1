//! A commit that ends sessions is on the disk when it returns, whatever the database's settings.
//! The starter's tests cover power cuts.

mod common;

use common::Site;
use leptos_guardian::{
    Reason,
    server::{Connection, Database},
};
use sqlx::{
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous},
};
use std::str::FromStr as _;

/// The connection's setting for syncing commits.
async fn sync_of(connection: Connection<'_>) -> String {
    match connection {
        Connection::Sqlite(connection) => {
            let sync: i64 = sqlx::query_scalar("pragma synchronous")
                .fetch_one(connection)
                .await
                .unwrap();
            sync.to_string()
        }
        Connection::Postgres(connection) => sqlx::query_scalar("show synchronous_commit")
            .fetch_one(connection)
            .await
            .unwrap(),
    }
}

#[tokio::test]
async fn a_database_that_does_not_sync_is_overruled() {
    let site = Site::new().await;
    let database = match &site.database {
        Database::Sqlite(_) => {
            let options = SqliteConnectOptions::from_str(&site.url).unwrap();
            let options = options.synchronous(SqliteSynchronous::Off);
            let pool = SqlitePoolOptions::new().max_connections(1);
            Database::Sqlite(pool.connect_lazy_with(options))
        }
        Database::Postgres(_) => {
            let name = site.url.rsplit('/').next().unwrap();
            let off = format!("alter database {name} set synchronous_commit = off");
            site.execute(&off).await;
            Database::Postgres(PgPoolOptions::new().connect_lazy(&site.url).unwrap())
        }
    };
    let server_database = database.clone();
    let server = site.server_on(database, |builder| builder).await;
    let mut browser = site.browser().on(&server);
    browser.sign_in("ada").await;
    let mut transaction = server.guardian.begin().await.unwrap();
    let (expected, expected_outside) = match &site.database {
        Database::Sqlite(_) => ("3", "0"),
        Database::Postgres(_) => ("on", "off"),
    };
    assert_eq!(sync_of(transaction.connection()).await, expected);
    let ended = transaction.sign_out_user("ada", Reason::Administrator);
    assert_eq!(ended.await.unwrap().len(), 1);
    transaction.commit().await.unwrap();
    assert_eq!(browser.whoami().await, "nobody");
    assert_eq!(sync_outside(&server_database).await, expected_outside);
}

/// The same setting outside of the library's transactions.
async fn sync_outside(database: &Database) -> String {
    match database {
        Database::Sqlite(pool) => {
            sync_of(Connection::Sqlite(&mut pool.acquire().await.unwrap())).await
        }
        Database::Postgres(pool) => {
            sync_of(Connection::Postgres(&mut pool.acquire().await.unwrap())).await
        }
    }
}

#[tokio::test]
async fn a_stricter_sync_setting_of_the_database_stays() {
    let site = Site::new().await;
    if let Database::Postgres(_) = &site.database {
        let name = site.url.rsplit('/').next().unwrap();
        let stricter = format!("alter database {name} set synchronous_commit = remote_apply");
        site.execute(&stricter).await;
        let database = Database::connect(&site.url).await.unwrap();
        let server = site.server_on(database, |builder| builder).await;
        let mut transaction = server.guardian.begin().await.unwrap();
        assert_eq!(sync_of(transaction.connection()).await, "remote_apply");
    }
}
