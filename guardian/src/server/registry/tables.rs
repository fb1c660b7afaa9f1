//! The tables.

/// Creates what is missing, in this order.
pub(super) const TABLES: [&str; 6] = [
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
    )",
    "create index if not exists guardian_session_token on guardian_session (token_hash)",
    "create index if not exists guardian_session_user on guardian_session (user_id)",
    "create index if not exists guardian_session_expiry on guardian_session (expires_at)",
    "create table if not exists guardian_event (
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
    )",
    "create index if not exists guardian_event_due on guardian_event (next_attempt_at)
        where delivered_at is null",
];
