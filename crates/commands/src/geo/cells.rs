//! Which scores an area can have: those of at most nine cells of a grid that is as fine as the area allows.

use std::ops::Range;

use super::area::{Area, Bounds};
use super::grid::{self, Axis, LATITUDE, LONGITUDE, STEPS_MAX};

/// Ranges of scores that together cover the area: the centre's cell, then its neighbours.
pub(super) fn score_ranges(area: &Area) -> Vec<Range<f64>> {
    let bounds = area.bounds();
    let finest = steps(area.reach_m(), area.center.latitude);
    let fitting =
        (2..=finest).rev().map(|steps| Block::around(area, steps)).find(|block| block.covers(&bounds));
    let block = fitting.unwrap_or_else(|| Block::around(area, 1));
    let shift = 2 * (STEPS_MAX - block.steps);
    let edge = |cell: u64| (cell << shift) as f64;
    let cells = block.cells(&bounds).into_iter().map(|(column, row)| grid::interleave(column, row));
    // The number of the cell in the very corner of the map takes 54 bits, and its successor rounds down to it.
    cells.map(|cell| edge(cell)..edge(cell + 1).max(edge(cell).next_up())).collect()
}

/// In how fine a grid nine cells are expected to cover a reach. Towards the poles cells become narrower.
fn steps(reach_m: f64, latitude: f64) -> u32 {
    /// Half the equator in Mercator's projection.
    const MERCATOR_MAX_M: f64 = 20_037_726.37;
    let halvings = (MERCATOR_MAX_M / reach_m).log2().ceil().clamp(0.0, 64.0) as u32;
    let polar = match latitude.abs() {
        beyond if beyond > 80.0 => 2,
        beyond if beyond > 66.0 => 1,
        _ => 0,
    };
    halvings.saturating_sub(1 + polar).clamp(1, STEPS_MAX)
}

/// A cell of a grid, with its neighbours.
struct Block {
    steps: u32,
    column: u32,
    row: u32,
}

impl Block {
    fn around(area: &Area, steps: u32) -> Self {
        let part = |axis: Axis, degrees| axis.part(degrees, steps).min(last(steps));
        let (column, row) = (part(LONGITUDE, area.center.longitude), part(LATITUDE, area.center.latitude));
        Self { steps, column, row }
    }

    /// Whether the nine cells reach as far as the bounds.
    fn covers(&self, bounds: &Bounds) -> bool {
        self.west(-1) <= bounds.west
            && self.west(2) >= bounds.east
            && self.south(-1) <= bounds.south.max(LATITUDE.min)
            && self.south(2) >= bounds.north.min(LATITUDE.max)
    }

    /// The western edge of the cells so many columns to the east.
    fn west(&self, columns: i32) -> f64 {
        LONGITUDE.edge(f64::from(self.column) + f64::from(columns), self.steps)
    }

    /// The southern edge of the cells so many rows to the north.
    fn south(&self, rows: i32) -> f64 {
        LATITUDE.edge(f64::from(self.row) + f64::from(rows), self.steps)
    }

    /// Columns and rows of those of the nine cells that the bounds reach, in the order in which Redis visits them.
    fn cells(&self, bounds: &Bounds) -> Vec<(u32, u32)> {
        const MOVES: [(i32, i32); 9] =
            [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];
        let reached = |&(east, north): &(i32, i32)| {
            self.steps == 1
                || (east != 1 || bounds.east >= self.west(1))
                    && (east != -1 || bounds.west <= self.west(0))
                    && (north != 1 || bounds.north >= self.south(1))
                    && (north != -1 || bounds.south <= self.south(0))
        };
        let mut cells = Vec::with_capacity(MOVES.len());
        for cell in MOVES.iter().filter(|step| reached(step)).filter_map(|&step| self.moved(step)) {
            if !cells.contains(&cell) {
                cells.push(cell);
            }
        }
        cells.extend(self.seam(&cells));
        cells
    }

    /// The cell so many columns to the east, around the earth, and rows to the north; none beyond the last row.
    fn moved(&self, (east, north): (i32, i32)) -> Option<(u32, u32)> {
        let column = self.column.wrapping_add_signed(east) & last(self.steps);
        let row = self.row.checked_add_signed(north).filter(|&row| row <= last(self.steps))?;
        Some((column, row))
    }

    /// What lies exactly on the eastern or northern edge of the map has a column or a row of its own.
    fn seam(&self, cells: &[(u32, u32)]) -> Vec<(u32, u32)> {
        let last = last(self.steps);
        let columns =
            |column| if column == 0 || column == last { vec![column, last + 1] } else { vec![column] };
        let rows = |row| if row == last { vec![row, last + 1] } else { vec![row] };
        let all = cells.iter().flat_map(|&(column, row)| {
            columns(column)
                .into_iter()
                .flat_map(move |column| rows(row).into_iter().map(move |row| (column, row)))
        });
        let mut beyond: Vec<_> = all.filter(|&(column, row)| column > last || row > last).collect();
        beyond.sort_unstable();
        beyond.dedup();
        beyond
    }
}

/// The last column, and the last row.
fn last(steps: u32) -> u32 {
    (1 << steps) - 1
}
