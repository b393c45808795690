//! Records to store, and directories to store them in.

use std::path::Path;

use latchkey_control::{Control, Role};
use latchkey_tenancy::{
    DatabaseId, DatabaseRecord, Limits, Plan, SigningKeyRecord, TokenDigest, TokenId, TokenKind, TokenRecord,
    UserError, UserRecord, UserStore,
};
use tempfile::TempDir;

pub(crate) const NOW_MS: u64 = 1_800_000_000_000;
pub(crate) const SECRET: &str = "example_token_that_must_not_be_stored";

pub(crate) fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) fn server(directory: &Path) -> Control {
    Control::open(directory, Role::Server).unwrap()
}

pub(crate) fn tool(directory: &Path) -> Control {
    Control::open(directory, Role::Tool).unwrap()
}

pub(crate) fn database(n: u8) -> DatabaseRecord {
    DatabaseRecord {
        id: DatabaseId::from_bytes([n; 16]),
        name: format!("shop-{n}"),
        plan: Plan::DEFAULT.into(),
        limits: Limits::UNLIMITED,
        created_ms: NOW_MS,
        epoch: 0,
        deleted: false,
    }
}

pub(crate) fn token(n: u8, database: &DatabaseRecord) -> TokenRecord {
    TokenRecord {
        id: TokenId::from_bytes([n; 16]),
        database: database.id,
        kind: TokenKind::Opaque(TokenDigest::of(SECRET.as_bytes())),
        name: "api".into(),
        read_only: true,
        commands_per_day: Some(1_000),
        created_ms: NOW_MS,
        expires_at_ms: Some(NOW_MS + 1),
        revoked_at_ms: None,
        epoch: 0,
    }
}

pub(crate) fn user(n: u8, database: &DatabaseRecord) -> UserRecord {
    UserRecord {
        id: TokenId::from_bytes([n; 16]),
        database: database.id,
        name: format!("user-{n}"),
        rules: b"on ~own:* resetchannels -@all +get".into(),
        passwords: vec![TokenDigest::of(b"one"), TokenDigest::of(SECRET.as_bytes())],
        deleted: false,
    }
}

/// Makes the user what it is to be.
pub(crate) fn put_user(control: &Control, user: &UserRecord) -> Result<(), UserError> {
    let (made, name, database) = (user.clone(), user.name.clone(), user.database);
    wait_for(|done| control.change_user(database, name, Box::new(|_| Ok(made)), done))
}

/// What a call reports to its callback.
pub(crate) fn wait_for<T: Send + 'static>(call: impl FnOnce(Box<dyn FnOnce(T) + Send>)) -> T {
    let (sender, receiver) = std::sync::mpsc::channel();
    call(Box::new(move |result| sender.send(result).unwrap()));
    receiver.recv().unwrap()
}

pub(crate) fn key(n: u8) -> SigningKeyRecord {
    SigningKeyRecord::ed25519([n; 32], NOW_MS + u64::from(n))
}

/// What a disk holds after the power failed now: all files as they are, while the store is still open.
pub(crate) fn power_cut(at: &Path) -> TempDir {
    let image = directory();
    for entry in std::fs::read_dir(at).unwrap() {
        let entry = entry.unwrap();
        // The index of the log is rebuilt after a crash; a copy of a live one means nothing.
        if !entry.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(entry.path(), image.path().join(entry.file_name())).unwrap();
        }
    }
    image
}
