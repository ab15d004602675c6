//! What one input may use: bytes of memory beyond what was in use before, and seconds of processor time.
//!
//! Both are counted here and not by libFuzzer, whose own limits look at the whole process and at the wall clock: on a
//! busy machine they are too late or too early.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Processor time of one run of an input. Builds for fuzzing are some four times slower than those that ship.
const MAX_SECONDS: f64 = 3.0;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static LIMIT: AtomicUsize = AtomicUsize::new(usize::MAX);

/// The system's allocator with a count.
pub struct Meter;

fn took(size: usize) {
    if IN_USE.fetch_add(size, Ordering::Relaxed) + size > LIMIT.load(Ordering::Relaxed) {
        // Formatting would need memory; the limit is lifted so that the report can be made.
        LIMIT.store(usize::MAX, Ordering::Relaxed);
        panic!("over the memory budget of this target, with an allocation of {size} bytes");
    }
}

fn gave(size: usize) {
    IN_USE.fetch_sub(size, Ordering::Relaxed);
}

// SAFETY: every call is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Meter {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        took(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        gave(layout.size());
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > layout.size() {
            took(size - layout.size());
        } else {
            gave(layout.size() - size);
        }
        unsafe { System.realloc(pointer, layout, size) }
    }
}

fn processor_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for the answer. The process's clock, because a target may use other threads.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// Takes one input within `memory` bytes and the time of `runs` runs.
pub fn within(memory: usize, runs: u32, run: impl FnOnce()) {
    LIMIT.store(IN_USE.load(Ordering::Relaxed).saturating_add(memory), Ordering::Relaxed);
    let begin = processor_seconds();
    run();
    let seconds = processor_seconds() - begin;
    LIMIT.store(usize::MAX, Ordering::Relaxed);
    assert!(seconds < MAX_SECONDS * f64::from(runs), "took {seconds:.1} s of processor time");
}
