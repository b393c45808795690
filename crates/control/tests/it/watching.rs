//! Changes are heard: one's own at once, another process's soon.

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use latchkey_control::{Control, FOREIGN_CHANGE_SEEN_MS};
use latchkey_tenancy::{Change, Records};

use crate::support::{NOW_MS, database, directory, key, put_user, server, token, tool, user};

/// Far more than the bound, so that a slow machine fails nothing; the wait ends with the change.
const PATIENCE: Duration = Duration::from_millis(40 * FOREIGN_CHANGE_SEEN_MS);

fn watched(control: &Control) -> Receiver<Change> {
    let (sender, receiver) = channel();
    // The test may have ended when the store is dropped.
    control.watch(move |change| drop(sender.send(change))).unwrap();
    receiver
}

#[test]
fn a_listener_hears_what_there_is_then_each_change_before_its_caller() {
    let control = Control::ephemeral().unwrap();
    control.create_database(database(1)).wait().unwrap();
    let changes = watched(&control);
    let before = Records { databases: vec![database(1)], ..Records::default() };
    assert_eq!(changes.try_recv().unwrap(), Change::All(before));

    control.create_token(token(2, &database(1))).wait().unwrap();
    assert_eq!(changes.try_recv().unwrap(), Change::Token(token(2, &database(1))));
    put_user(&control, &user(4, &database(1))).unwrap();
    assert_eq!(changes.try_recv().unwrap(), Change::User(user(4, &database(1))));
    control.add_key(key(3)).wait().unwrap();
    assert_eq!(changes.try_recv().unwrap(), Change::Key(key(3)));
    assert!(control.create_database(database(1)).wait().is_err());
    assert!(changes.try_recv().is_err(), "nothing is told of what failed");
}

#[test]
fn a_server_hears_what_a_tool_did() {
    let directory = directory();
    let server = server(directory.path());
    server.create_database(database(1)).wait().unwrap();
    server.create_token(token(2, &database(1))).wait().unwrap();
    let changes = watched(&server);
    assert!(matches!(changes.recv().unwrap(), Change::All(records) if records.tokens.len() == 1));

    let tool = tool(directory.path());
    tool.revoke_token(token(2, &database(1)).id, NOW_MS).wait().unwrap();
    put_user(&tool, &user(3, &database(1))).unwrap();
    let users = vec![user(3, &database(1))];
    let all = Records { databases: vec![database(1)], users, ..Records::default() };
    // The two changes may be seen one after the other.
    let mut told = Change::Key(key(0));
    while told != Change::All(all.clone()) {
        told = changes.recv_timeout(PATIENCE).unwrap();
    }
}
