//! Paths against a table, against a plain evaluator, and against those who mean harm.

use latchkey_keyspace::value::json::{self, Node};
use proptest::prelude::*;

use super::Path;

fn node(text: &str) -> Node {
    json::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn text(node: &Node) -> String {
    let mut out = Vec::new();
    node.print(&mut out);
    String::from_utf8(out).expect("JSON is UTF-8")
}

fn path(text: &str) -> Path {
    Path::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// What the path leads to, as the text of an array. Also checks that locations lead to the same.
fn found(document: &Node, written: &str) -> String {
    let path = path(written);
    let whole = latchkey_keyspace::value::Json::new(document.clone());
    let nodes: Vec<String> = path.nodes(document).expect("few steps").into_iter().map(text).collect();
    let located: Vec<String> = path
        .locations(document)
        .expect("few steps")
        .iter()
        .map(|at| text(whole.at(at).expect("a location of a match")))
        .collect();
    assert_eq!(nodes, located, "{written}");
    assert_eq!(path.first(document).expect("few steps").map(text), nodes.first().cloned(), "{written}");
    format!("[{}]", nodes.join(","))
}

fn refusal(written: &[u8]) -> String {
    Path::parse(written).expect_err("no path").0.text().to_owned()
}

#[test]
fn selectors_select() {
    let document = node(
        r#"{"a":[0,1,2,3,4,5],"o":{"x":1,"y":2},"":"empty","d.t":"dot","dash-key":"dash","é":"acute","q'\"":"quotes"}"#,
    );
    for (path, expected) in [
        ("$.a[0]", "[0]"),
        ("$.a[-1]", "[5]"),
        ("$.a[-7]", "[]"),
        ("$.a[6]", "[]"),
        ("$.a[-9223372036854775808]", "[]"),
        ("$.a[ 1 , 3 ]", "[1,3]"),
        ("$.a[1,1,'x']", "[1,1]"),
        ("$.a[1:3]", "[1,2]"),
        ("$.a[:2]", "[0,1]"),
        ("$.a[4:]", "[4,5]"),
        ("$.a[::2]", "[0,2,4]"),
        ("$.a[-2:]", "[4,5]"),
        ("$.a[::-1]", "[5,4,3,2,1,0]"),
        ("$.a[4:1:-2]", "[4,2]"),
        ("$.a[1 : 5 : 3]", "[1,4]"),
        ("$.a[::0]", "[]"),
        ("$.a[9223372036854775807::-9223372036854775808]", "[5]"),
        ("$.a[-9223372036854775808:9223372036854775807:9223372036854775807]", "[0]"),
        ("$.o.*", "[1,2]"),
        ("$.o[*]", "[1,2]"),
        ("$.o['y','x']", "[2,1]"),
        ("$.o[\"x\"]", "[1]"),
        ("$.o[0]", "[]"),
        ("$.o[0:1]", "[]"),
        ("$.a.x", "[]"),
        ("$['']", "[\"empty\"]"),
        ("$['d.t']", "[\"dot\"]"),
        ("$.dash-key", "[\"dash\"]"),
        ("$.é", "[\"acute\"]"),
        ("$['\\u00e9']", "[\"acute\"]"),
        ("$['q\\'\\\"']", r#"["quotes"]"#),
        ("$[\"q'\\\"\"]", r#"["quotes"]"#),
        ("$.['o'].x", "[1]"),
    ] {
        assert_eq!(found(&document, path), expected, "{path}");
    }
    assert_eq!(found(&node("7"), "$"), "[7]");
    assert_eq!(found(&node("7"), "$.*"), "[]");
}

/// What lies deeper comes first.
#[test]
fn descent_finds_nested_matches_first() {
    let document = node(r#"{"a":2,"b":3,"nested":{"a":4,"b":null}}"#);
    assert_eq!(found(&document, "$..a"), "[4,2]");
    assert_eq!(found(&document, "$..b"), "[null,3]");
    let document = node(r#"{"a":{"a":{"a":1}},"l":[{"a":5},{"a":6}]}"#);
    assert_eq!(found(&document, "$..a"), r#"[1,{"a":1},5,6,{"a":{"a":1}}]"#);
    assert_eq!(found(&document, "$.l..*"), r#"[5,6,{"a":5},{"a":6}]"#);
    assert_eq!(found(&document, "$..[0]"), r#"[{"a":5}]"#);
    assert_eq!(found(&document, "$..['a'][?@ > 0]"), "[1]");
}

#[test]
fn legacy_paths_begin_without_a_dollar() {
    let document = node(r#"{"a":{"b":[1,{"c":2}]},"$x":3}"#);
    for (path, expected) in [
        (".", text(&document)),
        ("a", r#"{"b":[1,{"c":2}]}"#.into()),
        (".a.b[0]", "1".into()),
        ("a.b[1].c", "2".into()),
        ("[\"a\"].b[-1]['c']", "2".into()),
        (".[\"a\"][\"b\"][0]", "1".into()),
        ("..c", "2".into()),
        ("$x", "3".into()),
    ] {
        assert_eq!(found(&document, path), format!("[{expected}]"), "{path}");
        assert!(self::path(path).is_legacy(), "{path}");
    }
    for written in ["$", "$.a", "$[0]", "$..a"] {
        assert!(!path(written).is_legacy(), "{written}");
    }
    assert_eq!(path(".a.b").text(), "$.a.b");
    assert_eq!(path(".").text(), "$");
}

#[test]
fn filters_filter() {
    let document = node(
        r#"{"max":10,"items":[{"n":"ax","p":5,"s":true},{"n":"bar","p":10.0,"t":null},{"n":"Box","p":"10"},{"p":[1,2]},7]}"#,
    );
    let indices = |filter: &str| -> String {
        let Ok(matches) = path(&format!("$.items[?{filter}]")).locations(&document) else {
            panic!("{filter}")
        };
        matches.iter().map(|at| at[1].to_string()).collect()
    };
    for (filter, expected) in [
        ("(@.p > 5)", "1"),
        ("@.p>=5", "01"),
        ("(@.p<10)", "0"),
        ("@.p <= $.max", "01"),
        ("$.max == @.p", "1"),
        ("@.p == 10", "1"),
        ("@.p == \"10\"", "2"),
        ("@.p != 10", "0234"),
        ("@.n == 'bar' || @.p == 5", "01"),
        ("@.n == 'bar' || @.p == 5 && @.s == false", "1"),
        ("(@.n == 'bar' || @.p == 5) && @.s", "0"),
        ("@.n", "012"),
        ("!@.n", "34"),
        ("!(@.n && !@.s)", "034"),
        ("@.t", "1"),
        ("@.t == null", "1"),
        ("@.t == @.u", "0234"),
        ("@ == 7", "4"),
        ("@.p[1] == 2", "3"),
        ("@.p[?@ == 2]", "3"),
        ("@['n'] =~ \"x$\"", "02"),
        ("@.n =~ \"(?i)^b\"", "12"),
        ("@.n =~ '^[a-c]{2,3}r?$'", "1"),
        ("@.n < \"b\"", "02"),
        ("@.n < 5", ""),
        ("@.s < true", ""),
        ("@.s <= true", "0"),
        ("@.p == @['p']", "01234"),
        ("$.max", "01234"),
        ("-1.5e0 < @.p", "01"),
        ("@..[0]", "3"),
    ] {
        assert_eq!(indices(filter), expected, "{filter}");
    }
    assert_eq!(found(&document, "$[?@ == 10]"), "[10]", "of an object");
    assert_eq!(found(&document, "$..[?(@.n)].p"), r#"[5,10.0,"10"]"#);
}

#[test]
fn what_is_no_path_is_refused() {
    for (written, what) in [
        ("", "expected a name at byte 2"),
        ("$.", "expected a name at byte 2"),
        ("$..", "expected a name at byte 3"),
        ("$...a", "expected a name at byte 3"),
        ("$.a b", "expected `.` or `[` at byte 3"),
        ("$.a]", "expected `.` or `[` at byte 3"),
        ("$[", "expected an index, a name, `*` or `?` at byte 2"),
        ("$[]", "expected an index, a name, `*` or `?` at byte 2"),
        ("$[a]", "expected an index, a name, `*` or `?` at byte 2"),
        ("$[1", "expected `,` or `]` at byte 3"),
        ("$[1.5]", "expected `,` or `]` at byte 3"),
        ("$[01]", "expected an integer at byte 4"),
        ("$[9223372036854775808]", "expected an integer at byte 21"),
        ("$['a]", "expected a closing quote at byte 5"),
        ("$['\\x']", "expected a string without control characters and with valid escapes at byte 6"),
        ("$['\\ud800']", "expected a string without control characters and with valid escapes at byte 10"),
        ("$[?]", "expected `@`, `$`, `(`, `!` or a value at byte 3"),
        ("$[?@.a ==]", "expected `@`, `$`, `(`, `!` or a value at byte 9"),
        ("$[?1]", "expected a comparison at byte 4"),
        ("$[?(@.a]", "expected `)` at byte 7"),
        ("$[?@.* == 1]", "only a path to one value can be compared at byte 9"),
        ("$[?@..a == 1]", "only a path to one value can be compared at byte 10"),
        ("$[?@.a =~ 5]", "expected a regular expression in quotes at byte 10"),
        ("$[?@.a =~ '(']", "expected a regular expression of moderate size at byte 13"),
        ("$[?@.a =~ '((a{99}){99}){99}']", "expected a regular expression of moderate size at byte 29"),
    ] {
        assert!(refusal(written.as_bytes()).ends_with(what), "{written}: {}", refusal(written.as_bytes()));
    }
    assert_eq!(refusal(b"$[x]"), "ERR invalid path '$[x]': expected an index, a name, `*` or `?` at byte 2");
    assert_eq!(refusal(b"\xff"), "ERR path is not valid UTF-8");
}

#[test]
fn nesting_and_length_are_bounded() {
    assert!(Path::parse(format!("$[?{}@.a{}]", "(".repeat(31), ")".repeat(31)).as_bytes()).is_ok());
    for open in ["(", "!"] {
        let written = format!("$[?{}@.a", open.repeat(5000));
        assert!(refusal(written.as_bytes()).contains("too many parentheses in each other"));
    }
    assert!(
        refusal(format!("${}", "[?@".repeat(1000)).as_bytes()).contains("too many filters in each other")
    );
    assert_eq!(refusal(&[b'.'; 1 << 20]), "ERR path is longer than 16384 bytes");
    assert_eq!(refusal(&[b'$'; 1 << 20]), "ERR path is longer than 16384 bytes");
}

/// As deep a document as there can be, followed by recursive filters in each other: no stack runs over.
#[test]
fn the_deepest_document_can_be_walked() {
    let document = node(&format!("{}1{}", "[".repeat(128), "]".repeat(128)));
    assert_eq!(found(&document, "$..[?@ == 1]"), "[1]");
    let filters = "$..[?$..[?$..[?$..[?@ == 1]]]]";
    assert_eq!(path(filters).nodes(&document).expect("few steps").len(), 128);
    assert_eq!(found(&document, &format!("${}", "[0]".repeat(128))), "[1]");
    assert_eq!(found(&document, &format!("${}", "[0]".repeat(5000))), "[]");
}

#[test]
fn steps_and_matches_are_bounded() {
    let document = node(&format!("[{}0]", "0,".repeat(9_999)));
    let refusal = |written: &str| {
        path(written).nodes(&document).map(|nodes| nodes.len()).expect_err("too much").0.text().to_owned()
    };
    let too_long = "ERR path takes too long to follow in this document";
    assert_eq!(refusal("$[?$ == $]"), too_long);
    assert_eq!(
        refusal(&format!("$[{}*]", "*,".repeat(200))),
        "ERR path has too many matches in this document"
    );
    let long = Node::Text(latchkey_keyspace::Str::from(vec![b'a'; 10 << 20]));
    let document = Node::array(vec![long]);
    let stopped = path("$[?@ =~ '(a*)*b{2,90}$']").nodes(&document).expect_err("too much");
    assert_eq!(stopped.0.text(), too_long);
}

/// A selector or a segment of the model.
#[derive(Clone, Debug)]
enum Part {
    Name(String),
    Index(i64),
    Slice(Option<i64>, Option<i64>, Option<i64>),
    All,
    /// `?@.name op value`
    Less(String, i64),
}

impl Part {
    fn text(&self) -> String {
        let shown = |index: &Option<i64>| index.map(|index| index.to_string()).unwrap_or_default();
        match self {
            Self::Name(name) => format!("'{name}'"),
            Self::Index(index) => index.to_string(),
            Self::Slice(start, end, step) => format!("{}:{}:{}", shown(start), shown(end), shown(step)),
            Self::All => "*".into(),
            Self::Less(name, bound) => format!("?@.{name} < {bound}"),
        }
    }

    /// Whether it selects the child number `i` of `len` with this name; how often and in which order is not asked here.
    fn selects(&self, node: &Node, i: usize, name: Option<&str>) -> bool {
        let len = node.len() as i64;
        let i = i as i64;
        match self {
            Self::All => true,
            Self::Name(wanted) => name == Some(wanted),
            Self::Index(index) => name.is_none() && (*index == i || *index + len == i),
            Self::Slice(start, end, step) => {
                let step = step.unwrap_or(1);
                let (start, end) = plain_bounds(*start, *end, step, len);
                let steps = (0..=len).map(|n| start + n * step);
                let mut taken = steps.take_while(|&at| if step > 0 { at < end } else { at > end });
                name.is_none() && step != 0 && taken.any(|at| at == i)
            }
            Self::Less(wanted, bound) => match node.child(i as usize) {
                Some(Node::Object(object)) => match object.get(wanted.as_bytes()) {
                    Some((_, Node::Number(number))) => number.to_f64() < *bound as f64,
                    _ => false,
                },
                _ => false,
            },
        }
    }
}

/// RFC 9535's definition, word for word.
fn plain_bounds(start: Option<i64>, end: Option<i64>, step: i64, len: i64) -> (i64, i64) {
    let normal = |index: i64| if index >= 0 { index } else { len + index };
    if step >= 0 {
        (normal(start.unwrap_or(0)).max(0).min(len), normal(end.unwrap_or(len)).max(0).min(len))
    } else {
        let end = end.map_or(-1, normal);
        (normal(start.unwrap_or(len - 1)).max(-1).min(len - 1), end.max(-1).min(len - 1))
    }
}

/// All values with their locations by brute force: every value of the document is asked whether each segment leads to it.
fn plain(node: &Node, at: Vec<usize>, segments: &[(bool, Part)], out: &mut Vec<Vec<usize>>) {
    let Some(((descends, part), rest)) = segments.split_first() else {
        out.push(at);
        return;
    };
    for (i, child) in node.children().enumerate() {
        let name = match node {
            Node::Object(object) => {
                object.iter().nth(i).map(|(name, _)| String::from_utf8_lossy(name).into_owned())
            }
            _ => None,
        };
        let mut below = at.clone();
        below.push(i);
        if part.selects(node, i, name.as_deref()) {
            plain(child, below.clone(), rest, out);
        }
        if *descends {
            plain(child, below, segments, out);
        }
    }
}

fn parts() -> impl Strategy<Value = Vec<(bool, Part)>> {
    let index = || prop::option::of(-5..6_i64);
    let part = prop_oneof![
        "[ab]".prop_map(Part::Name),
        (-5..6_i64).prop_map(Part::Index),
        (index(), index(), prop::option::of(-3..4_i64))
            .prop_map(|(start, end, step)| Part::Slice(start, end, step)),
        Just(Part::All),
        ("[ab]", -3..4_i64).prop_map(|(name, bound)| Part::Less(name, bound)),
    ];
    prop::collection::vec((any::<bool>(), part), 0..4)
}

fn documents() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        (-5..5_i64).prop_map(|n| n.to_string()),
        Just("null".to_owned()),
        Just("\"s\"".to_owned())
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(("[abc]", inner), 0..4).prop_map(|members| {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    /// The same matches as by brute force, as often; without a descent each is also found where a reader expects it.
    #[test]
    fn paths_find_what_a_plain_evaluator_finds(document in documents(), parts in parts()) {
        let document = node(&document);
        let written: String =
            parts.iter().map(|(descends, part)| format!("{}[{}]", if *descends { ".." } else { "" }, part.text())).collect();
        let mut located = path(&format!("${written}")).locations(&document).expect("few steps");
        let mut expected = Vec::new();
        plain(&document, Vec::new(), &parts, &mut expected);
        let backwards = parts.iter().any(|(_, part)| matches!(part, Part::Slice(_, _, Some(step)) if *step < 0));
        if parts.iter().any(|(descends, _)| *descends) || backwards {
            located.sort();
            expected.sort();
        }
        prop_assert_eq!(located, expected, "${}", written);
    }

    /// Of two matches of one descent, that which lies in the other comes first.
    #[test]
    fn descents_come_back_from_below(document in documents()) {
        let document = node(&document);
        let located = path("$..*").locations(&document).expect("few steps");
        for (i, at) in located.iter().enumerate() {
            prop_assert!(located[i + 1..].iter().all(|later| !later.starts_with(at)), "{:?} before what lies in it", at);
        }
    }

    #[test]
    fn no_word_makes_the_reader_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..40),
        word in "[$@.\\[\\]()?!*'\":,a-c0-9=<>~&| \\\\-]{0,40}",
    ) {
        let document = node(r#"{"a":[1,{"b":"c"}]}"#);
        for word in [&bytes[..], word.as_bytes(), format!("$[?{word}]").as_bytes()] {
            if let Ok(path) = Path::parse(word) {
                let _whatever = path.nodes(&document).is_ok();
            }
        }
    }
}
