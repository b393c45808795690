//! What the operator reads: log lines on standard error. Never a token, never a value.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

/// Starts logging to standard error. `RUST_LOG` overrides the level.
pub(crate) fn start(level: &str, as_json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let log = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    if as_json { log.json().init() } else { log.with_ansi(false).init() }
}

/// Says why the program ends.
#[allow(clippy::print_stderr)] // the terminal is who this speaks to
pub(crate) fn complain(error: &anyhow::Error) {
    eprintln!("latchkey: {error:#}");
}

/// Prints a line for the person, or the script, that started the program. Whoever closed the pipe does not want it.
pub(crate) fn say(line: impl std::fmt::Display) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let printed = writeln!(out, "{line}").and_then(|()| out.flush());
    if let Err(error) = printed {
        tracing::debug!(%error, "standard output");
    }
}
