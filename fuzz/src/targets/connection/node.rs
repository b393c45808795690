//! A node with one database in memory, whose clock goes on by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use latchkey_local::{About, Local, Settings};
use latchkey_pipeline::{Accounts, Clock, Gate, Stack, stack};
use latchkey_tenancy::{
    Authority, DatabaseId, DatabaseRecord, Lease, LeaseDone, LeaseError, LeaseRequest, LeaseStore, Limits,
    Records, Return, TokenDigest, TokenId, TokenKind, TokenRecord, UserChange, UserDone, UserError,
    UserStore,
};
use latchkey_wire::Door;

const DATABASE: DatabaseId = DatabaseId::from_bytes([1; 16]);

/// A door before an empty database, which opens for `token`.
pub(super) fn door() -> Door<impl Stack> {
    let clock: Arc<dyn Clock> = Arc::new(Ticking(AtomicI64::new(1_767_323_045_678_000)));
    let records = Records { databases: vec![database()], tokens: vec![token()], ..Records::default() };
    let authority = Arc::new(Authority::new(&records).expect("the records are sound"));
    let about = About { version: "0", run_id: "0".repeat(40) };
    let local = Local::new(Arc::clone(&clock), 7, about, None, Settings::default());
    let local = Arc::new(local.expect("threads can be started"));
    let accounts = Accounts::new(Arc::clone(&authority), Arc::new(Store), Arc::clone(&clock), |_| Ok(()));
    let stack = stack(Arc::clone(&authority), Arc::new(Store), Arc::clone(&clock), local, accounts);
    Door::new(stack, Gate::new(authority, clock), latchkey_wire::Settings::default())
}

/// A millisecond passes whenever somebody looks.
#[derive(Debug)]
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now_us(&self) -> i64 {
        self.0.fetch_add(1000, Relaxed)
    }
}

fn database() -> DatabaseRecord {
    let limits = Limits {
        stored_bytes_max: Some(1 << 20),
        record_bytes_max: 256 << 10,
        reply_bytes_max: 1 << 20,
        ..Limits::UNLIMITED
    };
    DatabaseRecord {
        id: DATABASE,
        name: "database".into(),
        plan: "unlimited".into(),
        limits,
        created_ms: 0,
        epoch: 0,
        deleted: false,
    }
}

fn token() -> TokenRecord {
    TokenRecord {
        id: TokenId::from_bytes([2; 16]),
        database: DATABASE,
        kind: TokenKind::Opaque(TokenDigest::of(b"token")),
        name: "token".into(),
        read_only: false,
        commands_per_day: None,
        created_ms: 0,
        expires_at_ms: None,
        revoked_at_ms: None,
        epoch: 0,
    }
}

/// Leases what is asked for, and keeps no users.
struct Store;

impl LeaseStore for Store {
    fn lease(&self, request: LeaseRequest, done: LeaseDone) {
        let LeaseRequest { scope, day, limit, .. } = request;
        done(Ok(Lease { scope, day, granted: limit, total: limit }));
    }

    fn give_back(&self, _: Vec<Return>, done: Box<dyn FnOnce(Result<(), LeaseError>) + Send>) {
        done(Ok(()));
    }
}

impl UserStore for Store {
    fn change_user(&self, _: DatabaseId, _: String, _: UserChange, done: UserDone<()>) {
        done(Err(UserError::Unavailable("nobody keeps users here".into())));
    }

    fn delete_users(&self, _: DatabaseId, _: Vec<String>, done: UserDone<u64>) {
        done(Err(UserError::Unavailable("nobody keeps users here".into())));
    }
}
