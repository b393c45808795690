//! An allocator that counts, so that a target can say how much memory an input may take.

#![allow(unsafe_code)] // an allocator cannot be had without

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// No input may take more, whatever its target says. Beyond it an allocation fails, which shows where it was asked for.
const BYTES_MAX: usize = 1 << 30;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static HELD_BYTES: AtomicUsize = AtomicUsize::new(0);
static PEAK_BYTES: AtomicUsize = AtomicUsize::new(0);

/// Runs `work`, and fails if it ever held more than so many bytes besides what was held before.
#[track_caller]
pub(crate) fn within<T>(bytes_max: usize, work: impl FnOnce() -> T) -> T {
    let before = HELD_BYTES.load(Relaxed);
    PEAK_BYTES.store(before, Relaxed);
    let done = work();
    let taken = PEAK_BYTES.load(Relaxed).saturating_sub(before);
    assert!(taken <= bytes_max, "took {taken} bytes of memory, and {bytes_max} were allowed");
    done
}

/// The system's allocator, and a sum.
struct Counting;

// SAFETY: every call goes to the system's allocator as it came, or fails as an allocation may; counting touches no memory
// but two numbers of our own.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD_BYTES.fetch_add(layout.size(), Relaxed) + layout.size();
        if held > BYTES_MAX {
            HELD_BYTES.fetch_sub(layout.size(), Relaxed);
            return std::ptr::null_mut();
        }
        PEAK_BYTES.fetch_max(held, Relaxed);
        // SAFETY: the caller keeps the same contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD_BYTES.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps the same contract, and all that we gave out is the system's.
        unsafe { System.dealloc(pointer, layout) }
    }
}
