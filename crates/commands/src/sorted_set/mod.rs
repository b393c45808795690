//! Sorted sets: members with scores, by rank, by score and by name.

mod bounds;
mod operands;
mod reply;
mod zadd;
mod zcard;
mod zcount;
mod zdiff;
mod zinter;
mod zintercard;
mod zmpop;
mod zmscore;
mod zpopmin;
mod zrandmember;
mod zrange;
mod zrangestore;
mod zrank;
mod zrem;
mod zremrangebyrank;
mod zscan;
mod zscore;
mod zunion;

#[cfg(test)]
mod tests;

use crate::{Category, Family, Spec};

pub(crate) const FAMILY: Family =
    Family { group: "sorted-set", category: Some(Category::SortedSet), commands: COMMANDS };

const COMMANDS: &[Spec] = &[
    zmpop::BZMPOP,
    zpopmin::BZPOPMAX,
    zpopmin::BZPOPMIN,
    zadd::ZADD,
    zadd::ZINCRBY,
    zcard::ZCARD,
    zcount::ZCOUNT,
    zcount::ZLEXCOUNT,
    zdiff::ZDIFF,
    zdiff::ZDIFFSTORE,
    zinter::ZINTER,
    zinter::ZINTERSTORE,
    zintercard::ZINTERCARD,
    zmpop::ZMPOP,
    zmscore::ZMSCORE,
    zpopmin::ZPOPMAX,
    zpopmin::ZPOPMIN,
    zrandmember::ZRANDMEMBER,
    zrange::ZRANGE,
    zrange::ZRANGEBYLEX,
    zrange::ZRANGEBYSCORE,
    zrange::ZREVRANGE,
    zrange::ZREVRANGEBYLEX,
    zrange::ZREVRANGEBYSCORE,
    zrangestore::ZRANGESTORE,
    zrank::ZRANK,
    zrank::ZREVRANK,
    zrem::ZREM,
    zremrangebyrank::ZREMRANGEBYLEX,
    zremrangebyrank::ZREMRANGEBYRANK,
    zremrangebyrank::ZREMRANGEBYSCORE,
    zscan::ZSCAN,
    zscore::ZSCORE,
    zunion::ZUNION,
    zunion::ZUNIONSTORE,
];
