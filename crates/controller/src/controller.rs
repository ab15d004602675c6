//! Starting and stopping the loop, and the handle that others hold of it.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::task::JoinHandle;
use types::AppKey;

use crate::core::{ControllerOptions, Core};
use crate::decision::refresh::CompareLevel;
use crate::ports::Outside;
use crate::queue::{Priority, Work};
use crate::views::Views;

/// How long running steps may take when the loop is stopped.
const GRACE: Duration = Duration::from_secs(20);

/// The Application loop.
pub struct Controller;

/// A running loop. Cheap to clone; the loop runs until [`Handle::shutdown`].
#[derive(Clone)]
pub struct Handle {
    /// What the loop knows beyond the Applications.
    pub views: Views,
    core: Arc<Core>,
    tasks: Arc<parking_lot::Mutex<Vec<JoinHandle<()>>>>,
}

impl Controller {
    /// Starts the loop over anything that gives records, clusters and renderings.
    pub fn start_with(outside: Outside, options: ControllerOptions) -> Handle {
        let core = Core::new(outside, options);
        let mut tasks = vec![tokio::spawn(Arc::clone(&core).follow_records())];
        let timers = Arc::clone(&core);
        tasks.push(tokio::spawn(async move { timers.queue.run_timers().await }));
        let herald = Arc::clone(&core);
        tasks.push(tokio::spawn(async move {
            let store = &herald.outside.store;
            herald.herald.run(|event| store.record(event), || herald.queue.is_busy()).await;
        }));
        for _ in 0..core.options.workers.max(1) {
            tasks.push(tokio::spawn(work(Arc::clone(&core))));
        }
        let views = Views { memory: Arc::clone(&core.memory), outside: core.outside.clone() };
        Handle { views, core, tasks: Arc::new(parking_lot::Mutex::new(tasks)) }
    }
}

/// One worker: takes applications from the queue until it is closed.
async fn work(core: Arc<Core>) {
    while let Some((key, work, _)) = core.queue.next().await {
        // A defect that shows in one application must not stop the others.
        let look = std::panic::AssertUnwindSafe(Box::pin(core.look(&key, work))).catch_unwind();
        if look.await.is_err() {
            tracing::error!("{key}: the look at it ended in a panic; it is looked at again in a minute");
            core.requeue_in(&key, Work::LOOK, Priority::Timer, Duration::from_secs(60));
        }
        core.queue.done(&key);
    }
}

impl Handle {
    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    /// Asks for a comparison. With `hard`, manifests are rendered anew.
    pub fn refresh(&self, app: &AppKey, level: CompareLevel, hard: bool) {
        let work = Work { compare: Some((level, hard)) };
        self.core.queue.add(app.clone(), work, Priority::User);
    }

    /// Whether this loop answers for an application.
    pub fn handles(&self, app: &AppKey) -> bool {
        self.core.outside.store.application(app).is_some_and(|app| self.core.handles(&app))
    }

    /// Counters and durations in Prometheus' text format.
    pub fn metrics_text(&self) -> String {
        let apps = self.core.outside.store.applications();
        let handled = apps.iter().map(AsRef::as_ref).filter(|app| self.core.handles(app));
        self.core.metrics.text(handled, self.core.queue.depth())
    }

    /// Stops the loop at once, wherever it is. What it had begun is finished by the next one.
    pub fn abort(&self) {
        self.core.queue.close();
        for task in self.tasks.lock().drain(..) {
            task.abort();
        }
    }

    /// Stops the loop after the steps that are under way.
    pub async fn shutdown(self) {
        self.core.queue.close();
        self.core.herald.close();
        let tasks = std::mem::take(&mut *self.tasks.lock());
        // Following records never ends by itself, and has nothing to finish.
        let mut tasks = tasks.into_iter();
        if let Some(records) = tasks.next() {
            records.abort();
        }
        let workers = futures::future::join_all(tasks);
        if tokio::time::timeout(GRACE, workers).await.is_err() {
            tracing::warn!("some applications were still worked on when the loop was stopped");
        }
    }
}
