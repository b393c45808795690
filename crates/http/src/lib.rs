//! The REST door: HTTP/1.1 and HTTP/2, with or without TLS.
