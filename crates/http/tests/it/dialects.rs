//! What the headers make of an answer.

use crate::support::{REPLY_BYTES_MAX, Served, post, request};
use latchkey_http::Settings;

const RESP2: &str = "upstash-response-format: resp2\r\n";

#[tokio::test]
async fn strings_as_base64() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    let response = client.ask(request("POST", "/", "upstash-encoding: base64\r\n", r#"["ECHO","hi"]"#)).await;
    assert_eq!(response.text(), r#"{"result":"aGk="}"#);
}

#[tokio::test]
async fn replies_as_resp2() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    let response = client.ask(request("POST", "/", RESP2, r#"["ECHO","hi"]"#)).await;
    assert_eq!(response.header("content-type"), Some("application/octet-stream"));
    assert_eq!(response.text(), "$2\r\nhi\r\n");
    let response = client.ask(request("POST", "/pipeline", RESP2, r#"[["ECHO","hi"],["SET"]]"#)).await;
    assert_eq!(response.text(), "$2\r\nhi\r\n+OK\r\n");
    let response = client.ask(request("POST", "/multi-exec", RESP2, r#"[["ECHO","hi"]]"#)).await;
    assert_eq!(response.text(), r#"[{"result":"hi"}]"#, "transactions are always JSON");
}

#[tokio::test]
async fn no_reply_is_longer_than_the_plan_allows_in_any_dialect() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    for (headers, framing) in [("", r#"{"result":""}"#.len()), (RESP2, "$989\r\n\r\n".len())] {
        let fits = REPLY_BYTES_MAX as usize - framing;
        let bytes = |n: usize| request("POST", "/", headers, &format!(r#"["BYTES",{n}]"#));
        let response = client.ask(bytes(fits)).await;
        assert_eq!((response.status, response.body.len()), (200, REPLY_BYTES_MAX as usize), "{headers}");
        let response = client.ask(bytes(fits + 1)).await;
        assert_eq!(response.status, 400, "{headers}");
        let error = "ERR max request size exceeded. Limit: 1000 bytes, Actual: 1001 bytes";
        assert!(response.text().contains(error), "{}", response.text());
    }
    let batch = r#"[["BYTES",500],["BYTES",600],["ECHO","x"]]"#;
    let response = client.ask(request("POST", "/pipeline", RESP2, batch)).await;
    let expected = format!(
        "$500\r\n{}\r\n-ERR max request size exceeded. Limit: 1000 bytes, Actual: 1108 bytes\r\n$1\r\nx\r\n",
        "x".repeat(500)
    );
    assert_eq!(response.text(), expected);
}

#[tokio::test]
async fn a_dialect_that_nobody_knows_is_refused() {
    let served = Served::start(Settings::default()).await;
    let mut client = served.client().await;
    let ping = |headers| request("POST", "/", headers, r#"["PING"]"#);
    assert_eq!(client.ask(ping("upstash-response-format: xml\r\n")).await.status, 400);
    let both = client.ask(ping("upstash-response-format: resp2\r\nupstash-encoding: base64\r\n")).await;
    assert_eq!(both.status, 400);
    assert_eq!(client.ask(post("/", r#"["PING"]"#)).await.status, 200);
}
