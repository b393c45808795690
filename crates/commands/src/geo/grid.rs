//! The earth cut into cells: 2^steps columns and as many rows, whose numbers are interleaved to one.

/// A range of degrees that is cut into equal parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) min: f64,
    pub(super) max: f64,
}

/// From the antimeridian eastwards to itself.
pub(super) const LONGITUDE: Axis = Axis { min: -180.0, max: 180.0 };
/// As far as a map of the world in Mercator's projection is a square.
pub(super) const LATITUDE: Axis = Axis { min: -85.051_128_78, max: 85.051_128_78 };
/// From pole to pole.
pub(super) const WHOLE_LATITUDE: Axis = Axis { min: -90.0, max: 90.0 };

/// So often both axes are cut in halves for a score.
pub(super) const STEPS_MAX: u32 = 26;

impl Axis {
    /// Whether the degrees lie in it.
    pub(super) fn has(self, degrees: f64) -> bool {
        (self.min..=self.max).contains(&degrees)
    }

    /// The part that holds the degrees. The maximum itself is the first that lies beyond.
    pub(super) fn part(self, degrees: f64, steps: u32) -> u32 {
        ((degrees - self.min) / (self.max - self.min) * parts(steps)) as u32
    }

    /// Where a part begins. It need not exist: -1 is one before the first.
    pub(super) fn edge(self, part: f64, steps: u32) -> f64 {
        self.min + part / parts(steps) * (self.max - self.min)
    }

    /// The middle of one of the smallest parts.
    pub(super) fn middle(self, part: u32) -> f64 {
        let edge = |part: f64| self.edge(part, STEPS_MAX);
        let middle = (edge(part.into()) + edge(f64::from(part) + 1.0)) / 2.0;
        middle.clamp(self.min, self.max)
    }
}

fn parts(steps: u32) -> f64 {
    f64::from(1_u32 << steps)
}

/// A cell's number: the bits of its column and its row in turns, so that near cells have near numbers.
pub(super) fn interleave(column: u32, row: u32) -> u64 {
    spread(column) << 1 | spread(row)
}

/// Column and row of a cell's number.
pub(super) fn separate(cell: u64) -> (u32, u32) {
    (gather(cell >> 1), gather(cell))
}

const MASKS: [u64; 6] = [
    0x5555_5555_5555_5555,
    0x3333_3333_3333_3333,
    0x0f0f_0f0f_0f0f_0f0f,
    0x00ff_00ff_00ff_00ff,
    0x0000_ffff_0000_ffff,
    0x0000_0000_ffff_ffff,
];

/// Moves bit n to bit 2n.
fn spread(n: u32) -> u64 {
    (0..5).rev().fold(n.into(), |n, step| (n | n << (1 << step)) & MASKS[step])
}

/// Moves bit 2n to bit n, and drops the others.
fn gather(n: u64) -> u32 {
    (0..5).fold(n & MASKS[0], |n, step| (n | n >> (1 << step)) & MASKS[step + 1]) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_rows_take_turns() {
        assert_eq!(interleave(0b101, 0b011), 0b10_01_11);
        for (column, row) in [(0, 0), (1, 0), (0, 1), (u32::MAX, 0), (0x1234_5678, 0x9abc_def0)] {
            assert_eq!(separate(interleave(column, row)), (column, row));
        }
    }

    #[test]
    fn parts_are_half_open() {
        assert_eq!(LONGITUDE.part(-180.0, 1), 0);
        assert_eq!(LONGITUDE.part(0.0, 1), 1);
        assert_eq!(LONGITUDE.part(180.0, 1), 2);
        assert_eq!(LONGITUDE.edge(-1.0, 2), -270.0);
    }
}
