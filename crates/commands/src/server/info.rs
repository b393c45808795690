//! `INFO [section …]`

use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use latchkey_protocol::Reply;
use latchkey_pubsub::Scope;

use crate::Arity::AtLeast;
use crate::call::printable;
use crate::{Args, Category, Result, Server, Spec};

pub(super) const INFO: Spec = Spec::server("INFO", info)
    .summary("Returns facts about the database and the server, in sections.")
    .since("1.0.0")
    .arity(AtLeast(1))
    .free()
    .category(Category::Dangerous)
    .example(
        r##"> INFO cluster
"# Cluster\r\ncluster_enabled:0\r\n"
> INFO nosuch
"# Nosuch\r\n""##,
    );

/// The version of Redis that clients are told they speak to: they look at it to know what commands there are.
const REDIS_VERSION: &str = "8.2.0";

/// What a section tells: names with values.
type Lines = Vec<(&'static str, String)>;

/// A section's name in lower case, and what makes its lines.
type Section = (&'static str, fn(&Server<'_>) -> Lines);

/// The sections, in Redis's order.
const SECTIONS: &[Section] = &[
    ("server", server),
    ("clients", clients),
    ("memory", memory),
    ("stats", stats),
    ("cluster", cluster),
    ("keyspace", keyspace),
];

fn info(db: &mut Server<'_>, mut args: Args<'_>) -> Result {
    let asked = args.rest();
    let all = asked.is_empty() || asked.iter().any(means_all);
    let known = SECTIONS.iter().filter(|(name, _)| all || asked.iter().any(|word| is(word, name)));
    let known = known.map(|(name, lines)| section(name, lines(db)));
    let unknown =
        asked.iter().filter(|word| !means_all(word) && !SECTIONS.iter().any(|(name, _)| is(word, name)));
    let unknown = unknown.map(|word| section(&printable(word).to_lowercase(), Lines::new()));
    let text = known.chain(unknown).collect::<Vec<_>>().join("\r\n");
    Ok(Reply::Verbatim(text.into()))
}

fn is(word: &Bytes, name: &str) -> bool {
    word.eq_ignore_ascii_case(name.as_bytes())
}

fn means_all(word: &Bytes) -> bool {
    ["all", "default", "everything"].into_iter().any(|name| is(word, name))
}

fn section(name: &str, lines: Lines) -> String {
    let (initial, rest) = name.split_at(name.chars().next().map_or(0, char::len_utf8));
    let heading = format!("# {}{rest}\r\n", initial.to_uppercase());
    lines.into_iter().fold(heading, |text, (name, value)| text + name + ":" + &value + "\r\n")
}

fn server(db: &Server<'_>) -> Lines {
    let facts = db.facts;
    let uptime_s = (db.now().ms() - facts.started_at_ms).max(0) / 1000;
    vec![
        ("redis_version", REDIS_VERSION.into()),
        ("redis_mode", "standalone".into()),
        ("latchkey_version", facts.version.into()),
        ("arch_bits", usize::BITS.to_string()),
        ("run_id", facts.run_id.clone()),
        ("server_time_usec", db.now().us().to_string()),
        ("uptime_in_seconds", uptime_s.to_string()),
        ("uptime_in_days", (uptime_s / 86_400).to_string()),
    ]
}

fn clients(db: &Server<'_>) -> Lines {
    let facts = db.facts;
    vec![
        ("connected_clients", facts.clients.load(Relaxed).to_string()),
        ("blocked_clients", facts.blocked.to_string()),
        ("tracking_clients", db.outbox.hub().tracked().clients.to_string()),
        ("pubsub_clients", db.outbox.hub().subscribers().to_string()),
    ]
}

fn memory(db: &Server<'_>) -> Lines {
    let (used, max) = (db.view.bytes(), db.facts.bytes_max.unwrap_or(0));
    let policy = if db.facts.evicts { "optimistic-volatile" } else { "noeviction" };
    vec![
        ("used_memory", used.to_string()),
        ("used_memory_human", human(used)),
        ("maxmemory", max.to_string()),
        ("maxmemory_human", human(max)),
        ("maxmemory_policy", policy.into()),
    ]
}

fn stats(db: &Server<'_>) -> Lines {
    let facts = db.facts;
    let names = |scope| db.outbox.hub().names(scope).to_string();
    let tracked = db.outbox.hub().tracked();
    vec![
        ("total_commands_processed", facts.commands.to_string()),
        ("expired_keys", facts.expired.to_string()),
        ("evicted_keys", facts.evicted.to_string()),
        ("keyspace_hits", facts.hits.to_string()),
        ("keyspace_misses", facts.misses.to_string()),
        ("pubsub_channels", names(Scope::Channel)),
        ("pubsub_patterns", names(Scope::Pattern)),
        ("pubsubshard_channels", names(Scope::Shard)),
        ("tracking_total_keys", tracked.keys.to_string()),
        ("tracking_total_items", tracked.copies.to_string()),
        ("tracking_total_prefixes", tracked.prefixes.to_string()),
    ]
}

fn cluster(_: &Server<'_>) -> Lines {
    vec![("cluster_enabled", "0".into())]
}

fn keyspace(db: &Server<'_>) -> Lines {
    match db.view.len() {
        0 => Lines::new(),
        keys => vec![("db0", format!("keys={keys},expires={}", db.view.expiring()))],
    }
}

/// A number of bytes as Redis abbreviates it.
fn human(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["K", "M", "G", "T", "P", "E"];
    match bytes.checked_ilog2().unwrap_or(0) / 10 {
        0 => format!("{bytes}B"),
        thousands => {
            let amount = bytes as f64 / 1024_f64.powi(thousands as i32);
            format!("{amount:.2}{}", UNITS[thousands as usize - 1])
        }
    }
}
