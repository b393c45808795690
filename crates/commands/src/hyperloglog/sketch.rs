//! A HyperLogLog in the string that Redis keeps it in: a header, then registers, sparse or dense.
//!
//! The header: `HYLL`, the encoding, three unused bytes, and eight bytes with the count as it was last computed,
//! least significant first; the highest bit of the last says that it is out of date.

use latchkey_protocol::ReplyError;

use super::estimate::{Histogram, estimate};
use super::sparse::{self, Raised, Run};
use super::{dense, element};
use crate::Result;

/// How many registers.
pub(super) const REGISTERS: usize = 1 << 14;

/// Redis's `hll-sparse-max-bytes`: a sparse sketch that would be longer becomes dense.
const SPARSE_BYTES_MAX: usize = 3000;

const HEADER_BYTES: usize = 16;
const MAGIC: &[u8] = b"HYLL";
const ENCODING_AT: usize = 4;
const DENSE: u8 = 0;
const SPARSE: u8 = 1;

const NOT_A_SKETCH: ReplyError = ReplyError::fixed("WRONGTYPE Key is not a valid HyperLogLog string value.");
const CORRUPT: ReplyError = ReplyError::fixed("INVALIDOBJ Corrupted HLL object detected");

/// A look at a sketch.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    header: &'a [u8; HEADER_BYTES],
    registers: &'a [u8],
}

impl<'a> View<'a> {
    /// Refuses bytes that are no sketch. Whether sparse registers make sense shows when they are read.
    pub(super) fn of(bytes: &'a [u8]) -> Result<Self> {
        let (header, registers) = bytes.split_first_chunk().ok_or(NOT_A_SKETCH)?;
        let is_sketch = header.starts_with(MAGIC)
            && match header[ENCODING_AT] {
                DENSE => registers.len() == dense::BYTES,
                SPARSE => true,
                _ => false,
            };
        if is_sketch { Ok(Self { header, registers }) } else { Err(NOT_A_SKETCH.into()) }
    }

    /// Whether its registers are dense.
    pub(super) fn is_dense(self) -> bool {
        self.header[ENCODING_AT] == DENSE
    }

    /// About how many different elements were added: as the header says if it is up to date, else computed.
    pub(super) fn count(self) -> Result<i64> {
        let [.., a, b, c, d, e, f, g, h] = *self.header;
        let cached = i64::from_le_bytes([a, b, c, d, e, f, g, h]);
        if cached >= 0 {
            return Ok(cached);
        }
        let mut histogram: Histogram = [0; 64];
        self.each_run(|_, run| histogram[usize::from(run.rank)] += run.len)?;
        Ok(estimate(&histogram))
    }

    /// Visits all registers in order, as runs with their first register.
    fn each_run(self, mut visit: impl FnMut(usize, Run)) -> Result<()> {
        if self.is_dense() {
            let ranks = dense::ranks(self.registers).enumerate();
            ranks.for_each(|(register, rank)| visit(register, Run { rank, len: 1 }));
            return Ok(());
        }
        let mut first = 0;
        for run in sparse::runs(self.registers) {
            if first + run.len > REGISTERS {
                return Err(CORRUPT.into());
            }
            visit(first, run);
            first += run.len;
        }
        if first == REGISTERS { Ok(()) } else { Err(CORRUPT.into()) }
    }
}

/// The ranks of several sketches' registers, of each the greatest.
#[derive(Clone, Debug)]
pub(super) struct Union {
    ranks: Vec<u8>,
    /// Whether a sketch in it is dense.
    pub(super) is_dense: bool,
}

impl Union {
    /// Of no sketch.
    pub(super) fn new() -> Self {
        Self { ranks: vec![0; REGISTERS], is_dense: false }
    }

    /// Adds a sketch.
    pub(super) fn add(&mut self, sketch: View<'_>) -> Result<()> {
        self.is_dense |= sketch.is_dense();
        sketch.each_run(|first, run| {
            self.ranks[first..first + run.len].iter_mut().for_each(|rank| *rank = run.rank.max(*rank));
        })
    }

    /// About how many different elements were added to any of them.
    pub(super) fn count(&self) -> i64 {
        let mut histogram: Histogram = [0; 64];
        self.ranks.iter().for_each(|&rank| histogram[usize::from(rank)] += 1);
        estimate(&histogram)
    }

    /// The registers that an element has reached, with their ranks.
    pub(super) fn ranked(&self) -> impl Iterator<Item = (usize, u8)> {
        self.ranks.iter().copied().enumerate().filter(|&(_, rank)| rank > 0)
    }
}

/// A sketch to be edited.
#[derive(Clone, Debug)]
pub(super) struct Sketch {
    header: [u8; HEADER_BYTES],
    registers: Vec<u8>,
}

impl Sketch {
    /// Without elements.
    pub(super) fn new() -> Self {
        let mut header = [0; HEADER_BYTES];
        header[..MAGIC.len()].copy_from_slice(MAGIC);
        header[ENCODING_AT] = SPARSE;
        let mut registers = Vec::new();
        Run { rank: 0, len: REGISTERS }.write(&mut registers);
        Self { header, registers }
    }

    /// A copy of a stored one.
    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        let view = View::of(bytes)?;
        Ok(Self { header: *view.header, registers: view.registers.to_vec() })
    }

    /// The bytes to be stored. The count that they hold is marked as out of date.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.header[HEADER_BYTES - 1] |= 0x80;
        [&self.header[..], &self.registers].concat()
    }

    /// Adds an element. Whether a register changed.
    pub(super) fn add(&mut self, element: &[u8]) -> Result<bool> {
        let (register, rank) = element::place(element);
        self.raise(register, rank)
    }

    /// Gives a register a rank if the one that it has is less. Whether it was.
    pub(super) fn raise(&mut self, register: usize, rank: u8) -> Result<bool> {
        if !self.view().is_dense() {
            match self.raise_sparse(register, rank)? {
                Raised::Yes => return Ok(true),
                Raised::No => return Ok(false),
                Raised::NoRoom => self.make_dense()?,
            }
        }
        let is_less = dense::get(&self.registers, register) < rank;
        if is_less {
            dense::set(&mut self.registers, register, rank);
        }
        Ok(is_less)
    }

    fn raise_sparse(&mut self, register: usize, rank: u8) -> Result<Raised> {
        if rank > sparse::RANK_MAX {
            return Ok(Raised::NoRoom);
        }
        let bytes_max = SPARSE_BYTES_MAX - HEADER_BYTES;
        Ok(sparse::raise(&mut self.registers, register, rank, bytes_max).ok_or(CORRUPT)?)
    }

    /// Makes the registers dense, if they are not yet.
    pub(super) fn make_dense(&mut self) -> Result<()> {
        if !self.view().is_dense() {
            let mut registers = vec![0; dense::BYTES];
            self.view().each_run(|first, run| {
                (first..first + run.len).for_each(|register| dense::set(&mut registers, register, run.rank));
            })?;
            self.registers = registers;
            self.header[ENCODING_AT] = DENSE;
        }
        Ok(())
    }

    fn view(&self) -> View<'_> {
        View { header: &self.header, registers: &self.registers }
    }
}
