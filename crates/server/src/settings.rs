//! The configuration file of `latchkey serve`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use latchkey_wire::Domain;
use serde::{Deserialize, Deserializer};

/// A smaller segment would be full before it is worth its sync.
const LOG_SEGMENT_BYTES_MIN: u64 = 1 << 20;

/// Everything that can be set. A key that is not known is an error, so that a typing mistake is found at the start.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Where databases, tokens, quotas and usage are kept.
    pub(crate) data: PathBuf,
    pub(crate) http: Http,
    /// Without it there is no RESP door.
    pub(crate) resp: Option<Resp>,
    #[serde(default)]
    pub(crate) memory: Memory,
    #[serde(default)]
    pub(crate) storage: Storage,
    #[serde(default)]
    pub(crate) tokens: Tokens,
    #[serde(default)]
    pub(crate) log: Log,
}

/// The REST door.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Http {
    /// Address and port, such as `0.0.0.0:443`.
    pub(crate) listen: SocketAddr,
    /// The certificate chain and its key. Without them HTTP is plain.
    pub(crate) tls: Option<TlsFiles>,
    /// Whether plain HTTP may be served to others than this machine: behind a proxy that does TLS, say.
    #[serde(default)]
    pub(crate) allow_plain_http: bool,
    /// The largest request body, in bytes.
    pub(crate) body_bytes_max: Option<usize>,
    /// How many commands a pipeline or transaction may hold.
    pub(crate) pipeline_commands_max: Option<usize>,
    /// How many connections may be open.
    pub(crate) connections_max: Option<usize>,
    /// How many event streams may be open.
    pub(crate) streams_max: Option<usize>,
    /// Seconds after which an event stream that is quiet says that it is there.
    pub(crate) heartbeat_seconds: Option<u64>,
    /// Seconds for a request's body.
    pub(crate) body_timeout_seconds: Option<u64>,
    /// Seconds for which a client may read nothing of what is written to it.
    pub(crate) write_timeout_seconds: Option<u64>,
    /// Seconds a connection may be idle between requests.
    pub(crate) idle_timeout_seconds: Option<u64>,
    /// Seconds that requests get to finish when the server stops.
    pub(crate) drain_timeout_seconds: Option<u64>,
}

/// The RESP door.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resp {
    /// Address and port, such as `0.0.0.0:6379`.
    pub(crate) listen: SocketAddr,
    /// The certificate chain and its key. Without them RESP is plain.
    pub(crate) tls: Option<TlsFiles>,
    /// Whether others than this machine may connect without TLS: within a private network, say.
    #[serde(default)]
    pub(crate) allow_plain_resp: bool,
    /// The domain under which each database has a host name of its own, such as `db.example.com`.
    #[serde(default, deserialize_with = "domain")]
    pub(crate) domain: Option<Domain>,
    /// The largest command, in bytes.
    pub(crate) command_bytes_max: Option<usize>,
    /// How many connections may be open.
    pub(crate) connections_max: Option<usize>,
    /// Seconds a connection may be idle.
    pub(crate) idle_timeout_seconds: Option<u64>,
    /// Seconds that commands get to finish when the server stops.
    pub(crate) drain_timeout_seconds: Option<u64>,
}

/// PEM files. They are looked at every 30 seconds and taken in anew when they have changed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// What databases may use of the machine's memory, and for how long.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Memory {
    /// Stored bytes of all databases in memory together, by the documented formula.
    pub(crate) bytes_max: Option<u64>,
    /// Seconds after which a database that nobody uses leaves the memory.
    pub(crate) idle_after_seconds: Option<u64>,
}

/// How databases are kept on the disk.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Storage {
    /// Size of a segment of the log.
    pub(crate) log_segment_bytes: Option<u64>,
    /// What is left free on the disk: below it, writes that grow are refused.
    pub(crate) free_bytes_min: Option<u64>,
}

/// How tokens are signed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tokens {
    /// A file with a secret of at least 32 bytes: tokens are signed with HS256 and it, instead of the server's own key
    /// pair.
    pub(crate) hs256_secret_file: Option<PathBuf>,
}

/// Log lines on standard error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// error, warn, info, debug or trace.
    pub(crate) level: String,
    /// One JSON object a line instead of text.
    pub(crate) json: bool,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".into(), json: false }
    }
}

impl Settings {
    /// Reads and checks a configuration file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let settings: Self = toml::from_str(&text).with_context(|| format!("in {}", path.display()))?;
        settings.check().with_context(|| format!("in {}", path.display()))?;
        Ok(settings)
    }

    fn check(&self) -> Result<()> {
        let http = &self.http;
        if self.storage.log_segment_bytes.is_some_and(|bytes| bytes < LOG_SEGMENT_BYTES_MIN) {
            bail!("storage.log_segment_bytes has to be {LOG_SEGMENT_BYTES_MIN} at least");
        }
        if http.tls.is_none() && !http.listen.ip().is_loopback() && !http.allow_plain_http {
            bail!(
                "http.listen is {}, which others can reach, and there is no [http.tls]: tokens would travel in the \
                 clear. Name a certificate and key under [http.tls], listen on 127.0.0.1, or set \
                 http.allow_plain_http = true if a proxy in front does TLS",
                http.listen
            );
        }
        if let Some(resp) = &self.resp
            && resp.tls.is_none()
            && !resp.listen.ip().is_loopback()
            && !resp.allow_plain_resp
        {
            bail!(
                "resp.listen is {}, which others can reach, and there is no [resp.tls]: tokens would travel in the \
                 clear. Name a certificate and key under [resp.tls], listen on 127.0.0.1, or set \
                 resp.allow_plain_resp = true if nobody else can listen in",
                resp.listen
            );
        }
        if let Some(resp) = &self.resp
            && resp.tls.is_none()
            && resp.domain.is_some()
        {
            bail!("resp.domain needs [resp.tls]: clients say in the TLS handshake which host they want");
        }
        Ok(())
    }
}

fn domain<'de, D: Deserializer<'de>>(text: D) -> Result<Option<Domain>, D::Error> {
    String::deserialize(text)?.parse().map(Some).map_err(serde::de::Error::custom)
}

impl Http {
    /// The door's settings: what the file says, otherwise the defaults.
    pub(crate) fn door(&self) -> latchkey_http::Settings {
        let mut door = latchkey_http::Settings::default();
        door.body_bytes_max = self.body_bytes_max.unwrap_or(door.body_bytes_max);
        door.body.commands_max = self.pipeline_commands_max.unwrap_or(door.body.commands_max);
        door.connections_max = self.connections_max.unwrap_or(door.connections_max);
        door.streams_max = self.streams_max.unwrap_or(door.streams_max);
        door.heartbeat = seconds(self.heartbeat_seconds, door.heartbeat);
        door.body_timeout = seconds(self.body_timeout_seconds, door.body_timeout);
        door.write_timeout = seconds(self.write_timeout_seconds, door.write_timeout);
        door.head_timeout = seconds(self.idle_timeout_seconds, door.head_timeout);
        door.drain_timeout = seconds(self.drain_timeout_seconds, door.drain_timeout);
        door
    }
}

impl Resp {
    /// The door's settings: what the file says, otherwise the defaults.
    pub(crate) fn door(&self) -> latchkey_wire::Settings {
        let mut door = latchkey_wire::Settings::default();
        if let Some(bytes) = self.command_bytes_max {
            door.request.request_bytes_max = bytes;
            door.request.bulk_bytes_max = bytes;
        }
        door.domain.clone_from(&self.domain);
        door.connections_max = self.connections_max.unwrap_or(door.connections_max);
        door.idle_timeout = seconds(self.idle_timeout_seconds, door.idle_timeout);
        door.drain_timeout = seconds(self.drain_timeout_seconds, door.drain_timeout);
        door
    }
}

impl Memory {
    /// What the file says, otherwise the defaults.
    pub(crate) fn settings(&self) -> latchkey_local::Settings {
        let default = latchkey_local::Settings::default();
        latchkey_local::Settings {
            memory_bytes_max: self.bytes_max,
            idle_after: seconds(self.idle_after_seconds, default.idle_after),
        }
    }
}

impl Storage {
    /// What the file says, otherwise the defaults. The seed has to be drawn anew at every start.
    pub(crate) fn settings(&self, seed: u64) -> latchkey_storage::Settings {
        let mut settings = latchkey_storage::Settings::new(seed);
        let journal = &mut settings.journal;
        journal.segment_bytes = self.log_segment_bytes.unwrap_or(journal.segment_bytes);
        journal.free_bytes_min = self.free_bytes_min.unwrap_or(journal.free_bytes_min);
        settings.free_bytes_min = journal.free_bytes_min;
        settings
    }
}

fn seconds(value: Option<u64>, default: Duration) -> Duration {
    value.map_or(default, Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings> {
        let settings: Settings = toml::from_str(text)?;
        settings.check().map(|()| settings)
    }

    #[test]
    fn plain_http_for_others_has_to_be_asked_for() {
        let public = "data = 'd'\n[http]\nlisten = '0.0.0.0:8080'\n";
        let refusal = read(public).unwrap_err().to_string();
        assert!(refusal.contains("allow_plain_http"), "{refusal}");
        assert!(read(&format!("{public}allow_plain_http = true")).is_ok());
        assert!(read(&public.replace("0.0.0.0", "127.0.0.1")).is_ok());
        assert!(read(&format!("{public}[http.tls]\ncertificate = 'c'\nkey = 'k'")).is_ok());
    }

    /// The files of `deploy/`, also with every setting that they show commented out.
    #[test]
    fn the_shipped_files_are_accepted() {
        read(include_str!("../../../deploy/container.toml")).unwrap();
        let shipped = include_str!("../../../deploy/latchkey.toml");
        read(shipped).unwrap();
        let is_setting = |line: &str| line.starts_with('[') || line.contains(" = ");
        let uncommented = shipped
            .lines()
            .map(|line| line.strip_prefix("# ").filter(|rest| is_setting(rest)).unwrap_or(line));
        let all = read(&uncommented.collect::<Vec<_>>().join("\n")).unwrap();
        assert!(all.http.tls.is_some() && all.tokens.hs256_secret_file.is_some());
        let (door, default) = (all.http.door(), latchkey_http::Settings::default());
        assert_eq!(format!("{door:?}"), format!("{default:?}"), "what is commented out shows the defaults");
        let (storage, default) = (all.storage.settings(1), latchkey_storage::Settings::new(1));
        assert_eq!(format!("{storage:?}"), format!("{default:?}"), "and so do these");
        assert_eq!(all.memory.settings().idle_after, latchkey_local::Settings::default().idle_after);
    }

    #[test]
    fn plain_resp_for_others_has_to_be_asked_for() {
        let public = "data = 'd'\n[http]\nlisten = '127.0.0.1:1'\n[resp]\nlisten = '0.0.0.0:6379'\n";
        let refusal = read(public).unwrap_err().to_string();
        assert!(refusal.contains("allow_plain_resp"), "{refusal}");
        assert!(read(&format!("{public}allow_plain_resp = true")).is_ok());
        assert!(read(&public.replace("0.0.0.0", "127.0.0.1")).is_ok());
        assert!(read(&format!("{public}[resp.tls]\ncertificate = 'c'\nkey = 'k'")).is_ok());
    }

    #[test]
    fn a_domain_needs_tls_and_has_to_be_one() {
        let resp = "data = 'd'\n[http]\nlisten = '127.0.0.1:1'\n[resp]\nlisten = '127.0.0.1:6379'\n";
        let tls = "[resp.tls]\ncertificate = 'c'\nkey = 'k'\n";
        let settings = read(&format!("{resp}domain = 'db.example.com'\n{tls}")).unwrap();
        assert_eq!(settings.resp.unwrap().door().domain, "db.example.com".parse().ok());
        let plain = read(&format!("{resp}domain = 'db.example.com'\n")).unwrap_err().to_string();
        assert!(plain.contains("resp.tls"), "{plain}");
        let wrong = read(&format!("{resp}domain = '*.example.com'\n{tls}")).unwrap_err().to_string();
        assert!(wrong.contains("looks like db.example.com"), "{wrong}");
    }

    #[test]
    fn a_key_that_nobody_knows_is_named() {
        let refusal =
            read("data = 'd'\n[http]\nlisten = '127.0.0.1:1'\nbody_max = 1").unwrap_err().to_string();
        assert!(refusal.contains("body_max"), "{refusal}");
    }
}
