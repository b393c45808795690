//! Applying what was recorded.

use super::effect::read_touched;
use super::{CodecError, Reader, Record};
use crate::value::list::{List, ListEffect};
use crate::value::stream::{Id, StreamEffect};
use crate::{Effect, Keyspace, Kind, Now};

const ANOTHER_TYPE: &str = "effect on a value of another type";

impl Keyspace {
    /// Applies encoded effects, as a [`Record`] has them: afterwards the keyspace is what the recorded one was, deadlines
    /// that have passed meanwhile included. After an error the effects before the bad one are applied.
    pub fn replay(&mut self, effects: &[u8]) -> Result<(), CodecError> {
        for decoded in Record::decode(effects, self.seed()) {
            let (offset, effect) = decoded?;
            self.replay_effect(offset, effect)?;
        }
        Ok(())
    }

    /// As [`replay`](Self::replay), but passes over effects that touch none of the wanted keys. These are then what they
    /// would be after all effects, if each key that was renamed to a wanted one is wanted too; others need not be.
    pub fn replay_some(
        &mut self,
        effects: &[u8],
        is_wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<(), CodecError> {
        let mut reader = Reader::new(effects, self.seed());
        while !reader.is_empty() {
            let (offset, mut effect) = (reader.offset(), reader);
            if read_touched(&mut reader)?.is_some_and(|touched| touched.is_any(&is_wanted)) {
                self.replay_effect(offset, Effect::decode(&mut effect)?)?;
            }
        }
        Ok(())
    }

    fn replay_effect(&mut self, offset: usize, effect: Effect) -> Result<(), CodecError> {
        if let Some(what) = self.misfit(&effect) {
            return Err(CodecError { offset, what });
        }
        self.edit(Now::BEFORE_ALL).apply(effect);
        Ok(())
    }

    /// Why an effect cannot have been recorded on a keyspace in this state. Applying any other does no harm.
    fn misfit(&self, effect: &Effect) -> Option<&'static str> {
        let (key, kind) = match effect {
            Effect::Put { .. }
            | Effect::Remove { .. }
            | Effect::Expire { .. }
            | Effect::Rename { .. }
            | Effect::Clear
            | Effect::Library { .. } => return None,
            Effect::Text { key, .. } => (key, Kind::Text),
            Effect::List { key, effect } => return self.list_misfit(key, effect),
            Effect::Hash { key, .. } => (key, Kind::Hash),
            Effect::Set { key, .. } => (key, Kind::Set),
            Effect::SortedSet { key, .. } => (key, Kind::SortedSet),
            Effect::Json { key, .. } => (key, Kind::Json),
            Effect::Stream { key, effect } => return self.stream_misfit(key, effect),
            Effect::Array { key, .. } => (key, Kind::Array),
        };
        let found = self.view(Now::BEFORE_ALL).kind(key);
        found.filter(|&found| found != kind).map(|_| ANOTHER_TYPE)
    }

    /// Elements that lie behind the end would be put elsewhere, and the way back would miss them.
    fn list_misfit(&self, key: &[u8], effect: &ListEffect) -> Option<&'static str> {
        let Ok(list) = self.view(Now::BEFORE_ALL).list(key) else { return Some(ANOTHER_TYPE) };
        let len = list.map_or(0, List::len);
        let fits = match effect {
            ListEffect::Insert(added) => added.last().is_none_or(|&(index, _)| index < len + added.len()),
            _ => true,
        };
        (!fits).then_some("element behind the end of a list")
    }

    fn stream_misfit(&self, key: &[u8], effect: &StreamEffect) -> Option<&'static str> {
        let Ok(stream) = self.view(Now::BEFORE_ALL).stream(key) else {
            return Some(ANOTHER_TYPE);
        };
        let last_id = stream.map_or(Id::MIN, |stream| stream.counters().last_id);
        let fits = match effect {
            StreamEffect::Append(record) => record.id > last_id,
            StreamEffect::Insert(records) => records.iter().all(|record| {
                record.id <= last_id && stream.is_some_and(|stream| stream.get(record.id).is_none())
            }),
            StreamEffect::Count(counters) => {
                let last = stream.and_then(|stream| stream.last());
                last.is_none_or(|last| last.id <= counters.last_id)
            }
            _ => true,
        };
        (!fits).then_some("entry out of order in a stream")
    }
}
