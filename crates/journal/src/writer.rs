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
    /// Whether somebody waits for a frame of the batch.
    is_urgent: bool,
    /// Bytes of frames that were written since the last sync.
    unsynced_bytes: usize,
}

impl Writer {
    pub(crate) fn new(segment: Segment, seed: u64) -> Self {
        let salt = segment::salt_of(seed, segment.number);
        let offset = SEGMENT_HEAD_BYTES;
        Self {
            segment,
            seed,
            salt,
            offset,
            has_head: false,
            batch: Vec::new(),
            batch_offset: 0,
            is_urgent: false,
            unsynced_bytes: 0,
        }
    }

    /// Goes on with the batch in another segment. All that was written into this one is synced.
    pub(crate) fn continued_in(&mut self, segment: Segment) -> Self {
        let (batch, batch_offset, is_urgent) =
            (std::mem::take(&mut self.batch), self.batch_offset, self.is_urgent);
        Self { batch, batch_offset, is_urgent, ..Self::new(segment, self.seed) }
    }

    pub(crate) fn room_bytes(&self) -> u64 {
        self.segment.bytes - self.offset
    }

    /// Whether all that was taken has been written.
    pub(crate) fn is_idle(&self) -> bool {
        self.batch_offset == self.batch.len()
    }

    /// Whether somebody waits for a frame of those that were taken last.
    pub(crate) fn is_urgent(&self) -> bool {
        self.is_urgent
    }

    /// Bytes of frames that were written since the last sync.
    pub(crate) fn unsynced_bytes(&self) -> usize {
        self.unsynced_bytes
    }

    /// Takes frames to be written, without their sums, and leaves an empty buffer. Only while it is idle.
    pub(crate) fn take(&mut self, frames: &mut Vec<u8>, is_urgent: bool) {
        self.is_urgent = is_urgent;
        self.batch.clear();
        self.batch.shrink_to(BUFFER_KEPT_BYTES);
        self.batch_offset = 0;
        std::mem::swap(&mut self.batch, frames);
    }

    pub(crate) fn next_frame_bytes(&self) -> Option<u64> {
        (!self.is_idle()).then(|| frame_bytes_at(&self.batch, self.batch_offset) as u64)
    }

    /// Writes as many frames as make a group, and says which was the last and how many bytes they were. There is one at
    /// least, and there is room for it.
    pub(crate) fn write_group(&mut self, bytes_max: usize) -> Result<(Lsn, usize), JournalError> {
        let start = self.batch_offset;
        let (last, end) = self.seal_group(bytes_max.min(self.room_bytes() as usize));
        if !self.has_head {
            self.begin_segment(self.lsn_at(start), false)?;
        }
        let Segment { file, path, .. } = &self.segment;
        let written = file.write_at(&self.batch[start..end], self.offset);
        written.map_err(JournalError::io("write to it", path))?;
        self.unsynced_bytes += end - start;
        self.offset += (end - start) as u64;
        self.batch_offset = end;
        Ok((self.lsn_at(last), end - start))
    }

    /// Adds flag and sums to the frames of the next group. Where in the batch the last of them begins and ends.
    fn seal_group(&mut self, bytes_max: usize) -> (usize, usize) {
        let start = self.batch_offset;
        if self.unsynced_bytes == 0 {
            self.batch[start + frame::FLAGS_AT] |= FLAG_AFTER_SYNC;
        }
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

    pub(crate) fn sync(&mut self) -> Result<(), JournalError> {
        let Segment { file, path, .. } = &self.segment;
        file.sync().map_err(JournalError::io("sync it", path))?;
        self.unsynced_bytes = 0;
        Ok(())
    }
}

/// What a buffer that grew for a large record keeps of its memory.
const BUFFER_KEPT_BYTES: usize = 4 << 20;

fn frame_bytes_at(frames: &[u8], offset: usize) -> usize {
    frame::encoded_bytes(u32_at(frames, offset) as usize)
}
