//! What `COMMAND DOCS [command …]` says of a command.

use latchkey_protocol::Reply;

use crate::Command;

/// A command's name, and what there is to say of it.
pub(super) fn entry(command: &Command) -> (Reply, Reply) {
    let spec = command.spec;
    let mut fields = vec![
        (Reply::bulk("summary"), Reply::bulk(spec.summary)),
        (Reply::bulk("since"), Reply::bulk(spec.since)),
        (Reply::bulk("group"), Reply::bulk(command.family.group)),
    ];
    if !command.subcommands().is_empty() {
        let subcommands = command.subcommands().iter().map(entry).collect();
        fields.push((Reply::bulk("subcommands"), Reply::Map(subcommands)));
    }
    (Reply::bulk(command.full_name()), Reply::Map(fields))
}
