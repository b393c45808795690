//! Commands about the users of a database: what `ACL` asks for.
//!
//! They are not for a backend, which knows no users: they read what the [`Authority`] knows and change what the
//! [`UserStore`] keeps, after the backend has run the other commands of their batch. Neither sees the other's work, so
//! nobody can tell the order.

mod describe;
mod modify;
mod passwords;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use latchkey_commands::{Account, Call, Run, printable};
use latchkey_protocol::number::parse_i64;
use latchkey_protocol::{Reply, ReplyError, Words};
use latchkey_tenancy::{
    Authority, DatabaseId, Principal, READ_ONLY_USER, TokenId, USER, USER_NAME_BYTES_MAX, UserDone,
    UserError, UserStore, UserToken,
};
use tokio::sync::oneshot;

use crate::Clock;

/// Fills the slice with bytes that nobody can guess.
pub type Entropy = fn(&mut [u8]) -> std::io::Result<()>;

/// Answers commands about users. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    authority: Arc<Authority>,
    store: Arc<dyn UserStore>,
    clock: Arc<dyn Clock>,
    entropy: Entropy,
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").field("authority", &self.authority).finish_non_exhaustive()
    }
}

type Result<T = Reply> = std::result::Result<T, ReplyError>;

const UNAVAILABLE: ReplyError = ReplyError::fixed("ERR the users cannot be changed now, try again");
const NO_CHANCE: ReplyError = ReplyError::fixed("ERR the system has no random numbers");

impl Accounts {
    /// Over the users that `authority` knows and `store` keeps. What the store keeps has to reach the authority.
    pub fn new(
        authority: Arc<Authority>,
        store: Arc<dyn UserStore>,
        clock: Arc<dyn Clock>,
        entropy: Entropy,
    ) -> Self {
        Self { authority, store, clock, entropy }
    }

    /// Does what a command about users asks for.
    pub(crate) async fn run(&self, principal: &Principal, call: &Call, account: Account) -> Reply {
        self.try_run(principal, call, account).await.unwrap_or_else(Reply::from)
    }

    async fn try_run(&self, principal: &Principal, call: &Call, account: Account) -> Result {
        let (database, args) = (principal.database(), call.args().rest());
        match (account, args) {
            (Account::WhoAmI, _) => Ok(Reply::bulk(principal.user_name())),
            (Account::Users, _) => Ok(describe::names(&self.authority.users(database))),
            (Account::List, _) => Ok(describe::lines(&self.authority.users(database))),
            (Account::GetUser, [name, ..]) => Ok(self.get_user(database, name)),
            (Account::DryRun, [name, words @ ..]) => self.dry_run(database, name, words),
            (Account::GeneratePassword, []) => self.generate_password(256),
            (Account::GeneratePassword, [bits]) => self.generate_password(bit_count(bits)?),
            (Account::GenerateToken, [name]) => self.generate_token(database, name, None),
            (Account::GenerateToken, [name, password]) => self.generate_token(database, name, Some(password)),
            (Account::RestToken, [name, password]) => self.rest_token(database, name, password),
            (Account::SetUser, [name, modifiers @ ..]) => {
                self.set_user(database, name, modifiers.to_vec()).await
            }
            (Account::DeleteUsers, names) => self.delete_users(database, names).await,
            _ => Err(unknown_form(call)),
        }
    }

    fn get_user(&self, database: DatabaseId, name: &[u8]) -> Reply {
        let built_in = [USER, READ_ONLY_USER].into_iter().find(|known| known.as_bytes() == name);
        match (built_in, str::from_utf8(name)) {
            (Some(name), _) => describe::built_in(name),
            (None, Ok(name)) => {
                Reply::or_null(self.authority.user(database, name).as_ref().map(describe::user))
            }
            (None, Err(_)) => Reply::Null,
        }
    }

    fn dry_run(&self, database: DatabaseId, name: &[u8], words: &[Bytes]) -> Result {
        let user = str::from_utf8(name).unwrap_or_default();
        let known = describe::rules_of(&self.authority, database, user);
        let rules =
            known.ok_or_else(|| ReplyError::new(format!("ERR User '{}' not found", printable(name))))?;
        let words: Words = words.iter().cloned().collect();
        if latchkey_commands::find(&words).is_none() {
            return Err(ReplyError::new(format!("ERR Command '{}' not found", printable(words.name()))));
        }
        let call = Call::resolve(words)?;
        Ok(match rules.compile().check(&call) {
            Ok(()) => Reply::OK,
            Err(denial) => Reply::bulk(denial.explain(user, call.command())),
        })
    }

    fn generate_password(&self, bits: usize) -> Result {
        let random = self.random(bits.div_ceil(8))?;
        Ok(Reply::bulk(random.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
    }

    /// The user may be made afterwards.
    fn generate_token(&self, database: DatabaseId, name: &[u8], password: Option<&Bytes>) -> Result {
        const RANDOM_BYTES: usize = 32;
        let user = changeable(name)?.to_owned();
        let password = match password {
            Some(password) => passwords::check(password)?.to_vec(),
            None => self.random(RANDOM_BYTES)?,
        };
        Ok(Reply::bulk(UserToken { database, user, password }.text()))
    }

    fn rest_token(&self, database: DatabaseId, name: &[u8], password: &[u8]) -> Result {
        let user = str::from_utf8(name).unwrap_or_default();
        let is_good = |token: &[u8]| {
            let principal = self.authority.authenticate(token, self.clock.now_ms());
            principal.is_ok_and(|known| known.database() == database && known.user_name() == user)
        };
        if is_good(password) {
            return Ok(Reply::bulk(password));
        }
        let wrapped = UserToken { database, user: user.to_owned(), password: password.to_vec() };
        let text = (user.len() <= USER_NAME_BYTES_MAX).then(|| wrapped.text());
        match text.filter(|text| is_good(text.as_bytes())) {
            Some(text) => Ok(Reply::bulk(text)),
            None => {
                let name = printable(name);
                Err(ReplyError::new(format!("ERR Wrong password or user \"{name}\" does not exist")))
            }
        }
    }

    async fn set_user(&self, database: DatabaseId, name: &[u8], modifiers: Vec<Bytes>) -> Result {
        let name = changeable(name)?.to_owned();
        let random = self.random(10)?.try_into().map_err(|_| NO_CHANCE)?;
        let blank = modify::blank(TokenId::new(self.clock.now_ms(), random), database, name.clone());
        let change = Box::new(move |before: Option<_>| modify::modify(before.unwrap_or(blank), &modifiers));
        done(|done| self.store.change_user(database, name, change, done)).await?;
        Ok(Reply::OK)
    }

    async fn delete_users(&self, database: DatabaseId, names: &[Bytes]) -> Result {
        let built_in =
            |name: &Bytes| [USER, READ_ONLY_USER].into_iter().find(|known| known.as_bytes() == name);
        if let Some(name) = names.iter().find_map(built_in) {
            return Err(ReplyError::new(format!("ERR The '{name}' user cannot be removed")));
        }
        let names = names.iter().filter_map(|name| Some(str::from_utf8(name).ok()?.to_owned())).collect();
        let count = done(|done| self.store.delete_users(database, names, done)).await?;
        Ok(Reply::count(usize::try_from(count).unwrap_or(usize::MAX)))
    }

    fn random(&self, bytes: usize) -> Result<Vec<u8>> {
        let mut random = vec![0; bytes];
        (self.entropy)(&mut random).map_err(|error| {
            tracing::error!(%error, "no random numbers");
            NO_CHANCE
        })?;
        Ok(random)
    }
}

/// What a command about users asks for; `None` for any other command.
pub(crate) fn asked(call: &Call) -> Option<Account> {
    match call.spec().run {
        Run::Account(account) => Some(account),
        _ => None,
    }
}

/// Waits for what the store reports to its callback.
async fn done<T: Send + 'static>(call: impl FnOnce(UserDone<T>)) -> Result<T> {
    let (sender, receiver) = oneshot::channel();
    // Nobody may wait any more; then the result is of no use.
    call(Box::new(move |result| drop(sender.send(result))));
    match receiver.await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(UserError::Refused(text))) => Err(ReplyError::new(text)),
        Ok(Err(UserError::Unavailable(error))) => {
            tracing::error!(error, "users cannot be changed");
            Err(UNAVAILABLE)
        }
        Err(_) => Err(UNAVAILABLE),
    }
}

/// A name that a user can have, and that is not one of those that are always there.
fn changeable(name: &[u8]) -> Result<&str> {
    if let Some(name) = [USER, READ_ONLY_USER].into_iter().find(|known| known.as_bytes() == name) {
        return Err(ReplyError::new(format!("ERR The '{name}' user cannot be modified")));
    }
    let wrong = ReplyError::fixed("ERR Usernames can't contain spaces or null characters");
    let name = str::from_utf8(name).ok().filter(|name| !name.is_empty()).ok_or(wrong.clone())?;
    if name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(wrong);
    }
    if name.len() > USER_NAME_BYTES_MAX {
        let text = format!("ERR the name of a user cannot be longer than {USER_NAME_BYTES_MAX} bytes");
        return Err(ReplyError::new(text));
    }
    Ok(name)
}

fn bit_count(word: &[u8]) -> Result<usize> {
    const BITS_MAX: i64 = 4096;
    let bits = parse_i64(word).ok_or(ReplyError::NOT_AN_INTEGER)?;
    let out_of_range = ReplyError::fixed(
        "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096",
    );
    usize::try_from(bits).ok().filter(|_| (1..=BITS_MAX).contains(&bits)).ok_or(out_of_range)
}

fn unknown_form(call: &Call) -> ReplyError {
    let name = call.spec().name.to_ascii_lowercase();
    ReplyError::new(format!(
        "ERR unknown subcommand or wrong number of arguments for '{name}'. Try ACL HELP."
    ))
}

#[cfg(test)]
mod tests;
