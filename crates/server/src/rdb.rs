//! `latchkey export` and `latchkey import`: databases as RDB files, which Redis reads and writes.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use latchkey_keyspace::{Keyspace, Now};
use latchkey_local::SystemClock;
use latchkey_pipeline::Clock;
use latchkey_rdb::{JsonAs, Loaded, Reader};
use latchkey_script::Scripts;

use crate::backup::LOG;
use crate::cli::{ExportOptions, ImportOptions};
use crate::telemetry::say;
use crate::{databases, entropy, place, tokens};

/// Writes one database as it is at one moment, also while a server uses it.
pub(crate) fn export(options: &ExportOptions) -> Result<()> {
    let control = tokens::open(&options.data)?;
    let record = tokens::database(&control, &options.database)?;
    let stored = latchkey_storage::read(
        &place::directory(&options.data.data)?,
        Path::new(LOG),
        *record.id.as_bytes(),
    )?;
    let keyspace = stored.unwrap_or_else(|| Keyspace::new(0));
    let json = if options.json_as_text { JsonAs::Text } else { JsonAs::Module };
    let view = keyspace.view(now());
    let libraries = keyspace.libraries().iter().map(|(_, library)| library.code().as_slice());
    let file = File::create_new(&options.file).with_context(|| cannot("make", &options.file))?;
    let mut out = BufWriter::new(file);
    latchkey_rdb::write(&mut out, view, libraries, json)
        .and_then(|()| out.flush())
        .and_then(|()| out.get_ref().sync_all())
        .with_context(|| cannot("write", &options.file))?;
    say(format_args!("{} keys of {} in {}", view.len(), record.name, options.file.display()));
    Ok(())
}

/// Makes a new database of a file.
pub(crate) fn import(options: &ImportOptions) -> Result<()> {
    let mut keyspace = Keyspace::new(entropy::seed()?);
    let loaded = read(options, &mut keyspace)?;
    keep_libraries(&loaded.libraries, &mut keyspace)?;
    let Loaded { keys, expired, elsewhere, libraries, .. } = &loaded;
    say(format_args!(
        "# {keys} keys and {} libraries; {expired} keys had expired, {elsewhere} are of other databases",
        libraries.len()
    ));
    databases::create(&options.create, Some(&keyspace))
}

/// Nothing is left out in silence: a value that only a module of Redis could read is an error, unless it is to be left out.
fn read(options: &ImportOptions, keyspace: &mut Keyspace) -> Result<Loaded> {
    let file = File::open(&options.file).with_context(|| cannot("read", &options.file))?;
    let mut input = BufReader::with_capacity(1 << 20, file);
    let seed = keyspace.seed();
    let mut reader =
        Reader::new(&mut input, seed, VALUE_BYTES_MAX).with_context(|| cannot("read", &options.file))?;
    let loaded = latchkey_rdb::load(&mut reader, options.select, &mut keyspace.edit(now()))
        .with_context(|| cannot("read", &options.file))?;
    if let (Some((_, module)), false) = (loaded.unknown.first(), options.skip_modules) {
        bail!(
            "{} keys hold values of modules, such as {module}, that nothing here can read: leave them out with --skip-modules",
            loaded.unknown.len()
        );
    }
    Ok(loaded)
}

/// Every library has to be one that can be called.
fn keep_libraries(libraries: &[Vec<u8>], keyspace: &mut Keyspace) -> Result<()> {
    let mut scripts = Scripts::default();
    for code in libraries {
        let library =
            scripts.load_library(code).map_err(|error| anyhow::anyhow!("a function library: {error}"))?;
        keyspace.edit(now()).put_library(library.name.as_bytes(), code);
    }
    Ok(())
}

/// The largest value that Redis itself can hold in one piece, and more than any plan here allows.
const VALUE_BYTES_MAX: u64 = 1 << 30;

fn now() -> Now {
    Now::from_us(SystemClock.now_us())
}

fn cannot(do_what: &str, path: &Path) -> String {
    format!("cannot {do_what} {}", path.display())
}
