//! Which allocator there is, and how it keeps little.
//!
//! Work comes in bursts, on threads that come and go with them: renders, Git, first lists of a cluster. An allocator
//! that keeps a heap for each thread, as mimalloc does and glibc does unless told otherwise, keeps what each of them has
//! needed once: with 100 applications twice as much as there is in use. So with glibc all threads share two heaps, and
//! what is free in them goes back to the system between the bursts. musl's own allocator is several times slower than
//! any of this, so that static builds have mimalloc.

#[cfg(not(target_env = "gnu"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Makes the settings. To be called first of all, while there is one thread.
pub(crate) fn prepare() {
    #[cfg(target_env = "gnu")]
    glibc::prepare();
}

/// Makes the settings for a process that does one thing and ends: one heap, which grows in large steps.
pub(crate) fn prepare_for_one() {
    #[cfg(target_env = "gnu")]
    glibc::prepare_for_one();
}

/// Gives free memory back to the system from time to time, for as long as the process runs.
pub(crate) async fn keep_small() {
    #[cfg(target_env = "gnu")]
    glibc::keep_small().await;
}

#[cfg(target_env = "gnu")]
mod glibc {
    use std::time::Duration;

    /// Heaps for all threads together.
    const HEAPS: i32 = 2;
    /// Larger allocations are made by the system, and given back at once.
    const LARGE: i32 = 1 << 20;
    /// So much free memory may stay at the end of a heap.
    const KEPT: i32 = 1 << 20;
    /// So much more than needed is asked of the system when there is one heap.
    const STEP: i32 = 1 << 20;
    /// How often free memory is looked for. It takes a millisecond or two for each 100 MB.
    const PERIOD: Duration = Duration::from_secs(5);

    pub(super) fn prepare() {
        set(&[(libc::M_ARENA_MAX, HEAPS), (libc::M_MMAP_THRESHOLD, LARGE), (libc::M_TRIM_THRESHOLD, KEPT)]);
    }

    /// A heap of a thread grows page by page, each by a system call; only the first one can grow in steps.
    pub(super) fn prepare_for_one() {
        set(&[(libc::M_ARENA_MAX, 1), (libc::M_TOP_PAD, STEP), (libc::M_TRIM_THRESHOLD, i32::MAX)]);
    }

    #[expect(unsafe_code, reason = "the C library has no safe interface to its settings")]
    fn set(settings: &[(i32, i32)]) {
        for (setting, value) in settings {
            // SAFETY: mallopt takes plain numbers, and answers 0 for those that it does not know.
            unsafe { libc::mallopt(*setting, *value) };
        }
    }

    pub(super) async fn keep_small() {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            give_back();
        }
    }

    #[expect(unsafe_code, reason = "the C library has no safe interface to this")]
    fn give_back() {
        // SAFETY: malloc_trim locks each heap while it looks at it, and touches only what nobody has allocated.
        unsafe { libc::malloc_trim(0) };
    }
}
