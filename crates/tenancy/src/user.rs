//! Users of a database: what they may do, their passwords, and the tokens that wrap these.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use latchkey_commands::acl::{Permissions, Rules};
use parking_lot::RwLock;

use crate::authority::AuthError;
use crate::registry::{DatabaseEntry, TokenEntry};
use crate::store::UserRecord;
use crate::token::TokenDigest;
use crate::{DatabaseId, TokenId, base32};

/// The longest name of a user, in bytes.
pub const USER_NAME_BYTES_MAX: usize = 64;

/// The longest password, in bytes.
pub const PASSWORD_BYTES_MAX: usize = 128;

/// What stands before every token of a user.
const PREFIX: &str = "lku_";

/// A token that wraps the password of a user: `lku_` and letters and digits. It is no proof of anything: whoever shows
/// one is let in if the user it names has the password that it holds.
#[derive(Clone, PartialEq, Eq)]
pub struct UserToken {
    /// The database that the user belongs to.
    pub database: DatabaseId,
    /// The user's name, of no more than [`USER_NAME_BYTES_MAX`].
    pub user: String,
    /// The password, of no more than [`PASSWORD_BYTES_MAX`].
    pub password: Vec<u8>,
}

impl UserToken {
    /// Its text. The database's id, the length of the name, the name and the password, in base32.
    pub fn text(&self) -> String {
        let length = u8::try_from(self.user.len()).expect("a name has no more than USER_NAME_BYTES_MAX");
        let bytes = [self.database.as_bytes(), &[length][..], self.user.as_bytes(), &self.password].concat();
        format!("{PREFIX}{}", base32::encode(&bytes))
    }

    /// Reads a token, without asking whether it is good. `None` if it is none.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let bytes = base32::decode_all(str::from_utf8(text).ok()?.strip_prefix(PREFIX)?)?;
        let (database, rest) = bytes.split_first_chunk()?;
        let (&length, rest) = rest.split_first()?;
        let (user, password) = rest.split_at_checked(usize::from(length))?;
        let user = str::from_utf8(user).ok()?.to_owned();
        let fits = user.len() <= USER_NAME_BYTES_MAX && password.len() <= PASSWORD_BYTES_MAX;
        fits.then(|| Self { database: DatabaseId::from_bytes(*database), user, password: password.to_vec() })
    }

    /// What is kept of the password.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(&self.password)
    }
}

impl fmt::Debug for UserToken {
    /// Leaves the password out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserToken({} of {})", self.user, self.database)
    }
}

/// A user, as principals see it.
#[derive(Debug)]
pub(crate) struct UserEntry {
    name: String,
    /// What its commands are counted by.
    pub(crate) token: Arc<TokenEntry>,
    deleted: AtomicBool,
    state: RwLock<State>,
}

/// What can be changed.
#[derive(Debug)]
struct State {
    record: UserRecord,
    is_on: bool,
    permissions: Arc<Permissions>,
}

impl State {
    fn new(record: &UserRecord) -> Self {
        let rules = Rules::parse(&record.rules);
        Self { record: record.clone(), is_on: rules.is_on(), permissions: Arc::new(rules.compile()) }
    }

    /// Takes as long for one password as for another.
    fn has_password(&self, digest: &TokenDigest) -> bool {
        self.record.passwords.iter().fold(false, |found, known| found | known.equals(digest))
    }
}

impl UserEntry {
    pub(crate) fn new(record: &UserRecord, database: Arc<DatabaseEntry>) -> Self {
        Self {
            name: record.name.clone(),
            token: Arc::new(TokenEntry::of_user(record.id, database)),
            deleted: AtomicBool::new(false),
            state: RwLock::new(State::new(record)),
        }
    }

    pub(crate) fn update(&self, record: &UserRecord) {
        let state = State::new(record);
        *self.state.write() = state;
    }

    pub(crate) fn delete(&self) {
        self.deleted.store(true, Relaxed);
    }

    pub(crate) fn id(&self) -> TokenId {
        self.token.id()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn record(&self) -> UserRecord {
        self.state.read().record.clone()
    }

    pub(crate) fn permissions(&self) -> Arc<Permissions> {
        Arc::clone(&self.state.read().permissions)
    }

    /// Whether somebody with this password is this user now.
    pub(crate) fn standing(&self, password: &TokenDigest) -> Result<(), AuthError> {
        if self.deleted.load(Relaxed) {
            return Err(AuthError::Revoked);
        }
        self.token.database().standing()?;
        let state = self.state.read();
        if !state.has_password(password) {
            return Err(AuthError::Revoked);
        }
        if !state.is_on { Err(AuthError::UserOff) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(user: &str, password: &[u8]) -> UserToken {
        let database = DatabaseId::from_bytes([7; 16]);
        UserToken { database, user: user.into(), password: password.into() }
    }

    #[test]
    fn a_token_holds_what_it_was_made_of() {
        for (user, password) in
            [("ann", &b"secret"[..]), ("", b""), ("bob@shop", &[0xff; PASSWORD_BYTES_MAX])]
        {
            let token = token(user, password);
            assert_eq!(UserToken::parse(token.text().as_bytes()), Some(token.clone()), "{user}");
            assert!(token.text().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
        }
    }

    #[test]
    fn what_is_no_token_is_not_read_as_one() {
        let text = token("ann", b"secret").text();
        let upper = text.to_ascii_uppercase();
        for wrong in ["", "lku_", "lku_0", &text[4..], &text[..text.len() - 1], &text[..20], &upper] {
            assert_ne!(UserToken::parse(wrong.as_bytes()), Some(token("ann", b"secret")), "{wrong}");
        }
        let too_long = token(&"x".repeat(USER_NAME_BYTES_MAX + 1), b"");
        assert_eq!(UserToken::parse(too_long.text().as_bytes()), None);
    }

    #[test]
    fn a_token_is_not_printed() {
        assert!(!format!("{:?}", token("ann", b"secret")).contains("secret"));
    }
}
