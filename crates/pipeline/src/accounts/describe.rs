//! What ACL GETUSER, ACL LIST and ACL USERS tell of users, those included that are always there.

use latchkey_commands::acl::Rules;
use latchkey_protocol::Reply;
use latchkey_tenancy::{Authority, DatabaseId, READ_ONLY_USER, TokenDigest, USER, UserRecord};

/// The rules of a user.
pub(super) fn rules_of(authority: &Authority, database: DatabaseId, name: &str) -> Option<Rules> {
    let record = || authority.user(database, name);
    rules_of_built_in(name).or_else(|| record().map(|record| Rules::parse(&record.rules)))
}

/// The rules of a user that is always there. Its passwords are the tokens of the database, which nobody is told.
fn rules_of_built_in(name: &str) -> Option<Rules> {
    match name {
        USER => Some(Rules::everything()),
        READ_ONLY_USER => Some(Rules::for_readers()),
        _ => None,
    }
}

/// The answer of ACL GETUSER, for a user that is always there.
pub(super) fn built_in(name: &str) -> Reply {
    Reply::or_null(rules_of_built_in(name).map(|rules| fields(&rules, &[])))
}

/// The answer of ACL GETUSER.
pub(super) fn user(record: &UserRecord) -> Reply {
    fields(&Rules::parse(&record.rules), &record.passwords)
}

fn fields(rules: &Rules, passwords: &[TokenDigest]) -> Reply {
    let passwords = passwords.iter().map(|digest| Reply::bulk(digest.hex())).collect();
    let fields = [
        ("flags", Reply::Set(vec![Reply::bulk(rules.on())])),
        ("passwords", Reply::Array(passwords)),
        ("commands", Reply::bulk(rules.commands())),
        ("keys", Reply::bulk(rules.keys())),
        ("channels", Reply::bulk(rules.channels())),
    ];
    Reply::Map(fields.into_iter().map(|(name, value)| (Reply::bulk(name), value)).collect())
}

/// The answer of ACL LIST.
pub(super) fn lines(users: &[UserRecord]) -> Reply {
    let line = |record: &UserRecord| {
        let passwords = record.passwords.iter().map(TokenDigest::hex);
        (record.name.clone(), Rules::parse(&record.rules).line(&record.name, passwords))
    };
    let always = [USER, READ_ONLY_USER].into_iter().filter_map(|name| {
        let rules = rules_of_built_in(name)?;
        Some((name.to_owned(), rules.line(name, std::iter::empty())))
    });
    sorted(users.iter().map(line).chain(always))
}

/// The answer of ACL USERS.
pub(super) fn names(users: &[UserRecord]) -> Reply {
    let names = users.iter().map(|user| user.name.as_str()).chain([USER, READ_ONLY_USER]);
    sorted(names.map(|name| (name.to_owned(), name.as_bytes().to_vec())))
}

/// Texts in the order of the names before them.
fn sorted(named: impl Iterator<Item = (String, Vec<u8>)>) -> Reply {
    let mut named: Vec<_> = named.collect();
    named.sort_unstable();
    Reply::Array(named.into_iter().map(|(_, text)| Reply::bulk(text)).collect())
}
