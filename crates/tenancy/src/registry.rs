//! The databases and tokens there are, with the state that principals share.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use parking_lot::{Mutex, RwLock};

use crate::authority::AuthError;
use crate::keys::{KeyError, KeyRing};
use crate::plan::Limits;
use crate::principal::Principal;
use crate::quota::{Allowance, Meter};
use crate::store::{DatabaseRecord, MeterScope, Records, TokenKind, TokenRecord, UsageRecord, UserRecord};
use crate::token::TokenDigest;
use crate::usage::{Usage, UsageCounter};
use crate::user::UserEntry;
use crate::{DatabaseId, TokenId};

/// Everything that authentication looks up. Entries change in place, because principals hold on to them.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    pub(crate) keys: KeyRing,
    tenants: HashMap<DatabaseId, Tenant>,
    tokens: HashMap<TokenId, Arc<TokenEntry>>,
    opaque: HashMap<TokenDigest, Arc<Principal>>,
    names: HashMap<String, DatabaseId>,
    /// Tokens that are gone while some principal may still hold them, with usage to be collected.
    leaving: Vec<Arc<TokenEntry>>,
}

#[derive(Debug)]
struct Tenant {
    entry: Arc<DatabaseEntry>,
    name: String,
    tokens: HashSet<TokenId>,
    users: BTreeMap<String, Arc<UserEntry>>,
}

impl Registry {
    pub(crate) fn token(&self, id: TokenId) -> Option<&Arc<TokenEntry>> {
        self.tokens.get(&id)
    }

    pub(crate) fn opaque(&self, digest: &TokenDigest) -> Option<&Arc<Principal>> {
        self.opaque.get(digest)
    }

    /// The database of this name.
    pub(crate) fn database_named(&self, name: &str) -> Option<DatabaseId> {
        self.names.get(name).copied()
    }

    /// The database of this id or this name. An id goes first, so that no name takes another's place.
    pub(crate) fn database_asked_for(&self, text: &str) -> Option<DatabaseId> {
        let by_id = text.parse().ok().filter(|id| self.tenants.contains_key(id));
        by_id.or_else(|| self.database_named(text))
    }

    pub(crate) fn user(&self, database: DatabaseId, name: &str) -> Option<&Arc<UserEntry>> {
        self.tenants.get(&database)?.users.get(name)
    }

    /// The users of a database, by name.
    pub(crate) fn users(&self, database: DatabaseId) -> impl Iterator<Item = &Arc<UserEntry>> {
        self.tenants.get(&database).into_iter().flat_map(|tenant| tenant.users.values())
    }

    pub(crate) fn meters(&self) -> impl Iterator<Item = &Meter> {
        let databases = self.tenants.values().map(|tenant| &*tenant.entry.meter);
        databases.chain(self.tokens.values().map(|token| &*token.meter))
    }

    pub(crate) fn put_database(&mut self, record: &DatabaseRecord) {
        if record.deleted {
            return self.remove_database(record.id);
        }
        let tenant = self.tenants.entry(record.id).or_insert_with(|| Tenant {
            entry: Arc::new(DatabaseEntry::new(record)),
            name: String::new(),
            tokens: HashSet::new(),
            users: BTreeMap::new(),
        });
        tenant.entry.update(record);
        if tenant.name != record.name {
            let before = std::mem::replace(&mut tenant.name, record.name.clone());
            self.forget_name(&before, record.id);
            self.names.insert(record.name.clone(), record.id);
        }
    }

    /// The name may be another database's by now.
    fn forget_name(&mut self, name: &str, id: DatabaseId) {
        if self.names.get(name) == Some(&id) {
            self.names.remove(name);
        }
    }

    /// A user of a database that is not there is not taken in, as with tokens.
    pub(crate) fn put_user(&mut self, record: &UserRecord) {
        let Some(tenant) = self.tenants.get_mut(&record.database) else { return };
        let known = tenant.users.get(&record.name);
        if let Some(same) = known.filter(|known| known.id() == record.id && !record.deleted) {
            return same.update(record);
        }
        // Made anew under the name of one that was deleted, or deleted itself.
        if let Some(gone) = tenant.users.remove(&record.name) {
            gone.delete();
            self.leaving.push(Arc::clone(&gone.token));
        }
        if !record.deleted {
            let user = UserEntry::new(record, Arc::clone(&tenant.entry));
            tenant.users.insert(record.name.clone(), Arc::new(user));
        }
    }

    /// A token of a database that is not there is not taken in: it could never be used.
    pub(crate) fn put_token(&mut self, record: &TokenRecord) {
        if record.revoked_at_ms.is_some() {
            return self.remove_token(record.id);
        }
        let Some(tenant) = self.tenants.get_mut(&record.database) else { return };
        if let Some(token) = self.tokens.get(&record.id) {
            return token.update(record);
        }
        let token = Arc::new(TokenEntry::new(record, Arc::clone(&tenant.entry)));
        tenant.tokens.insert(record.id);
        if let TokenKind::Opaque(digest) = record.kind {
            self.opaque.insert(digest, Arc::new(Principal::opaque(Arc::clone(&token))));
        }
        self.tokens.insert(record.id, token);
    }

    /// Makes these the databases, tokens and keys that there are.
    pub(crate) fn replace(&mut self, records: &Records) -> Result<(), KeyError> {
        self.keys.replace(&records.keys)?;
        self.retain(records);
        records.databases.iter().for_each(|record| self.put_database(record));
        records.tokens.iter().for_each(|record| self.put_token(record));
        records.users.iter().for_each(|record| self.put_user(record));
        Ok(())
    }

    fn retain(&mut self, records: &Records) {
        let databases: HashSet<_> = records.databases.iter().map(|record| record.id).collect();
        let tokens: HashSet<_> = records.tokens.iter().map(|record| record.id).collect();
        let gone: Vec<_> = self.tenants.keys().copied().filter(|id| !databases.contains(id)).collect();
        gone.into_iter().for_each(|id| self.remove_database(id));
        let gone: Vec<_> = self.tokens.keys().copied().filter(|id| !tokens.contains(id)).collect();
        gone.into_iter().for_each(|id| self.remove_token(id));
        let users: HashSet<_> = records.users.iter().map(|record| record.id).collect();
        let here = self.tenants.values().flat_map(|tenant| tenant.users.values());
        let gone: Vec<_> =
            here.filter(|user| !users.contains(&user.id())).map(|user| user.record()).collect();
        gone.into_iter().for_each(|record| self.put_user(&UserRecord { deleted: true, ..record }));
    }

    fn remove_database(&mut self, id: DatabaseId) {
        let Some(tenant) = self.tenants.remove(&id) else { return };
        tenant.entry.deleted.store(true, Relaxed);
        self.forget_name(&tenant.name, id);
        tenant.tokens.into_iter().for_each(|token| self.remove_token(token));
        self.leaving.extend(tenant.users.into_values().map(|user| Arc::clone(&user.token)));
    }

    fn remove_token(&mut self, id: TokenId) {
        let Some(token) = self.tokens.remove(&id) else { return };
        token.revoked.store(true, Relaxed);
        if let Some(TokenKind::Opaque(digest)) = token.kind
            // The text may be another token's by now.
            && self.opaque.get(&digest).is_some_and(|principal| principal.token() == id)
        {
            self.opaque.remove(&digest);
        }
        if let Some(tenant) = self.tenants.get_mut(&token.database.id) {
            tenant.tokens.remove(&id);
        }
        self.leaving.push(token);
    }

    /// What each token used since the last call, without those that used nothing.
    pub(crate) fn take_usage(&mut self) -> Vec<UsageRecord> {
        let users = self.tenants.values().flat_map(|tenant| tenant.users.values());
        let all = self.tokens.values().chain(&self.leaving).chain(users.map(|user| &user.token));
        let used = all.map(|token| token.take_usage()).filter(|record| record.usage != Usage::default());
        let used = used.collect();
        // What nobody else holds can't be used any more.
        self.leaving.retain(|token| Arc::strong_count(token) > 1);
        used
    }
}

/// A database, as principals see it.
#[derive(Debug)]
pub(crate) struct DatabaseEntry {
    id: DatabaseId,
    epoch: AtomicU64,
    deleted: AtomicBool,
    limits: RwLock<Limits>,
    meter: Arc<Meter>,
    /// How many connections speak to it.
    connections: Arc<AtomicU64>,
}

impl DatabaseEntry {
    fn new(record: &DatabaseRecord) -> Self {
        let meter = Meter::new(MeterScope::Database(record.id), record.limits.commands_per_day);
        Self {
            id: record.id,
            epoch: AtomicU64::new(record.epoch),
            deleted: AtomicBool::new(false),
            limits: RwLock::new(record.limits),
            meter: Arc::new(meter),
            connections: Arc::default(),
        }
    }

    fn update(&self, record: &DatabaseRecord) {
        self.epoch.store(record.epoch, Relaxed);
        *self.limits.write() = record.limits;
        self.meter.set_limit(record.limits.commands_per_day);
    }

    pub(crate) fn id(&self) -> DatabaseId {
        self.id
    }

    pub(crate) fn limits(&self) -> Limits {
        *self.limits.read()
    }

    pub(crate) fn connections(&self) -> &Arc<AtomicU64> {
        &self.connections
    }

    /// Whether it is still there.
    pub(crate) fn standing(&self) -> Result<(), AuthError> {
        if self.deleted.load(Relaxed) { Err(AuthError::DatabaseDeleted) } else { Ok(()) }
    }
}

/// A token, as principals see it. Its database, its kind and its epoch never change.
#[derive(Debug)]
pub(crate) struct TokenEntry {
    id: TokenId,
    /// `None` for what a user's commands are counted by: it is found by the user's name.
    kind: Option<TokenKind>,
    epoch: u64,
    database: Arc<DatabaseEntry>,
    read_only: AtomicBool,
    revoked: AtomicBool,
    expires_at_ms: AtomicU64,
    quota: Mutex<Quota>,
    meter: Arc<Meter>,
    usage: UsageCounter,
}

/// Commands a day: as recorded, and as signed once its signature has been seen.
#[derive(Clone, Copy, Debug)]
struct Quota {
    recorded: Option<u64>,
    signed: Option<u64>,
}

impl Quota {
    fn smaller(self) -> Option<u64> {
        self.recorded.into_iter().chain(self.signed).min()
    }
}

impl TokenEntry {
    fn new(record: &TokenRecord, database: Arc<DatabaseEntry>) -> Self {
        Self {
            id: record.id,
            kind: Some(record.kind),
            epoch: record.epoch,
            database,
            read_only: AtomicBool::new(record.read_only),
            revoked: AtomicBool::new(false),
            expires_at_ms: AtomicU64::new(record.expires_at_ms.unwrap_or(u64::MAX)),
            quota: Mutex::new(Quota { recorded: record.commands_per_day, signed: None }),
            meter: Arc::new(Meter::new(MeterScope::Token(record.id), record.commands_per_day)),
            usage: UsageCounter::default(),
        }
    }

    /// What a user's commands are counted by. It has no limit of its own.
    pub(crate) fn of_user(id: TokenId, database: Arc<DatabaseEntry>) -> Self {
        Self {
            id,
            kind: None,
            epoch: database.epoch.load(Relaxed),
            database,
            read_only: AtomicBool::new(false),
            revoked: AtomicBool::new(false),
            expires_at_ms: AtomicU64::new(u64::MAX),
            quota: Mutex::new(Quota { recorded: None, signed: None }),
            meter: Arc::new(Meter::new(MeterScope::Token(id), None)),
            usage: UsageCounter::default(),
        }
    }

    fn update(&self, record: &TokenRecord) {
        self.read_only.store(record.read_only, Relaxed);
        self.expires_at_ms.store(record.expires_at_ms.unwrap_or(u64::MAX), Relaxed);
        self.change_quota(|quota| quota.recorded = record.commands_per_day);
    }

    pub(crate) fn learn_signed_quota(&self, signed: Option<u64>) {
        self.change_quota(|quota| quota.signed = signed);
    }

    /// Sets the meter under the quota's lock, so that two changes can't leave the older limit behind.
    fn change_quota(&self, change: impl FnOnce(&mut Quota)) {
        let mut quota = self.quota.lock();
        change(&mut quota);
        self.meter.set_limit(quota.smaller());
    }

    /// Whether a principal of this epoch may use it, apart from its expiry.
    pub(crate) fn standing(&self, epoch: u64) -> Result<(), AuthError> {
        self.database.standing()?;
        if self.revoked.load(Relaxed) {
            return Err(AuthError::Revoked);
        }
        if self.database.epoch.load(Relaxed) != epoch {
            return Err(AuthError::StaleEpoch);
        }
        Ok(())
    }

    fn take_usage(&self) -> UsageRecord {
        UsageRecord { database: self.database.id, token: self.id, usage: self.usage.take() }
    }

    pub(crate) fn allowance(&self) -> Allowance {
        Allowance::new(Arc::clone(&self.database.meter), Arc::clone(&self.meter))
    }

    pub(crate) fn id(&self) -> TokenId {
        self.id
    }

    pub(crate) fn is_signed(&self) -> bool {
        self.kind == Some(TokenKind::Signed)
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(crate) fn database(&self) -> &DatabaseEntry {
        &self.database
    }

    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only.load(Relaxed)
    }

    /// `u64::MAX` for never.
    pub(crate) fn expires_at_ms(&self) -> u64 {
        self.expires_at_ms.load(Relaxed)
    }

    pub(crate) fn usage(&self) -> &UsageCounter {
        &self.usage
    }
}
