//! The limit on what the interpreter holds, and where it need not be looked at.

use latchkey_protocol::Reply;
use mlua::Lua;

/// What a value takes in the interpreter besides its bytes, at most.
pub(crate) const VALUE_BYTES: usize = 128;

/// Replies of up to so many bytes are small.
const SMALL_BYTES: usize = 16 << 10;

/// Does some work that takes at most so many bytes. While there is a limit, every value that is made from outside is
/// made in a call of its own that catches an error of memory, which costs more than the value. So where there is
/// clearly enough memory, the limit is off meanwhile.
pub(crate) fn with_room<T>(
    lua: &Lua,
    limit_bytes: usize,
    bytes_max: usize,
    work: impl FnOnce() -> mlua::Result<T>,
) -> mlua::Result<T> {
    if lua.used_memory().saturating_add(bytes_max) >= limit_bytes {
        return work();
    }
    lua.set_memory_limit(0)?;
    let result = work();
    lua.set_memory_limit(limit_bytes)?;
    result
}

/// The most bytes that a reply takes in the interpreter, if it is small.
pub(crate) fn small_bytes(reply: &Reply) -> Option<usize> {
    let mut left = SMALL_BYTES;
    take(reply, &mut left)?;
    Some(SMALL_BYTES - left)
}

fn take(reply: &Reply, left: &mut usize) -> Option<()> {
    match reply {
        Reply::Array(items) | Reply::Set(items) => items.iter().try_for_each(|item| take(item, left))?,
        Reply::Pairs(pairs) | Reply::Map(pairs) | Reply::NestedMap(pairs) => {
            pairs.iter().try_for_each(|(name, value)| take(name, left).and_then(|()| take(value, left)))?;
        }
        leaf => *left = left.checked_sub(leaf.bytes())?,
    }
    *left = left.checked_sub(VALUE_BYTES)?;
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_small_by_its_bytes_and_by_its_number_of_values() {
        assert_eq!(small_bytes(&Reply::bulk("abc")), Some(VALUE_BYTES + 3));
        assert_eq!(small_bytes(&Reply::Array(vec![Reply::Null; 2])), Some(3 * VALUE_BYTES + 2));
        assert_eq!(small_bytes(&Reply::bulk(vec![0; SMALL_BYTES])), None);
        assert_eq!(small_bytes(&Reply::Array(vec![Reply::Array(vec![]); 1000])), None);
    }

    #[test]
    fn the_limit_is_back_afterwards() {
        let lua = Lua::new();
        let limit = lua.used_memory() + 100_000;
        let room = |bytes| with_room(&lua, limit, bytes, || lua.create_string(vec![b'x'; bytes]));
        lua.set_memory_limit(limit).expect("a limit can be set");
        assert!(room(1000).is_ok());
        assert!(room(1_000_000).is_err());
        assert!(lua.create_string(vec![b'x'; 1_000_000]).is_err());
    }
}
