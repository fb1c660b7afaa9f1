//! Ending sessions. A sign-out runs a constant number of statements, plus one for each further
//! batch of data or events, and several sign-outs in one transaction run no more.

use super::{
    events::{events_of, insert_events},
    sessions::TOKEN_DELIVERY,
    sql::Statement,
    targets::{Revocation, Target, push_just_replaced, push_target, texts},
    visitor_data::{EndedData, end_data, waiting_id},
};
use crate::{
    Reason, SessionHandle,
    server::{
        Connection,
        clock::Clock,
        event::{Cause, SignOutEvent},
        time_limit::in_time,
        token::TokenHash,
    },
    with_connection,
};
use sqlx::QueryBuilder;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// A row of `guardian_session` that has just been deleted.
#[derive(sqlx::FromRow)]
struct RevokedRow {
    handle: String,
    user_id: String,
    data_id: String,
    has_data: i64,
    expires_at: i64,
    token_hash: String,
    replaced_token_hash: Option<String>,
    replaced_at: Option<i64>,
}

/// Ends sessions, deletes their data and records what happened. Returns the events of each sign-out: one
/// per user whose sessions it ended. A session belongs to the first sign-out that ends it. Lock what they
/// need before.
pub(crate) async fn revoke_all(
    mut connection: Connection<'_>,
    sign_outs: &[(Revocation, Cause)],
    clock: &Clock,
    kept: &[String],
) -> Result<Vec<Vec<SignOutEvent>>, sqlx::Error> {
    // Only now: a sign-in that the locks have waited for may be newer than the time before.
    let now = clock.now();
    let groups = groups_of(sign_outs.iter().map(|(revocation, _)| revocation));
    let mut ended: Vec<Vec<RevokedRow>> = sign_outs.iter().map(|_| Vec::new()).collect();
    for (index, row) in delete_sessions(connection.reborrow(), &groups, now).await? {
        ended[index].push(row);
    }
    let mut data = data_of_visitors(&groups);
    let with_data = ended.iter().flatten().filter(|row| row.has_data != 0);
    data.extend(with_data.map(|row| EndedData {
        id: row.data_id.clone(),
        browser: Some(row.token_hash.clone()),
    }));
    leave_nothing(&mut data, &tokens_of_new_sign_ins(sign_outs));
    end_data(connection.reborrow(), data, kept).await?;

    let mut events = Vec::new();
    for ((revocation, cause), ended) in sign_outs.iter().zip(ended) {
        // A session that had expired was over before, so its end is no event.
        let live = ended.into_iter().filter(|row| row.expires_at > now);
        let live = live.map(|row| (row.user_id, SessionHandle(row.handle)));
        events.push(events_of(live, revocation.scope, cause, clock, now));
    }
    let all: Vec<&SignOutEvent> = events.iter().flatten().collect();
    insert_events(connection, &all).await?;
    Ok(events)
}

/// Some targets that one statement can end, each with the index of its sign-out.
type Group<'a> = Vec<(usize, &'a Target)>;

/// Puts targets together that one statement can end.
fn groups_of<'a>(revocations: impl Iterator<Item = &'a Revocation>) -> Vec<Group<'a>> {
    let [mut sessions, mut users, mut browsers] = [const { Vec::new() }; 3];
    let mut others = Vec::new();
    for (index, revocation) in revocations.enumerate() {
        for target in &revocation.targets {
            let one = (index, target);
            match target {
                Target::Session(_) => sessions.push(one),
                Target::User(_) | Target::UserExcept(..) => users.push(one),
                Target::Browsers(_) | Target::Replaced(_) => browsers.push(one),
                _ => others.push(vec![one]),
            }
        }
    }
    // The others first: they look for sessions that may end with the rest.
    let shared = [sessions, users, browsers].into_iter();
    let shared = shared.filter(|group| !group.is_empty());
    others.into_iter().chain(shared).collect()
}

/// Deletes the sessions of all groups. Returns each with the index of its sign-out.
async fn delete_sessions(
    connection: Connection<'_>,
    groups: &[Group<'_>],
    now: i64,
) -> Result<Vec<(usize, RevokedRow)>, sqlx::Error> {
    let mut revoked = Vec::new();
    with_connection!(connection, connection => {
        for group in groups {
            let mut delete = QueryBuilder::new("delete from guardian_session where ");
            push_group(&mut delete, group, now);
            delete.add(
                " returning handle, user_id, data_id, has_data, expires_at, token_hash,
                replaced_token_hash, replaced_at",
            );
            let rows = delete.build_query_as::<RevokedRow>();
            for row in in_time(rows.fetch_all(&mut *connection)).await? {
                let is_of = |(_, target): &&(usize, &Target)| includes(target, &row, now);
                let (index, _) = group.iter().find(is_of).unwrap_or(&group[0]);
                revoked.push((*index, row));
            }
        }
    });
    Ok(revoked)
}

/// Adds the condition that a session belongs to one of a group's targets.
fn push_group(query: &mut impl Statement, group: &Group<'_>, now: i64) {
    let mut handles = Vec::new();
    let mut users = BTreeMap::<&String, BTreeSet<Option<&SessionHandle>>>::new();
    let (mut tokens, mut browsers) = (Vec::new(), Vec::new());
    for (_, target) in group {
        match target {
            Target::Session(handle) => handles.push(handle.to_string()),
            Target::User(user) => drop(users.entry(user).or_default().insert(None)),
            Target::UserExcept(user, kept) => {
                users.entry(user).or_default().insert(Some(kept));
            }
            Target::Browsers(of) => {
                tokens.extend(texts(of));
                browsers.extend(texts(of));
            }
            Target::Replaced(of) => tokens.extend(texts(of)),
            other => return push_target(query, other, now),
        }
    }
    if !handles.is_empty() {
        query.add("handle").is_one_of(&handles);
    } else if !users.is_empty() {
        // Of two devices that sign each other out, neither stays.
        let kept = users.values().filter(|kept| kept.len() == 1);
        let kept = kept.filter_map(|kept| kept.first().copied().flatten());
        let kept: Vec<String> = kept.map(SessionHandle::to_string).collect();
        let users: Vec<String> = users.into_keys().cloned().collect();
        query.add("user_id").is_one_of(&users);
        if !kept.is_empty() {
            query.add(" and handle not").is_one_of(&kept);
        }
    } else {
        query.add("(token_hash").is_one_of(&tokens);
        if !browsers.is_empty() {
            query.add(" or ");
            push_just_replaced(query, &browsers, now);
        }
        query.add(")");
    }
}

/// Whether a session belongs to a target, for the targets that share a statement with others.
fn includes(target: &Target, row: &RevokedRow, now: i64) -> bool {
    let is_one_of = |tokens: &[TokenHash], token: &str| texts(tokens).iter().any(|it| it == token);
    match target {
        Target::Session(handle) => row.handle == handle.as_str(),
        Target::User(user) => row.user_id == *user,
        Target::UserExcept(user, kept) => row.user_id == *user && row.handle != kept.as_str(),
        Target::Replaced(tokens) => is_one_of(tokens, &row.token_hash),
        Target::Browsers(tokens) => {
            let was_just_replaced = row.replaced_at > Some(now - TOKEN_DELIVERY);
            let before = row.replaced_token_hash.as_deref();
            is_one_of(tokens, &row.token_hash)
                || (was_just_replaced && before.is_some_and(|token| is_one_of(tokens, token)))
        }
        _ => true,
    }
}

/// The data of a browser's visitor goes with the browser's token.
fn data_of_visitors(groups: &[Group<'_>]) -> Vec<EndedData> {
    let mut data = Vec::new();
    for (_, target) in groups.iter().flatten() {
        match target {
            Target::Browsers(tokens) => {
                data.extend(texts(tokens).into_iter().map(|id| EndedData {
                    browser: Some(id.clone()),
                    id,
                }))
            }
            // With what waits for the browser: the sign-in has copied what is the visitor's.
            Target::Replaced(tokens) => {
                let tokens = texts(tokens).into_iter();
                let ids = tokens.flat_map(|token| [waiting_id(&token), Some(token)]);
                let ids = ids.flatten();
                data.extend(ids.map(|id| EndedData { id, browser: None }));
            }
            _ => {}
        }
    }
    data
}

/// The tokens that new sign-ins replace.
fn tokens_of_new_sign_ins(sign_outs: &[(Revocation, Cause)]) -> HashSet<String> {
    let sign_ins = sign_outs
        .iter()
        .filter(|(_, cause)| cause.reason == Reason::NewSignIn);
    let targets = sign_ins.flat_map(|(revocation, _)| &revocation.targets);
    let replaced = targets.flat_map(|target| match target {
        Target::Replaced(tokens) => texts(tokens),
        _ => Vec::new(),
    });
    replaced.collect()
}

/// Lets nothing wait for browsers with these tokens, whichever sign-out has ended their sessions: a sign-in has
/// copied what is the visitor's, and nobody gets the token any more.
fn leave_nothing(data: &mut [EndedData], replaced: &HashSet<String>) {
    for ended in data {
        ended.browser.take_if(|browser| replaced.contains(browser));
    }
}
