//! `latchkey serve`: production, from a configuration file.

use std::net::IpAddr;

use anyhow::{Context, Result, bail};
use latchkey_control::Control;
use latchkey_tenancy::{SigningKey, SigningKeyRecord, TokenDigest, TokenKind};
use latchkey_tls::Tls;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::cli::ServeOptions;
use crate::doors::{Bound, Doors, HttpDoor, RespDoor};
use crate::entropy;
use crate::node::Node;
use crate::settings::{Settings, TlsFiles, Tokens};
use crate::telemetry;

/// Tokens that stand in every tutorial. A server that others can reach does not start with them.
const DEFAULT_TOKENS: &[&str] =
    &["example_token", "upstash", "token", "test", "secret", "password", "latchkey"];

pub(crate) fn run(options: &ServeOptions) -> Result<()> {
    let settings = Settings::read(&options.config)?;
    telemetry::start(&settings.log.level, settings.log.json);
    let doors = doors(&settings)?;
    let storage = settings.storage.settings(entropy::seed()?);
    let node = Node::open(Some(&settings.data), settings.memory.settings(), storage)?;
    configure_key(&node, &settings.tokens)?;
    for door in [Some(settings.http.listen), settings.resp.as_ref().map(|resp| resp.listen)] {
        door.map_or(Ok(()), |listen| refuse_default_tokens(&node.control, listen.ip()))?;
    }
    let runtime = runtime()?;
    let (stopping, stop) = watch::channel(false);
    runtime.block_on(async move {
        on_signal(stopping)?;
        let http = if doors.http.tls.is_some() { "https" } else { "http" };
        let resp =
            if doors.resp.as_ref().is_some_and(|resp| resp.tls.is_some()) { "rediss" } else { "redis" };
        let listening = |bound: Bound| {
            tracing::info!(url = %format_args!("{http}://{}", bound.http), "listening");
            if let Some(address) = bound.resp {
                tracing::info!(url = %format_args!("{resp}://{address}"), "listening");
            }
            Ok(())
        };
        node.serve(doors, stop, listening).await?;
        tracing::info!("stopped");
        Ok(())
    })
}

/// The doors that the file describes.
fn doors(settings: &Settings) -> Result<Doors> {
    let tls = |files: &Option<TlsFiles>| -> Result<Option<Tls>> {
        let load = |files: &TlsFiles| Tls::from_files(&files.certificate, &files.key);
        Ok(files.as_ref().map(load).transpose()?)
    };
    let http = &settings.http;
    let http = HttpDoor { addresses: vec![http.listen], tls: tls(&http.tls)?, settings: http.door() };
    let resp = match &settings.resp {
        Some(resp) => Some(RespDoor {
            addresses: vec![resp.listen],
            more_ports: 0,
            tls: tls(&resp.tls)?,
            settings: resp.door(),
        }),
        None => None,
    };
    Ok(Doors { http, resp })
}

/// Threads as many as processors.
pub(crate) fn runtime() -> Result<Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().thread_name("latchkey").build().context("cannot start threads")
}

/// Stops at SIGTERM and Ctrl-C. A second one ends the process at once, as if nobody had asked for the first.
pub(crate) fn on_signal(stopping: watch::Sender<bool>) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        for already in [false, true] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if already {
                std::process::exit(130);
            }
            tracing::info!("stopping: requests that have begun may finish");
            stopping.send_replace(true);
        }
    });
    Ok(())
}

/// Signs with the configured secret from now on, if there is one.
fn configure_key(node: &Node, tokens: &Tokens) -> Result<()> {
    let Some(path) = &tokens.hs256_secret_file else { return Ok(()) };
    let secret = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let record = SigningKeyRecord::hs256(secret.trim_ascii(), node.clock.now_ms());
    SigningKey::from_record(&record).with_context(|| format!("in {}", path.display()))?;
    let known = node.control.records().wait()?.keys;
    if !known.iter().any(|key| key.kid == record.kid) {
        node.control.add_key(record).wait()?;
    }
    Ok(())
}

fn refuse_default_tokens(control: &Control, listen: IpAddr) -> Result<()> {
    if listen.is_loopback() {
        return Ok(());
    }
    let defaults: Vec<TokenDigest> =
        DEFAULT_TOKENS.iter().map(|token| TokenDigest::of(token.as_bytes())).collect();
    for token in control.records().wait()?.tokens {
        let is_default = matches!(token.kind, TokenKind::Opaque(digest) if defaults.contains(&digest));
        if is_default && token.revoked_at_ms.is_none() {
            bail!(
                "the token {} ('{}') is one that stands in every tutorial, and {listen} can be reached by others: \
                 revoke it with `latchkey token revoke {}`, or listen on 127.0.0.1",
                token.id,
                token.name,
                token.id
            );
        }
    }
    Ok(())
}
