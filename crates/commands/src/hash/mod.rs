//! Hashes.

mod fields;
mod hdel;
mod hexists;
mod hexpire;
mod hget;
mod hgetall;
mod hgetdel;
mod hgetex;
mod hincrby;
mod hincrbyfloat;
mod hkeys;
mod hlen;
mod hmget;
mod hpersist;
mod hrandfield;
mod hscan;
mod hset;
mod hsetex;
mod hsetnx;
mod hstrlen;
mod httl;
mod hvals;
#[cfg(test)]
mod tests;

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "hash", category: Some(Category::Hash), commands: COMMANDS };

const COMMANDS: &[Spec] = &[
    hdel::HDEL,
    hexists::HEXISTS,
    hexpire::HEXPIRE,
    hexpire::HEXPIREAT,
    hexpire::HPEXPIRE,
    hexpire::HPEXPIREAT,
    hget::HGET,
    hgetall::HGETALL,
    hgetdel::HGETDEL,
    hgetex::HGETEX,
    hincrby::HINCRBY,
    hincrbyfloat::HINCRBYFLOAT,
    hkeys::HKEYS,
    hlen::HLEN,
    hmget::HMGET,
    hpersist::HPERSIST,
    hrandfield::HRANDFIELD,
    hscan::HSCAN,
    hset::HMSET,
    hset::HSET,
    hsetex::HSETEX,
    hsetnx::HSETNX,
    hstrlen::HSTRLEN,
    httl::HEXPIRETIME,
    httl::HPEXPIRETIME,
    httl::HPTTL,
    httl::HTTL,
    hvals::HVALS,
];
