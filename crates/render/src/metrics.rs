//! What the renderer has done since it started.

use std::collections::HashMap;

use parking_lot::Mutex;

/// Counts since the start, and what runs now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RenderMetrics {
    /// Renders that were really made.
    pub renders: u64,
    /// Answers from the cache.
    pub hits: u64,
    /// Renders that failed.
    pub failures: u64,
    /// Renders that run now.
    pub running: usize,
    /// Renders past their deadline that still run.
    pub stuck: usize,
    /// Renders that were really made, by the applications' instance names.
    pub renders_by_application: HashMap<String, u64>,
}

#[derive(Default)]
pub(crate) struct Counts {
    counts: Mutex<RenderMetrics>,
}

impl Counts {
    pub(crate) fn hit(&self) {
        self.counts.lock().hits += 1;
    }

    pub(crate) fn rendered(&self, instance: &str) {
        let mut counts = self.counts.lock();
        counts.renders += 1;
        *counts.renders_by_application.entry(instance.to_owned()).or_default() += 1;
    }

    pub(crate) fn failed(&self) {
        self.counts.lock().failures += 1;
    }

    pub(crate) fn forget(&self, instance: &str) {
        self.counts.lock().renders_by_application.remove(instance);
    }

    pub(crate) fn snapshot(&self, running: usize, stuck: usize) -> RenderMetrics {
        RenderMetrics { running, stuck, ..self.counts.lock().clone() }
    }
}
