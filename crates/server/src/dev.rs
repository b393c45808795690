//! `latchkey dev`: a database for development, without configuration.

use std::fs;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use latchkey_control::Control;
use latchkey_tenancy::{
    DatabaseId, DatabaseRecord, Limits, Plan, TokenDigest, TokenId, TokenKind, TokenRecord, opaque_secret,
};
use latchkey_tls::Tls;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::watch;

use crate::cli::{DevOptions, DevTls, Quota};
use crate::doors::{Bound, Doors, HttpDoor, RespDoor};
use crate::entropy;
use crate::node::Node;
use crate::serve::{on_signal, runtime};
use crate::telemetry::{self, say};

/// The name of the database, and of its tokens.
const NAME: &str = "dev";
const READ_ONLY_NAME: &str = "dev read-only";

/// Where the token that was made is kept, so that the line in `.env` stays good.
const TOKEN_FILE: &str = "dev.token";

/// Small, so that a directory for development is: two of them are made at the start.
const LOG_SEGMENT_BYTES: u64 = 4 << 20;
const FREE_BYTES_MIN: u64 = 16 << 20;

pub(crate) fn run(options: DevOptions) -> Result<()> {
    telemetry::start("warn", false);
    let data = (!options.ephemeral).then_some(options.data.as_path());
    let mut storage = latchkey_storage::Settings::new(entropy::seed()?);
    storage.journal.segment_bytes = LOG_SEGMENT_BYTES;
    storage.journal.free_bytes_min = FREE_BYTES_MIN;
    storage.free_bytes_min = FREE_BYTES_MIN;
    let node = Node::open(data, latchkey_local::Settings::default(), storage)?;
    let token = match &options.token {
        Some(token) => token.clone(),
        None => own_token(data)?,
    };
    prepare(&node, &options, &token)?;
    let (tls, _keep) = tls(options.tls, data)?;
    let certificate = tls.as_ref().map(|tls| tls.certificate_path().to_owned());
    let doors = doors(&options, &token, tls);
    let runtime = runtime()?;
    let (stopping, stop) = watch::channel(false);
    runtime.block_on(async move {
        on_signal(stopping)?;
        let print = |bound: Bound| {
            print(&options, &token, bound, certificate.as_deref());
            Ok(())
        };
        let serving = node.serve(doors, stop, print);
        serving.await.with_context(|| {
            let resp = if options.resp_port.is_some() { ", or --resp-port 0" } else { "" };
            format!("is another `latchkey dev` running? Try --port {}{resp}", other_port(options.port))
        })
    })
}

/// Both doors, for this machine only.
fn doors(options: &DevOptions, token: &str, tls: Option<Tls>) -> Doors {
    let addresses = |port| {
        [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()]
            .map(|ip| SocketAddr::new(ip, port))
            .to_vec()
    };
    let http = HttpDoor {
        addresses: addresses(options.port),
        tls: tls.clone(),
        settings: latchkey_http::Settings::default(),
    };
    let settings =
        latchkey_wire::Settings { open_as: Some(token.into()), ..latchkey_wire::Settings::default() };
    let resp = RespDoor {
        addresses: addresses(options.resp_port.unwrap_or(RESP_PORT)),
        more_ports: if options.resp_port.is_some() { 0 } else { RESP_PORTS_MORE },
        tls,
        settings,
    };
    Doors { http, resp: Some(resp) }
}

/// Where Redis is expected.
const RESP_PORT: u16 = 6379;
/// So many ports after it are tried.
const RESP_PORTS_MORE: u16 = 100;

fn other_port(port: u16) -> String {
    if port == 0 {
        "8079".into()
    } else {
        format!("{} (or --port 0 for any free one)", port.saturating_add(1))
    }
}

/// What a person pastes into `.env`, and a script reads. Everything else is a comment there.
fn print(options: &DevOptions, token: &str, bound: Bound, certificate: Option<&Path>) {
    let scheme = if certificate.is_some() { "https" } else { "http" };
    say(format_args!("UPSTASH_REDIS_REST_URL={scheme}://127.0.0.1:{}", bound.http.port()));
    say(format_args!("UPSTASH_REDIS_REST_TOKEN={token}"));
    if let Some(resp) = bound.resp {
        print_redis_url(options, token, resp.port(), certificate.is_some());
    }
    if let Some(read_only) = &options.read_only_token {
        say(format_args!("# read-only token: {read_only}"));
    }
    if let Some(certificate) = certificate {
        say(format_args!("NODE_EXTRA_CA_CERTS={}", certificate.display()));
    }
    let kept = if options.ephemeral {
        "Nothing is kept: keys end with this process.".into()
    } else {
        format!("Keys, tokens and quotas are kept in {}.", options.data.display())
    };
    say(format_args!("# {kept} Stop with Ctrl-C."));
}

fn print_redis_url(options: &DevOptions, token: &str, port: u16, is_tls: bool) {
    let scheme = if is_tls { "rediss" } else { "redis" };
    let password = utf8_percent_encode(token, IN_URL);
    say(format_args!("REDIS_URL={scheme}://default:{password}@127.0.0.1:{port}"));
    if options.resp_port.is_none() && port != RESP_PORT {
        say(format_args!(
            "# Port {RESP_PORT} is taken by another program, so the Redis protocol is on {port}."
        ));
    }
}

/// What a password in a URL cannot hold as it is.
const IN_URL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'=');

/// The token of this data directory, made on first use.
fn own_token(data: Option<&Path>) -> Result<String> {
    let fresh = || -> Result<String> { Ok(opaque_secret(entropy::bytes()?).replacen("lk_", "lk_dev_", 1)) };
    let Some(directory) = data else { return fresh() };
    let path = directory.join(TOKEN_FILE);
    match fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => Ok(text.trim().into()),
        _ => {
            let token = fresh()?;
            let options = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).clone();
            let written = options.open(&path).and_then(|mut file| writeln!(file, "{token}"));
            written.with_context(|| format!("cannot write {}", path.display()))?;
            Ok(token)
        }
    }
}

/// Makes the database and its tokens as the options say, whatever an earlier run left.
fn prepare(node: &Node, options: &DevOptions, token: &str) -> Result<()> {
    let (control, now_ms) = (&node.control, node.clock.now_ms());
    let limits =
        Limits { stored_bytes_max: options.storage, durability: options.durability, ..Limits::UNLIMITED };
    let plan = Plan::named(NAME, limits);
    let database = match control.database_named(NAME).wait()? {
        Some(database) => control.set_plan(database.id, plan).wait()?,
        None => {
            let id = DatabaseId::new(now_ms, entropy::bytes()?);
            let Plan { name: plan, limits } = plan;
            let record = DatabaseRecord {
                id,
                name: NAME.into(),
                plan,
                limits,
                created_ms: now_ms,
                epoch: 0,
                deleted: false,
            };
            control.create_database(record).wait()?
        }
    };
    let quota = options.quota.and_then(|Quota(quota)| quota);
    let wanted = [(Some(token), NAME, false), (options.read_only_token.as_deref(), READ_ONLY_NAME, true)];
    for (token, name, read_only) in wanted {
        let digest = token.map(|token| TokenDigest::of(token.as_bytes()));
        keep_only(control, &database, name, digest, now_ms)?;
        if let Some(digest) = digest {
            ensure_token(control, &database, name, read_only, digest, quota, now_ms)?;
        }
    }
    Ok(())
}

/// Revokes tokens that an earlier run was given under this name.
fn keep_only(
    control: &Control,
    database: &DatabaseRecord,
    name: &str,
    digest: Option<TokenDigest>,
    now_ms: u64,
) -> Result<()> {
    let is_old = |token: &TokenRecord| {
        let is_wanted = digest.is_some_and(|digest| token.kind == TokenKind::Opaque(digest));
        token.name == name && token.revoked_at_ms.is_none() && !is_wanted
    };
    for token in control.tokens(database.id).wait()?.into_iter().filter(is_old) {
        control.revoke_token(token.id, now_ms).wait()?;
    }
    Ok(())
}

fn ensure_token(
    control: &Control,
    database: &DatabaseRecord,
    name: &str,
    read_only: bool,
    digest: TokenDigest,
    quota: Option<u64>,
    now_ms: u64,
) -> Result<()> {
    let known = control.tokens(database.id).wait()?;
    let is_it =
        |token: &&TokenRecord| token.kind == TokenKind::Opaque(digest) && token.revoked_at_ms.is_none();
    if let Some(token) = known.iter().find(is_it) {
        control.set_token_quota(token.id, quota).wait()?;
        return Ok(());
    }
    let record = TokenRecord {
        id: TokenId::new(now_ms, entropy::bytes()?),
        database: database.id,
        kind: TokenKind::Opaque(digest),
        name: name.into(),
        read_only,
        commands_per_day: quota,
        created_ms: now_ms,
        expires_at_ms: None,
        revoked_at_ms: None,
        epoch: database.epoch,
    };
    control.create_token(record).wait()?;
    Ok(())
}

/// The certificate, and the directory that has to stay while it is used.
fn tls(kind: Option<DevTls>, data: Option<&Path>) -> Result<(Option<Tls>, Option<Scratch>)> {
    let Some(DevTls::SelfSigned) = kind else { return Ok((None, None)) };
    let scratch = if data.is_none() { Some(Scratch::new()?) } else { None };
    let directory = data.or(scratch.as_ref().map(|scratch| scratch.0.as_path())).unwrap_or(Path::new("."));
    Ok((Some(Tls::self_signed(directory)?), scratch))
}

/// A directory that is removed with the process.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let name: String = entropy::run_id()?;
        let path = std::env::temp_dir().join(format!("latchkey-{}", &name[..16]));
        let mut builder = fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::debug!(%error, "removing the certificate");
        }
    }
}
