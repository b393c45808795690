//! What strangers send. Whatever it is, it is refused in JSON, and the server goes on.

use serde_json::{Value, json};

use crate::http::Request;
use crate::server::{Server, TOKEN};

#[test]
fn bodies_that_are_no_commands() {
    let server = Server::start();
    let deep = |bracket: &str| format!("[{}", bracket.repeat(1 << 20));
    let bodies: Vec<Vec<u8>> = [
        "[",
        "]",
        "{",
        "[\"PING\"",
        "[\"PING\"]]",
        "[\"PING\"] x",
        "[\"PING\",]",
        "[,]",
        "['PING']",
        "[PING]",
        "\"",
        "[\"\\x\"]",
        "[\"\\ud8\"]",
        "[\"a\nb\"]",
        "[01]",
        "[+1]",
        "[NaN]",
        "[1e]",
        "[-]",
        "[nul]",
        "nul",
        "\u{feff}[]",
        "PING\r\n",
        "*1\r\n$4\r\nPING\r\n",
        "<PING/>",
        "[\"PING\"]\0",
    ]
    .into_iter()
    .map(|body| body.as_bytes().to_vec())
    .chain([b"[\"\xff\"]".to_vec(), b"\x1f\x8b\x08\x00".to_vec(), deep("[").into(), deep("{\"a\":").into()])
    .collect();
    for target in ["/", "/pipeline", "/multi-exec"] {
        for body in &bodies {
            let reply = server.post(target, body.clone());
            let start = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            assert_eq!(reply.status, 400, "{target} {start}");
            assert!(!reply.error().is_empty(), "{target} {start}");
        }
    }
    server.assert_alive();
}

#[test]
fn an_error_in_a_body_does_not_repeat_it() {
    let server = Server::start();
    for body in
        [r#"["SET","k","hunter2""#, r#"{"password":"hunter2"}"#, r#"["SET","k",{"password":"hunter2"}]"#]
    {
        let reply = server.post("/", body);
        assert_eq!(reply.status, 400);
        assert!(!reply.text().contains("hunter2"), "{}", reply.text());
    }
}

#[test]
fn numbers_beyond_all_bounds() {
    let server = Server::start();
    server.pipeline(json!([
        ["RPUSH", "l", "a", "b"],
        ["SADD", "s", "a"],
        ["ZADD", "z", 1, "a"],
        ["SET", "k", "v"]
    ]));
    let (most, least) = ("9223372036854775807", "-9223372036854775808");
    for (command, result) in [
        (json!(["LRANGE", "l", 0, most]), json!(["a", "b"])),
        (json!(["LRANGE", "l", least, most]), json!(["a", "b"])),
        (json!(["LRANGE", "l", most, least]), json!([])),
        (json!(["GETRANGE", "k", least, most]), json!("v")),
        (json!(["ZRANGE", "z", least, most]), json!(["a"])),
        (json!(["LINDEX", "l", least]), Value::Null),
        (json!(["LREM", "l", most, "missing"]), json!(0)),
        (json!(["LPOP", "l", most]), json!(["a", "b"])),
        (json!(["SRANDMEMBER", "s", most]), json!(["a"])),
        (json!(["SPOP", "s", most]), json!(["a"])),
        (json!(["ZPOPMIN", "z", most]), json!(["a", "1"])),
    ] {
        assert_eq!(server.run(command.clone()), result, "{command}");
    }
    for command in [
        json!(["INCRBY", "k", "9223372036854775808"]),
        json!(["INCRBY", "n", "1e3"]),
        json!(["DECRBY", "n", least]),
        json!(["SETRANGE", "k", 4_294_967_296u64, "v"]),
        json!(["SETRANGE", "k", -1, "v"]),
        json!(["SRANDMEMBER", "s", least]),
        json!(["HRANDFIELD", "h", least]),
        json!(["ZRANDMEMBER", "z", least, "WITHSCORES"]),
        json!(["SPOP", "s", -1]),
        json!(["LPOP", "l", -1]),
        json!(["LREM", "l", least, "missing"]),
        json!(["SET", "k", "v", "EX", most]),
        json!(["EXPIRE", "k", most]),
        json!(["PEXPIREAT", "k", "9223372036854775808"]),
        json!(["ZADD", "z", "nan", "m"]),
        json!(["ZADD", "z", "1e400x", "m"]),
        json!(["ZADD", "z", "", "m"]),
        json!(["INCRBYFLOAT", "k2", "inf"]),
        json!(["ZINTERCARD", most, "a"]),
        json!(["LMPOP", most, "l", "LEFT"]),
        json!(["ZUNION", least, "z"]),
        json!(["SCAN", "-1"]),
        json!(["SCAN", "18446744073709551616"]),
        json!(["SCAN", 0, "COUNT", 0]),
        json!(["HEXPIRE", "h", 10, "FIELDS", most, "f"]),
    ] {
        let error = server.refused(command.clone());
        assert!(error.starts_with("ERR "), "{command}: {error}");
    }
    assert_eq!(server.run(json!(["GET", "k"])), "v");
    server.assert_alive();
}

#[test]
fn nan_is_never_stored() {
    let server = Server::start();
    server.run(json!(["ZADD", "z", "inf", "m"]));
    let error = server.refused(json!(["ZINCRBY", "z", "-inf", "m"]));
    assert_eq!(error, "ERR resulting score is not a number (NaN)");
    assert_eq!(server.run(json!(["ZSCORE", "z", "m"])), "inf");
}

#[test]
fn a_body_of_ten_megabytes_of_anything() {
    let server = Server::start();
    let size = 10 << 20;
    for body in [vec![b'['; size], vec![b'"'; size], vec![b'0'; size], vec![0xff; size], vec![b' '; size]] {
        let reply = server.post("/", body);
        assert_eq!(reply.status, 400);
        assert!(!reply.error().is_empty());
    }
    let long = format!(r#"["SET","k","{}"]"#, "\\u00e9".repeat(size / 6));
    assert_eq!(server.post("/", long).text(), r#"{"result":"OK"}"#);
    assert_eq!(server.run(json!(["STRLEN", "k"])), size / 6 * 2);
}

#[test]
fn a_body_beyond_the_limit_is_413() {
    let server = Server::start();
    let limit = 64 << 20;
    let request = Request::post("/", "").token(TOKEN).header("content-length", &(limit + 1).to_string());
    let mut connection = server.connect();
    connection.write(&request.head()).expect("the head fits");
    let reply = connection.read(false);
    let text = format!("ERR max request size exceeded. Limit: {limit} bytes, Actual: {} bytes", limit + 1);
    assert_eq!((reply.status, reply.error()), (413, text));
    server.assert_alive();
}

#[test]
fn a_large_body_of_somebody_unknown_is_not_read() {
    let server = Server::start();
    let request = Request::post("/", "").token("wrong").header("content-length", &(10 << 20).to_string());
    let mut connection = server.connect();
    connection.write(&request.head()).expect("the head fits");
    assert_eq!(connection.read(false).status, 401, "before a byte of the body was sent");
    server.assert_alive();
}

#[test]
fn bytes_that_are_no_http() {
    let server = Server::start();
    for bytes in [
        &b"\r\n\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /get/k HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET /get/\xff HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"*1\r\n$4\r\nPING\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nnot really",
        &[0; 1000],
    ] {
        let mut connection = server.connect();
        // The server may have hung up before all is written.
        drop(connection.write(bytes));
        connection.finish();
        let said = connection.read_to_end();
        let is_refusal = said.is_empty() || said.starts_with(b"HTTP/1.1 4") || !said.starts_with(b"HTTP/1.1");
        assert!(is_refusal, "{:?}", String::from_utf8_lossy(&said));
        server.assert_alive();
    }
}

#[test]
fn heads_and_paths_have_a_limit() {
    let server = Server::start();
    let long = "a".repeat(1 << 20);
    for request in [
        Request::get(&format!("/get/{long}")).token(TOKEN),
        Request::get("/get/k").token(TOKEN).header("x-long", &long),
        Request::get("/get/k").token(&long),
    ] {
        let reply = server.send(&request);
        assert!((400..500).contains(&reply.status), "{}", reply.status);
        server.assert_alive();
    }
}

#[test]
fn a_request_that_ends_in_the_middle() {
    let server = Server::start();
    for bytes in [
        &b"POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\n[\"PI"[..],
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n5\r\n[\"PI",
        b"POST / HTTP/1.1\r\ncontent-le",
        b"P",
    ] {
        let mut connection = server.connect();
        connection.write(bytes).expect("the server reads");
        connection.finish();
        let said = connection.read_to_end();
        assert!(!said.starts_with(b"HTTP/1.1 200"), "{:?}", String::from_utf8_lossy(&said));
        server.assert_alive();
    }
}

/// Two servers must never disagree where a request ends.
#[test]
fn two_lengths_are_not_believed() {
    let server = Server::start();
    let mut connection = server.connect();
    let request = Request::post("/set/k", "")
        .token(TOKEN)
        .header("transfer-encoding", "chunked")
        .header("content-length", "4");
    drop(connection.write(&request.head()));
    drop(connection.write(b"0\r\n\r\nGET /set/smuggled/1 HTTP/1.1\r\n\r\n"));
    connection.finish();
    connection.read_to_end();
    assert_eq!(server.run(json!(["EXISTS", "smuggled"])), 0);
}
