//! Paths give back the arguments that were put into them.

use bytes::Bytes;
use latchkey_protocol::Words;
use latchkey_protocol::rest::parse_path;
use proptest::prelude::*;

proptest! {
    #[test]
    fn encoded_arguments_come_back(
        name in "[a-z]{1,8}", arguments: Vec<Vec<u8>>, body: Vec<u8>, options: Vec<(Vec<u8>, Vec<u8>)>
    ) {
        let path: String = arguments.iter().map(|argument| format!("/{}", encode(argument))).collect();
        let query: Vec<_> = options.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
        // The slash at the end keeps an empty last argument from being taken for one.
        let request = parse_path(&format!("/{name}{path}/"), Some(&query.join("&")), body.clone().into());
        let mut words = vec![name.into_bytes()];
        words.extend(arguments);
        words.extend((!body.is_empty()).then_some(body));
        words.extend(options.into_iter().flat_map(|(key, value)| [key, value]));
        let words: Words = words.into_iter().map(Bytes::from).collect();
        prop_assert_eq!(request.map(|request| request.words), Ok(words));
    }

    #[test]
    fn no_uri_is_too_strange(path in "[/a%2+é]{0,12}", query in "[_token=&%2+é]{0,12}") {
        let outcome = parse_path(&path, Some(&query), Bytes::new());
        let whole = |text: &str| text.split('%').skip(1).all(|rest| rest.starts_with(|c: char| c.is_ascii_hexdigit())
            && rest[1..].starts_with(|c: char| c.is_ascii_hexdigit()));
        prop_assert_eq!(outcome.is_ok(), whole(&path) && whole(&query));
    }
}

fn encode(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("%{byte:02x}")).collect()
}
