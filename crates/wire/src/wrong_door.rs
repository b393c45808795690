//! What those are told who speak something else than this port does.

use latchkey_protocol::Words;

/// Methods of HTTP, of which some are no commands of Redis.
const METHODS: [&[u8]; 8] = [b"GET", b"POST", b"HEAD", b"PUT", b"OPTIONS", b"DELETE", b"PATCH", b"PRI"];

/// Whether these words are the first line of an HTTP request.
pub(crate) fn is_http(words: &Words) -> bool {
    match words.as_slice() {
        [method, _, version] => METHODS.contains(&method.as_ref()) && version.starts_with(b"HTTP/"),
        _ => false,
    }
}

/// The answer to an HTTP request: where its door is.
pub(crate) fn http_response(rest_url: &str) -> Vec<u8> {
    bad_request(&format!(
        "ERR this port speaks the Redis protocol (RESP), not HTTP: send REST requests to {rest_url}, \
         and use redis:// or rediss:// URLs for this port"
    ))
}

/// The answer to whoever speaks without TLS where there is TLS.
pub(crate) fn plain_on_tls(first: u8) -> Vec<u8> {
    const SENTENCE: &str = "ERR this port speaks TLS: use rediss:// instead of redis:// in the URL";
    match first {
        b'*' => format!("-{SENTENCE}\r\n").into_bytes(),
        _ => bad_request(SENTENCE),
    }
}

fn bad_request(sentence: &str) -> Vec<u8> {
    let sentence = sentence.replace(['"', '\\'], "'");
    let body = format!("{{\"error\":\"{sentence}\"}}");
    format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json; charset=utf-8\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_request_line_is_taken_for_http() {
        for line in ["GET / HTTP/1.1", "POST /pipeline HTTP/1.0", "PRI * HTTP/2.0"] {
            assert!(is_http(&line.split(' ').collect()), "{line}");
        }
        for line in ["GET key", "GET", "SET k HTTP/1.1", "PUT a b", "GET a b c"] {
            assert!(!is_http(&line.split(' ').collect()), "{line}");
        }
    }

    #[test]
    fn the_length_is_that_of_the_body() {
        let response = String::from_utf8(http_response("https://x\"\\y")).unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("content-length: {}", body.len())), "{head}");
        assert!(body.contains("https://x''y"), "{body}");
    }
}
