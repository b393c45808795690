//! Buckets of S3 and what speaks its language: how they are named, found in the environment, and why they refuse.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey as Setting};
use object_store::client::{HttpError, HttpErrorKind};
use object_store::path::Path as Key;
use object_store::{ClientConfigKey, ClientOptions, RetryConfig};

use crate::bucket::Bucket;

/// `s3://BUCKET/PREFIX`, or the whole bucket without a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BucketUrl {
    bucket: String,
    prefix: Key,
}

impl FromStr for BucketUrl {
    type Err = String;

    /// Of what stands after `s3://`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (bucket, prefix) = text.split_once('/').unwrap_or((text, ""));
        let is_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let is_end = |c: char| c.is_ascii_alphanumeric();
        let is_bucket = (3..=63).contains(&bucket.len())
            && bucket.chars().all(is_name)
            && bucket.starts_with(is_end)
            && bucket.ends_with(is_end);
        if !is_bucket {
            return Err(format!("'{bucket}' is no name of a bucket: write s3://BUCKET/PREFIX"));
        }
        // Nothing is decoded: what stands in the URL is what keys begin with.
        let prefix = Key::parse(prefix)
            .ok()
            .filter(|_| !prefix.starts_with('/'))
            .ok_or_else(|| format!("'{prefix}' is no prefix: write names with '/' between them"))?;
        Ok(Self { bucket: bucket.into(), prefix })
    }
}

impl fmt::Display for BucketUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.prefix.is_root() { "" } else { "/" };
        write!(f, "s3://{}{slash}{}", self.bucket, self.prefix)
    }
}

/// A request may take so long: a part on a line of a megabit a second, and some.
const REQUEST_AT_MOST: Duration = Duration::from_secs(120);
/// What comes may pause so long.
const SILENCE_AT_MOST: Duration = Duration::from_secs(30);
const CONNECT_AT_MOST: Duration = Duration::from_secs(10);
/// A request that the service could not answer is tried again so often, with growing pauses, and not after so long.
const RETRIES_MAX: usize = 4;
const RETRY_AT_MOST: Duration = Duration::from_secs(150);

/// With credentials, region and endpoint from the environment, under the names that the tools of AWS use. Asks nobody.
pub(crate) fn open(url: &BucketUrl) -> Result<Bucket> {
    let builder = configured(
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
    );
    let endpoint = Endpoint::of(&builder)?;
    let client = ClientOptions::new()
        .with_allow_http(endpoint.is_plain())
        .with_timeout(REQUEST_AT_MOST)
        .with_read_timeout(SILENCE_AT_MOST)
        .with_connect_timeout(CONNECT_AT_MOST);
    let retry =
        RetryConfig { max_retries: RETRIES_MAX, retry_timeout: RETRY_AT_MOST, ..RetryConfig::default() };
    let has_keys = CREDENTIALS.iter().any(|setting| builder.get_config_value(setting).is_some());
    let store = builder
        .with_bucket_name(&url.bucket)
        .with_client_options(client)
        .with_retry(retry)
        .build()
        .context("the AWS_… variables of the environment do not fit together")?;
    let reasons = Reasons { bucket: url.bucket.clone(), endpoint, has_keys };
    let explain = Box::new(move |error: &_| reasons.explain(error));
    Bucket::new(Arc::new(store), url.prefix.clone(), explain).context("cannot start what talks to a bucket")
}

/// A variable that is empty counts as one that is not set.
fn configured(environment: impl Iterator<Item = (String, String)>) -> AmazonS3Builder {
    environment.filter(|(name, value)| name.starts_with("AWS_") && !value.is_empty()).fold(
        AmazonS3Builder::new(),
        |builder, (name, value)| match name.to_ascii_lowercase().parse() {
            Ok(setting) => builder.with_config(setting, value),
            Err(_) => builder,
        },
    )
}

/// One of these says where credentials come from. Otherwise the metadata of a machine of EC2 is asked.
const CREDENTIALS: [Setting; 4] = [
    Setting::AccessKeyId,
    Setting::WebIdentityTokenFile,
    Setting::ContainerCredentialsRelativeUri,
    Setting::ContainerCredentialsFullUri,
];

/// Where the service is: a URL, or AWS.
#[derive(Debug)]
struct Endpoint(Option<String>);

impl Endpoint {
    fn of(builder: &AmazonS3Builder) -> Result<Self> {
        let set = |setting| builder.get_config_value(&setting);
        let Some(url) = set(Setting::S3Endpoint).or_else(|| set(Setting::Endpoint)) else {
            return Ok(Self(None));
        };
        let (scheme, rest) = url.split_once("://").unwrap_or(("", &url));
        let authority = rest.split('/').next().unwrap_or_default();
        if authority.is_empty() || authority.contains('@') {
            bail!("AWS_ENDPOINT_URL has to be a URL without a user, such as https://minio.example.com:9000");
        }
        let may_be_read = set(Setting::Client(ClientConfigKey::AllowHttp)).is_some_and(|text| text == "true");
        match scheme {
            "https" => {}
            "http" if may_be_read || is_this_machine(authority) => {}
            "http" => bail!(
                "AWS_ENDPOINT_URL is {url}: everybody on the way could read the backup. Write https://, or set AWS_ALLOW_HTTP=true"
            ),
            _ => bail!("AWS_ENDPOINT_URL has to begin with https:// or http://"),
        }
        Ok(Self(Some(url)))
    }

    /// Whether everybody on the way can read what goes there.
    fn is_plain(&self) -> bool {
        self.0.as_deref().is_some_and(|url| url.starts_with("http://"))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_deref().unwrap_or("AWS"))
    }
}

fn is_this_machine(authority: &str) -> bool {
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let host =
        authority.rsplit_once(':').filter(|(_, port)| is_port(port)).map_or(authority, |(host, _)| host);
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// What there is to say about an error, but never about a secret.
#[derive(Debug)]
struct Reasons {
    bucket: String,
    endpoint: Endpoint,
    has_keys: bool,
}

impl Reasons {
    fn explain(&self, error: &object_store::Error) -> String {
        use object_store::Error::{NotFound, PermissionDenied};
        let text = error.to_string();
        let code = between(&text, "<Code>", "</Code>").unwrap_or_default();
        match error {
            _ if !code.is_empty() => {
                self.refused(code, between(&text, "<Message>", "</Message>").unwrap_or_default())
            }
            _ if text.contains("Received redirect") => self.elsewhere(),
            PermissionDenied { .. } => self.denied(),
            NotFound { .. } => "it is not there".into(),
            _ => find(error).map_or_else(|| self.said(&root(error)), |error| self.unreachable(error)),
        }
    }

    /// By the code of an answer.
    fn refused(&self, code: &str, message: &str) -> String {
        let Self { bucket, endpoint, .. } = self;
        match code {
            "NoSuchBucket" => format!("{endpoint} has no bucket '{bucket}': make it first"),
            "InvalidAccessKeyId" => format!("{endpoint} does not know the key in AWS_ACCESS_KEY_ID"),
            "SignatureDoesNotMatch" => {
                "the secret in AWS_SECRET_ACCESS_KEY does not belong to the key in AWS_ACCESS_KEY_ID".into()
            }
            "InvalidToken" | "ExpiredToken" => {
                "the token in AWS_SESSION_TOKEN is not good, or not any more".into()
            }
            "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" => {
                self.elsewhere()
            }
            "AccessDenied" => self.denied(),
            code => self.said(&format!("{code}: {message}")),
        }
    }

    fn unreachable(&self, error: &HttpError) -> String {
        let (endpoint, why) = (&self.endpoint, root(error));
        match error.kind() {
            _ if !self.has_keys => format!(
                "no credentials, or {endpoint} cannot be reached: {why}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            ),
            HttpErrorKind::Connect => format!("cannot reach {endpoint}: {why}; see AWS_ENDPOINT_URL"),
            _ => format!("{endpoint} did not answer: {why}"),
        }
    }

    fn elsewhere(&self) -> String {
        format!("the bucket '{}' is in another region: set AWS_REGION", self.bucket)
    }

    fn denied(&self) -> String {
        format!(
            "these credentials may not do that in the bucket '{}': they need s3:ListBucket, s3:GetObject, s3:PutObject and \
             s3:AbortMultipartUpload",
            self.bucket
        )
    }

    /// Words that are not ours: a line of them, and nothing that a terminal obeys.
    fn said(&self, words: &str) -> String {
        let line = words.lines().next().unwrap_or_default();
        let shown: String = line.chars().filter(|c| !c.is_control()).take(WORDS_MAX).collect();
        format!("{}: {shown}", self.endpoint)
    }
}

/// So much of an error is shown, in characters.
const WORDS_MAX: usize = 200;

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    text.split_once(start)?.1.split_once(end).map(|(inner, _)| inner)
}

fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    sources(error).find_map(|error| error.downcast_ref())
}

/// The words of whoever noticed first.
fn root(error: &(dyn Error + 'static)) -> String {
    sources(error).last().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io;

    use object_store::Error::{Generic, NotFound, PermissionDenied};

    use super::*;

    fn endpoint(variables: &[(&str, &str)]) -> Result<Option<String>> {
        let owned = variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        Endpoint::of(&configured(owned)).map(|endpoint| endpoint.0)
    }

    #[test]
    fn a_url_is_a_bucket_and_a_prefix_that_nothing_leaves() {
        for (text, shown) in
            [("kept", "s3://kept"), ("kept/", "s3://kept"), ("my.bucket/a b/ü/", "s3://my.bucket/a b/ü")]
        {
            assert_eq!(text.parse::<BucketUrl>().unwrap().to_string(), shown);
        }
        for text in
            ["", "ab", "/kept", "-kept", "kept-/x", "ke pt", "user@kept", "kept:9000/x", "kept?x", "..."]
        {
            assert!(text.parse::<BucketUrl>().unwrap_err().contains("no name of a bucket"), "{text}");
        }
        for text in ["kept/..", "kept/a/../b", "kept//a", "kept/a//b", "kept/./a", "kept/a\nb"] {
            assert!(text.parse::<BucketUrl>().unwrap_err().contains("no prefix"), "{text}");
        }
    }

    #[test]
    fn an_endpoint_is_https_or_near_or_allowed() {
        let url = |url| endpoint(&[("AWS_ENDPOINT_URL", url)]);
        for near in ["http://127.0.0.1:9000", "http://[::1]:9000/", "http://localhost", "http://127.1.2.3"] {
            assert_eq!(url(near).unwrap().as_deref(), Some(near));
        }
        assert_eq!(url("https://minio.example.com").unwrap().as_deref(), Some("https://minio.example.com"));
        for far in ["http://10.0.0.1:9000", "http://localhost.example.com", "http://127.0.0.1.example.com"] {
            assert!(url(far).unwrap_err().to_string().contains("AWS_ALLOW_HTTP"), "{far}");
            let allowed = endpoint(&[("AWS_ENDPOINT_URL", far), ("AWS_ALLOW_HTTP", "true")]);
            assert_eq!(allowed.unwrap().as_deref(), Some(far));
        }
        for wrong in ["minio:9000", "ftp://minio", "https://", "https://me:hush@minio"] {
            let error = url(wrong).unwrap_err().to_string();
            assert!(error.contains("AWS_ENDPOINT_URL has to be") && !error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn the_endpoint_of_s3_goes_first_and_what_is_empty_is_not_set() {
        let both = [("AWS_ENDPOINT_URL_S3", "https://one"), ("AWS_ENDPOINT_URL", "https://two")];
        assert_eq!(endpoint(&both).unwrap().as_deref(), Some("https://one"));
        assert_eq!(
            endpoint(&[("AWS_ENDPOINT_URL_S3", ""), both[1]]).unwrap().as_deref(),
            Some("https://two")
        );
        assert_eq!(endpoint(&[("AWS_ENDPOINT_URL", "")]).unwrap(), None);
        assert_eq!(endpoint(&[("ENDPOINT_URL", "https://one")]).unwrap(), None);
    }

    #[test]
    fn an_error_says_what_to_change() {
        let reasons = Reasons { bucket: "kept".into(), endpoint: Endpoint(None), has_keys: true };
        let path = String::new;
        let body =
            |code: &str| format!("403: <Error><Code>{code}</Code><Message>why</Message></Error>").into();
        let bare = "Received redirect without LOCATION";
        let unreachable = HttpError::new(HttpErrorKind::Connect, io::Error::other("refused"));
        for (error, text) in [
            (NotFound { path: path(), source: body("NoSuchBucket") }, "AWS has no bucket 'kept'"),
            (NotFound { path: path(), source: body("NoSuchKey") }, "AWS: NoSuchKey: why"),
            (NotFound { path: path(), source: "404: ".into() }, "it is not there"),
            (
                PermissionDenied { path: path(), source: body("SignatureDoesNotMatch") },
                "AWS_SECRET_ACCESS_KEY",
            ),
            (PermissionDenied { path: path(), source: body("InvalidAccessKeyId") }, "AWS_ACCESS_KEY_ID"),
            (PermissionDenied { path: path(), source: body("ExpiredToken") }, "AWS_SESSION_TOKEN"),
            (PermissionDenied { path: path(), source: body("AccessDenied") }, "s3:PutObject"),
            (PermissionDenied { path: path(), source: "403: ".into() }, "s3:PutObject"),
            (Generic { store: "S3", source: body("AuthorizationHeaderMalformed") }, "AWS_REGION"),
            (Generic { store: "S3", source: bare.into() }, "AWS_REGION"),
            (Generic { store: "S3", source: body("SlowDown") }, "AWS: SlowDown: why"),
            (Generic { store: "S3", source: unreachable.into() }, "cannot reach AWS: refused"),
        ] {
            let said = reasons.explain(&error);
            assert!(said.contains(text), "{text:?} is not in {said:?}");
        }
    }

    #[test]
    fn without_keys_it_is_keys_that_are_missing() {
        let reasons = Reasons { bucket: "kept".into(), endpoint: Endpoint(None), has_keys: false };
        let error = HttpError::new(HttpErrorKind::Timeout, io::Error::other("no metadata"));
        let said = reasons.explain(&Generic { store: "S3", source: error.into() });
        assert!(said.contains("no credentials") && said.contains("AWS_ACCESS_KEY_ID"), "{said}");
    }

    #[test]
    fn a_page_is_not_shown_and_no_terminal_obeys() {
        let reasons = Reasons { bucket: "kept".into(), endpoint: Endpoint(None), has_keys: true };
        let said = |page: String| reasons.explain(&Generic { store: "S3", source: page.into() });
        assert_eq!(said("500: \x1b[2Jgone\n<html>".into()), "AWS: 500: [2Jgone");
        assert!(said("<p>".repeat(1000)).len() < 300);
    }
}
