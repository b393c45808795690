//! `latchkey fsck` and `latchkey journal inspect`: looking at files, changing nothing.

use std::io::Write;
use std::path::Path;

use anyhow::{Result, bail};
use latchkey_journal::FrameSummary;
use latchkey_storage::Report;
use latchkey_tenancy::DatabaseId;

use crate::backup::LOG;
use crate::cli::DataOption;
use crate::place;
use crate::telemetry::say;

/// Reads every file of every database and the log, as the server would. An error if anything is wrong.
pub(crate) fn check(options: &DataOption) -> Result<()> {
    let report = latchkey_storage::check(&place::directory(&options.data)?, Path::new(LOG))?;
    let Report { databases, files, file_bytes, keys, frames, problems } = &report;
    say(format_args!(
        "{databases} databases, {keys} keys, {files} files of {file_bytes} bytes, {frames} frames in the log"
    ));
    problems.iter().for_each(|problem| say(format_args!("damaged: {problem}")));
    if !problems.is_empty() {
        bail!("{} of these files do not hold what was written to them", problems.len());
    }
    Ok(())
}

/// One line for each frame of the log: where it stands, what it is for, and how large it is; never what is in it.
pub(crate) fn inspect(options: &DataOption) -> Result<()> {
    let disk = place::directory(&options.data)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut written = Ok(());
    let mut show = |FrameSummary { file, offset, frame }: FrameSummary<'_>| {
        if written.is_ok() {
            let database = DatabaseId::from_bytes(frame.database);
            let (lsn, seq, kind, flags) = (frame.lsn.0, frame.seq, frame.kind, frame.flags);
            let (file, bytes) = (file.display(), frame.payload.len());
            written = writeln!(
                out,
                "{file}  at {offset}  lsn {lsn}  database {database}  step {seq}  kind {kind}  flags {flags}  {bytes} bytes"
            );
        }
    };
    let inspected = latchkey_journal::inspect(&disk, Path::new(LOG), &mut show);
    written.and_then(|()| out.flush())?;
    Ok(inspected?)
}
