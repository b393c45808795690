//! Pages of other origins.

use crate::http::Request;
use crate::server::{Server, TOKEN};

/// T38: a preflight carries no token, and must not be 401.
#[test]
fn a_preflight_allows_what_it_asks_for() {
    let server = Server::start();
    let wanted = "authorization,content-type,upstash-encoding,upstash-sync-token,upstash-telemetry-sdk";
    for target in ["/", "/pipeline", "/multi-exec", "/get/k"] {
        let request = Request::new("OPTIONS", target)
            .header("origin", "http://localhost:3000")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", wanted);
        let reply = server.send(&request);
        assert_eq!((reply.status, reply.body.len()), (200, 0), "{target}");
        assert_eq!(reply.header("access-control-allow-origin"), Some("http://localhost:3000"));
        assert_eq!(reply.header("access-control-allow-credentials"), Some("true"));
        assert_eq!(reply.header("access-control-allow-methods"), Some("HEAD, GET, POST, PUT"));
        assert_eq!(reply.header("access-control-allow-headers"), Some(wanted));
    }
}

/// T19: without it, JavaScript reads `null` and forgets what it wrote.
#[test]
fn a_page_may_read_the_sync_token_and_what_is_left() {
    let server = Server::start();
    for target in ["/set/k/v", "/get"] {
        let reply = server.send(&Request::get(target).token(TOKEN).header("origin", "https://shop.example"));
        let exposed = reply.header("access-control-expose-headers").expect("something may be read");
        for name in ["upstash-sync-token", "ratelimit", "retry-after"] {
            assert!(exposed.split(", ").any(|header| header == name), "{exposed}");
        }
        assert_eq!(reply.header("vary"), Some("origin"));
    }
}

#[test]
fn who_is_no_page_gets_no_permissions() {
    let server = Server::start();
    assert_eq!(server.get("/get/k").header("access-control-allow-origin"), None);
}

#[test]
fn a_refused_method_may_be_read_as_well() {
    let server = Server::start();
    let reply = server.send(&Request::new("DELETE", "/get/k").header("origin", "https://shop.example"));
    assert_eq!(reply.status, 405);
    assert_eq!(reply.header("access-control-allow-origin"), Some("https://shop.example"));
}
