//! The tables, version by version.

/// The steps to each version; see [`Database::migrate`](crate::server::Database::migrate).
pub(super) const STEPS: [&str; 7] = [
    "create table if not exists guardian_session (
        handle text primary key,
        token_hash text not null,
        data_id text not null,
        user_id text not null,
        profile text not null,
        method text not null,
        active bigint not null,
        user_agent text,
        ip text,
        created_at bigint not null,
        last_seen_at bigint not null,
        expires_at bigint not null
    );
    create index if not exists guardian_session_token on guardian_session (token_hash);
    create index if not exists guardian_session_user on guardian_session (user_id);
    create index if not exists guardian_session_expiry on guardian_session (expires_at);
    create table if not exists guardian_event (
        id text primary key,
        user_id text not null,
        scope text not null,
        reason text not null,
        actor text,
        note text,
        ended text not null,
        created_at bigint not null,
        attempts bigint not null,
        next_attempt_at bigint not null,
        delivered_at bigint
    );
    create index if not exists guardian_event_due on guardian_event (next_attempt_at)
        where delivered_at is null;",
    // A user's events get an order that does not depend on the servers' clocks. An event that was
    // given up says so, and why. A session knows its browser's previous token. The table that every
    // request reads is changed last, because it stays locked until the end.
    "alter table guardian_event add column place bigint not null default 0;
    alter table guardian_event add column failure text;
    alter table guardian_event add column given_up_at bigint;
    update guardian_event set given_up_at = created_at
        where delivered_at is null and next_attempt_at = 9223372036854775807;
    drop index guardian_event_due;
    create index guardian_event_due on guardian_event (next_attempt_at)
        where delivered_at is null and given_up_at is null;
    create index guardian_event_of_user on guardian_event (user_id, place, id);
    create index guardian_event_age on guardian_event (created_at);
    alter table guardian_session add column replaced_token_hash text;
    alter table guardian_session add column replaced_at bigint;
    create index guardian_session_replaced on guardian_session (replaced_token_hash)
        where replaced_token_hash is not null;",
    // The list of a user's sessions is read page by page, in this order. The new index also serves
    // the queries of the old one.
    "create index if not exists guardian_session_of_user
        on guardian_session (user_id, last_seen_at, handle);
    drop index if exists guardian_session_user;",
    // A session has limits of its own (none: the guardian's), and may end with the browser. `place` is its
    // place among the user's sign-ins, for a limit on sessions. The last proof is the sign-in unless there
    // was a later one. Earlier versions write and read none of these, so all have a default.
    "alter table guardian_session add column idle_seconds bigint;
    alter table guardian_session add column age_seconds bigint;
    alter table guardian_session add column is_remembered bigint not null default 1;
    alter table guardian_session add column needs_still_open bigint not null default 0;
    alter table guardian_session add column place bigint not null default 0;
    alter table guardian_session add column proved_at bigint;
    alter table guardian_session add column proof_method text;",
    // Servers compare their keys. A session has the app's own fields of its user, and says where the user
    // signed in.
    "create table if not exists guardian_server (
        id text primary key,
        keys text not null,
        seen_at bigint not null
    );
    alter table guardian_session add column fields text;
    alter table guardian_session add column location text;",
    // House-keeping reads the tables in the order of their keys. Each sign-out changes two indexes less.
    "drop index if exists guardian_session_expiry;
    drop index if exists guardian_event_age;",
    // A session without data has no row of it that a sign-out would have to delete. Those of earlier versions
    // have one.
    "alter table guardian_session add column has_data bigint not null default 1;",
];
