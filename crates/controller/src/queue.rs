//! The queue of applications that need attention: urgent ones first, none twice, none by two workers at once.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::Notify;
use types::AppKey;

use crate::decision::refresh::CompareLevel;

/// Who is waiting. Earlier ones go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Priority {
    /// A person.
    User,
    /// An operation that is under way, a commit that was announced, or an application that is new.
    Webhook,
    /// A cluster that differs from what it should be.
    Drift,
    /// Nobody; it is only time.
    Timer,
}

/// What an application needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Work {
    /// A comparison of at least this level, and whether renderings are made anew.
    pub(crate) compare: Option<(CompareLevel, bool)>,
}

impl Work {
    /// Only a look at what is due.
    pub(crate) const LOOK: Self = Self { compare: None };

    /// A comparison of at least a level.
    pub(crate) fn compare(level: CompareLevel) -> Self {
        Self { compare: Some((level, false)) }
    }

    fn merge(self, other: Self) -> Self {
        let compare = match (self.compare, other.compare) {
            (Some((level, hard)), Some((other_level, other_hard))) => {
                Some((level.max(other_level), hard || other_hard))
            }
            (own, other) => own.or(other),
        };
        Self { compare }
    }
}

#[derive(Debug, Clone, Copy)]
struct Pending {
    work: Work,
    priority: Priority,
    /// Which entry of the heap is the current one.
    ticket: u64,
}

#[derive(Default)]
struct State {
    pending: HashMap<AppKey, Pending>,
    ready: BinaryHeap<Reverse<(Priority, u64, AppKey)>>,
    /// Earliest time of each key; an entry of the heap that differs from it is outdated.
    due: HashMap<AppKey, (Instant, Work, Priority)>,
    timers: BinaryHeap<Reverse<(Instant, AppKey)>>,
    running: HashSet<AppKey>,
    tickets: u64,
    closed: bool,
}

/// The queue.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    wake: Notify,
    /// Wakes whoever waits for the next timer when an earlier one was set.
    timer: Notify,
}

impl Queue {
    /// Asks for attention now. What was asked for the same application before is kept, the more urgent priority wins.
    pub(crate) fn add(&self, key: AppKey, work: Work, priority: Priority) {
        self.state.lock().add(key, work, priority);
        self.wake.notify_one();
    }

    /// Asks for attention at a time. Only the earliest time of an application is kept, with all that was asked.
    pub(crate) fn add_at(&self, key: AppKey, work: Work, priority: Priority, at: Instant) {
        let mut state = self.state.lock();
        let (at, work, priority) = match state.due.get(&key) {
            Some((known, known_work, known_priority)) => {
                (at.min(*known), work.merge(*known_work), priority.min(*known_priority))
            }
            None => (at, work, priority),
        };
        let earliest = state.timers.peek().is_none_or(|Reverse((first, _))| at < *first);
        if state.due.get(&key).is_none_or(|(known, ..)| *known != at) {
            state.timers.push(Reverse((at, key.clone())));
        }
        state.due.insert(key, (at, work, priority));
        drop(state);
        if earliest {
            self.timer.notify_one();
        }
    }

    /// Forgets the timer of an application that is gone.
    pub(crate) fn forget(&self, key: &AppKey) {
        let mut state = self.state.lock();
        state.due.remove(key);
        state.pending.remove(key);
    }

    /// Waits for the next application; `None` when the queue is closed. [`Queue::done`] must follow.
    pub(crate) async fn next(&self) -> Option<(AppKey, Work, Priority)> {
        loop {
            let notified = self.wake.notified();
            {
                let mut state = self.state.lock();
                if state.closed {
                    drop(state);
                    // Wake the next worker, so that all of them learn it.
                    self.wake.notify_one();
                    return None;
                }
                if let Some(found) = state.take() {
                    if !state.ready.is_empty() {
                        self.wake.notify_one();
                    }
                    return Some(found);
                }
            }
            notified.await;
        }
    }

    /// Says that a worker is finished with an application. What was asked meanwhile becomes ready.
    pub(crate) fn done(&self, key: &AppKey) {
        let mut state = self.state.lock();
        state.running.remove(key);
        if let Some(pending) = state.pending.get(key).copied() {
            state.ready.push(Reverse((pending.priority, pending.ticket, key.clone())));
            drop(state);
            self.wake.notify_one();
        }
    }

    /// Moves what is due into the queue; answers when the next is due.
    fn fire(&self, now: Instant) -> Option<Instant> {
        let mut state = self.state.lock();
        let mut fired = 0;
        let next = loop {
            let Some(Reverse((at, key))) = state.timers.peek().cloned() else { break None };
            let current = state.due.get(&key).copied().filter(|(known, ..)| *known == at);
            if current.is_some() && at > now {
                break Some(at);
            }
            state.timers.pop();
            if let Some((_, work, priority)) = current {
                state.due.remove(&key);
                state.add(key, work, priority);
                fired += 1;
            }
        };
        drop(state);
        if fired > 0 {
            self.wake.notify_one();
        }
        next
    }

    /// Serves the timers until the queue is closed.
    pub(crate) async fn run_timers(&self) {
        loop {
            let changed = self.timer.notified();
            let next = self.fire(Instant::now());
            if self.state.lock().closed {
                return;
            }
            match next {
                Some(at) => {
                    let _ = tokio::time::timeout_at(at.into(), changed).await;
                }
                None => changed.await,
            }
        }
    }

    /// Ends all workers and timers.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.wake.notify_one();
        self.timer.notify_one();
    }

    /// Whether applications are worked on or wait for it.
    pub(crate) fn is_busy(&self) -> bool {
        let state = self.state.lock();
        !state.running.is_empty() || !state.ready.is_empty()
    }

    /// How many applications wait for a worker.
    pub(crate) fn depth(&self) -> usize {
        self.state.lock().pending.len()
    }
}

impl State {
    fn add(&mut self, key: AppKey, work: Work, priority: Priority) {
        let running = self.running.contains(&key);
        let ticket = self.tickets;
        match self.pending.get_mut(&key) {
            Some(pending) => {
                pending.work = pending.work.merge(work);
                if priority < pending.priority {
                    pending.priority = priority;
                    pending.ticket = ticket;
                    self.tickets += 1;
                    if !running {
                        self.ready.push(Reverse((priority, ticket, key)));
                    }
                }
            }
            None => {
                self.tickets += 1;
                self.pending.insert(key.clone(), Pending { work, priority, ticket });
                if !running {
                    self.ready.push(Reverse((priority, ticket, key)));
                }
            }
        }
    }

    fn take(&mut self) -> Option<(AppKey, Work, Priority)> {
        while let Some(Reverse((_, ticket, key))) = self.ready.pop() {
            // Entries that a more urgent request replaced, or whose application runs, are outdated.
            let Some(pending) = self.pending.get(&key).copied().filter(|pending| pending.ticket == ticket)
            else {
                continue;
            };
            if self.running.contains(&key) {
                continue;
            }
            self.pending.remove(&key);
            self.running.insert(key.clone());
            return Some((key, pending.work, pending.priority));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn key(name: &str) -> AppKey {
        AppKey::new("argocd", name)
    }

    async fn take(queue: &Queue) -> String {
        let next = tokio::time::timeout(Duration::from_secs(1), queue.next()).await;
        next.unwrap().map(|(key, ..)| key.name).unwrap_or_default()
    }

    #[tokio::test]
    async fn urgent_ones_first_and_each_once() {
        let queue = Queue::default();
        for (name, priority) in [
            ("a", Priority::Timer),
            ("b", Priority::Drift),
            ("c", Priority::Timer),
            ("a", Priority::User),
            ("b", Priority::Timer),
        ] {
            queue.add(key(name), Work::LOOK, priority);
        }
        assert_eq!(queue.depth(), 3);
        let mut order = Vec::new();
        for _ in 0..3 {
            order.push(take(&queue).await);
        }
        assert_eq!(order, ["a", "b", "c"]);
        assert!(tokio::time::timeout(Duration::from_millis(5), queue.next()).await.is_err());
    }

    #[tokio::test]
    async fn no_application_is_worked_on_twice_at_once() {
        let queue = Queue::default();
        queue.add(key("a"), Work::compare(CompareLevel::Recent), Priority::Drift);
        assert_eq!(take(&queue).await, "a");
        queue.add(key("a"), Work::compare(CompareLevel::Tree), Priority::Drift);
        queue.add(key("a"), Work::compare(CompareLevel::Latest), Priority::User);
        queue.add(key("b"), Work::LOOK, Priority::Timer);
        assert_eq!(take(&queue).await, "b");
        assert!(tokio::time::timeout(Duration::from_millis(5), queue.next()).await.is_err());
        queue.done(&key("a"));
        let (next, work, priority) = queue.next().await.unwrap();
        assert_eq!((next, priority), (key("a"), Priority::User));
        assert_eq!(work.compare, Some((CompareLevel::Latest, false)));
    }

    #[tokio::test]
    async fn the_earliest_time_counts() {
        let queue = Queue::default();
        let now = Instant::now();
        let later = |millis| now + Duration::from_millis(millis);
        queue.add_at(key("a"), Work::LOOK, Priority::Timer, later(500));
        queue.add_at(key("a"), Work::compare(CompareLevel::Recent), Priority::Drift, later(100));
        queue.add_at(key("b"), Work::LOOK, Priority::Timer, later(200));
        queue.add_at(key("gone"), Work::LOOK, Priority::Timer, later(100));
        queue.forget(&key("gone"));
        assert_eq!(queue.fire(now), Some(later(100)));
        assert_eq!(queue.fire(later(100)), Some(later(200)));
        let (next, work, _) = queue.next().await.unwrap();
        assert_eq!((next, work), (key("a"), Work::compare(CompareLevel::Recent)));
        assert_eq!(queue.fire(later(900)), None);
        assert_eq!(take(&queue).await, "b");
        assert_eq!(queue.depth(), 0);
    }

    #[tokio::test]
    async fn closing_ends_all_workers() {
        let queue = std::sync::Arc::new(Queue::default());
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let queue = std::sync::Arc::clone(&queue);
                tokio::spawn(async move { queue.next().await.is_none() })
            })
            .collect();
        tokio::task::yield_now().await;
        queue.close();
        for worker in workers {
            let ended = tokio::time::timeout(Duration::from_secs(1), worker).await;
            assert!(ended.unwrap().unwrap());
        }
    }
}
