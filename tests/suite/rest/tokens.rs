//! Who gets in, and who may only look.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::http::Request;
use crate::scratch::Scratch;
use crate::server::{Server, TOKEN, latchkey, token_printed_by};

const REFUSED: &str = "WRONGPASS invalid or missing auth token. \
                       See https://docs.upstash.com/redis/troubleshooting/http_unauthorized for details.";

#[track_caller]
fn assert_unknown(server: &Server, request: &Request) {
    let reply = server.send(request);
    assert_eq!((reply.status, reply.error().as_str()), (401, REFUSED));
}

#[test]
fn missing_empty_and_wrong_tokens_read_the_same() {
    let server = Server::start();
    for (target, body) in
        [("/", r#"["PING"]"#), ("/pipeline", r#"[["PING"]]"#), ("/multi-exec", "[]"), ("/get/k", "")]
    {
        let request = || Request::post(target, body);
        assert_unknown(&server, &request());
        assert_unknown(&server, &request().header("authorization", ""));
        assert_unknown(&server, &request().header("authorization", "Bearer"));
        assert_unknown(&server, &request().header("authorization", "Bearer "));
        assert_unknown(&server, &request().header("authorization", &format!("Basic {TOKEN}")));
        assert_unknown(&server, &request().token("wrong"));
        assert_unknown(&server, &request().token(&TOKEN.to_uppercase()));
        assert_unknown(&server, &request().token(&TOKEN[..TOKEN.len() - 1]));
        assert_unknown(&server, &request().token(&format!("{TOKEN}x")));
    }
}

/// Somebody unknown learns nothing, not even that the request made no sense.
#[test]
fn a_bad_request_with_a_bad_token_is_about_the_token() {
    let server = Server::start();
    for (target, body) in [("/", "{"), ("/pipeline", "[1]"), ("/get/%zz", ""), ("/nosuch", "")] {
        assert_unknown(&server, &Request::post(target, body).token("wrong"));
    }
}

#[test]
fn the_token_may_come_in_several_ways() {
    let server = Server::start();
    let pong = |request: &Request| assert_eq!(server.send(request).text(), r#"{"result":"PONG"}"#);
    pong(&Request::get("/ping").header("Authorization", &format!("Bearer {TOKEN}")));
    pong(&Request::get("/ping").header("authorization", &format!("bearer {TOKEN}")));
    pong(&Request::get("/ping").header("authorization", TOKEN));
    pong(&Request::get(&format!("/ping?_token={TOKEN}")));
    pong(&Request::post(&format!("/?_token={TOKEN}"), r#"["PING"]"#));
    pong(&Request::get(&format!("/ping?_token={TOKEN}")).token("wrong"));
    assert_unknown(&server, &Request::get("/ping?_token=wrong").token(TOKEN));
}

#[test]
fn the_token_of_a_query_is_no_argument() {
    let server = Server::start();
    let reply = server.send(&Request::get(&format!("/rpush/l/a?_token={TOKEN}&b=c")));
    assert_eq!(reply.text(), r#"{"result":3}"#);
    assert_eq!(server.run(json!(["LRANGE", "l", 0, -1])), json!(["a", "b", "c"]));
}

/// T35
#[test]
fn a_read_only_token_reads() {
    let server = Server::start_with(&["--read-only-token", "looker"]);
    server.pipeline(json!([["SET", "k", "v"], ["HSET", "h", "f", "v"], ["ZADD", "z", 1, "m"]]));
    for command in [
        json!(["GET", "k"]),
        json!(["MGET", "k"]),
        json!(["TTL", "k"]),
        json!(["TYPE", "k"]),
        json!(["EXISTS", "k"]),
        json!(["HGETALL", "h"]),
        json!(["HSCAN", "h", 0]),
        json!(["ZRANGE", "z", 0, -1]),
        json!(["DBSIZE"]),
        json!(["PING"]),
    ] {
        let reply = server.send(&Request::post("/", command.to_string()).token("looker"));
        assert_eq!(reply.status, 200, "{command}: {}", reply.text());
    }
}

fn no_permission(name: &str) -> String {
    format!("NOPERM this user has no permissions to run the '{name}' command or its subcommand")
}

/// T35: SCAN and KEYS are reads, and refused nevertheless.
#[test]
fn a_read_only_token_does_not_write_nor_scan() {
    let server = Server::start_with(&["--read-only-token", "looker"]);
    server.run(json!(["SET", "k", "v"]));
    for (command, name) in [
        (json!(["SET", "k", "w"]), "set"),
        (json!(["DEL", "k"]), "del"),
        (json!(["Incr", "n"]), "incr"),
        (json!(["EXPIRE", "k", 1]), "expire"),
        (json!(["GETEX", "k"]), "getex"),
        (json!(["GETDEL", "k"]), "getdel"),
        (json!(["FLUSHDB"]), "flushdb"),
        (json!(["SCAN", 0]), "scan"),
        (json!(["KEYS", "*"]), "keys"),
    ] {
        let reply = server.send(&Request::post("/", command.to_string()).token("looker"));
        assert_eq!((reply.status, reply.error()), (400, no_permission(name)), "{command}");
    }
    assert_eq!(server.run(json!(["GET", "k"])), "v");
}

/// T35: what is refused in a pipeline must not take the rest with it; a transaction goes as a whole.
#[test]
fn a_read_only_token_in_batches() {
    let server = Server::start_with(&["--read-only-token", "looker"]);
    let batch = r#"[["PING"],["SET","k","v"],["GET","k"]]"#;
    let pipeline = server.send(&Request::post("/pipeline", batch).token("looker"));
    assert_eq!(pipeline.status, 200);
    let refused = json!({"error": no_permission("set")});
    assert_eq!(pipeline.json(), json!([{"result": "PONG"}, refused, {"result": null}]));
    let transaction = server.send(&Request::post("/multi-exec", batch).token("looker"));
    assert_eq!(transaction.status, 400);
    assert!(transaction.error().contains(&no_permission("set")), "{}", transaction.text());
}

/// Signed tokens, and the ways to bend one.
#[test]
fn forged_tokens_are_refused() {
    let data = Scratch::new();
    let server = Server::start_in(data.path(), &[]);
    let [token, other] = [signed(&data), signed(&data)];
    for token in [&token, &other] {
        assert_eq!(server.send(&Request::get("/ping").token(token)).text(), r#"{"result":"PONG"}"#);
    }
    for forged in forgeries(&token, &other) {
        assert_unknown(&server, &Request::get("/ping").token(&forged));
        assert_unknown(&server, &Request::get(&format!("/ping?_token={forged}")));
    }
    assert_unknown(&server, &Request::get("/ping").token(&"a.".repeat(20_000)));
    server.assert_alive();
}

/// A new signed token for the database.
fn signed(data: &Scratch) -> String {
    token_printed_by(latchkey().args(["token", "create", "dev", "--data"]).arg(data.path()))
}

fn forgeries(token: &str, other: &str) -> Vec<String> {
    let [header, claims, signature] = parts(token);
    let [_, other_claims, other_signature] = parts(other);
    let claiming = |header: &str| URL_SAFE_NO_PAD.encode(header);
    vec![
        format!("{header}.{claims}"),
        format!("{header}.{claims}."),
        format!("{header}.{claims}.{other_signature}"),
        format!("{header}.{other_claims}.{signature}"),
        format!("{header}.{}.{signature}", altered(claims)),
        format!("{header}.{claims}.{}", &signature[..signature.len() - 2]),
        format!("{header}.{claims}.{signature}.{signature}"),
        format!("{}.{claims}.", claiming(r#"{"alg":"none","typ":"JWT"}"#)),
        format!("{}.{claims}.{signature}", claiming(r#"{"alg":"none","typ":"JWT"}"#)),
        format!("{}.{claims}.{signature}", claiming(r#"{"alg":"HS256","typ":"JWT"}"#)),
        format!("{}.{claims}.{signature}", claiming(r#"{"alg":"EdDSA","kid":"../../../etc/passwd"}"#)),
        format!(".{claims}.{signature}"),
        "..".to_owned(),
        token.to_lowercase(),
    ]
}

/// The same claims with another time of issue.
fn altered(claims: &str) -> String {
    let decoded = URL_SAFE_NO_PAD.decode(claims).expect("claims are base64");
    let mut claims: Value = serde_json::from_slice(&decoded).expect("claims are JSON");
    claims["iat"] = json!(1);
    URL_SAFE_NO_PAD.encode(claims.to_string())
}

fn parts(token: &str) -> [&str; 3] {
    token.split('.').collect::<Vec<_>>().try_into().expect("a signed token has three parts")
}
