//! Servers of one database must accept each other's cookies. Each leaves its keys' fingerprints in the
//! database while it runs, and the log says what to do if another one has other keys.

use super::{clock::Clock, registry::Registry};

/// How long after its last sign of life a server may still run, in seconds. Each gives one per hour.
const PRESENCE: i64 = 3 * 60 * 60;

/// Compares this server's keys with those of the others.
#[derive(Clone, Debug)]
pub(crate) struct KeyCheck {
    registry: Registry,
    clock: Clock,
    /// The fingerprints of its keys. The first one signs.
    keys: Vec<String>,
}

/// Whether two servers accept what the other one signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Agreement {
    Both,
    /// They share a key, but one of them does not accept what the other one signs.
    Partly,
    Neither,
}

impl KeyCheck {
    pub(crate) fn new(registry: Registry, clock: Clock, keys: Vec<String>) -> Self {
        Self {
            registry,
            clock,
            keys,
        }
    }

    /// Compares the keys, and says what is wrong. A failure is logged: a server starts without this check.
    pub(crate) async fn run(&self) {
        if let Err(cause) = self.try_run().await {
            tracing::warn!(%cause, "the keys of the other servers could not be compared with this one's");
        }
    }

    async fn try_run(&self) -> Result<(), sqlx::Error> {
        let now = self.clock.now();
        let registry = &self.registry;
        registry.delete_old_servers(now - PRESENCE).await?;
        registry
            .note_server(&self.registry.server, &self.keys.join(" "), now)
            .await?;
        for other in registry.other_servers(&self.registry.server).await? {
            let keys: Vec<&str> = other.keys.split(' ').collect();
            let seen_minutes_ago = (now - other.seen_at).max(0) / 60;
            match agreement(&self.keys, &keys) {
                Agreement::Both => {}
                Agreement::Partly => tracing::info!(
                    seen_minutes_ago,
                    "another server of this database signs cookies with a key that this one does not accept, or the reverse. While both run, some users look signed out on one of them. For a rotation without that, first add the new key to the end of every server's list, and move it to the front afterwards"
                ),
                Agreement::Neither => tracing::warn!(
                    seen_minutes_ago,
                    "another server of this database has other keys: whoever signs in on one is nobody on the other. If it still runs, give both the same keys. If this server has replaced it, everybody has to sign in again; to spare them that, add the old key after the new one"
                ),
            }
        }
        Ok(())
    }

    /// Says that this server has stopped.
    pub(crate) async fn leave(&self) {
        if let Err(cause) = self.registry.forget_server(&self.registry.server).await {
            tracing::debug!(%cause, "this server is still listed, for some hours");
        }
    }
}

fn agreement(own: &[String], other: &[&str]) -> Agreement {
    let accepts_other = other
        .first()
        .is_some_and(|key| own.iter().any(|own| own == key));
    let is_accepted = own.first().is_some_and(|key| other.contains(&key.as_str()));
    let shares_any = own.iter().any(|key| other.contains(&key.as_str()));
    match (accepts_other && is_accepted, shares_any) {
        (true, _) => Agreement::Both,
        (false, true) => Agreement::Partly,
        (false, false) => Agreement::Neither,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_agree_if_each_accepts_what_the_other_signs() {
        for (own, other, expected) in [
            ("a", "a", Agreement::Both),
            ("a b", "b a", Agreement::Both),
            ("a b", "a", Agreement::Both),
            ("b a", "a", Agreement::Partly),
            ("a", "b a", Agreement::Partly),
            ("a c", "b c", Agreement::Partly),
            ("a", "b", Agreement::Neither),
            ("a b", "c d", Agreement::Neither),
        ] {
            let list: Vec<String> = own.split(' ').map(str::to_owned).collect();
            let others: Vec<&str> = other.split(' ').collect();
            assert_eq!(agreement(&list, &others), expected, "{own}, {other}");
        }
    }
}
