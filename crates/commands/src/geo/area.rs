//! Where a search looks: a circle or a box around a place.

use std::f64::consts::PI;

use latchkey_protocol::ReplyError;

use super::point::{EARTH_RADIUS_M, Point, radians};
use super::unit::{Unit, length};
use crate::{Args, Result};

/// A circle or a box, anywhere.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    Circle { radius_m: f64 },
    Box { width_m: f64, height_m: f64 },
}

impl Shape {
    /// Reads `radius unit`.
    pub(super) fn parse_circle(args: &mut Args<'_>) -> Result<(Self, Unit)> {
        let radius = length(args.next()?, "ERR need numeric radius")?;
        if radius < 0.0 {
            return Err(ReplyError::fixed("ERR radius cannot be negative").into());
        }
        let unit = Unit::parse(args)?;
        Ok((Self::Circle { radius_m: unit.to_metres(radius) }, unit))
    }

    /// Reads `width height unit`.
    pub(super) fn parse_box(args: &mut Args<'_>) -> Result<(Self, Unit)> {
        let width = length(args.next()?, "ERR need numeric width")?;
        let height = length(args.next()?, "ERR need numeric height")?;
        if width < 0.0 || height < 0.0 {
            return Err(ReplyError::fixed("ERR height or width cannot be negative").into());
        }
        let unit = Unit::parse(args)?;
        Ok((Self::Box { width_m: unit.to_metres(width), height_m: unit.to_metres(height) }, unit))
    }
}

/// A shape around its centre.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) center: Point,
    pub(super) shape: Shape,
}

/// The least and the greatest degrees of what lies in an area. They may lie beyond a pole or the antimeridian.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) west: f64,
    pub(super) east: f64,
    pub(super) south: f64,
    pub(super) north: f64,
}

impl Area {
    /// How far a place is from the centre, if it lies inside.
    pub(super) fn distance_m(&self, point: Point) -> Option<f64> {
        let distance_m = || self.center.distance_m(point);
        match self.shape {
            Shape::Circle { radius_m } => Some(distance_m()).filter(|&distance_m| distance_m <= radius_m),
            Shape::Box { width_m, height_m } => {
                let abreast = Point { longitude: self.center.longitude, ..point };
                let inside = self.center.distance_north_m(point) <= height_m / 2.0
                    && point.distance_m(abreast) <= width_m / 2.0;
                inside.then(distance_m)
            }
        }
    }

    /// How far it reaches from the centre, as a box's corners do.
    pub(super) fn reach_m(&self) -> f64 {
        match self.shape {
            Shape::Circle { radius_m } => radius_m,
            Shape::Box { width_m, height_m } => (width_m / 2.0).hypot(height_m / 2.0),
        }
    }

    /// What it lies within.
    pub(super) fn bounds(&self) -> Bounds {
        let Point { longitude, latitude } = self.center;
        let (across_m, up_m) = match self.shape {
            Shape::Circle { radius_m } => (radius_m, radius_m),
            Shape::Box { width_m, height_m } => (width_m / 2.0, height_m / 2.0),
        };
        let up = (up_m / EARTH_RADIUS_M).to_degrees();
        let across = self.degrees_across(across_m / EARTH_RADIUS_M, latitude.abs() + up);
        Bounds {
            west: longitude - across,
            east: longitude + across,
            south: latitude - up,
            north: latitude + up,
        }
    }

    /// How far it reaches to the east and west if it reaches up to this latitude. From a pole on that is all around the
    /// earth.
    fn degrees_across(&self, angle: f64, latitude: f64) -> f64 {
        if latitude >= 90.0 || angle >= PI {
            return 180.0;
        }
        let narrowing = radians(latitude).cos();
        let across = match self.shape {
            // A little more than there is, as in Redis, so that the same cells are looked at in the same order.
            Shape::Circle { .. } => angle / narrowing,
            // By the haversine formula, for two places on one latitude.
            Shape::Box { .. } => 2.0 * ((angle / 2.0).sin() / narrowing).min(1.0).asin(),
        };
        across.to_degrees().min(180.0)
    }
}
