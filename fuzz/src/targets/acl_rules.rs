//! Rules of users: their text says the same as they do.

use latchkey_commands::acl::Rules;

/// Rules with spaces between them.
pub(crate) fn run(text: &[u8]) {
    let rules = Rules::parse(text);
    let again = Rules::parse(&rules.text());
    assert_eq!(again.compile(), rules.compile());
    assert_eq!(again.text(), rules.text());
}
