//! The configuration, from the environment. Every setting has a default that works on a laptop.

use app::api::RECENT;
use http::HeaderValue;
use leptos_guardian::server::{Builder, Database, Guardian, KeyError, ProxyHeader, SigningKey};
use std::{net::SocketAddr, path::Path, time::Duration};
use url::{Host, Url};

/// The database, unless `DATABASE_URL` names one.
const DATABASE_URL: &str = concat!("sqlite://data/", env!("LEPTOS_OUTPUT_NAME"), ".db");

/// Where the key is kept when `SESSION_KEY` is not set.
const KEY_FILE: &str = "data/session.key";

/// Sign-ups and failed sign-ins from one network per minute: enough for an office behind one
/// address.
const ATTEMPTS_PER_MINUTE: u32 = 60;

/// In seconds: longer than nginx keeps an unused connection (60), so that it never uses one that is just
/// being closed. For a load balancer that keeps them longer, it must be longer still.
const KEEP_ALIVE: &str = "75";

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// A year, for this host alone. Only the owner knows whether its subdomains have https, too. With
/// `includeSubDomains`, one without https would be unreachable in every browser that has been here.
const HSTS: &str = "max-age=31536000";

/// The session's cookie. Apps on `localhost` share their cookies, so each has a name of its own.
pub const COOKIE_NAME: &str = concat!(env!("LEPTOS_OUTPUT_NAME"), "_session");

/// Accounts that one browser may be signed in to at once: enough for work, home and a test.
const ACCOUNTS_PER_BROWSER: usize = 5;

/// The settings of the server.
#[derive(Debug)]
pub struct Config {
    /// `DATABASE_URL`: SQLite or PostgreSQL.
    pub database_url: String,
    /// `DATABASE_LISTENER_URL`: PostgreSQL past a connection pooler, if there is one.
    pub database_listener_url: Option<String>,
    /// `LEPTOS_SITE_ADDR`: the address to listen on.
    pub site_addr: SocketAddr,
    /// `LEPTOS_SITE_ROOT`: the folder with the site's files.
    pub site_root: String,
    /// `LEPTOS_HASH_FILES`: whether the assets' names have hashes. cargo-leptos sets it for the
    /// server that it starts.
    pub hash_files: Option<bool>,
    /// `SITE_URL`: the site's address as browsers see it.
    pub site_url: Url,
    /// `HSTS`: the `Strict-Transport-Security` of an https site.
    pub hsts: Option<HeaderValue>,
    /// `SESSION_KEY`: the first one signs the cookie, all are accepted. None for a command.
    pub session_keys: Vec<SigningKey>,
    /// `ATTEMPTS_PER_MINUTE`: sign-ups and failed sign-ins from one network.
    pub attempts_per_minute: u32,
    /// `TRUSTED_PROXIES`: the proxies that are believed when they name the client.
    pub trusted_proxies: Vec<String>,
    /// `PROXY_HEADER`: where they name it.
    pub proxy_header: ProxyHeader,
    /// `KEEP_ALIVE`: how long a connection waits for the next request.
    pub keep_alive: Duration,
}

/// Why the configuration is not usable, for the person who starts the server.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("LEPTOS_SITE_ADDR must be an address and a port, such as 127.0.0.1:3000, but is {0:?}")]
    SiteAddr(String),
    #[error(
        "SITE_URL must be an http or https address without a path, such as https://example.com, but is {0:?}"
    )]
    SiteUrl(String),
    #[error("HSTS must be off, or begin with max-age= and the seconds, but is {0:?}")]
    Hsts(String),
    #[error("ATTEMPTS_PER_MINUTE must be a number above zero, but is {0:?}")]
    Attempts(String),
    #[error("KEEP_ALIVE must be a number of seconds above zero, but is {0:?}")]
    KeepAlive(String),
    #[error("PROXY_HEADER must be X-Forwarded-For or Forwarded, but is {0:?}")]
    ProxyHeader(String),
    #[error("SESSION_KEY must be set for {0}; make one with: openssl rand -base64 48")]
    KeyMissing(Url),
    #[error("SESSION_KEY is not usable")]
    Key(#[from] KeyError),
}

impl Config {
    /// Reads the settings through `get`: [`std::env::var`] in the server, a map in tests.
    ///
    /// # Errors
    ///
    /// When a setting makes no sense, or the key is missing for a site that is not local.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        Self::with_keys(get, read_keys)
    }

    /// The same for a command in a shell. A command reads no cookie, so it needs no key and creates
    /// none.
    ///
    /// # Errors
    ///
    /// When a setting makes no sense.
    pub fn read_for_command(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        Self::with_keys(get, |_, _| Ok(Vec::new()))
    }

    fn with_keys(
        get: impl Fn(&str) -> Option<String>,
        keys: impl FnOnce(&str, &Url) -> Result<Vec<SigningKey>, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let get = |name, default: &str| {
            get(name)
                .filter(|value| !value.is_empty())
                .unwrap_or_else(|| default.to_owned())
        };
        let site_addr = get("LEPTOS_SITE_ADDR", "127.0.0.1:3000");
        let site_url = read_site_url(&get("SITE_URL", "http://127.0.0.1:3000"))?;
        let attempts = get("ATTEMPTS_PER_MINUTE", &ATTEMPTS_PER_MINUTE.to_string());
        let keep_alive = get("KEEP_ALIVE", KEEP_ALIVE);
        Ok(Self {
            database_url: get("DATABASE_URL", DATABASE_URL),
            database_listener_url: Some(get("DATABASE_LISTENER_URL", ""))
                .filter(|url| !url.is_empty()),
            site_addr: site_addr
                .parse()
                .map_err(|_| ConfigError::SiteAddr(site_addr))?,
            hsts: read_hsts(&get("HSTS", HSTS), &site_url)?,
            hash_files: get("LEPTOS_HASH_FILES", "").parse().ok(),
            site_root: get("LEPTOS_SITE_ROOT", "target/site"),
            session_keys: keys(&get("SESSION_KEY", ""), &site_url)?,
            attempts_per_minute: attempts
                .parse()
                .ok()
                .filter(|attempts| *attempts > 0)
                .ok_or(ConfigError::Attempts(attempts))?,
            trusted_proxies: get("TRUSTED_PROXIES", "")
                .split(',')
                .map(|proxy| proxy.trim().to_owned())
                .filter(|proxy| !proxy.is_empty())
                .collect(),
            proxy_header: read_proxy_header(&get("PROXY_HEADER", X_FORWARDED_FOR))?,
            keep_alive: keep_alive
                .parse()
                .ok()
                .filter(|seconds| *seconds > 0)
                .map(Duration::from_secs)
                .ok_or(ConfigError::KeepAlive(keep_alive))?,
            site_url,
        })
    }
}

/// The guardian of the site, without the hook.
pub fn configure(config: &Config, database: Database) -> Builder {
    let builder = Guardian::builder(database)
        .site_url(config.site_url.as_str())
        .keys(config.session_keys.clone())
        .cookie_name(COOKIE_NAME)
        .accounts_per_browser(ACCOUNTS_PER_BROWSER)
        .accept_bearer_tokens()
        .confirm_to_end_others(RECENT, "/confirm");
    let builder = match &config.database_listener_url {
        Some(url) => builder.listener_url(url),
        None => builder,
    };
    let builder = builder.proxy_header(config.proxy_header);
    let proxies = config.trusted_proxies.iter();
    proxies.fold(builder, |builder, proxy| builder.trust_proxy(proxy))
}

fn read_proxy_header(name: &str) -> Result<ProxyHeader, ConfigError> {
    match name.to_ascii_lowercase().as_str() {
        X_FORWARDED_FOR => Ok(ProxyHeader::XForwardedFor),
        "forwarded" => Ok(ProxyHeader::Forwarded),
        _ => Err(ConfigError::ProxyHeader(name.to_owned())),
    }
}

fn read_site_url(text: &str) -> Result<Url, ConfigError> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.path() == "/")
        .ok_or_else(|| ConfigError::SiteUrl(text.to_owned()))
}

/// The value of the header. `None` when it is off, and over http, where browsers ignore it.
fn read_hsts(text: &str, site_url: &Url) -> Result<Option<HeaderValue>, ConfigError> {
    if text == "off" {
        return Ok(None);
    }
    let seconds = text.strip_prefix("max-age=").unwrap_or_default();
    let value = seconds
        .starts_with(|first: char| first.is_ascii_digit())
        .then(|| HeaderValue::from_str(text).ok())
        .flatten()
        .ok_or_else(|| ConfigError::Hsts(text.to_owned()))?;
    Ok((site_url.scheme() == "https").then_some(value))
}

/// A laptop's key is created once and kept in a file. A deployed site must set its own: with a
/// file, every restart on another disk would sign everyone out.
fn read_keys(text: &str, site_url: &Url) -> Result<Vec<SigningKey>, ConfigError> {
    if !text.is_empty() {
        return Ok(SigningKey::list_from_base64(text)?);
    }
    if is_loopback(site_url) {
        return Ok(vec![SigningKey::load_or_create(Path::new(KEY_FILE))?]);
    }
    Err(ConfigError::KeyMissing(site_url.clone()))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

    fn read(settings: &[(&str, &str)]) -> Result<Config, String> {
        Config::read(|name| {
            let found = settings.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
        .map_err(|error| format!("{:#}", anyhow::Error::from(error)))
    }

    #[test]
    fn every_setting_but_the_key_has_a_default() {
        let config = read(&[("SESSION_KEY", KEY)]).unwrap();
        assert_eq!(config.site_addr.to_string(), "127.0.0.1:3000");
        assert_eq!(config.site_url.as_str(), "http://127.0.0.1:3000/");
        let name = env!("LEPTOS_OUTPUT_NAME");
        assert_eq!(config.database_url, format!("sqlite://data/{name}.db"));
    }

    #[test]
    fn a_proxy_and_its_header_may_be_named() {
        let config = read(&[
            ("SESSION_KEY", KEY),
            ("PROXY_HEADER", "Forwarded"),
            ("KEEP_ALIVE", "620"),
        ]);
        let config = config.unwrap();
        assert_eq!(config.proxy_header, ProxyHeader::Forwarded);
        assert_eq!(config.keep_alive, Duration::from_secs(620));
    }

    #[test]
    fn an_https_site_asks_browsers_to_stay_with_https() {
        let https = ("SITE_URL", "https://example.com");
        let hsts = |settings: &[_]| {
            let settings = [settings, &[("SESSION_KEY", KEY)]].concat();
            let hsts = read(&settings).unwrap().hsts;
            hsts.map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(hsts(&[]), None);
        assert_eq!(hsts(&[https]).as_deref(), Some("max-age=31536000"));
        assert_eq!(hsts(&[https, ("HSTS", "off")]), None);
        let forget = "max-age=0; includeSubDomains";
        assert_eq!(hsts(&[https, ("HSTS", forget)]).as_deref(), Some(forget));
    }

    #[test]
    fn a_public_site_needs_a_key_and_says_how_to_make_one() {
        let refused = read(&[("SITE_URL", "https://example.com")]).unwrap_err();
        assert!(refused.contains("openssl rand -base64 48"), "{refused}");
    }

    #[test]
    fn a_command_needs_no_key() {
        let public = |name: &str| (name == "SITE_URL").then(|| "https://example.com".to_owned());
        assert!(Config::read(public).is_err());
        assert!(Config::read_for_command(public).is_ok());
    }

    #[test]
    fn a_short_key_is_refused_and_not_repeated() {
        let refused = read(&[("SESSION_KEY", "c2hvcnQ=")]).unwrap_err();
        assert!(refused.contains("too short"), "{refused}");
        assert!(!refused.contains("c2hvcnQ="), "{refused}");
    }

    #[test]
    fn several_keys_are_separated_by_commas_and_a_bad_one_is_named() {
        let other = "OTg3NjU0MzIxMDk4NzY1NDMyMTA5ODc2NTQzMjEwOTg=";
        let keys = format!("{KEY}, {other}");
        let config = read(&[("SESSION_KEY", &keys)]).unwrap();
        assert_eq!(config.session_keys.len(), 2);
        for (keys, number, secret) in [
            (format!("{KEY},c2hvcnQ="), "key 2 of 2", "c2hvcnQ="),
            (format!("not base64!,{KEY}"), "key 1 of 2", "not base64!"),
            (format!("{KEY},{other},"), "key 3 of 3", other),
        ] {
            let refused = read(&[("SESSION_KEY", &keys)]).unwrap_err();
            assert!(refused.contains(number), "{refused}");
            assert!(
                !refused.contains(secret) && !refused.contains(KEY),
                "{refused}"
            );
        }
    }

    #[test]
    fn an_invalid_setting_is_named() {
        for (name, value) in [
            ("LEPTOS_SITE_ADDR", "three thousand"),
            ("SITE_URL", "ftp://example.com"),
            ("SITE_URL", "https://example.com/app"),
            ("ATTEMPTS_PER_MINUTE", "0"),
            ("KEEP_ALIVE", "0"),
            ("KEEP_ALIVE", "-1"),
            ("PROXY_HEADER", "X-Real-IP"),
            ("HSTS", "31536000"),
            ("HSTS", "max-age="),
            ("HSTS", "includeSubDomains"),
            ("HSTS", "max-age=1\r\nset-cookie: a=b"),
            ("SESSION_KEY", "not base64!"),
        ] {
            let settings = [("SESSION_KEY", KEY), (name, value)];
            let refused = read(&settings[usize::from(name == "SESSION_KEY")..]).unwrap_err();
            assert!(refused.contains(name), "{refused}");
        }
    }
}
