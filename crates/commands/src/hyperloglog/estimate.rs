//! How many elements a histogram of ranks speaks of: Otmar Ertl's improved estimator (arXiv 1702.01284, algorithm 6).

use super::sketch::REGISTERS;

/// How many registers have each rank.
pub(super) type Histogram = [usize; 64];

/// The greatest rank that an element can give.
const RANK_MAX: usize = 51;

/// About how many different elements were added. The order of the operations is Redis's, and with it every bit.
pub(super) fn estimate(histogram: &Histogram) -> i64 {
    /// 1 / (2 ln 2).
    const ALPHA: f64 = 0.721_347_520_444_481_7;
    let registers = REGISTERS as f64;
    let full = registers * tau((registers - histogram[RANK_MAX] as f64) / registers);
    let ranked = histogram[1..RANK_MAX].iter().rev().fold(full, |sum, &count| (sum + count as f64) * 0.5);
    let sum = ranked + registers * sigma(histogram[0] as f64 / registers);
    (ALPHA * registers * registers / sum).round() as i64
}

/// What registers of rank 0 contribute, of which `x` is the share: x + Σ x^(2^k) · 2^(k-1).
fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut weight, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * weight;
        weight += weight;
        if sum == before {
            return sum;
        }
    }
}

/// What registers of the greatest rank contribute, where `x` is the share of the others.
fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut weight, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = sum;
        weight *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * weight;
        if sum == before {
            return sum / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_element_or_too_many_to_tell() {
        let of = |rank: usize| {
            let mut histogram = [0; 64];
            histogram[rank] = REGISTERS;
            estimate(&histogram)
        };
        assert_eq!(of(0), 0);
        assert_eq!(of(RANK_MAX), i64::MAX);
        assert_eq!(of(63), i64::MAX);
    }
}
