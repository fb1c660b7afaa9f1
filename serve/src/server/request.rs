//! Refuses malformed requests before anything else sees them: a proxy and this server may
//! understand them in different ways.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, Version, header, uri::Authority};
use leptos_guardian::server::is_origin_form;

/// In a request's extensions: it came over a connection, so HTTP/1.1 requires a `Host`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FromConnection;

/// Responds with 400 to a request whose target is not a path of this site, or whose `Host` is
/// missing, doubled or not a host
/// ([RFC 9112, 3.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2)).
pub(crate) async fn refuse_malformed(request: Request, next: Next) -> Response {
    let message = if !is_origin_form(&request) {
        "The request's target must be a path of this site."
    } else if !has_valid_host(&request) {
        "The request must have one Host header, with a host and perhaps a port."
    } else {
        return next.run(request).await;
    };
    (StatusCode::BAD_REQUEST, message).into_response()
}

fn has_valid_host(request: &Request) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => is_host(host),
        (Some(_), Some(_)) => false,
        // HTTP/1.0 needs none, and a test that calls the router has none.
        (None, _) => {
            let is_over_connection = request.extensions().get::<FromConnection>().is_some();
            request.version() != Version::HTTP_11 || !is_over_connection
        }
    }
}

/// Whether this is a host, perhaps with a port, and nothing else: no user, no path, no list.
fn is_host(value: &HeaderValue) -> bool {
    let Ok(authority) = Authority::try_from(value.as_bytes()) else {
        return false;
    };
    let host = authority.host();
    let port = &authority.as_str()[host.len()..];
    let is_port = port.is_empty() || port == ":" || authority.port_u16().is_some();
    let is_named = !host.is_empty() && !host.contains(['@', ',']);
    is_named && is_port && authority.as_str().starts_with(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(host: &str) -> bool {
        HeaderValue::from_bytes(host.as_bytes()).is_ok_and(|host| is_host(&host))
    }

    #[test]
    fn a_host_may_have_a_port() {
        for host in [
            "site.test",
            "site.test:3000",
            "site.test:",
            "127.0.0.1:80",
            "[::1]",
            "[::1]:3000",
            "xn--bcher-kva.example",
            "under_score.test",
            "localhost.",
        ] {
            assert!(accepts(host), "{host}");
        }
    }

    #[test]
    fn anything_beside_the_host_and_the_port_is_refused() {
        for host in [
            "",
            " ",
            ":80",
            "ada@site.test",
            "ada:secret@site.test",
            "@site.test",
            "site.test/",
            "site.test/a",
            "site.test?a",
            "site.test#a",
            "site.test\\a",
            "site .test",
            "site.test evil.test",
            "a.test,b.test",
            "a.test, b.test",
            "site.test:port",
            "site.test:80:80",
            "site.test:99999",
            "site.test:-1",
            "http://site.test",
            "[::1",
            "::1",
            "\u{fc}.test",
            "site.test\tx",
            "<site>",
        ] {
            assert!(!accepts(host), "{host}");
        }
    }
}
