//! What the modifiers of ACL SETUSER make of a user.

use bytes::Bytes;
use latchkey_commands::acl::{RuleError, Rules};
use latchkey_commands::printable;
use latchkey_tenancy::{DatabaseId, TokenDigest, TokenId, UserRecord, UserToken};

use super::passwords;

/// The most passwords of one user.
const PASSWORDS_MAX: usize = 16;

/// The longest rules of one user, as they are kept, in bytes: so long takes checking a command at most.
const RULES_BYTES_MAX: usize = 4096;

/// A user that may do nothing, as Redis makes one that nothing is said of.
pub(super) fn blank(id: TokenId, database: DatabaseId, name: String) -> UserRecord {
    UserRecord { id, database, name, rules: Rules::default().text(), passwords: Vec::new(), deleted: false }
}

/// The user with all modifiers applied, from left to right; or, in the client's words, why not.
pub(super) fn modify(mut user: UserRecord, modifiers: &[Bytes]) -> Result<UserRecord, String> {
    let mut rules = Rules::parse(&user.rules);
    for modifier in modifiers {
        apply(&mut user, &mut rules, modifier)
            .map_err(|error| format!("ERR Error in ACL SETUSER modifier '{}': {error}", shown(modifier)))?;
    }
    user.rules = rules.text();
    if user.rules.len() > RULES_BYTES_MAX {
        return Err(format!("ERR the rules of a user cannot be longer than {RULES_BYTES_MAX} bytes"));
    }
    if user.passwords.len() > PASSWORDS_MAX {
        return Err(format!("ERR a user cannot have more than {PASSWORDS_MAX} passwords"));
    }
    Ok(user)
}

/// Why a modifier is refused.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("{0}")]
    Rule(#[from] RuleError),
    #[error("The password must be a token of this user from ACL GENTOKEN")]
    NoToken,
    #[error("The password you are trying to remove from the user does not exist")]
    NoSuchPassword,
    #[error(
        "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
    )]
    NoHash,
    #[error("Password hashes are not supported: take a token from ACL GENTOKEN")]
    AddedHash,
    #[error("Users without a password are not supported")]
    NoPassword,
}

fn apply(user: &mut UserRecord, rules: &mut Rules, modifier: &[u8]) -> Result<(), Refusal> {
    match modifier {
        [b'>', token @ ..] => {
            let digest = digest(user, token).ok_or(Refusal::NoToken)?;
            if !user.passwords.contains(&digest) {
                user.passwords.push(digest);
            }
        }
        [b'<', token @ ..] => {
            let digest = digest(user, token).ok_or(Refusal::NoSuchPassword)?;
            remove(user, |known| *known == digest)?;
        }
        [b'!', hash @ ..] => {
            let is_hexadecimal = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            if hash.len() != 64 || !hash.iter().all(is_hexadecimal) {
                return Err(Refusal::NoHash);
            }
            remove(user, |known| known.hex().as_bytes() == hash)?;
        }
        [b'#', ..] => return Err(Refusal::AddedHash),
        word if word.eq_ignore_ascii_case(b"nopass") => return Err(Refusal::NoPassword),
        word if word.eq_ignore_ascii_case(b"resetpass") => user.passwords.clear(),
        word if word.eq_ignore_ascii_case(b"reset") => {
            user.passwords.clear();
            rules.apply(word)?;
        }
        rule => rules.apply(rule)?,
    }
    Ok(())
}

/// What is kept of the password in a token, if that is one of this user and a password that it may have.
fn digest(user: &UserRecord, token: &[u8]) -> Option<TokenDigest> {
    let token = UserToken::parse(token)?;
    let is_own = token.database == user.database && token.user == user.name;
    (is_own && passwords::check(&token.password).is_ok()).then(|| token.digest())
}

fn remove(user: &mut UserRecord, is_it: impl Fn(&TokenDigest) -> bool) -> Result<(), Refusal> {
    let at = user.passwords.iter().position(is_it).ok_or(Refusal::NoSuchPassword)?;
    user.passwords.remove(at);
    Ok(())
}

/// A modifier, fit for an error text: a password is not repeated.
fn shown(modifier: &[u8]) -> String {
    match modifier {
        [sign @ (b'>' | b'<' | b'#' | b'!'), ..] => format!("{}...", char::from(*sign)),
        _ => printable(modifier),
    }
}
