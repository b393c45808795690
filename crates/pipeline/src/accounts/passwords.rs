//! Passwords that a user may have. They are kept as plain hashes, so none may be guessed.

use std::collections::HashSet;

use latchkey_protocol::ReplyError;
use latchkey_tenancy::PASSWORD_BYTES_MAX;

const BYTES_MIN: usize = 16;
const DIFFERENT_BYTES_MIN: usize = 10;

/// Refuses a password that is too short, too long or too simple.
pub(super) fn check(password: &[u8]) -> Result<&[u8], ReplyError> {
    if password.len() > PASSWORD_BYTES_MAX {
        let text = format!("ERR a password cannot be longer than {PASSWORD_BYTES_MAX} bytes");
        return Err(ReplyError::new(text));
    }
    let different = password.iter().collect::<HashSet<_>>().len();
    if password.len() < BYTES_MIN || different < DIFFERENT_BYTES_MIN {
        return Err(ReplyError::new(format!(
            "ERR the password is too weak: it needs at least {BYTES_MIN} characters, and at least \
             {DIFFERENT_BYTES_MIN} different ones"
        )));
    }
    Ok(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_neither_short_nor_simple_nor_endless() {
        for good in [&b"correct horse bat"[..], b"0123456789abcdef", &[b"0123456789".repeat(12)].concat()] {
            assert_eq!(check(good), Ok(good));
        }
        for bad in [&b""[..], b"hunter2", b"0123456789abcde", b"aaaaaaaaaaaaaaaaaaaaaaaa", &[0; 200]] {
            assert!(check(bad).is_err(), "{}", bad.escape_ascii());
        }
    }
}
