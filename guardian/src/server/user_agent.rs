//! Names the browser and the system of a `User-Agent` header, so that users recognise their devices in
//! the list of sessions. It is only a hint: a client can send any header, so no decision may depend on
//! it.

use http::{HeaderMap, HeaderName, header};
use serde::Deserialize;
use std::{error::Error, sync::LazyLock};
use tokio::task::spawn_blocking;
use ua_parser::{os, user_agent};

/// The rules of uap-core, without those for the makers of devices. They are the larger part, and the list
/// does not show makers.
const RULES: &str = include_str!("user_agents.yaml");

/// The length of the longest name. Some rules take names of any length from the header.
const MAX_CHARS: usize = 64;

/// How much of a header is stored, in characters. Real ones are shorter.
const STORED_CHARS: usize = 512;

/// The header in which Chromium names the system, over https. A tablet that asks for desktop pages names
/// another one in `User-Agent` (<https://wicg.github.io/ua-client-hints/#sec-ch-ua-platform>).
const PLATFORM: HeaderName = HeaderName::from_static("sec-ch-ua-platform");

/// What stands before the platform in the stored text, as if it were a comment of the `User-Agent`.
const STORED_PLATFORM: &str = " (platform: ";

/// What stands before the stored text of an app's sign-in. No header has a line break.
const STORED_APP: &str = "App\n";

/// The compiled rules: some 11 MiB.
static PARSER: LazyLock<Parser> =
    LazyLock::new(|| Parser::new().expect("the rules in user_agents.yaml compile"));

/// Compiles the rules at their first use, off the async threads: in some 0.05 s, or 0.4 s in an unoptimised build.
/// A server that has shown no list yet needs neither the time nor the memory.
pub(crate) async fn compile_rules() {
    let compiled = spawn_blocking(|| LazyLock::force(&PARSER)).await;
    if let Err(cause) = compiled {
        tracing::error!(%cause, "the rules for user agents could not be compiled");
    }
}

/// The device of a sign-in, as its `User-Agent` describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Device {
    /// With its major version: "Firefox 128".
    pub(crate) browser: Option<String>,
    /// Without a version, because browsers no longer send the true one: "Windows".
    pub(crate) system: Option<String>,
}

/// Returns what a session stores of the headers that describe the browser, for [`read`].
pub(crate) fn to_store(headers: &HeaderMap) -> Option<String> {
    let text = |name| {
        let value = headers.get(name)?.as_bytes();
        let text = String::from_utf8_lossy(value);
        let shown = text.chars().filter(|character| !character.is_control());
        Some(shown.take(STORED_CHARS).collect::<String>())
    };
    let user_agent = text(header::USER_AGENT);
    let platform = text(PLATFORM).unwrap_or_default();
    let platform = platform.trim().trim_matches('"');
    if platform.is_empty() {
        return user_agent;
    }
    let user_agent = user_agent.unwrap_or_default();
    Some(format!("{user_agent}{STORED_PLATFORM}{platform})"))
}

/// Returns what the session of an app or a script stores, for [`read`].
pub(crate) fn of_app(stored: Option<&str>) -> String {
    format!("{STORED_APP}{}", stored.unwrap_or_default())
}

/// Reads what [`to_store`] or [`of_app`] has returned.
pub(crate) fn read(stored: &str) -> Device {
    if let Some(of_app) = stored.strip_prefix(STORED_APP) {
        return Device {
            browser: Some("App".into()),
            system: read(of_app).system,
        };
    }
    let (user_agent, platform) = match stored.rsplit_once(STORED_PLATFORM) {
        Some((user_agent, platform)) => (user_agent, platform.strip_suffix(')')),
        None => (stored, None),
    };
    let browser = PARSER
        .browsers
        .extract(user_agent)
        .and_then(|browser| display_name(&browser.family, browser.major));
    let system = PARSER
        .systems
        .extract(user_agent)
        .and_then(|system| display_name(&system.os, None));
    let platform = platform.and_then(|platform| display_name(platform, None));
    let system = match platform {
        // "Linux" is all that it says of "Ubuntu".
        Some(platform) if platform != "Linux" => Some(platform),
        platform => system.or(platform),
    };
    Device { browser, system }
}

struct Parser {
    browsers: user_agent::Extractor<'static>,
    systems: os::Extractor<'static>,
}

#[derive(Deserialize)]
struct Rules {
    user_agent_parsers: Vec<user_agent::Parser<'static>>,
    os_parsers: Vec<os::Parser<'static>>,
}

impl Parser {
    fn new() -> Result<Self, Box<dyn Error>> {
        let rules: Rules = yaml_serde::from_str(RULES)?;
        Ok(Self {
            browsers: user_agent::Builder::new()
                .push_all(rules.user_agent_parsers)?
                .build()?,
            systems: os::Builder::new().push_all(rules.os_parsers)?.build()?,
        })
    }
}

/// Returns the name with its version, if any. `None` if the rules have no name.
fn display_name(name: &str, version: Option<&str>) -> Option<String> {
    // The page is shown by an app, which has no browser of its own.
    let is_in_app = matches!(name, "Chrome Mobile WebView" | "Mobile Safari UI/WKWebView");
    let name = match name.trim() {
        "" | "Other" | "Unknown" => return None,
        name => common_name(name),
    };
    let text = match version {
        Some(version) => format!("{name} {version}"),
        None => name.to_owned(),
    };
    let name: String = text.chars().take(MAX_CHARS).collect();
    Some(if is_in_app {
        format!("App ({name})")
    } else {
        name
    })
}

/// Returns the name that people know, where the rules use another.
fn common_name(name: &str) -> &str {
    match name {
        "Chrome Mobile" | "Chrome Mobile WebView" | "Chrome Mobile iOS" => "Chrome",
        "Edge Mobile" => "Edge",
        "Firefox Mobile" | "Firefox iOS" => "Firefox",
        "IE" | "IE Mobile" => "Internet Explorer",
        "Mobile Safari" | "Mobile Safari UI/WKWebView" => "Safari",
        "Opera Mobile" => "Opera",
        "ATV OS X" => "tvOS",
        "Chromium OS" => "Chrome OS",
        "Mac OS X" => "macOS",
        "WatchOS" => "watchOS",
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_CHARS, read, to_store};
    use http::{HeaderMap, HeaderValue};

    /// A header, its browser, its system.
    type Case<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

    fn check(cases: &[Case]) {
        for (header, browser, system) in cases {
            let device = read(header);
            let read = (device.browser.as_deref(), device.system.as_deref());
            assert_eq!(read, (*browser, *system), "{header:?}");
        }
    }

    #[test]
    fn browsers_on_computers() {
        check(&[
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
                Some("Chrome 126"),
                Some("Windows"),
            ),
            (
                "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
                Some("Chrome 126"),
                Some("Chrome OS"),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.2592.87",
                Some("Edge 126"),
                Some("Windows"),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0",
                Some("Firefox 128"),
                Some("Windows"),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:128.0) Gecko/20100101 Firefox/128.0",
                Some("Firefox 128"),
                Some("macOS"),
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                Some("Firefox 128"),
                Some("Linux"),
            ),
            (
                "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                Some("Firefox 128"),
                Some("Ubuntu"),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
                Some("Safari 17"),
                Some("macOS"),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 Safari/537.36 OPR/111.0.0.0",
                Some("Opera 111"),
                Some("Windows"),
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Safari/537.36",
                Some("Samsung Internet 25"),
                Some("Linux"),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
                Some("Internet Explorer 11"),
                Some("Windows"),
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.6478.8 Safari/537.36",
                Some("HeadlessChrome 126"),
                Some("Linux"),
            ),
        ]);
    }

    #[test]
    fn browsers_on_phones_and_tablets() {
        check(&[
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
                Some("Chrome 126"),
                Some("Android"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UQ1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.6478.122 Mobile Safari/537.36",
                Some("App (Chrome 126)"),
                Some("Android"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1",
                Some("Chrome 126"),
                Some("iOS"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; HD1913) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.122 Mobile Safari/537.36 EdgA/126.0.2592.80",
                Some("Edge 126"),
                Some("Android"),
            ),
            (
                "Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0",
                Some("Firefox 128"),
                Some("Android"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 14_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/128.0 Mobile/15E148 Safari/605.1.15",
                Some("Firefox 128"),
                Some("iOS"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                Some("Safari 17"),
                Some("iOS"),
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                Some("Safari 17"),
                Some("iOS"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
                Some("App (Safari)"),
                Some("iOS"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; VOG-L29) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.6422.165 Mobile Safari/537.36 OPR/83.0.4388.80445",
                Some("Opera 83"),
                Some("Android"),
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
                Some("Samsung Internet 25"),
                Some("Android"),
            ),
        ]);
    }

    #[test]
    fn other_clients() {
        check(&[
            ("curl/8.5.0", Some("curl 8"), None),
            ("python-requests/2.32.3", Some("Python Requests 2"), None),
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                Some("Googlebot 2"),
                None,
            ),
            (
                "Mozilla/5.0 (Apple TV; U; CPU AppleTV5,3 OS 15.0 like Mac OS X; en_us)",
                None,
                Some("tvOS"),
            ),
            ("", None, None),
            ("node", None, None),
            ("Other", None, None),
            ("<script>alert(1)</script>", None, None),
            (&"A".repeat(512), None, None),
        ]);
    }

    #[test]
    fn the_platform_of_a_client_hint_counts_more_than_the_header() {
        let desktop = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
        let ubuntu =
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
        for (user_agent, platform, browser, system) in [
            (desktop, Some("\"Android\""), "Chrome 126", "Android"),
            (desktop, Some("\"Chromium OS\""), "Chrome 126", "Chrome OS"),
            (desktop, Some("\"Unknown\""), "Chrome 126", "Linux"),
            (desktop, Some("\"\""), "Chrome 126", "Linux"),
            (desktop, None, "Chrome 126", "Linux"),
            (ubuntu, Some("\"Linux\""), "Firefox 128", "Ubuntu"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("user-agent", user_agent.parse().unwrap());
            if let Some(platform) = platform {
                headers.insert("sec-ch-ua-platform", platform.parse().unwrap());
            }
            let device = read(&to_store(&headers).unwrap());
            assert_eq!(device.browser.as_deref(), Some(browser), "{platform:?}");
            assert_eq!(device.system.as_deref(), Some(system), "{platform:?}");
        }
    }

    #[test]
    fn any_header_is_stored() {
        let store = |value: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert("user-agent", HeaderValue::from_bytes(value).unwrap());
            to_store(&headers).unwrap()
        };
        let named = "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0 – Zoë";
        assert_eq!(store(named.as_bytes()), named);
        assert_eq!(
            read(&store(named.as_bytes())).browser.as_deref(),
            Some("Firefox 128")
        );
        assert_eq!(store(b"curl/8\xff\ta"), "curl/8\u{fffd}a");
        assert_eq!(store(&[b'A'; 4000]).len(), 512);
        assert_eq!(to_store(&HeaderMap::new()), None);
    }

    #[test]
    fn a_long_name_is_cut() {
        let app = "é".repeat(400);
        let device = read(&format!("{app}/3 CFNetwork/1496.0.7 Darwin/23.5.0"));
        assert_eq!(device.browser, Some("é".repeat(MAX_CHARS)));
        assert_eq!(device.system.as_deref(), Some("iOS"));

        let version = "9".repeat(400);
        let device = read(&format!("curl/{version}"));
        let browser = device.browser.unwrap_or_default();
        assert!(browser.starts_with("curl 999"), "{browser}");
        assert_eq!(browser.chars().count(), MAX_CHARS);
    }
}
