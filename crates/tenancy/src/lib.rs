//! Who may do how much: principals, tokens, plans, quotas.
//!
//! Pure: no I/O, no clock, no chance, no threads. Whatever this crate knows of time and randomness came in as an
//! argument; what has to survive is asked of a [`LeaseStore`] that somebody else implements.
//!
//! The way of a request: [`Authority::authenticate`] turns a credential into a [`Principal`];
//! [`Principal::allowance`] reserves commands from the meters of its token and its database.

mod authority;
mod base32;
mod id;
mod keys;
mod plan;
mod principal;
mod quota;
mod registry;
mod store;
mod token;
mod usage;
mod user;

pub use authority::{AUTHENTICATION_REFUSED, AuthError, Authority, Credentials, VERIFIED_TOKENS_MAX};
pub use id::{DatabaseId, IdError, TokenId};
pub use keys::{HS256_SECRET_BYTES_MIN, KeyAlgorithm, KeyError, KeyRing, SigningKey, install};
pub use plan::{Durability, Limits, Plan, SizeError, parse_bytes, parse_commands_per_day};
pub use principal::{Grants, Principal, READ_ONLY_USER, USER};
pub use quota::{
    Allowance, Exhausted, LEASE_BLOCK_MAX, Meter, Requests, Reservation, Reserved, Snapshot, day_of,
    resets_at_ms,
};
pub use store::{
    Change, DatabaseRecord, Lease, LeaseDone, LeaseError, LeaseRequest, LeaseStore, MeterScope, Records,
    Return, SigningKeyRecord, TokenKind, TokenRecord, UsageRecord, UserChange, UserDone, UserError,
    UserRecord, UserStore,
};
pub use token::{
    Claims, Grant, ISSUER, Inspection, TOKEN_BYTES_MAX, TokenDigest, TokenError, inspect, mint,
    opaque_secret, verify,
};
pub use usage::{Usage, UsageCounter};
pub use user::{PASSWORD_BYTES_MAX, USER_NAME_BYTES_MAX, UserToken};
