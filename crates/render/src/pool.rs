//! Threads for renders: few at a time, each with a stack that deep input cannot exhaust, none of which can bring the
//! process down with a panic.
//!
//! A thread cannot be stopped from outside. One that overruns its deadline is left behind and counted; when too many
//! are, no new ones are begun.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

/// The stack of a render's thread: as much as Jsonnet needs, and far more than anything else does. Only what is used is
/// taken of the machine's memory.
const STACK_BYTES: usize = if jsonnet::STACK_BYTES > (64 << 20) { jsonnet::STACK_BYTES } else { 64 << 20 };

/// Why a job has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lost {
    Deadline,
    Panicked(String),
    NoCapacity(String),
}

pub(crate) struct Pool {
    places: Arc<Semaphore>,
    deadline: Duration,
    running: Arc<AtomicUsize>,
    stuck: Arc<AtomicUsize>,
    max_stuck: usize,
}

impl Pool {
    pub(crate) fn new(parallelism: usize, deadline: Duration, max_stuck: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(parallelism.max(1))),
            deadline,
            running: Arc::default(),
            stuck: Arc::default(),
            max_stuck,
        }
    }

    /// Renders past their deadline that still run.
    pub(crate) fn stuck(&self) -> usize {
        self.stuck.load(Ordering::Relaxed)
    }

    /// Renders that run now, stuck ones among them.
    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Runs a job when there is a place for it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Lost> {
        let place =
            self.places.acquire().await.map_err(|_| Lost::NoCapacity("the pool is closed".to_owned()))?;
        if self.stuck() >= self.max_stuck {
            return Err(Lost::NoCapacity(format!(
                "{} earlier renders have not ended long after their deadline; the process has to be restarted",
                self.stuck()
            )));
        }
        let (send, receive) = oneshot::channel();
        // Whether the thread ended, and whether it was counted as stuck: both sides look, the later one corrects.
        let state = Arc::new(parking_lot::Mutex::new((false, false)));
        let (running, stuck, shared) = (self.running.clone(), self.stuck.clone(), state.clone());
        running.fetch_add(1, Ordering::Relaxed);
        let thread =
            std::thread::Builder::new().name("render".to_owned()).stack_size(STACK_BYTES).spawn(move || {
                let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
                running.fetch_sub(1, Ordering::Relaxed);
                let mut state = shared.lock();
                state.0 = true;
                if state.1 {
                    stuck.fetch_sub(1, Ordering::Relaxed);
                }
                drop(state);
                let _ = send.send(result.map_err(|panic| message(&*panic)));
            });
        if let Err(error) = thread {
            self.running.fetch_sub(1, Ordering::Relaxed);
            return Err(Lost::NoCapacity(format!("no thread can be started: {error}")));
        }
        let result = match tokio::time::timeout(self.deadline, receive).await {
            Ok(Ok(result)) => result.map_err(Lost::Panicked),
            Ok(Err(_)) => Err(Lost::Panicked("the thread ended without a result".to_owned())),
            Err(_) => {
                let mut state = state.lock();
                if !state.0 {
                    state.1 = true;
                    self.stuck.fetch_add(1, Ordering::Relaxed);
                }
                Err(Lost::Deadline)
            }
        };
        drop(place);
        result
    }
}

/// Runs a job on a thread of its own and waits for it. The text of an error tells of a panic, or that there is no
/// thread to be had.
pub(crate) fn run_alone<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    let thread = std::thread::Builder::new().name("render".to_owned()).stack_size(STACK_BYTES).spawn(job);
    let thread = thread.map_err(|error| format!("no thread can be started: {error}"))?;
    thread.join().map_err(|panic| message(&*panic))
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn panics_and_overruns_are_errors_and_do_not_spread() {
        let patient = Pool::new(1, Duration::from_secs(60), 1);
        assert_eq!(patient.run(|| 1).await, Ok(1));
        assert_eq!(patient.run(|| -> i32 { panic!("boom") }).await, Err(Lost::Panicked("boom".to_owned())));
        let pool = Pool::new(1, Duration::from_millis(100), 1);
        let (stop, wait) = std::sync::mpsc::channel::<()>();
        let overrun = pool.run(move || {
            let _ = wait.recv();
        });
        assert_eq!(overrun.await, Err(Lost::Deadline));
        assert_eq!((pool.stuck(), pool.running()), (1, 1));
        assert!(matches!(pool.run(|| ()).await, Err(Lost::NoCapacity(_))), "one is stuck already");
        drop(stop);
        while pool.stuck() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(pool.running(), 0, "the stuck one ended");
    }
}
