//! The data directory: modes, locks, foreign and damaged files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use latchkey_control::{CONTROL_FILE, Control, ControlError, LOCK_FILE, Role};
use latchkey_tenancy::Durability;
use rusqlite::Connection;

use crate::support::{SECRET, database, directory, put_user, server, token, tool, user};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn refusal(directory: &Path) -> ControlError {
    Control::open(directory, Role::Server).err().expect("it must not open")
}

#[test]
fn only_the_owner_can_read() {
    let parent = directory();
    let data = parent.path().join("new").join("data");
    let control = server(&data);
    control.create_database(database(1)).wait().unwrap();
    assert_eq!(mode(&data), 0o700);
    for entry in fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    assert!(data.join("control.db-wal").exists());
}

#[test]
fn a_file_that_others_could_read_is_closed_to_them() {
    let directory = directory();
    drop(server(directory.path()));
    let path = directory.path().join(CONTROL_FILE);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    drop(server(directory.path()));
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn no_file_contains_a_token() {
    let directory = directory();
    let control = server(directory.path());
    control.create_database(database(1)).wait().unwrap();
    control.create_token(token(2, &database(1))).wait().unwrap();
    put_user(&control, &user(3, &database(1))).unwrap();
    let mut bytes = 0;
    for entry in fs::read_dir(directory.path()).unwrap() {
        let content = fs::read(entry.unwrap().path()).unwrap();
        bytes += content.len();
        assert!(!content.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
    }
    assert!(bytes > 4_096, "there was something to search");
}

#[test]
fn one_server_at_a_time_and_tools_beside_it() {
    let directory = directory();
    let first = server(directory.path());
    assert_eq!(refusal(directory.path()), ControlError::Locked { path: directory.path().join(LOCK_FILE) });
    tool(directory.path()).create_database(database(1)).wait().unwrap();
    assert_eq!(first.databases().wait().unwrap(), [database(1)]);
    drop(first);
    assert_eq!(server(directory.path()).databases().wait().unwrap(), [database(1)]);
}

#[test]
fn a_file_of_another_program_is_left_as_it_is() {
    let directory = directory();
    let path = directory.path().join(CONTROL_FILE);
    for content in ["not a database, but somebody's notes", "short"] {
        fs::write(&path, content).unwrap();
        assert_eq!(refusal(directory.path()), ControlError::Foreign { path: path.clone() });
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
    fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    let before = fs::read(&path).unwrap();
    assert_eq!(refusal(directory.path()), ControlError::Foreign { path: path.clone() });
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_damaged_file_is_named_and_left_as_it_is() {
    let directory = directory();
    drop(server(directory.path()));
    let path = directory.path().join(CONTROL_FILE);
    let mut content = fs::read(&path).unwrap();
    content[4_096..8_192].fill(0xa5);
    fs::write(&path, &content).unwrap();
    let error = refusal(directory.path());
    assert!(matches!(&error, ControlError::Damaged { path: named, .. } if *named == path), "{error}");
    assert!(error.to_string().contains(CONTROL_FILE));
    assert_eq!(fs::read(&path).unwrap(), content);
}

#[test]
fn a_later_format_is_refused() {
    let directory = directory();
    drop(server(directory.path()));
    let path = directory.path().join(CONTROL_FILE);
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert_eq!(refusal(directory.path()), ControlError::TooNew { path, found: 99, known: 3 });
}

#[test]
fn an_empty_file_becomes_a_control_database() {
    let directory = directory();
    let path = directory.path().join(CONTROL_FILE);
    fs::write(&path, "").unwrap();
    server(directory.path()).create_database(database(1)).wait().unwrap();
    let version: i64 =
        Connection::open(&path).unwrap().query_row("PRAGMA user_version", (), |row| row.get(0)).unwrap();
    assert_eq!(version, 3);
}

#[test]
fn a_file_of_the_first_format_is_brought_to_this_one() {
    let directory = directory();
    let path = directory.path().join(CONTROL_FILE);
    Connection::open(&path).unwrap().execute_batch(include_str!("../data/format-1.sql")).unwrap();
    let control = server(directory.path());
    let found = control.database(database(1).id).wait().unwrap();
    assert_eq!((found.name, found.limits.durability), (database(1).name, Durability::Always));
    let expected = [token(2, &database(1))];
    assert_eq!(control.tokens(database(1).id).wait().unwrap(), expected);
    assert_eq!(control.users(database(1).id).wait().unwrap(), []);
    put_user(&control, &user(3, &database(1))).unwrap();
    assert_eq!(control.users(database(1).id).wait().unwrap(), [user(3, &database(1))]);
}
