//! A whole RESP connection: it ends, what comes back is RESP, and others are served meanwhile.

mod node;
mod replies;

use std::net::{Ipv4Addr, SocketAddr};

use latchkey_pipeline::Stack;
use latchkey_wire::Door;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::heap;
use crate::input::Input;
use replies::Speech;

/// How much of either direction the streams hold: little, so that writing waits for reading too.
const STREAM_BYTES: usize = 512;

/// Buffers, a database of at most 1 MiB, replies of at most as much, and an interpreter's worth for scripts.
const HEAP_BYTES_MAX: usize = 16 << 20;

/// The first byte says as whom and in how large pieces the rest is sent.
pub(crate) fn run(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let choice = input.byte();
    let greeting: &[u8] = match choice & 3 {
        0 => b"",
        1 => b"HELLO 3 AUTH default token\r\n",
        _ => b"AUTH token\r\n",
    };
    let sent = [greeting, input.rest()].concat();
    let piece_bytes = usize::from(choice >> 2) * 8 + 1;
    // Timers fire when nothing else is to be done, so waits take no time.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without sockets needs nothing");
    heap::within(HEAP_BYTES_MAX, || runtime.block_on(serve(&sent, piece_bytes)));
}

async fn serve(sent: &[u8], piece_bytes: usize) {
    let door = node::door();
    let (ours, theirs) = tokio::io::duplex(STREAM_BYTES);
    let (mut read, mut write) = tokio::io::split(theirs);
    let mut received = Vec::new();
    let may_kill = sent.windows(4).any(|word| word.eq_ignore_ascii_case(b"kill"));
    let sending = async {
        for piece in sent.chunks(piece_bytes) {
            if write.write_all(piece).await.is_err() {
                break; // it was dismissed
            }
            tokio::task::yield_now().await;
        }
        check_another(&door, may_kill).await;
        write.shutdown().await
    };
    let (_, left, reading) = tokio::join!(answer(&door, ours, 1), sending, read.read_to_end(&mut received));
    left.and(reading.map(drop)).expect("streams in memory do not fail");
    check_speech(&received, may_kill);
}

async fn answer<S: Stack>(door: &Door<S>, stream: DuplexStream, port: u16) {
    let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    door.answer(stream, [address(port), address(6379)]).await;
}

/// Somebody else is answered, whatever the first has sent so far, unless that kills connections.
async fn check_another<S: Stack>(door: &Door<S>, may_be_killed: bool) {
    let (ours, mut theirs) = tokio::io::duplex(STREAM_BYTES);
    let asking = async {
        theirs.write_all(b"AUTH token\r\nPING\r\nQUIT\r\n").await?;
        let mut answered = Vec::new();
        theirs.read_to_end(&mut answered).await.map(|_| answered)
    };
    let (_, answered) = tokio::join!(answer(door, ours, 2), asking);
    let answered = answered.expect("streams in memory do not fail");
    assert!(may_be_killed || answered == b"+OK\r\n+PONG\r\n+OK\r\n", "{}", answered.escape_ascii());
}

/// Whoever is killed may have heard only a part of a reply; nobody else.
fn check_speech(received: &[u8], may_be_killed: bool) {
    let is_http = received.starts_with(b"HTTP/1.1 ");
    match replies::read_all(received) {
        Speech::Whole => {}
        Speech::Cut if may_be_killed => {}
        _ if is_http => {}
        Speech::Cut => panic!("cut off: {}", received.escape_ascii()),
        Speech::Malformed(at) => panic!("no RESP from byte {at} on: {}", received.escape_ascii()),
    }
}
