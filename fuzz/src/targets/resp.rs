//! Requests in RESP: the same bytes give the same commands, in whatever pieces they come.

use bytes::BytesMut;
use latchkey_protocol::resp::{Decoder, RequestLimits};
use latchkey_protocol::{ReplyError, Words};

use crate::heap;
use crate::input::Input;

/// Small enough for an input to reach them.
const LIMITS: RequestLimits = RequestLimits { words_max: 100, bulk_bytes_max: 1000, request_bytes_max: 1500 };

/// The first byte says how the rest is cut, and whether somebody has authenticated.
pub(crate) fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let choice = input.byte();
    let (is_authenticated, piece_bytes) = (choice & 1 == 1, usize::from(choice >> 1) + 1);
    let rest = input.rest();
    // A command of two bytes is a list with room for six words, in two lists of commands, which grow by doubling.
    heap::within(64 * 1024 + 1024 * rest.len(), || {
        let whole = decode(rest, rest.len().max(1), is_authenticated);
        let cut = decode(rest, piece_bytes, is_authenticated);
        assert_eq!(whole, cut, "in pieces of {piece_bytes} bytes");
    });
}

/// The commands in these bytes, and the error that ended them. Nothing of a command may be beyond its limits.
fn decode(bytes: &[u8], piece_bytes: usize, is_authenticated: bool) -> (Vec<Words>, Option<ReplyError>) {
    let mut decoder = Decoder::new(LIMITS);
    decoder.set_authenticated(is_authenticated);
    let (mut buffer, mut commands) = (BytesMut::new(), Vec::new());
    for piece in bytes.chunks(piece_bytes) {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buffer) {
                Ok(Some(words)) => commands.push(words),
                Ok(None) => break,
                Err(error) => return (commands, Some(error)),
            }
        }
        assert!(decoder.held_bytes() <= LIMITS.request_bytes_max + LIMITS.words_max * 32);
    }
    (commands, None)
}
