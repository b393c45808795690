//! Sparse registers: runs of equal ranks, one after the other.
//!
//! | bytes | run |
//! |---|---|
//! | `00nnnnnn` | n+1 registers of rank 0 |
//! | `01nnnnnn nnnnnnnn` | n+1 registers of rank 0 |
//! | `1rrrrrnn` | n+1 registers of rank r+1 |

/// The greatest rank that a run can have.
pub(super) const RANK_MAX: u8 = 32;

/// The longest run of registers with a rank.
const RANKED_MAX: usize = 4;
/// The longest run of zeros in one byte.
const ZEROS_SHORT_MAX: usize = 64;

/// Registers that follow each other and have one rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) rank: u8,
    pub(super) len: usize,
}

impl Run {
    /// The run at the beginning of `bytes`, and how many bytes it takes. `None` at the end, or where bytes are missing.
    fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let zeros = |len: usize| Self { rank: 0, len: len + 1 };
        Some(match *bytes {
            [byte @ 0x00..=0x3f, ..] => (zeros(byte.into()), 1),
            [high @ 0x40..=0x7f, low, ..] => (zeros(usize::from(high & 0x3f) << 8 | usize::from(low)), 2),
            [byte @ 0x80..=0xff, ..] => {
                (Self { rank: (byte >> 2 & 0x1f) + 1, len: usize::from(byte & 3) + 1 }, 1)
            }
            _ => return None,
        })
    }

    /// Appends the run, unless it is empty.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        let Some(n) = self.len.checked_sub(1) else { return };
        match self.rank {
            0 if self.len > ZEROS_SHORT_MAX => out.extend([0x40 | (n >> 8) as u8, n as u8]),
            0 => out.push(n as u8),
            rank => out.push(0x80 | (rank - 1) << 2 | n as u8),
        }
    }
}

/// The runs, up to where the bytes end or make no sense.
pub(super) fn runs(mut bytes: &[u8]) -> impl Iterator<Item = Run> {
    std::iter::from_fn(move || {
        let (run, taken) = Run::read(bytes)?;
        bytes = &bytes[taken..];
        Some(run)
    })
}

/// What [`raise`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Raised {
    Yes,
    /// The register has the rank, or a greater one.
    No,
    /// It would take more than the bytes that are allowed. Nothing was changed.
    NoRoom,
}

/// Gives a register a rank of at most [`RANK_MAX`] if the one that it has is less. `None` if the runs do not reach so far.
///
/// Where a run is split and which neighbours are joined afterwards is part of the format: the same elements in the same
/// order give the bytes that Redis stores.
pub(super) fn raise(bytes: &mut Vec<u8>, register: usize, rank: u8, bytes_max: usize) -> Option<Raised> {
    let Found { run, first, at, taken, before } = find(bytes, register)?;
    if run.rank >= rank {
        return Some(Raised::No);
    }
    let mut split = Vec::with_capacity(5);
    Run { len: register - first, ..run }.write(&mut split);
    Run { rank, len: 1 }.write(&mut split);
    Run { len: first + run.len - register - 1, ..run }.write(&mut split);
    if split.len() > taken && bytes.len() + split.len() - taken > bytes_max {
        return Some(Raised::NoRoom);
    }
    bytes.splice(at..at + taken, split);
    join(bytes, before);
    Some(Raised::Yes)
}

/// A run among its neighbours.
struct Found {
    run: Run,
    /// Its first register.
    first: usize,
    /// Where its bytes begin, and how many they are.
    at: usize,
    taken: usize,
    /// Where those of the run before it begin; its own if it is the first.
    before: usize,
}

/// The run that covers a register.
fn find(bytes: &[u8], register: usize) -> Option<Found> {
    let (mut first, mut at, mut before) = (0, 0, 0);
    loop {
        let (run, taken) = Run::read(&bytes[at..])?;
        if register < first + run.len {
            return Some(Found { run, first, at, taken, before });
        }
        (first, before, at) = (first + run.len, at, at + taken);
    }
}

/// Joins runs of equal rank, as far as one byte can say how long they are.
fn join(bytes: &mut Vec<u8>, mut at: usize) {
    /// So many steps are made, each over a run or to join two.
    const STEPS: usize = 5;
    for _ in 0..STEPS {
        let Some((run, taken)) = Run::read(&bytes[at..]) else { return };
        let next = Run::read(&bytes[at + taken..]).map(|(next, _)| next);
        match next.filter(|next| run.rank != 0 && next.rank == run.rank && run.len + next.len <= RANKED_MAX) {
            Some(next) => {
                let mut joined = Vec::with_capacity(1);
                Run { rank: run.rank, len: run.len + next.len }.write(&mut joined);
                bytes.splice(at..at + 2, joined);
            }
            None => at += taken,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_read_as_they_were_written() {
        let lens = [1, 2, 63, 64, 65, 255, 256, 257, 16384].map(|len| Run { rank: 0, len });
        let ranked = (1..=RANK_MAX).flat_map(|rank| (1..=RANKED_MAX).map(move |len| Run { rank, len }));
        for run in lens.into_iter().chain(ranked) {
            let mut bytes = Vec::new();
            run.write(&mut bytes);
            assert_eq!(Run::read(&bytes), Some((run, bytes.len())));
        }
        assert_eq!(Run::read(&[0x7f]), None, "a long run needs a second byte");
        assert_eq!(Run::read(&[]), None);
    }

    #[test]
    fn neighbours_of_equal_rank_are_joined() {
        let mut bytes = vec![0x7f, 0xff];
        for register in [10, 12, 11, 9, 13] {
            assert_eq!(raise(&mut bytes, register, 3, 100), Some(Raised::Yes));
            assert_eq!(raise(&mut bytes, register, 2, 100), Some(Raised::No));
        }
        let runs: Vec<_> = runs(&bytes).map(|run| (run.rank, run.len)).collect();
        assert_eq!(runs, [(0, 9), (3, 4), (3, 1), (0, 16370)]);
        let before = bytes.clone();
        assert_eq!(raise(&mut bytes, 100, 1, before.len() + 2), Some(Raised::NoRoom));
        assert_eq!(bytes, before);
        assert_eq!(raise(&mut bytes, 100, 1, before.len() + 3), Some(Raised::Yes));
        assert_eq!(raise(&mut bytes, 16384, 1, 100), None);
    }
}
