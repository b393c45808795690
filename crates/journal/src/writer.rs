//! Where frames go: the segment that is being written.

use crate::error::JournalError;
use crate::frame::{self, FLAG_AFTER_SYNC, Lsn, u32_at, u64_at};
use crate::segment::{self, Head, SEGMENT_HEAD_BYTES, Segment};

/// Writes frames into a segment, and the rest of them into the next.
pub(crate) struct Writer {
    pub(crate) segment: Segment,
    seed: u64,
    salt: u64,
    /// Of the next frame, in the file.
    offset: u64,
    has_head: bool,
    /// What is being written, as it was queued.
    batch: Vec<u8>,
    /// Of the next frame, in `batch`.
    batch_offset: usize,
}

impl Writer {
    pub(crate) fn new(segment: Segment, seed: u64) -> Self {
        let salt = segment::salt_of(seed, segment.number);
        let offset = SEGMENT_HEAD_BYTES;
        Self { segment, seed, salt, offset, has_head: false, batch: Vec::new(), batch_offset: 0 }
    }

    pub(crate) fn continued_in(&mut self, segment: Segment) -> Self {
        let (batch, batch_offset) = (std::mem::take(&mut self.batch), self.batch_offset);
        Self { batch, batch_offset, ..Self::new(segment, self.seed) }
    }

    pub(crate) fn room_bytes(&self) -> u64 {
        self.segment.bytes - self.offset
    }

    /// Whether all that was taken has been written.
    pub(crate) fn is_idle(&self) -> bool {
        self.batch_offset == self.batch.len()
    }

    /// Takes frames to be written, without their sums, and leaves an empty buffer. Only while it is idle.
    pub(crate) fn take(&mut self, frames: &mut Vec<u8>) {
        self.batch.clear();
        self.batch.shrink_to(BUFFER_KEPT_BYTES);
        self.batch_offset = 0;
        std::mem::swap(&mut self.batch, frames);
    }

    pub(crate) fn next_frame_bytes(&self) -> Option<u64> {
        (!self.is_idle()).then(|| frame_bytes_at(&self.batch, self.batch_offset) as u64)
    }

    /// Writes as many frames as make a group, syncs, and says which was the last and how many bytes they were. There is
    /// one at least, and there is room for it.
    pub(crate) fn write_group(&mut self, bytes_max: usize) -> Result<(Lsn, usize), JournalError> {
        let start = self.batch_offset;
        let (last, end) = self.seal_group(bytes_max.min(self.room_bytes() as usize));
        if !self.has_head {
            self.begin_segment(self.lsn_at(start), false)?;
        }
        let Segment { file, path, .. } = &self.segment;
        let written = file.write_at(&self.batch[start..end], self.offset);
        written.map_err(JournalError::io("write to it", path))?;
        self.sync()?;
        self.offset += (end - start) as u64;
        self.batch_offset = end;
        Ok((self.lsn_at(last), end - start))
    }

    /// Adds flag and sums to the frames of the next group. Where in the batch the last of them begins and ends.
    fn seal_group(&mut self, bytes_max: usize) -> (usize, usize) {
        let start = self.batch_offset;
        // All before the group is durable, since groups are written one after the other.
        self.batch[start + frame::FLAGS_AT] |= FLAG_AFTER_SYNC;
        let (mut last, mut end) = (start, start);
        while end < self.batch.len() {
            let next = end + frame_bytes_at(&self.batch, end);
            if next - start > bytes_max && end > start {
                break;
            }
            frame::seal(&mut self.batch[end..next], self.salt);
            (last, end) = (end, next);
        }
        (last, end)
    }

    fn lsn_at(&self, batch_offset: usize) -> Lsn {
        Lsn(u64_at(&self.batch, batch_offset + frame::LSN_AT))
    }

    /// Writes the head. It is durable together with the first group.
    pub(crate) fn begin_segment(&mut self, first_lsn: Lsn, starts_log: bool) -> Result<(), JournalError> {
        let Segment { file, path, number, is_recycled, .. } = &self.segment;
        let (number, is_recycled) = (*number, *is_recycled);
        let head = Head { number, first_lsn, salt: self.salt, is_recycled, starts_log };
        file.write_at(&head.encode(), 0).map_err(JournalError::io("write to it", path))?;
        self.has_head = true;
        Ok(())
    }

    pub(crate) fn sync(&self) -> Result<(), JournalError> {
        let Segment { file, path, .. } = &self.segment;
        file.sync().map_err(JournalError::io("sync it", path))
    }
}

/// What a buffer that grew for a large record keeps of its memory.
const BUFFER_KEPT_BYTES: usize = 4 << 20;

fn frame_bytes_at(frames: &[u8], offset: usize) -> usize {
    frame::encoded_bytes(u32_at(frames, offset) as usize)
}
