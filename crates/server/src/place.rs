//! Where backups are: a directory of this machine, or a bucket, both as a `Disk`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use latchkey_journal::{Disk, RealDisk};

use crate::bucket::Bucket;
use crate::s3::{self, BucketUrl};

/// What a person types for it: a path, or `s3://BUCKET/PREFIX`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Directory(PathBuf),
    Bucket(BucketUrl),
}

impl Place {
    /// What is there, to read it.
    pub(crate) fn open(&self) -> Result<Arc<dyn Disk>> {
        match self {
            Self::Directory(path) => Ok(Arc::new(directory(path)?)),
            Self::Bucket(url) => Ok(Arc::new(bucket(url)?)),
        }
    }

    /// To write to it. An error if something is there already.
    pub(crate) fn open_new(&self) -> Result<Arc<dyn Disk>> {
        match self {
            Self::Directory(path) => Ok(Arc::new(new_directory(path)?)),
            Self::Bucket(url) => Ok(Arc::new(new_bucket(url)?)),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once("://") {
            Some(("s3", rest)) => rest.parse().map(Self::Bucket),
            Some((scheme, _)) => {
                Err(format!("'{scheme}://' is not known here: write a directory, or s3://BUCKET/PREFIX"))
            }
            None if text.is_empty() => Err("write a directory, or s3://BUCKET/PREFIX".into()),
            None => Ok(Self::Directory(text.into())),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => path.display().fmt(f),
            Self::Bucket(url) => url.fmt(f),
        }
    }
}

/// The files below a directory that has to exist.
pub(crate) fn directory(path: &Path) -> Result<RealDisk> {
    if !path.is_dir() {
        bail!("there is no directory {}", path.display());
    }
    RealDisk::new(path).with_context(|| format!("cannot use {}", path.display()))
}

fn new_directory(path: &Path) -> Result<RealDisk> {
    if path.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        bail!("{} is not empty: name a new directory", path.display());
    }
    RealDisk::new(path).with_context(|| format!("cannot write {}", path.display()))
}

/// Listing it first has a reason: only its refusals say what is wrong.
fn bucket(url: &BucketUrl) -> Result<Bucket> {
    let bucket = s3::open(url)?;
    if bucket.is_empty().with_context(|| format!("cannot list {url}"))? {
        bail!("{url} is no backup: there is nothing");
    }
    Ok(bucket)
}

fn new_bucket(url: &BucketUrl) -> Result<Bucket> {
    let bucket = s3::open(url)?;
    if !bucket.is_empty().with_context(|| format!("cannot list {url}"))? {
        bail!("{url} is not empty: name a new prefix");
    }
    Ok(bucket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_directory_unless_it_says_otherwise() {
        for path in ["/backups/monday", "relative", "s3:/bucket", "C:\\x", "s3"] {
            assert_eq!(path.parse(), Ok(Place::Directory(path.into())), "{path}");
        }
        let place: Place = "s3://shop/backups/monday/".parse().unwrap();
        assert_eq!(place.to_string(), "s3://shop/backups/monday");
    }

    #[test]
    fn what_is_no_place_is_refused_with_what_to_write() {
        for text in
            ["", "https://shop.s3.amazonaws.com/backups", "gs://shop/x", "file:///backups", "S3://shop"]
        {
            let error = text.parse::<Place>().unwrap_err();
            assert!(error.contains("s3://BUCKET/PREFIX"), "{text}: {error}");
        }
    }
}
