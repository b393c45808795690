//! A place on earth.

use latchkey_protocol::{Reply, ReplyError};

use super::grid::{self, Axis, LATITUDE, LONGITUDE, STEPS_MAX, WHOLE_LATITUDE};
use crate::{Args, Result, decimal, float};

/// What Redis takes for the earth's radius.
pub(super) const EARTH_RADIUS_M: f64 = 6_372_797.560_856;

/// Degrees east and north.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) longitude: f64,
    pub(super) latitude: f64,
}

impl Point {
    /// Reads `longitude latitude`.
    pub(super) fn parse(args: &mut Args<'_>) -> Result<Self> {
        Self::of_words(args.next()?, args.next()?)
    }

    /// Of a longitude and a latitude as a client spells them.
    pub(super) fn of_words(longitude: &[u8], latitude: &[u8]) -> Result<Self> {
        let (longitude, latitude) = (float(longitude)?, float(latitude)?);
        if LONGITUDE.has(longitude) && LATITUDE.has(latitude) {
            return Ok(Self { longitude, latitude });
        }
        let text = format!("ERR invalid longitude,latitude pair {longitude:.6},{latitude:.6}");
        Err(ReplyError::new(text).into())
    }

    /// The place that a score means: the middle of its cell.
    pub(super) fn of_score(score: f64) -> Self {
        let (column, row) = grid::separate(score as u64);
        Self { longitude: LONGITUDE.middle(column), latitude: LATITUDE.middle(row) }
    }

    /// Its cell's number, of 52 bits.
    pub(super) fn score(self) -> f64 {
        self.cell(LATITUDE) as f64
    }

    /// Its geohash: ten digits for 50 bits, and a zero for those that are missing.
    pub(super) fn geohash(self) -> String {
        const DIGITS: &[u8; 32] = b"0123456789bcdefghjkmnpqrstuvwxyz";
        const BITS: u32 = STEPS_MAX * 2;
        let cell = self.cell(WHOLE_LATITUDE);
        let digits = (1..=10).map(|nth| char::from(DIGITS[(cell >> (BITS - nth * 5) & 0x1f) as usize]));
        digits.chain(['0']).collect()
    }

    fn cell(self, latitude: Axis) -> u64 {
        let column = LONGITUDE.part(self.longitude, STEPS_MAX);
        grid::interleave(column, latitude.part(self.latitude, STEPS_MAX))
    }

    /// The distance on a sphere, by the haversine formula.
    pub(super) fn distance_m(self, other: Self) -> f64 {
        let half_east = ((radians(other.longitude) - radians(self.longitude)) / 2.0).sin();
        if half_east == 0.0 {
            return self.distance_north_m(other);
        }
        let (south, north) = (radians(self.latitude), radians(other.latitude));
        let half_north = ((north - south) / 2.0).sin();
        let haversine = half_north * half_north + south.cos() * north.cos() * half_east * half_east;
        2.0 * EARTH_RADIUS_M * haversine.sqrt().asin()
    }

    /// How far it is to the other's latitude.
    pub(super) fn distance_north_m(self, other: Self) -> f64 {
        EARTH_RADIUS_M * (radians(other.latitude) - radians(self.latitude)).abs()
    }

    /// Longitude and latitude, as GEOPOS answers them.
    pub(super) fn reply(self) -> Reply {
        let degrees = |degrees| Reply::Number(decimal::print(degrees).into());
        Reply::Array(vec![degrees(self.longitude), degrees(self.latitude)])
    }
}

/// Degrees as radians, multiplied as Redis multiplies: `to_radians` may differ in the last bit.
pub(super) fn radians(degrees: f64) -> f64 {
    degrees * (std::f64::consts::PI / 180.0)
}
