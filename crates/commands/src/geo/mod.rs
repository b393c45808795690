//! Places on earth: sorted sets whose scores are positions.

mod area;
mod cells;
mod geoadd;
mod geodist;
mod geohash;
mod geopos;
mod georadius;
mod geosearch;
mod grid;
mod options;
mod point;
mod search;
mod unit;

#[cfg(test)]
mod tests;

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family = Family { group: "geo", category: Some(Category::Geo), commands: COMMANDS };

const COMMANDS: &[Spec] = &[
    geoadd::GEOADD,
    geodist::GEODIST,
    geohash::GEOHASH,
    geopos::GEOPOS,
    georadius::GEORADIUS,
    georadius::GEORADIUS_RO,
    georadius::GEORADIUSBYMEMBER,
    georadius::GEORADIUSBYMEMBER_RO,
    geosearch::GEOSEARCH,
    geosearch::GEOSEARCHSTORE,
];
