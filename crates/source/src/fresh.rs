//! A value that is loaded at most once at a time and serves everybody until it grows old.
//!
//! One listing of a repository's references has to answer a thousand applications; a thousand callers who insist on
//! a new one at the same moment have to share it as well, and its error too.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex as Lock;
use tokio::sync::Mutex;

use crate::Error;

/// How old an answer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Freshness {
    /// An answer within its time to live will do.
    #[default]
    Cached,
    /// The question has to be asked after this call began.
    Now,
}

/// How long answers and errors serve those who take [`Freshness::Cached`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetime {
    pub(crate) value: Duration,
    pub(crate) error: Duration,
}

/// Shared values by what they are of, and by who asks ([`crate::Access`]'s identity).
pub(crate) type Shelf<T> = Lock<HashMap<(String, u64), Arc<Fresh<T>>>>;

pub(crate) struct Fresh<T> {
    known: Arc<Mutex<Option<Known<T>>>>,
    stale_before: Lock<Option<Instant>>,
}

struct Known<T> {
    asked: Instant,
    answer: Result<Arc<T>, Error>,
}

impl<T: Send + Sync + 'static> Fresh<T> {
    pub(crate) fn new() -> Self {
        Self { known: Arc::new(Mutex::new(None)), stale_before: Lock::new(None) }
    }

    /// Makes everything that was asked before now too old.
    pub(crate) fn invalidate(&self) {
        *self.stale_before.lock() = Some(Instant::now());
    }

    /// The known answer if it is fresh enough, else a new one. The loading goes on when the caller goes away, since
    /// others wait for it.
    pub(crate) async fn get<F>(
        &self,
        lifetime: Lifetime,
        freshness: Freshness,
        load: impl FnOnce() -> F,
    ) -> Result<Arc<T>, Error>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let called = Instant::now();
        let stale_before = *self.stale_before.lock();
        // Owned, so that it can move into the task that loads.
        let mut known = self.known.clone().lock_owned().await;
        if let Some(known) = known.as_ref() {
            let oldest = match freshness {
                Freshness::Now => called,
                Freshness::Cached => {
                    let life = if known.answer.is_ok() { lifetime.value } else { lifetime.error };
                    let expired = known.asked + life <= Instant::now();
                    if expired { called } else { stale_before.unwrap_or(known.asked) }
                }
            };
            if known.asked >= oldest {
                return known.answer.clone();
            }
        }
        let loading = load();
        let task = tokio::spawn(async move {
            let asked = Instant::now();
            let answer = loading.await.map(Arc::new);
            *known = Some(Known { asked, answer: answer.clone() });
            answer
        });
        match task.await {
            Ok(answer) => answer,
            Err(error) => Err(Error::Remote {
                repository: "source".into(),
                action: "load",
                reason: format!("the task ended early: {error}"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const LIFETIME: Lifetime = Lifetime { value: Duration::from_secs(60), error: Duration::from_secs(60) };

    async fn ask(
        fresh: &Fresh<usize>,
        freshness: Freshness,
        count: &Arc<AtomicUsize>,
    ) -> Result<usize, Error> {
        let count = count.clone();
        let load = || async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(count.fetch_add(1, Ordering::SeqCst) + 1)
        };
        fresh.get(LIFETIME, freshness, load).await.map(|value| *value)
    }

    #[tokio::test]
    async fn many_callers_share_one_load() {
        let (fresh, count) = (Arc::new(Fresh::new()), Arc::default());
        let answers = futures_join(&fresh, Freshness::Cached, &count).await;
        assert_eq!(answers, vec![1; 50]);
        assert_eq!(ask(&fresh, Freshness::Now, &count).await, Ok(2), "a later insistence asks again");
        assert_eq!(ask(&fresh, Freshness::Cached, &count).await, Ok(2));
        fresh.invalidate();
        assert_eq!(ask(&fresh, Freshness::Cached, &count).await, Ok(3), "an invalidated answer is not used");
        let answers = futures_join(&fresh, Freshness::Now, &count).await;
        assert!(
            answers.iter().all(|answer| *answer >= 4) && *answers.iter().max().unwrap() <= 5,
            "{answers:?}"
        );
    }

    async fn futures_join(
        fresh: &Arc<Fresh<usize>>,
        freshness: Freshness,
        count: &Arc<AtomicUsize>,
    ) -> Vec<usize> {
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let (fresh, count) = (fresh.clone(), count.clone());
                tokio::spawn(async move { ask(&fresh, freshness, &count).await.unwrap() })
            })
            .collect();
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.unwrap());
        }
        answers
    }

    #[tokio::test]
    async fn a_caller_who_goes_away_does_not_stop_the_load() {
        let (fresh, count) = (Arc::new(Fresh::new()), Arc::default());
        let gone =
            tokio::time::timeout(Duration::from_millis(1), ask(&fresh, Freshness::Cached, &count)).await;
        assert!(gone.is_err());
        assert_eq!(ask(&fresh, Freshness::Cached, &count).await, Ok(1));
    }
}
