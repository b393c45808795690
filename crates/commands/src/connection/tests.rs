//! What the examples do not show of connections.

use crate::tests::check;

#[test]
fn ping_takes_one_message_at_most() {
    check(
        r#"
        > PING
        PONG
        > PING ""
        ""
        > PING a b
        (error) ERR wrong number of arguments for 'ping' command
        "#,
    );
}

#[test]
fn there_is_one_logical_database() {
    check(
        r#"
        > SELECT -1
        (error) ERR DB index is out of range
        > SELECT 9223372036854775807
        (error) ERR DB index is out of range
        > SELECT zero
        (error) ERR value is not an int or out of range
        > SELECT
        (error) ERR wrong number of arguments for 'select' command
        "#,
    );
}
