//! Finding the token in a request. Whether it is good is decided elsewhere.

use bytes::Bytes;
use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;

/// The bearer token of the `Authorization` header; empty if there is none. The scheme's case does not matter, and a
/// token without a scheme is taken as it is, as Upstash does.
pub(crate) fn from_headers(headers: &HeaderMap) -> Bytes {
    let Some(value) = headers.get(AUTHORIZATION) else { return Bytes::new() };
    let value = value.as_bytes().trim_ascii();
    let token = match value.split_at_checked("bearer ".len()) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer ") => token.trim_ascii(),
        _ => value,
    };
    Bytes::copy_from_slice(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_optional_and_in_any_case() {
        for value in ["Bearer t0ken=", "bearer t0ken=", "BEARER  t0ken= ", "t0ken="] {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]);
            assert_eq!(from_headers(&headers), "t0ken=", "{value:?}");
        }
        assert_eq!(from_headers(&HeaderMap::new()), "");
    }
}
