//! Finding out how little has to happen for a failure.

use crate::run::{Failure, run};

/// Most runs that are made to shrink one failure.
const RUNS_MAX: u32 = 300;

/// Leaves out what the failure does not need, as far as that is found out with a bounded number of runs.
pub fn shrink(failure: Failure) -> Failure {
    let mut best = failure;
    let mut runs_left = RUNS_MAX;
    let mut length = best.plan.steps.div_ceil(2);
    while length > 0 && runs_left > 0 {
        let mut start = 0;
        while start < best.plan.steps && runs_left > 0 {
            let mut plan = best.plan.clone();
            plan.without.push(start..(start + length).min(plan.steps));
            start += length;
            runs_left -= 1;
            if let Err(failure) = run(&plan) {
                best = failure;
            }
        }
        length /= 2;
    }
    best.plan.without = merged(best.plan.without);
    best
}

/// The same steps in as few ranges as there can be.
fn merged(mut ranges: Vec<std::ops::Range<u32>>) -> Vec<std::ops::Range<u32>> {
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<std::ops::Range<u32>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_that_touch_become_one() {
        assert_eq!(merged(vec![8..9, 0..2, 2..4, 3..5]), [0..5, 8..9]);
    }
}
