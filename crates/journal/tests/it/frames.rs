//! Frames as bytes.

use latchkey_journal::{
    End, FLAG_AFTER_SYNC, FRAME_HEAD_BYTES, Frame, FrameRef, KIND_EFFECTS, Lsn, NoFrame, Scanner, decode,
};
use proptest::collection::vec;
use proptest::prelude::*;

const SALT: u64 = 0x1122_3344_5566_7788;

fn any_frame() -> impl Strategy<Value = Frame> {
    let numbers = (1..=u64::MAX, any::<[u8; 16]>(), any::<u64>(), any::<u8>(), 0u8..4);
    (numbers, vec(any::<u8>(), 0..100)).prop_map(|((lsn, database, seq, kind, flags), payload)| Frame {
        lsn: Lsn(lsn),
        database,
        seq,
        kind,
        flags,
        payload,
    })
}

fn encode(frames: &[Frame]) -> Vec<u8> {
    let mut bytes = Vec::new();
    frames.iter().for_each(|frame| frame.as_frame_ref().encode(SALT, &mut bytes));
    bytes
}

/// A frame whose flags and payload are given.
fn frame(flags: u8, payload: &[u8]) -> FrameRef<'_> {
    FrameRef { lsn: Lsn(1), database: [7; 16], seq: 1, kind: KIND_EFFECTS, flags, payload }
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded(frames in vec(any_frame(), 0..10)) {
        let bytes = encode(&frames);
        let mut scanner = Scanner::new(&bytes, SALT);
        let found: Vec<Frame> = scanner.by_ref().map(|frame| frame.to_frame()).collect();
        prop_assert_eq!(found, frames);
        prop_assert_eq!(scanner.end(), End::Clean { offset: bytes.len() });
        prop_assert_eq!(Scanner::new(&bytes, SALT + 1).count(), 0);
    }

    #[test]
    fn frames_that_were_cut_anywhere_are_a_prefix(frames in vec(any_frame(), 1..6), cut in any::<prop::sample::Index>()) {
        let bytes = encode(&frames);
        let cut = cut.index(bytes.len());
        let mut scanner = Scanner::new(&bytes[..cut], SALT);
        let found: Vec<Frame> = scanner.by_ref().map(|frame| frame.to_frame()).collect();
        prop_assert!(found.len() < frames.len() && frames.starts_with(&found));
        let is_at_end = scanner.offset() == cut;
        prop_assert_eq!(matches!(scanner.end(), End::Clean { .. }), is_at_end || bytes[scanner.offset()..cut].iter().all(|&byte| byte == 0));
    }

    #[test]
    fn a_flipped_bit_ends_the_frames(frames in vec(any_frame(), 1..4), bit in any::<prop::sample::Index>()) {
        let mut bytes = encode(&frames);
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let mut scanner = Scanner::new(&bytes, SALT);
        let found: Vec<Frame> = scanner.by_ref().map(|frame| frame.to_frame()).collect();
        prop_assert!(found.len() < frames.len() && frames.starts_with(&found));
        prop_assert!(scanner.offset() <= bit / 8);
    }

    #[test]
    fn any_bytes_are_no_frames_and_no_panic(bytes in vec(any::<u8>(), 0..300), salt in any::<u64>()) {
        let mut scanner = Scanner::new(&bytes, salt);
        prop_assert_eq!(scanner.by_ref().count(), 0);
        prop_assert_eq!(scanner.end().offset(), 0);
    }
}

/// The bytes of version 1, so that a change of the format cannot go unnoticed. The sums were computed by another program.
#[test]
fn a_frame_has_these_bytes() {
    let mut bytes = Vec::new();
    let frame = FrameRef {
        lsn: Lsn(0x0102),
        database: [0xdb; 16],
        seq: 0x0304,
        kind: 1,
        flags: 2,
        payload: b"hello",
    };
    frame.encode(SALT, &mut bytes);
    assert_eq!(bytes.len(), frame.encoded_bytes());
    assert_eq!(bytes[..4], [5, 0, 0, 0]);
    assert_eq!(
        bytes[8..42],
        *[&[2, 1, 0, 0, 0, 0, 0, 0][..], &[0xdb; 16], &[4, 3, 0, 0, 0, 0, 0, 0], &[1, 2]].concat()
    );
    assert_eq!(bytes[44..], *b"hello\0\0\0\0\0\0\0");
    assert_eq!((&bytes[4..8], &bytes[42..44]), (&[124, 138, 124, 27][..], &[223, 10][..]));
}

#[test]
fn zeroes_are_no_frame_whatever_the_salt() {
    let zeroes = [0; 256];
    for salt in 0..200_000 {
        assert_eq!(decode(&zeroes, salt), Err(NoFrame::Unlike));
    }
    assert_eq!(Scanner::new(&zeroes, SALT).end(), End::Clean { offset: 0 });
}

#[test]
fn a_frame_says_how_many_bytes_it_needs_before_they_are_there() {
    let mut bytes = Vec::new();
    frame(0, &[1; 1000]).encode(SALT, &mut bytes);
    assert_eq!(decode(&bytes[..FRAME_HEAD_BYTES - 1], SALT), Err(NoFrame::Short { bytes: FRAME_HEAD_BYTES }));
    assert_eq!(decode(&bytes[..FRAME_HEAD_BYTES], SALT), Err(NoFrame::Short { bytes: bytes.len() }));
}

/// Goal: a frame behind a bad one proves damage only if it was written after the bad one had been synced.
#[test]
fn a_good_frame_behind_a_bad_one_is_damage_only_after_a_sync() {
    let frames_with = |flags: u8| {
        let mut bytes = Vec::new();
        [0, 0, flags].into_iter().for_each(|flags| frame(flags, b"payload").encode(SALT, &mut bytes));
        bytes[60] ^= 1;
        bytes
    };
    let end = |bytes: &[u8]| {
        let mut scanner = Scanner::new(bytes, SALT);
        scanner.by_ref().for_each(drop);
        scanner.end()
    };
    assert_eq!(end(&frames_with(FLAG_AFTER_SYNC)), End::Damaged { offset: 56, good_at: 112 });
    assert_eq!(end(&frames_with(0)), End::Torn { offset: 56, bytes: 112 });
}
