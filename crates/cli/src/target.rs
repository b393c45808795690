//! Where the server is, and who said so.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

use percent_encoding::percent_decode_str;

use crate::{Error, Options, env_file};

/// What `latchkey dev` opens, without a password.
const DEFAULT_URL: &str = "redis://127.0.0.1:6379";

/// Longest `.env` that is read.
const ENV_FILE_BYTES_MAX: u64 = 1 << 20;

/// A server, and what to tell it. It can be shown: that leaves the token out.
pub(crate) struct Target {
    pub(crate) speaks: Speaks,
    pub(crate) tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Of a REST URL, without a slash at the end.
    pub(crate) path: String,
    /// Of a RESP URL: the number of the database.
    pub(crate) database: Option<u32>,
    pub(crate) user: Option<String>,
    pub(crate) token: Option<String>,
    source: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    Resp,
    Rest,
}

impl Target {
    /// The server that the options name, else the environment, else `.env` in the working directory.
    pub(crate) fn find(options: &Options) -> Result<Self, Error> {
        let environment = |name: &str| std::env::var(name).ok();
        let file = read_env_file()?;
        let mut target = Self::choose(options.url.as_deref(), environment, &file)?;
        if let Some(token) = &options.token {
            target.token = Some(token.clone());
        }
        Ok(target)
    }

    /// A token is only sent where it was meant to go: that of the environment goes with the URL of the environment.
    fn choose(
        url: Option<&str>,
        environment: impl Fn(&str) -> Option<String>,
        file: &str,
    ) -> Result<Self, Error> {
        if let Some(url) = url {
            return Self::parse(url, "--url");
        }
        let in_file = |name: &str| env_file::value(file, name).map(str::to_owned);
        match Self::among(environment, "the environment")? {
            Some(target) => Ok(target),
            None => match Self::among(in_file, ".env")? {
                Some(target) => Ok(target),
                None => Self::parse(DEFAULT_URL, "the default"),
            },
        }
    }

    fn among(variable: impl Fn(&str) -> Option<String>, source: &'static str) -> Result<Option<Self>, Error> {
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        if let Some(url) = variable("REDIS_URL") {
            return Self::parse(&url, source).map(Some);
        }
        let Some(url) = variable("UPSTASH_REDIS_REST_URL") else { return Ok(None) };
        let mut target = Self::parse(&url, source)?;
        target.token = variable("UPSTASH_REDIS_REST_TOKEN").or(target.token);
        Ok(Some(target))
    }

    /// Takes `scheme://user:token@host:port/path` apart.
    fn parse(url: &str, source: &'static str) -> Result<Self, Error> {
        let (scheme, rest) = url.split_once("://").ok_or(Error::Url("has no scheme"))?;
        let (speaks, tls, default_port) = match scheme.to_ascii_lowercase().as_str() {
            "redis" => (Speaks::Resp, false, 6379),
            "rediss" => (Speaks::Resp, true, 6379),
            "http" => (Speaks::Rest, false, 80),
            "https" => (Speaks::Rest, true, 443),
            _ => return Err(Error::Url("must begin with redis://, rediss://, http:// or https://")),
        };
        if rest.contains(['?', '#']) {
            return Err(Error::Url("has options after a ? or #, which mean nothing here"));
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (credentials, address) = match authority.rsplit_once('@') {
            Some((credentials, address)) => (Some(credentials), address),
            None => (None, authority),
        };
        let (user, token) = credentials.map_or(Ok((None, None)), user_and_token)?;
        let (host, port) = host_and_port(address, default_port)?;
        let database = match (speaks, path) {
            (Speaks::Resp, "") | (Speaks::Rest, _) => None,
            (Speaks::Resp, number) => Some(
                number
                    .parse()
                    .map_err(|_| Error::Url("ends with something else than a database's number"))?,
            ),
        };
        let path = if speaks == Speaks::Rest { path.trim_end_matches('/').to_owned() } else { String::new() };
        Ok(Self { speaks, tls, host, port, path, database, user, token, source })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}, from {}", self.source)
    }
}

impl fmt::Debug for Target {
    /// Leaves the token out: what can be printed is printed one day.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match (self.speaks, self.tls) {
            (Speaks::Resp, false) => "redis",
            (Speaks::Resp, true) => "rediss",
            (Speaks::Rest, false) => "http",
            (Speaks::Rest, true) => "https",
        };
        write!(f, "{scheme}://{}", self.authority())
    }
}

impl Target {
    /// `host:port`, the address of IPv6 in brackets.
    pub(crate) fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }
}

fn read_env_file() -> Result<String, Error> {
    const WHAT: &str = ".env";
    let mut text = Vec::new();
    let read =
        std::fs::File::open(WHAT).and_then(|file| file.take(ENV_FILE_BYTES_MAX + 1).read_to_end(&mut text));
    match read {
        Ok(bytes) if bytes as u64 > ENV_FILE_BYTES_MAX => {
            Err(Error::TooLong { what: WHAT, bytes_max: ENV_FILE_BYTES_MAX })
        }
        Ok(_) => Ok(String::from_utf8_lossy(&text).into_owned()),
        // Many directories have none, and in some `.env` is a directory (of Python).
        Err(error)
            if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::IsADirectory) =>
        {
            Ok(String::new())
        }
        Err(cause) => Err(Error::Read { what: WHAT, cause }),
    }
}

type Credentials = (Option<String>, Option<String>);

/// `user:token`, `:token`, or only a token, as `redis-cli` has it.
fn user_and_token(text: &str) -> Result<Credentials, Error> {
    let decode = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8().map(Cow::into_owned);
        decoded.map_err(|_| Error::Url("has credentials that are not UTF-8"))
    };
    let (user, token) = text.split_once(':').unwrap_or(("", text));
    let user = if user.is_empty() { None } else { Some(decode(user)?) };
    let token = if token.is_empty() { None } else { Some(decode(token)?) };
    Ok((user, token))
}

fn host_and_port(address: &str, default_port: u16) -> Result<(String, u16), Error> {
    let (host, port) = match address.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, rest)) => (host, Some(rest.strip_prefix(':').unwrap_or(rest))),
        None => match address.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        },
    };
    let host = if host.is_empty() { "127.0.0.1" } else { host };
    let port =
        port.map_or(Ok(default_port), str::parse).map_err(|_| Error::Url("has a port that is no number"))?;
    Ok((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Target {
        Target::parse(url, "a test").unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    #[test]
    fn urls_are_taken_apart() {
        let target = parsed("rediss://default:a%3Ab%40@[::1]:7000/3");
        assert_eq!((target.speaks, target.tls), (Speaks::Resp, true));
        assert_eq!((target.host.as_str(), target.port, target.database), ("::1", 7000, Some(3)));
        assert_eq!((target.user.as_deref(), target.token.as_deref()), (Some("default"), Some("a:b@")));
        assert_eq!(target.authority(), "[::1]:7000");
        let target = parsed("https://x.example/base/");
        assert_eq!((target.speaks, target.port, target.path.as_str()), (Speaks::Rest, 443, "base"));
        assert_eq!(parsed("redis://").authority(), "127.0.0.1:6379");
        assert_eq!(parsed("redis://secret@h").token.as_deref(), Some("secret"));
        assert_eq!(parsed("HTTP://h").port, 80);
    }

    #[test]
    fn urls_without_sense_are_refused() {
        for url in [
            "",
            "localhost:6379",
            "ftp://h",
            "redis://h:port",
            "redis://h/x",
            "https://h/?a=1",
            "redis://[::1]x",
        ] {
            assert!(matches!(Target::parse(url, "a test"), Err(Error::Url(_))), "{url}");
        }
    }

    #[test]
    fn no_text_shows_the_token() {
        let target = parsed("redis://default:hush@h");
        assert_eq!(target.to_string(), "redis://h:6379, from a test");
        assert_eq!(format!("{target:?}"), "redis://h:6379");
    }

    #[test]
    fn the_command_line_comes_first_then_the_environment_then_the_file() {
        const FILE: &str = "UPSTASH_REDIS_REST_URL=https://file\nUPSTASH_REDIS_REST_TOKEN=f\n";
        let nothing = |_: &str| None;
        let upstash = |name: &str| match name {
            "UPSTASH_REDIS_REST_URL" => Some("https://env".to_owned()),
            _ => None,
        };
        let chosen = |url, environment: &dyn Fn(&str) -> Option<String>, file| {
            Target::choose(url, environment, file).expect("all are fine")
        };
        let target = chosen(Some("redis://arg"), &upstash, FILE);
        assert_eq!((target.to_string(), target.token), ("redis://arg:6379, from --url".into(), None));
        let target = chosen(None, &upstash, FILE);
        assert_eq!(
            (target.to_string(), target.token),
            ("https://env:443, from the environment".into(), None)
        );
        let target = chosen(None, &nothing, FILE);
        assert_eq!(
            (target.to_string(), target.token),
            ("https://file:443, from .env".into(), Some("f".into()))
        );
        let both = format!("{FILE}REDIS_URL=redis://:r@file");
        assert_eq!(chosen(None, &nothing, &both).token.as_deref(), Some("r"));
        assert_eq!(chosen(None, &nothing, "").to_string(), "redis://127.0.0.1:6379, from the default");
    }
}
