//! Chance, from the operating system.

use anyhow::{Result, anyhow};

/// Random bytes that nobody can guess.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    fill(&mut bytes).map_err(|error| anyhow!("no random numbers from the system: {error}"))?;
    Ok(bytes)
}

/// Fills the slice with random bytes that nobody can guess.
pub(crate) fn fill(bytes: &mut [u8]) -> std::io::Result<()> {
    getrandom::fill(bytes).map_err(|error| std::io::Error::other(error.to_string()))
}

/// 64 random bits.
pub(crate) fn seed() -> Result<u64> {
    Ok(u64::from_le_bytes(bytes()?))
}

/// 40 hexadecimal digits.
pub(crate) fn run_id() -> Result<String> {
    Ok(bytes::<20>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}
