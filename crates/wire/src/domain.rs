//! The domain under which each database has a host name of its own.

use std::str::FromStr;

/// The longest host name, in bytes.
const NAME_BYTES_MAX: usize = 253;
/// The longest of the parts between the dots of a host name, in bytes.
const LABEL_BYTES_MAX: usize = 63;

/// A domain, such as `db.example.com`. Who says in the TLS handshake to want `shop.db.example.com` wants the database
/// `shop`. Kept in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain(String);

/// Text that is no domain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no domain: it looks like db.example.com")]
pub struct DomainError(String);

impl Domain {
    /// The name or id of the database whose host name this is. `None` for every other host name.
    pub(crate) fn database(&self, server_name: &str) -> Option<String> {
        let server_name = server_name.to_ascii_lowercase();
        let label = server_name.strip_suffix(&self.0)?.strip_suffix('.')?;
        is_label(label).then(|| label.to_owned())
    }
}

impl FromStr for Domain {
    type Err = DomainError;

    fn from_str(text: &str) -> Result<Self, DomainError> {
        let domain = text.to_ascii_lowercase();
        let fits = domain.len() <= NAME_BYTES_MAX && domain.split('.').all(is_label);
        fits.then_some(Self(domain)).ok_or_else(|| DomainError(text.into()))
    }
}

/// Whether this can stand between the dots of a host name.
fn is_label(text: &str) -> bool {
    (1..=LABEL_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_right_below_the_domain_is_a_database() {
        let domain: Domain = "DB.example.com".parse().unwrap();
        for (server_name, database) in [
            ("shop.db.example.com", Some("shop")),
            ("SHOP.DB.Example.Com", Some("shop")),
            ("01hzy3v5x0000000000000000q.db.example.com", Some("01hzy3v5x0000000000000000q")),
            ("db.example.com", None),
            (".db.example.com", None),
            ("a.shop.db.example.com", None),
            ("shopdb.example.com", None),
            ("shop.example.com", None),
            ("-.db.example.com", None),
            ("my_shop.db.example.com", None),
            ("shop.db.example.com.", None),
        ] {
            assert_eq!(domain.database(server_name).as_deref(), database, "{server_name}");
        }
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        for text in ["localhost", "db.example.com", "xn--bcher-kva.example"] {
            assert!(text.parse::<Domain>().is_ok(), "{text}");
        }
        let long = format!("{}.com", "a".repeat(64));
        for text in
            ["", ".", ".example.com", "example.com.", "*.example.com", "a b", "https://x", "é.com", &long]
        {
            assert!(text.parse::<Domain>().is_err(), "{text}");
        }
    }
}
