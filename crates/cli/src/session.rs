//! One run of `latchkey cli`: a command, a script on standard input, or a prompt.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::os::unix::ffi::OsStrExt;

use bytes::Bytes;
use latchkey_protocol::{Words, resp};
use tokio::runtime::Runtime;

use crate::door::Door;
use crate::print::{Form, write_reply};
use crate::reply::Value;
use crate::target::Target;
use crate::{Error, Options, prompt, trust};

/// Most bytes of standard input that are taken for one argument, or one line: what Redis allows a string.
const INPUT_BYTES_MAX: u64 = 512 << 20;

/// Does what the options say; whether no reply was an error. Where the address comes from is told on standard error if
/// that is a terminal.
pub fn run(options: &Options) -> Result<bool, Error> {
    let mut session = Session::new(options)?;
    session.introduce();
    let done = if !options.words.is_empty() {
        words(options).and_then(|words| session.run(&words))
    } else if io::stdin().is_terminal() {
        prompt::run(&mut session)
    } else {
        session.script(&mut io::stdin().lock())
    };
    match done {
        // Whoever closed the pipe has read enough.
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(true),
        Err(error) => Err(error),
        Ok(()) => Ok(!session.saw_error),
    }
}

/// A server, and how its replies are printed.
pub(crate) struct Session {
    runtime: Runtime,
    door: Door,
    form: Form,
    saw_error: bool,
}

impl Session {
    fn new(options: &Options) -> Result<Self, Error> {
        let target = Target::find(options)?;
        let tls = if target.tls { Some(trust::connector(options)?) } else { None };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(Error::Runtime)?;
        Ok(Self { runtime, door: Door::new(target, tls), form: form(options), saw_error: false })
    }

    /// Runs a command, and prints what it brings.
    pub(crate) fn run(&mut self, words: &Words) -> Result<(), Error> {
        announce(words, self.form)?;
        let Self { runtime, door, form, saw_error } = self;
        runtime.block_on(door.run(words, &mut |value| {
            *saw_error |= value.is_error();
            print(value, *form)
        }))
    }

    /// The same, until Ctrl-C, which costs the connection if it is not done by then.
    pub(crate) fn run_until_interrupted(&mut self, words: &Words) -> Result<(), Error> {
        self.run_until(words, async { tokio::signal::ctrl_c().await })
    }

    fn run_until(
        &mut self,
        words: &Words,
        interrupted: impl Future<Output = io::Result<()>>,
    ) -> Result<(), Error> {
        announce(words, self.form)?;
        let Self { runtime, door, form, .. } = self;
        let mut show = |value: &Value| print(value, *form);
        runtime.block_on(async {
            tokio::select! {
                done = door.run(words, &mut show) => done,
                interrupted = interrupted => {
                    // What held the connection has its turn to close it: until the next command nothing else does.
                    tokio::task::yield_now().await;
                    interrupted.map_err(Error::Runtime)
                }
            }
        })
    }

    /// One command a line. A reply that is an error does not end it.
    fn script(&mut self, input: &mut impl BufRead) -> Result<(), Error> {
        while let Some(line) = next_line(input)? {
            let words = resp::split_line(&line).ok_or(Error::Quotes)?;
            if !words.is_empty() {
                self.run(&words)?;
            }
        }
        Ok(())
    }

    #[allow(clippy::print_stderr)] // it is for the person at the terminal
    fn introduce(&self) {
        if io::stderr().is_terminal() {
            eprintln!("# {}", self.door.target);
        }
    }

    /// `host:port>`, as a prompt.
    pub(crate) fn prompt(&self) -> String {
        format!("{}> ", self.door.target.authority())
    }
}

fn form(options: &Options) -> Form {
    let is_raw = options.raw || (!options.no_raw && !io::stdout().is_terminal());
    match (options.json, is_raw) {
        (true, _) => Form::Json,
        (false, true) => Form::Raw,
        (false, false) => Form::Typed,
    }
}

/// Says how to end what does not end by itself, to a person.
fn announce(words: &Words, form: Form) -> Result<(), Error> {
    let is = |name: &&str| words.name().eq_ignore_ascii_case(name.as_bytes());
    let listens = ["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE"].iter().any(is);
    if listens && form == Form::Typed {
        write(b"Reading messages... (press Ctrl-C to quit)\n")
    } else {
        Ok(())
    }
}

fn print(value: &Value, form: Form) -> Result<(), Error> {
    let mut text = Vec::new();
    write_reply(&mut text, value, form);
    write(&text)
}

/// Writes to standard output, at once.
pub(crate) fn write(text: &[u8]) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    out.write_all(text).and_then(|()| out.flush()).map_err(Error::Output)
}

/// The command of the command line.
fn words(options: &Options) -> Result<Words, Error> {
    let mut words: Words = options.words.iter().map(|word| Bytes::copy_from_slice(word.as_bytes())).collect();
    if options.last_from_stdin {
        let mut last = Vec::new();
        let read = io::stdin().lock().take(INPUT_BYTES_MAX + 1).read_to_end(&mut last);
        words.push(bounded(read, last)?.into());
    }
    Ok(words)
}

/// A line, with its end; `None` after the last.
fn next_line(input: &mut impl BufRead) -> Result<Option<Vec<u8>>, Error> {
    let mut line = Vec::new();
    let read = input.take(INPUT_BYTES_MAX + 1).read_until(b'\n', &mut line);
    let line = bounded(read, line)?;
    Ok((!line.is_empty()).then_some(line))
}

fn bounded(read: io::Result<usize>, bytes: Vec<u8>) -> Result<Vec<u8>, Error> {
    const WHAT: &str = "standard input";
    match read {
        Err(cause) => Err(Error::Read { what: WHAT, cause }),
        Ok(count) if count as u64 > INPUT_BYTES_MAX => {
            Err(Error::TooLong { what: WHAT, bytes_max: INPUT_BYTES_MAX })
        }
        Ok(_) => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Duration;

    use clap::{Args, FromArgMatches};
    use tokio::sync::oneshot;

    use super::*;

    /// Goal: who presses Ctrl-C at the prompt listens no more, also before the next command is typed.
    #[test]
    fn what_is_interrupted_ends_for_the_server_too() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let (interrupt, interrupted) = oneshot::channel();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("the client connects");
            let mut request = [0; 4096];
            assert_ne!(stream.read(&mut request).expect("the client writes"), 0);
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
            stream.write_all(head.as_bytes()).expect("the client reads");
            interrupt.send(()).expect("the client waits");
            stream.set_read_timeout(Some(Duration::from_secs(20))).expect("it is no zero");
            stream.read(&mut request)
        });
        let command = Options::augment_args(clap::Command::new("cli"));
        let matches = command.get_matches_from(["cli", "--url", &url]);
        let options = Options::from_arg_matches(&matches).expect("these are options");
        let mut session = Session::new(&options).expect("the URL is fine");
        let interrupted = async { interrupted.await.map_err(io::Error::other) };
        session.run_until(&"SUBSCRIBE a".split(' ').collect(), interrupted).expect("it was interrupted");
        // Closed, with or without having read all: not the end of our patience.
        let end = server.join().expect("it served").map_err(|error| error.kind());
        assert!(matches!(end, Ok(0) | Err(io::ErrorKind::ConnectionReset)), "{end:?}");
    }
}
