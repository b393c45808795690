//! Documents against plain vectors, and texts that nobody should send.

use proptest::prelude::*;

use super::*;
use crate::{Keyspace, Now};

const NOW: Now = Now::from_ms(1_767_323_045_678);

fn node(text: &str) -> Node {
    parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn text(node: &Node) -> String {
    let mut out = Vec::new();
    node.print(&mut out);
    String::from_utf8(out).expect("JSON is UTF-8")
}

fn refusal(text: &[u8]) -> String {
    parse(text).expect_err("not JSON").to_string()
}

#[test]
fn a_value_is_as_small_as_a_string() {
    assert_eq!(size_of::<Node>(), size_of::<Str>());
}

#[test]
fn numbers_stay_what_they_are() {
    for (written, printed) in [
        ("0", "0"),
        ("-1", "-1"),
        ("1.0", "1.0"),
        ("1.50", "1.5"),
        ("-0", "-0.0"),
        ("-0.0", "-0.0"),
        ("1e2", "100.0"),
        ("1E+2", "100.0"),
        ("1e15", "1000000000000000.0"),
        ("1e16", "1e16"),
        ("1.5e300", "1.5e300"),
        ("0.00001", "0.00001"),
        ("0.000012", "0.000012"),
        ("0.000001", "1e-6"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("18446744073709551615", "18446744073709551615"),
        ("18446744073709551616", "1.8446744073709552e19"),
        ("1e-400", "0.0"),
    ] {
        assert_eq!(text(&node(written)), printed, "{written}");
    }
    assert_eq!(refusal(b"1e400"), "number out of range at line 1 column 6");
    assert_eq!(refusal("9".repeat(400).as_bytes()), "number out of range at line 1 column 401");
    assert_eq!(text(&node(&"9".repeat(300))), "1e300");
}

#[test]
fn strings_are_escaped_only_where_they_have_to_be() {
    for (written, printed) in [
        (r#""\u0041\/\b\f\n\r\t\"\\""#, r#""A/\b\f\n\r\t\"\\""#),
        (r#""\ud83d\ude00""#, "\"\u{1f600}\""),
        (r#""\u0000\u001f""#, r#""\u0000\u001f""#),
        ("\"\u{7f}\u{e9}\"", "\"\u{7f}\u{e9}\""),
    ] {
        assert_eq!(text(&node(written)), printed);
    }
}

#[test]
fn what_is_not_json_is_refused() {
    for (written, refused) in [
        ("", "EOF while parsing at line 1 column 1"),
        ("blue", "expected value at line 1 column 1"),
        ("nul", "expected ident at line 1 column 1"),
        ("'a'", "expected value at line 1 column 1"),
        ("\"a\"b\"", "trailing characters at line 1 column 4"),
        ("[1,]", "expected value at line 1 column 4"),
        ("[1 2]", "expected `,` or `]` at line 1 column 4"),
        ("[1", "EOF while parsing at line 1 column 3"),
        ("{a:1}", "key must be a string at line 1 column 2"),
        ("{\"a\" 1}", "expected `:` at line 1 column 6"),
        ("{\"a\":1,}", "key must be a string at line 1 column 8"),
        ("01", "invalid number at line 1 column 3"),
        ("+1", "expected value at line 1 column 1"),
        ("1.", "invalid number at line 1 column 3"),
        (".5", "expected value at line 1 column 1"),
        ("1e", "invalid number at line 1 column 3"),
        ("NaN", "expected value at line 1 column 1"),
        ("\"\\x\"", "invalid escape at line 1 column 3"),
        ("\"a", "EOF while parsing a string at line 1 column 3"),
        ("\"\\ud800\"", "lone surrogate in hex escape at line 1 column 8"),
        ("\"\\udc00\"", "lone surrogate in hex escape at line 1 column 8"),
        ("\"\\ud800\\u0041\"", "lone surrogate in hex escape at line 1 column 14"),
        ("\n \u{0}", "expected value at line 2 column 2"),
    ] {
        assert_eq!(refusal(written.as_bytes()), refused, "{written}");
    }
    assert_eq!(refusal(b"\"\xff\""), "invalid unicode code point at line 1 column 2");
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert_eq!(node(&nested(DEPTH_MAX)).depth(), DEPTH_MAX);
    assert!(refusal(nested(DEPTH_MAX + 1).as_bytes()).starts_with("recursion limit exceeded"));
    assert!(refusal("[".repeat(10 << 20).as_bytes()).starts_with("recursion limit exceeded"));
    assert!(refusal("{\"a\":".repeat(2 << 20).as_bytes()).starts_with("recursion limit exceeded"));
}

/// Few members are searched, many are indexed.
#[test]
fn of_a_name_that_occurs_twice_the_last_value_counts() {
    assert_eq!(text(&node(r#"{"a":1,"b":2,"a":3}"#)), r#"{"a":3,"b":2}"#);
    let many: String = (0..200).map(|i| format!("\"m{}\":{i},", i % 100)).collect();
    let Node::Object(object) = node(&format!("{{{}}}", many.trim_end_matches(','))) else {
        panic!("an object")
    };
    assert_eq!(object.len(), 100);
    let (position, value) = object.get(b"m7").expect("a member");
    assert_eq!((position, text(value).as_str()), (7, "107"));
    assert!(object.get(b"m100").is_none());
}

/// A short request can ask for a long indent on every line.
#[test]
fn printing_ends_soon_after_its_limit() {
    let document = node(&format!("[[{}0]]", "0,".repeat(10_000)));
    let indent = [b' '; 100];
    let layout = Layout { indent: &indent, newline: b"\n", bytes_max: 1000, ..Layout::default() };
    let mut out = Vec::new();
    document.print_at(&mut out, layout, 0);
    assert!((1001..=1200).contains(&out.len()), "{} bytes", out.len());
}

#[test]
fn bytes_follow_the_formula() {
    assert_eq!(node("null").bytes(), 24);
    assert_eq!(node("\"four\"").bytes(), 28);
    assert_eq!(node("[1,\"four\"]").bytes(), 24 + 24 + 28);
    assert_eq!(node("{\"name\":1}").bytes(), 24 + 24 + 4 + 24);
}

#[test]
fn arithmetic_leaves_integers_only_when_it_must() {
    let number = |text: &str| match node(text) {
        Node::Number(number) => number,
        other => panic!("not a number: {other:?}"),
    };
    let shown = |result: Option<Number>| result.map(|number| text(&Node::Number(number)));
    for (one, other, sum, product) in [
        ("1", "2", Some("3"), Some("2")),
        ("1", "2.0", Some("3.0"), Some("2.0")),
        ("9223372036854775807", "1", Some("9223372036854775808"), Some("9223372036854775807")),
        ("18446744073709551615", "-1", Some("18446744073709551614"), Some("-1.8446744073709552e19")),
        ("-9223372036854775808", "-1", Some("-9.223372036854776e18"), Some("9223372036854775808")),
        (
            "18446744073709551615",
            "18446744073709551615",
            Some("3.6893488147419103e19"),
            Some("3.402823669209385e38"),
        ),
        ("1e308", "1e308", None, None),
    ] {
        let (one, other) = (number(one), number(other));
        assert_eq!(shown(one.plus(other)).as_deref(), sum, "{one:?} + {other:?}");
        assert_eq!(shown(one.times(other)).as_deref(), product, "{one:?} * {other:?}");
    }
}

#[test]
fn equality_looks_at_values() {
    assert_eq!(node("1"), node("1.0"));
    assert_eq!(node(r#"{"a":1,"b":[2]}"#), node(r#"{"b":[2.0],"a":1}"#));
    assert_ne!(node("9223372036854775807"), node("9223372036854775806"));
    assert_ne!(node(r#"{"a":1}"#), node(r#"{"a":1,"b":1}"#));
    assert_ne!(node("[1,2]"), node("[2,1]"));
    assert_ne!(node("\"1\""), node("1"));
}

fn documents() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        Just(Node::Null),
        any::<bool>().prop_map(Node::Bool),
        any::<i64>().prop_map(Node::int),
        (i64::MAX as u64 + 1..).prop_map(|value| Node::Number(Number::Uint(value))),
        prop::num::f64::NORMAL.prop_map(|value| Node::Number(Number::Float(value))),
        ".{0,30}".prop_map(|text| Node::Text(Str::from(text.as_str()))),
    ];
    leaf.prop_recursive(4, 64, 40, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Node::array),
            prop::collection::vec(("[a-z]{1,2}", inner), 0..40).prop_map(|members| {
                let members =
                    members.into_iter().map(|(name, node)| (Str::from(name.as_str()), node)).collect();
                Node::Object(Box::new(Object::from_members(members)))
            }),
        ]
    })
}

/// A change of a container, in numbers that are fitted to it when it is made.
#[derive(Clone, Debug)]
enum Step {
    Insert(Vec<(usize, Node)>),
    Remove(Vec<usize>),
    Set(usize, Node),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        prop::collection::vec((0..50_usize, documents()), 1..20).prop_map(Step::Insert),
        prop::collection::vec(0..50_usize, 1..12).prop_map(Step::Remove),
        (0..50_usize, documents()).prop_map(|(position, node)| Step::Set(position, node)),
    ];
    prop::collection::vec(step, 1..12)
}

/// Positions in range, ascending and each once.
fn fitted(mut positions: Vec<usize>, len: usize) -> Vec<usize> {
    positions.retain(|&position| position < len);
    positions.sort_unstable();
    positions.dedup();
    positions
}

/// The model: an object's members or an array's elements (whose names count for nothing), one by one.
type Plain = Vec<(String, String)>;

fn change_of(step: &Step, plain: &mut Plain, is_object: bool, serial: &mut usize) -> JsonEffect {
    let at = vec![0];
    match step {
        Step::Set(..) if plain.is_empty() => JsonEffect::Remove { at, positions: Vec::new() },
        Step::Set(position, node) => {
            let position = position % plain.len();
            plain[position].1 = text(node);
            JsonEffect::Set { at: vec![0, position], node: node.clone() }
        }
        Step::Remove(positions) => {
            let positions = fitted(positions.clone(), plain.len());
            positions.iter().rev().for_each(|&position| drop(plain.remove(position)));
            JsonEffect::Remove { at, positions }
        }
        Step::Insert(added) => {
            let positions = fitted(added.iter().map(|&(p, _)| p).collect(), plain.len() + 1);
            let added: Vec<_> = positions
                .into_iter()
                .zip(added)
                .map(|(position, (_, node))| {
                    *serial += 1;
                    plain.insert(position, (format!("new{serial}"), text(node)));
                    (position, Str::from(format!("new{serial}").as_str()), node.clone())
                })
                .collect();
            if is_object {
                JsonEffect::InsertMembers { at, members: added }
            } else {
                let elements = added.into_iter().map(|(position, _, node)| (position, node)).collect();
                JsonEffect::InsertElements { at, elements }
            }
        }
    }
}

/// What the model says that the document's text is.
fn expected(plain: &Plain, is_object: bool) -> String {
    let item = |(name, text): &(String, String)| {
        if is_object { format!("\"{name}\":{text}") } else { text.clone() }
    };
    let items: Vec<String> = plain.iter().map(item).collect();
    let items = items.join(",");
    if is_object { format!("[{{{items}}}]") } else { format!("[[{items}]]") }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn what_is_printed_reads_back_the_same(node in documents()) {
        let printed = text(&node);
        let read = parse(printed.as_bytes()).expect("own text is JSON");
        prop_assert_eq!(text(&read), printed);
        prop_assert_eq!(read.bytes(), node.bytes());
        let layout = Layout { indent: b"\t", newline: b"\n", space: b" ", ..Layout::default() };
        let mut spaced = Vec::new();
        node.print_at(&mut spaced, layout, 0);
        prop_assert!(parse(&spaced).expect("own text is JSON") == node);
    }

    /// Containers small and large (with an index) keep order, size and names, and every change can be taken back.
    #[test]
    fn documents_are_what_their_changes_make_of_them(is_object: bool, steps in steps()) {
        let mut keyspace = Keyspace::new(7);
        let root = node(if is_object { "[{}]" } else { "[[]]" });
        keyspace.edit(NOW).json_or_new(b"doc").expect("a document").change(JsonEffect::Set { at: vec![], node: root });
        let (mut plain, mut serial) = (Plain::new(), 0);
        for step in steps {
            let (before, bytes) = (keyspace.canonical(), keyspace.bytes());
            let change = change_of(&step, &mut plain, is_object, &mut serial);
            let start = keyspace.save();
            keyspace.edit(NOW).json_or_new(b"doc").expect("a document").change(change.clone());
            keyspace.roll_back(start);
            prop_assert_eq!(keyspace.canonical(), before);
            prop_assert_eq!(keyspace.bytes(), bytes);
            keyspace.edit(NOW).json_or_new(b"doc").expect("a document").change(change);
            let view = keyspace.view(NOW);
            let json = view.json(b"doc").expect("a document").expect("it is there");
            prop_assert_eq!(text(json.root()), expected(&plain, is_object));
            prop_assert_eq!(json.bytes(), json.root().bytes());
            for (position, (name, _)) in plain.iter().enumerate().filter(|_| is_object) {
                let Some(Node::Object(object)) = json.at(&[0]) else { panic!("an object") };
                prop_assert_eq!(object.get(name.as_bytes()).map(|(at, _)| at), Some(position));
            }
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), json in "[\\[\\]{}\",:0-9eE.+\\\\u-]{0,40}") {
        let _whatever_it_is = (parse(&bytes).is_ok(), parse(json.as_bytes()).is_ok());
    }
}
