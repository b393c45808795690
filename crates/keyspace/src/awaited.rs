//! Keys that somebody waits for.

use crate::Str;
use crate::collections::scan_map::ScanMap;

/// Which keys are waited for, and at which of them something has come. Costs one look where nobody waits.
#[derive(Debug)]
pub(crate) struct Awaited {
    keys: ScanMap<Interest>,
    /// Each key once, in the order in which something first came.
    ready: Vec<Str>,
}

/// Who waits for a key.
#[derive(Debug, Default)]
struct Interest {
    /// How many wait for something to come.
    comings: usize,
    /// How many wait for what is there to go, too.
    goings: usize,
    is_ready: bool,
}

/// What somebody waits for at a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Await {
    /// That something comes.
    Coming,
    /// That something comes, or that what is there goes.
    ComingOrGoing,
}

impl Awaited {
    pub(crate) fn new(seed: u64) -> Self {
        Self { keys: ScanMap::new(seed), ready: Vec::new() }
    }

    pub(crate) fn start(&mut self, key: &[u8], what: Await) {
        let interest = self.keys.get_or_insert_with(key, Interest::default);
        interest.comings += 1;
        interest.goings += usize::from(what == Await::ComingOrGoing);
    }

    pub(crate) fn stop(&mut self, key: &[u8], what: Await) {
        let Some(interest) = self.keys.get_mut(key) else { return };
        interest.comings -= 1;
        interest.goings -= usize::from(what == Await::ComingOrGoing);
        if interest.comings == 0 {
            self.keys.remove(key);
        }
    }

    /// Notes that something came: a value, whatever its type, or an entry of a stream.
    pub(crate) fn come(&mut self, key: &[u8]) {
        if !self.keys.is_empty() {
            self.note(key, |interest| interest.comings);
        }
    }

    /// Notes that something went: the value, or a group of a stream.
    pub(crate) fn gone(&mut self, key: &[u8]) {
        if !self.keys.is_empty() {
            self.note(key, |interest| interest.goings);
        }
    }

    /// Notes that the keys that `is_there` went.
    pub(crate) fn gone_all(&mut self, is_there: impl Fn(&[u8]) -> bool) {
        let keys = self.keys.iter().filter(|(key, _)| is_there(key));
        let keys: Vec<Str> = keys.map(|(key, _)| key.clone()).collect();
        keys.iter().for_each(|key| self.gone(key));
    }

    fn note(&mut self, key: &[u8], waiting: impl Fn(&Interest) -> usize) {
        let Some(interest) = self.keys.get_mut(key).filter(|interest| waiting(interest) > 0) else { return };
        if !std::mem::replace(&mut interest.is_ready, true) {
            self.ready.push(Str::from(key));
        }
    }

    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    pub(crate) fn take_ready(&mut self) -> Vec<Str> {
        let ready = std::mem::take(&mut self.ready);
        for key in &ready {
            if let Some(interest) = self.keys.get_mut(key) {
                interest.is_ready = false;
            }
        }
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Text;
    use crate::value::list::End;
    use crate::value::stream::{Id, Record};
    use crate::{Keyspace, Now};

    const NOW: Now = Now::from_ms(1_000);

    fn ready(space: &mut Keyspace) -> Vec<String> {
        space.take_ready().iter().map(|key| String::from_utf8_lossy(key).into_owned()).collect()
    }

    fn push(space: &mut Keyspace, key: &[u8]) {
        space.edit(NOW).list_or_new(key).unwrap().push(End::Back, vec!["x".into()]);
    }

    fn append(space: &mut Keyspace, key: &[u8], seq: u64) {
        let id = Id { ms: 1, seq };
        space.edit(NOW).stream_or_new(key).unwrap().append(Record { id, fields: Vec::new() });
    }

    #[test]
    fn keys_are_ready_once_in_the_order_in_which_something_came() {
        let mut space = Keyspace::new(1);
        for key in [b"a", b"b", b"c"] {
            space.start_awaiting(key, Await::Coming);
        }
        for key in [b"c", b"x", b"a", b"c"] {
            push(&mut space, key);
        }
        assert!(space.has_ready());
        assert_eq!(ready(&mut space), ["c", "a"]);
        assert!(!space.has_ready());
        space.edit(NOW).rename(b"x", b"b");
        assert_eq!(ready(&mut space), ["b"]);
    }

    #[test]
    fn what_goes_is_told_only_to_those_who_want_to_know() {
        let mut space = Keyspace::new(1);
        for key in [b"a", b"b"] {
            push(&mut space, key);
        }
        space.start_awaiting(b"a", Await::Coming);
        space.start_awaiting(b"b", Await::ComingOrGoing);
        space.edit(NOW).remove(b"a");
        space.edit(NOW).remove(b"b");
        assert_eq!(ready(&mut space), ["b"]);
        space.edit(NOW).put(b"b", Text::default());
        assert_eq!(ready(&mut space), ["b"]);
        space.edit(NOW).clear();
        assert_eq!(ready(&mut space), ["b"]);
        space.edit(NOW).clear();
        assert_eq!(ready(&mut space), [""; 0], "nothing was there any more");
    }

    #[test]
    fn every_entry_of_a_stream_comes_and_a_group_goes() {
        let mut space = Keyspace::new(1);
        append(&mut space, b"s", 1);
        space.start_awaiting(b"s", Await::ComingOrGoing);
        append(&mut space, b"s", 2);
        assert_eq!(ready(&mut space), ["s"]);
        let mut edit = space.edit(NOW);
        let mut stream = edit.stream(b"s").unwrap().unwrap();
        stream.put_group(b"g", Id::MIN, None);
        stream.trim_before(Id { ms: 1, seq: 2 });
        drop(stream);
        assert_eq!(ready(&mut space), [""; 0]);
        space.edit(NOW).stream(b"s").unwrap().unwrap().remove_group(b"g");
        assert_eq!(ready(&mut space), ["s"]);
    }

    #[test]
    fn nothing_is_kept_for_those_who_have_gone() {
        let mut space = Keyspace::new(1);
        space.start_awaiting(b"a", Await::Coming);
        space.start_awaiting(b"a", Await::ComingOrGoing);
        space.stop_awaiting(b"a", Await::ComingOrGoing);
        push(&mut space, b"a");
        assert_eq!(ready(&mut space), ["a"]);
        space.stop_awaiting(b"a", Await::Coming);
        space.edit(NOW).put(b"a", Text::default());
        assert_eq!(ready(&mut space), [""; 0]);
        assert!(space.awaited.keys.is_empty());
    }
}
