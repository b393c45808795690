//! The `latchkey` binary: what a person types, and how the parts are put together.

mod backup;
mod bucket;
mod cli;
mod databases;
mod dev;
mod doors;
mod entropy;
mod fsck;
mod health;
mod node;
mod place;
mod rdb;
mod s3;
mod serve;
mod settings;
mod telemetry;
mod tokens;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Cli, Command, JournalCommand};

/// Gives memory back to the system when databases shrink, which the system's own allocator does not.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let Cli { command } = Cli::parse();
    let done = match command {
        Command::Cli(options) => return client(&options),
        Command::Dev(options) => dev::run(options),
        Command::Serve(options) => serve::run(&options),
        Command::Token(command) => tokens::run(command),
        Command::Db(command) => databases::run(command),
        Command::Backup(options) => backup::backup(&options),
        Command::Restore(options) => backup::restore(&options),
        Command::Export(options) => rdb::export(&options),
        Command::Import(options) => rdb::import(&options),
        Command::Fsck(options) => fsck::check(&options),
        Command::Journal(JournalCommand::Inspect(options)) => fsck::inspect(&options),
        Command::Health(options) => health::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            telemetry::complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// An error that the server replied is printed as any reply is; only the exit code tells.
fn client(options: &latchkey_cli::Options) -> ExitCode {
    match latchkey_cli::run(options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            telemetry::complain(&error.into());
            ExitCode::FAILURE
        }
    }
}
