//! What those are told who speak something else than this port does.

/// Methods of HTTP, of which some are no commands of Redis.
const METHODS: [&[u8]; 8] = [b"GET", b"POST", b"HEAD", b"PUT", b"OPTIONS", b"DELETE", b"PATCH", b"PRI"];

/// Whether these words are the first line of an HTTP request.
pub(crate) fn is_http(words: &[impl AsRef<[u8]>]) -> bool {
    match words {
        [method, _, version] => METHODS.contains(&method.as_ref()) && version.as_ref().starts_with(b"HTTP/"),
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

/// The answer to whoever speaks without TLS where there is TLS, and began like this.
pub(crate) fn plain_on_tls(beginning: &[u8]) -> Vec<u8> {
    const SENTENCE: &str = "ERR this port speaks TLS: use rediss:// instead of redis:// in the URL";
    if begins_http(beginning) { bad_request(SENTENCE) } else { format!("-{SENTENCE}\r\n").into_bytes() }
}

/// Whether this is the beginning of an HTTP request. Where its line is not whole, a method is enough.
fn begins_http(beginning: &[u8]) -> bool {
    let find = |byte| beginning.iter().position(|&other| other == byte);
    match (find(b'\n'), find(b' ')) {
        (Some(end), _) => {
            let line = beginning[..end].trim_ascii_end();
            is_http(&line.split(|&byte| byte == b' ').collect::<Vec<_>>())
        }
        (None, Some(end)) => METHODS.contains(&&beginning[..end]),
        (None, None) => METHODS.iter().any(|method| method.starts_with(beginning)),
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
            assert!(is_http(&line.split(' ').collect::<Vec<_>>()), "{line}");
        }
        for line in ["GET key", "GET", "SET k HTTP/1.1", "PUT a b", "GET a b c"] {
            assert!(!is_http(&line.split(' ').collect::<Vec<_>>()), "{line}");
        }
    }

    #[test]
    fn http_is_told_from_commands_that_are_typed() {
        for http in
            ["GET / HTTP/1.1\r\nhost: x\r\n", "POST /pipeline HT", "PRI * HTTP/2.0\r\n", "PUT /a", "OPT"]
        {
            assert!(begins_http(http.as_bytes()), "{http}");
        }
        for typed in
            ["PING\r\n", "PING", "get key\n", "GET key\r\n", "GETRANGE k 0", "AUTH x", "*1\r\n", "*", "\r\n"]
        {
            assert!(!begins_http(typed.as_bytes()), "{typed}");
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
