//! Places as Redis 7.0.15 stores and prints them, what is refused, and searches against looking at every member.

use std::collections::BTreeMap;

use latchkey_protocol::Reply;
use proptest::prelude::*;

use super::area::{Area, Shape};
use super::point::Point;
use crate::tests::{Shell, check, show};

/// Scores, geohashes and positions as a Redis printed them.
/// The corner of the map has a cell of its own, whose number is too large for every float to be exact.
#[test]
fn what_lies_in_the_corner_of_the_map_is_found() {
    check(
        "\
> GEOADD k 180 85.05112878 corner
(integer) 1
> GEOSEARCH k FROMLONLAT 180 85.05112878 BYRADIUS 0 m
1) \"corner\"",
    );
}

#[test]
fn places_are_stored_as_in_redis() {
    for (place, score, geohash, longitude, latitude) in [
        ("0 0", 3_377_699_720_527_872_u64, "s0000000000", "0.00000268220901489", "0.00000126736058093"),
        (
            "-122.4194155 37.7749295",
            1_367_859_919_124_776_u64,
            "9q8yyk8yuv0",
            "-122.41941779851913452",
            "37.77493042721969374",
        ),
        (
            "151.2092955 -33.8688197",
            3_252_046_221_958_827_u64,
            "r3gx2f75zf0",
            "151.20929449796676636",
            "-33.86881866238967831",
        ),
        ("180 0", 10_133_099_161_583_616_u64, "80000000000", "180", "0.00000126736058093"),
        ("-180 -85.05112878", 0_u64, "00bh0hbj200", "-179.99999731779098511", "-85.05112751263942528"),
        (
            "179.99999 85.05112878",
            7_505_999_378_950_824_u64,
            "zzpgzgpfxz0",
            "179.99999195337295532",
            "85.0511287799999991",
        ),
        (
            "-68.3029511 -54.8019121",
            650_595_395_073_470_u64,
            "4qr2jxx79z0",
            "-68.30294877290725708",
            "-54.80191221091561715",
        ),
        (
            "0.0000001 -0.0000001",
            2_627_099_782_632_789_u64,
            "kpbpbpbpbp0",
            "0.00000268220901489",
            "-0.00000126736058093",
        ),
    ] {
        check(&format!(
            r#"
            > GEOADD k {place} m
            (integer) 1
            > ZSCORE k m
            "{score}"
            > GEOHASH k m
            1) "{geohash}"
            > GEOPOS k m
            1) 1) "{longitude}"
            2) "{latitude}"
            "#
        ));
    }
}

const CITIES: &str = "-0.1277583 51.5073509 london 2.3522219 48.856614 paris -74.0059728 40.7127753 new-york \
                      139.6917064 35.6894875 tokyo 151.2092955 -33.8688197 sydney -68.3029511 -54.8019121 ushuaia";

#[test]
fn distances_are_those_of_redis() {
    check(&format!(
        r#"
        > GEOADD k {CITIES}
        (integer) 6
        > GEODIST k london paris
        "343645.9754"
        > GEODIST k london sydney M
        "16998729.5688"
        > GEODIST k new-york tokyo km
        "10851.8732"
        > GEODIST k tokyo ushuaia mi
        "10566.3982"
        > GEODIST k ushuaia sydney Ft
        "31038582.3393"
        > GEODIST k paris paris
        "0.0000"
        > GEODIST k paris nowhere
        (nil)
        > GEODIST absent a b
        (nil)
        > GEODIST k paris london yd
        (error) ERR unsupported unit provided. please use M, KM, FT, MI
        > GEODIST k paris london km km
        (error) ERR syntax error
        "#
    ));
}

#[test]
fn geoadd_options_decide_what_is_written() {
    check(
        "
        > GEOADD k XX 1 1 a
        (integer) 0
        > EXISTS k
        (integer) 0
        > GEOADD k NX 1 1 a 2 2 b
        (integer) 2
        > GEOADD k nx ch 3 3 a 3 3 c
        (integer) 1
        > GEOADD k XX CH 3 3 a 2 2 b 9 9 d
        (integer) 1
        > GEODIST k a c
        \"0.0000\"
        > GEOADD k 1 1 a
        (integer) 0
        > GEOADD k CH 1 1 a
        (integer) 0
        > GEOADD k NX XX 1 1 a
        (error) ERR syntax error
        > GEOADD k 1 1 a 2 2
        (error) ERR syntax error
        > GEOADD k CH CH CH
        (error) ERR syntax error
        > GEOADD k 200 100 a
        (error) ERR invalid longitude,latitude pair 200.000000,100.000000
        > GEOADD k 5 5 new 0 -85.06 a
        (error) ERR invalid longitude,latitude pair 0.000000,-85.060000
        > GEOADD k inf 0 a
        (error) ERR invalid longitude,latitude pair inf,0.000000
        > GEOADD k x 0 a
        (error) ERR value is not a valid float
        > GEOADD k 0 nan a
        (error) ERR value is not a valid float
        > ZCARD k
        (integer) 3
        ",
    );
}

#[test]
fn members_that_are_not_there_are_null() {
    check(
        "
        > GEOADD k 1 1 a
        (integer) 1
        > GEOPOS k
        (empty array)
        > GEOHASH absent a
        1) (nil)
        > GEOPOS absent a b
        1) (nil)
        2) (nil)
        ",
    );
    let mut shell = Shell::new();
    assert_eq!(shell.run("GEOPOS absent a"), Reply::Array(vec![Reply::NullArray]));
    assert_eq!(shell.run("GEOHASH absent a"), Reply::Array(vec![Reply::Null]));
}

#[test]
fn searches_show_what_they_are_told_to() {
    check(&format!(
        r#"
        > GEOADD k {CITIES}
        (integer) 6
        > GEOSEARCH k FROMMEMBER paris BYRADIUS 6000 km WITHHASH WITHCOORD DESC WITHDIST
        1) 1) "new-york"
        2) "5838.8884"
        3) (integer) 1791873974549417
        4) 1) "-74.00597423315048218"
        2) "40.71277617446106944"
        2) 1) "london"
        2) "343.6460"
        3) (integer) 2163557714754256
        4) 1) "-0.12775629758834839"
        2) "51.50735008547815141"
        3) 1) "paris"
        2) "0.0000"
        3) (integer) 3663832779125286
        4) 1) "2.35221952199935913"
        2) "48.85661473867625659"
        > GEOSEARCH k FROMLONLAT 0 50 BYRADIUS 6000 km COUNT 2
        1) "london"
        2) "paris"
        > GEOSEARCH k BYBOX 400 600 km FROMLONLAT 0 50 desc
        1) "paris"
        2) "london"
        > GEOSEARCH k BYBOX 200 600 km FROMLONLAT 0 50
        1) "london"
        > GEOSEARCH k FROMMEMBER sydney BYRADIUS 1e9 mi COUNT 9223372036854775807
        1) "sydney"
        2) "tokyo"
        3) "ushuaia"
        4) "new-york"
        5) "paris"
        6) "london"
        > GEORADIUS_RO k 0 50 300 km WITHDIST
        1) 1) "paris"
        2) "212.4184"
        2) 1) "london"
        2) "167.8977"
        > GEORADIUSBYMEMBER_RO k tokyo 0 m
        1) "tokyo"
        > GEORADIUS k 90 0 1 m
        (empty array)
        "#
    ));
}

/// With ANY the first that are found will do: as many as were asked for, and then in order if that was asked for, too.
#[test]
fn any_stops_early() {
    let mut shell = Shell::new();
    let places: Vec<String> = (0..500).map(|n| format!("{} {} m{n}", n % 20, n / 20)).collect();
    shell.run(&format!("GEOADD k {}", places.join(" ")));
    let distances = |reply| -> Vec<f64> {
        let Reply::Array(hits) = reply else { panic!("no array") };
        let texts = hits.iter().map(|hit| match hit {
            Reply::Array(parts) => show(&parts[1]),
            other => panic!("no distance: {other:?}"),
        });
        texts.map(|text| text.trim_matches('"').parse().expect("a distance")).collect()
    };
    let all = distances(shell.run("GEOSEARCH k FROMLONLAT 10 10 BYRADIUS 2000 km ASC COUNT 10 WITHDIST"));
    let any = distances(shell.run("GEOSEARCH k FROMLONLAT 10 10 BYRADIUS 2000 km ASC COUNT 10 ANY WITHDIST"));
    assert_eq!((all.len(), any.len()), (10, 10));
    assert!(all.is_sorted() && any.is_sorted(), "{all:?} {any:?}");
    assert!(all.iter().sum::<f64>() < any.iter().sum(), "the first that are found are not the nearest");
}

#[test]
fn results_are_stored_with_places_or_distances() {
    check(&format!(
        r#"
        > GEOADD k {CITIES}
        (integer) 6
        > GEOSEARCHSTORE to k FROMMEMBER paris BYRADIUS 400 km
        (integer) 2
        > GEODIST to paris london km
        "343.6460"
        > GEOSEARCHSTORE to k STOREDIST FROMMEMBER paris BYBOX 20000 20000 km COUNT 2
        (integer) 2
        > ZRANGE to 0 -1 WITHSCORES
        1) "paris"
        2) "0"
        3) "london"
        4) "343.64597544862346"
        > GEORADIUS k 2 48 400 km STORE to
        (integer) 1
        > GEORADIUSBYMEMBER k paris 400 km STORE other STOREDIST to ASC
        (integer) 2
        > EXISTS other
        (integer) 0
        > ZSCORE to paris
        "0"
        > GEOSEARCHSTORE k k FROMMEMBER paris BYRADIUS 1 m
        (integer) 1
        > ZCARD k
        (integer) 1
        > GEOSEARCHSTORE to k FROMLONLAT 90 0 BYRADIUS 1 m
        (integer) 0
        > EXISTS to
        (integer) 0
        > SET to text
        OK
        > GEORADIUS absent 0 0 1 m STORE to
        (integer) 0
        > EXISTS to
        (integer) 0
        > SET to text
        OK
        > GEOSEARCHSTORE to absent FROMMEMBER x BYRADIUS 1 m
        (integer) 0
        > EXISTS to
        (integer) 0
        "#
    ));
}

#[test]
fn geosearch_refuses_in_redis_order() {
    check(
        "
        > GEOADD k 1 1 a
        (integer) 1
        > GEOSEARCH k FROMMEMBER nobody BYRADIUS 1 m ASC
        (error) ERR could not decode requested zset member
        > GEOSEARCH k BYRADIUS 1 m ASC DESC ASC
        (error) ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for geosearch
        > GEOSEARCH k FROMMEMBER a ASC COUNT 1
        (error) ERR exactly one of BYRADIUS and BYBOX can be specified for geosearch
        > GEOSEARCHSTORE to k FROMMEMBER a ASC COUNT 1
        (error) ERR exactly one of BYRADIUS and BYBOX can be specified for geosearchstore
        > GEOSEARCH k FROMMEMBER a FROMLONLAT 1 1 BYRADIUS 1 m
        (error) ERR syntax error
        > GEOSEARCH k FROMMEMBER a BYBOX 1 1 m BYRADIUS 1 m
        (error) ERR syntax error
        > GEOSEARCH k FROMMEMBER a BYRADIUS 1 m STOREDIST
        (error) ERR syntax error
        > GEOSEARCH k FROMMEMBER a BYRADIUS 1 m STORE to
        (error) ERR syntax error
        > GEOSEARCH k FROMMEMBER a BYRADIUS 1 m COUNT
        (error) ERR syntax error
        > GEOSEARCH k FROMMEMBER a BYRADIUS 1 m COUNT 0
        (error) ERR COUNT must be > 0
        > GEOSEARCH k FROMMEMBER a BYRADIUS 1 m COUNT x
        (error) ERR value is not an int or out of range
        > GEOSEARCH k FROMMEMBER a BYRADIUS 1 m ANY
        (error) ERR the ANY argument requires COUNT argument
        > GEOSEARCH k FROMMEMBER a BYRADIUS x m
        (error) ERR need numeric radius
        > GEOSEARCH k FROMMEMBER a BYRADIUS -1 parsec
        (error) ERR radius cannot be negative
        > GEOSEARCH k FROMMEMBER a BYRADIUS 1 parsec
        (error) ERR unsupported unit provided. please use M, KM, FT, MI
        > GEOSEARCH k FROMMEMBER a BYBOX x 1 m
        (error) ERR need numeric width
        > GEOSEARCH k FROMMEMBER a BYBOX 1 x m
        (error) ERR need numeric height
        > GEOSEARCH k FROMMEMBER a BYBOX 1 -1 m
        (error) ERR height or width cannot be negative
        > GEOSEARCH k FROMLONLAT 1 99 BYRADIUS 1 m
        (error) ERR invalid longitude,latitude pair 1.000000,99.000000
        > GEOSEARCHSTORE to k FROMMEMBER a BYRADIUS 1 m WITHDIST
        (error) ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options
        > GEOSEARCH absent FROMMEMBER a BYRADIUS 1 m
        (empty array)
        > GEOSEARCH absent FROMMEMBER a BYRADIUS x m
        (error) ERR need numeric radius
        ",
    );
}

#[test]
fn georadius_refuses_in_redis_order() {
    check(
        "
        > GEOADD k 1 1 a
        (integer) 1
        > GEORADIUS k 1 1 1 m STORE to WITHDIST
        (error) ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options
        > GEORADIUS_RO k 1 1 1 m STORE to
        (error) ERR syntax error
        > GEORADIUSBYMEMBER_RO k a 1 m STOREDIST to
        (error) ERR syntax error
        > GEORADIUS k 1 1 1 m STORE
        (error) ERR syntax error
        > GEORADIUS k 1 1 1 m FROMMEMBER a
        (error) ERR syntax error
        > GEORADIUS k 1 1 1 m ANY
        (error) ERR the ANY argument requires COUNT argument
        > GEORADIUS absent 1 x 1 m
        (error) ERR value is not a valid float
        > GEORADIUSBYMEMBER k nobody x m
        (error) ERR could not decode requested zset member
        > GEORADIUSBYMEMBER absent nobody x parsec
        (empty array)
        > GEORADIUSBYMEMBER absent nobody 1 m nonsense
        (error) ERR syntax error
        > EXISTS to
        (integer) 0
        ",
    );
}

#[test]
fn other_types_are_refused() {
    let mut shell = Shell::new();
    shell.check("> SET s text\nOK\n> GEOADD k 1 1 a\n(integer) 1");
    for line in [
        "GEOADD s 1 1 a",
        "GEOPOS s a",
        "GEOHASH s a",
        "GEODIST s a b",
        "GEOSEARCH s nonsense a b c d",
        "GEOSEARCHSTORE k s nonsense a b c d",
        "GEORADIUS s x 1 1 m",
        "GEORADIUS_RO s x 1 1 m",
        "GEORADIUSBYMEMBER s a x m",
        "GEORADIUSBYMEMBER_RO s a x m",
    ] {
        let refusal = "(error) WRONGTYPE Operation against a key holding the wrong kind of value";
        assert_eq!(show(&shell.run(line)), refusal, "{line}");
    }
    shell.check("> GEOSEARCHSTORE s k FROMMEMBER a BYRADIUS 1 m\n(integer) 1\n> TYPE s\nzset");
}

/// Any place, with those at the edges of the map among them.
fn place() -> impl Strategy<Value = (f64, f64)> {
    let longitude = prop_oneof![4 => -180.0..=180.0, 1 => Just(180.0), 1 => Just(-180.0), 2 => -3.0..3.0];
    let latitude = prop_oneof![4 => -85.0..=85.0, 1 => Just(85.051_128_78), 1 => 84.0..85.0, 2 => -3.0..3.0];
    (longitude, latitude)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// A search looks at few members, and finds what it would find if it looked at all.
    #[test]
    fn searches_find_what_looking_at_every_member_finds(
        places in prop::collection::vec(place(), 1..200),
        searches in prop::collection::vec((place(), 0.0..1.0_f64, 0.0..1.0_f64, any::<bool>()), 1..12),
    ) {
        let mut shell = Shell::new();
        let mut members = BTreeMap::new();
        let mut line = String::from("GEOADD k");
        for (n, (longitude, latitude)) in places.into_iter().enumerate() {
            line += &format!(" {longitude} {latitude} m{n}");
            members.insert(format!("m{n}"), Point::of_score(Point { longitude, latitude }.score()));
        }
        shell.run(&line);
        for ((longitude, latitude), wide, high, is_box) in searches {
            // Short ones more often than long ones; the longest reach around the earth.
            let (width_m, height_m) = (wide.powi(4) * 4.2e7, high.powi(4) * 2.1e7);
            let (shape, by) = match is_box {
                true => (Shape::Box { width_m, height_m }, format!("BYBOX {width_m} {height_m} m")),
                false => (Shape::Circle { radius_m: height_m }, format!("BYRADIUS {height_m} m")),
            };
            let area = Area { center: Point { longitude, latitude }, shape };
            let inside = members.iter().filter(|(_, point)| area.distance_m(**point).is_some());
            let expected: Vec<&str> = inside.map(|(name, _)| name.as_str()).collect();
            let line = format!("GEOSEARCH k FROMLONLAT {longitude} {latitude} {by}");
            let Reply::Array(found) = shell.run(&line) else { panic!("no array") };
            let mut found: Vec<String> = found.iter().map(|name| show(name).replace('"', "")).collect();
            found.sort();
            prop_assert_eq!(found, expected, "{}", line);
        }
    }
}
