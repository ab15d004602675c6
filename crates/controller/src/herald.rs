//! The [`Herald`] writes Kubernetes Events when nothing more urgent is to be done.
//!
//! A first sync of a thousand applications has thousands of Events to tell. Nobody waits for them, but every one of
//! them costs the API server as much as an object that somebody does wait for. So they queue, and while applications
//! are worked on only a few are written each second.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use object::Object;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use types::Application;

use crate::events::{Happening, Subject};

/// Events that may wait; older ones are given up first, as they are the least news.
const WAITING: usize = 10_000;
/// The pause after each Event while applications are worked on.
const PAUSE: Duration = Duration::from_millis(100);
/// How long the end of the loop waits for the rest.
const FAREWELL: Duration = Duration::from_secs(2);

/// What is to be told of whom, and since when it is so.
struct Notice {
    subject: Subject,
    happening: Happening,
    at: Timestamp,
}

/// Events on their way to the API server.
#[derive(Default)]
pub(crate) struct Herald {
    waiting: Mutex<VecDeque<Notice>>,
    wake: Notify,
    closed: AtomicBool,
}

impl Herald {
    /// Has something told, now or a little later.
    pub(crate) fn tell(&self, app: &Application, happening: Happening, at: Timestamp) {
        let mut waiting = self.waiting.lock();
        if waiting.len() >= WAITING && waiting.pop_front().is_some() {
            tracing::debug!("more than {WAITING} events wait to be written; the oldest one is given up");
        }
        waiting.push_back(Notice { subject: Subject::of(app), happening, at });
        drop(waiting);
        self.wake.notify_one();
    }

    /// Writes what is told until the herald is closed and nothing is left, or too long after. `is_busy` says whether
    /// applications are worked on.
    pub(crate) async fn run<'a>(
        &self,
        write: impl Fn(Object) -> BoxFuture<'a, ()>,
        is_busy: impl Fn() -> bool,
    ) {
        let mut end = None;
        loop {
            let woken = self.wake.notified();
            let closed = self.closed.load(Ordering::Relaxed);
            if closed && *end.get_or_insert_with(|| Instant::now() + FAREWELL) <= Instant::now() {
                return;
            }
            match self.take() {
                Some(notice) => {
                    write(notice.happening.event(&notice.subject, notice.at)).await;
                    if !closed && is_busy() {
                        tokio::time::sleep(PAUSE).await;
                    }
                }
                None if closed => return,
                None => woken.await,
            }
        }
    }

    fn take(&self) -> Option<Notice> {
        let mut waiting = self.waiting.lock();
        let next = waiting.pop_front();
        // A burst is over: what it needed is given back.
        if waiting.is_empty() {
            waiting.shrink_to(64);
        }
        next
    }

    /// Lets [`Herald::run`] end.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        self.wake.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// What was written after how many milliseconds.
    type Written = Arc<Mutex<Vec<(String, u128)>>>;

    fn tell(herald: &Herald, names: impl IntoIterator<Item = String>) {
        for name in names {
            let mut app = Application::default();
            app.metadata.name = name;
            herald.tell(&app, Happening::DeletionFailed("x".into()), Timestamp::UNIX_EPOCH);
        }
    }

    async fn run(herald: &Herald, busy: bool) -> Vec<(String, u128)> {
        let (written, start) = (Written::default(), Instant::now());
        let write = |event: Object| -> BoxFuture<'static, ()> {
            let name = event.get_str(&["involvedObject", "name"]).unwrap_or_default().to_owned();
            written.lock().push((name, start.elapsed().as_millis()));
            Box::pin(async {})
        };
        let patience = Duration::from_secs(10);
        let _ = tokio::time::timeout(patience, herald.run(write, || busy)).await;
        std::mem::take(&mut *written.lock())
    }

    #[tokio::test(start_paused = true)]
    async fn events_give_way_to_work() {
        let names = || ["a", "b", "c"].map(str::to_owned);
        let timed = |times: [u128; 3]| names().into_iter().zip(times).collect::<Vec<_>>();
        let herald = Herald::default();
        tell(&herald, names());
        assert_eq!(run(&herald, false).await, timed([0, 0, 0]), "nothing else is to be done");
        tell(&herald, names());
        assert_eq!(run(&herald, true).await, timed([0, 100, 200]), "applications are worked on");
        tell(&herald, names());
        herald.close();
        assert_eq!(run(&herald, true).await, timed([0, 0, 0]), "the loop ends");
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_are_given_up() {
        let herald = Herald::default();
        tell(&herald, (0..WAITING + 2).map(|number| number.to_string()));
        herald.close();
        let written = run(&herald, false).await;
        assert_eq!((written.len(), written[0].0.as_str()), (WAITING, "2"));
    }
}
