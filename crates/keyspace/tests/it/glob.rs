//! Glob patterns against a recursive definition, on alphabets small enough for texts to match.

use latchkey_keyspace::collections::glob::{literal, matches};
use proptest::prelude::*;

fn pattern() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(br"aaabbBc**?[]^-\".to_vec()), 0..9)
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(br"aaabbBc]-\".to_vec()), 0..7)
}

/// What a pattern says, once parsed.
#[derive(Debug)]
enum Element {
    Star,
    Any,
    Byte(u8),
    Class { wanted: bool, members: Vec<Member> },
}

#[derive(Debug)]
enum Member {
    Escaped(u8),
    Range(u8, u8),
    Byte(u8),
}

fn parse(pattern: &[u8]) -> Vec<Element> {
    let mut elements = Vec::new();
    let mut i = 0;
    while i < pattern.len() {
        let byte = pattern[i];
        i += 1;
        elements.push(match byte {
            b'*' => Element::Star,
            b'?' => Element::Any,
            b'[' => parse_class(pattern, &mut i),
            b'\\' if i < pattern.len() => {
                i += 1;
                Element::Byte(pattern[i - 1])
            }
            _ => Element::Byte(byte),
        });
    }
    elements
}

fn parse_class(pattern: &[u8], i: &mut usize) -> Element {
    let wanted = pattern.get(*i) != Some(&b'^');
    *i += usize::from(!wanted);
    let mut members = Vec::new();
    while *i < pattern.len() {
        let left = pattern.len() - *i;
        if pattern[*i] == b'\\' && left >= 2 {
            members.push(Member::Escaped(pattern[*i + 1]));
            *i += 2;
        } else if pattern[*i] == b']' {
            *i += 1;
            break;
        } else if left >= 3 && pattern[*i + 1] == b'-' {
            members.push(Member::Range(pattern[*i], pattern[*i + 2]));
            *i += 3;
        } else {
            members.push(Member::Byte(pattern[*i]));
            *i += 1;
        }
    }
    Element::Class { wanted, members }
}

fn model(elements: &[Element], text: &[u8], nocase: bool) -> bool {
    let Some((first, rest)) = elements.split_first() else { return text.is_empty() };
    if let Element::Star = first {
        return (0..=text.len()).any(|skipped| model(rest, &text[skipped..], nocase));
    }
    text.split_first().is_some_and(|(byte, tail)| holds(first, *byte, nocase) && model(rest, tail, nocase))
}

fn holds(element: &Element, byte: u8, nocase: bool) -> bool {
    let fold = |byte: u8| if nocase { byte.to_ascii_lowercase() } else { byte };
    match element {
        Element::Star => unreachable!("stars are not single bytes"),
        Element::Any => true,
        Element::Byte(wanted) => fold(*wanted) == fold(byte),
        Element::Class { wanted, members } => {
            let found = members.iter().any(|member| match *member {
                Member::Escaped(escaped) => escaped == byte,
                Member::Byte(one) => fold(one) == fold(byte),
                Member::Range(a, b) => (fold(a.min(b))..=fold(a.max(b))).contains(&fold(byte)),
            });
            found == *wanted
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn matches_like_the_recursive_definition(pattern in pattern(), text in text(), nocase: bool) {
        let only_stars = pattern.len() > 1 && pattern.iter().all(|byte| *byte == b'*');
        let expected = model(&parse(&pattern), &text, nocase) && !(text.is_empty() && only_stars);
        prop_assert_eq!(matches(&pattern, &text, nocase), expected);
    }

    #[test]
    fn a_literal_matches_its_pattern_and_nothing_else_does(pattern in pattern(), text in text()) {
        if let Some(literal) = literal(&pattern) {
            prop_assert!(matches(&pattern, &literal, false));
            prop_assert_eq!(matches(&pattern, &text, false), *literal == text);
        }
    }
}
