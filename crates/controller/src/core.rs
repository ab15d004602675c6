//! What all parts of the loop share: the outside, the queue, the memory and the clock.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use object::content_hash;
use parking_lot::Mutex;
use serde_json::json;
use sync::SyncOptions;
use tokio::sync::Semaphore;
use types::names::ANNOTATION_SKIP_RECONCILE;
use types::settings::Settings;
use types::{AppKey, AppProject, Application};

use crate::decision::permission::effective_project;
use crate::diffing::Rules;
use crate::events::Happening;
use crate::herald::Herald;
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::ports::{Outside, Target};
use crate::queue::{Priority, Queue, Work};
use crate::wanted::Marks;

/// How the loop runs.
#[derive(Debug, Clone)]
pub struct ControllerOptions {
    /// Applications that are worked on at the same time.
    pub workers: usize,
    /// Requests that change clusters at the same time, over all applications.
    pub parallel_requests: usize,
    /// The pause between two waves of a sync.
    pub wave_delay: Duration,
    /// How long changes of objects that only descend from an application's own are gathered before its tree is built anew.
    pub tree_delay: Duration,
    /// Namespaces besides the control plane's whose Applications are handled, as globs or `/regular expressions/`;
    /// those of the settings are added.
    pub application_namespaces: Vec<String>,
    /// Whether Kubernetes Events are written.
    pub events: bool,
}

impl Default for ControllerOptions {
    fn default() -> Self {
        Self {
            workers: 20,
            parallel_requests: 20,
            wave_delay: Duration::from_secs(2),
            tree_delay: Duration::from_millis(100),
            application_namespaces: Vec::new(),
            events: true,
        }
    }
}

/// The loop's shared parts.
pub(crate) struct Core {
    pub(crate) outside: Outside,
    pub(crate) options: ControllerOptions,
    pub(crate) queue: Queue,
    pub(crate) memory: Arc<Memory>,
    pub(crate) metrics: Metrics,
    pub(crate) requests: Semaphore,
    pub(crate) herald: Herald,
    /// Clusters whose changes are listened to, by address of the connection.
    pub(crate) listening: Mutex<HashMap<String, std::sync::Weak<dyn Target>>>,
    /// Applications that wait for a cluster to be read for the first time, by its URL.
    pub(crate) waiting: Mutex<HashMap<String, Vec<AppKey>>>,
    settings_hash: Mutex<(usize, u64)>,
    /// This allows weakly shared self-references for tasks that outlive a call.
    pub(crate) this: std::sync::Weak<Core>,
}

impl Core {
    pub(crate) fn new(outside: Outside, options: ControllerOptions) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            outside,
            requests: Semaphore::new(options.parallel_requests.max(1)),
            options,
            queue: Queue::default(),
            memory: Arc::default(),
            metrics: Metrics::default(),
            herald: Herald::default(),
            listening: Mutex::default(),
            waiting: Mutex::default(),
            settings_hash: Mutex::default(),
            this: this.clone(),
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// Whether this loop answers for an application.
    pub(crate) fn handles(&self, app: &Application) -> bool {
        let namespace = &app.metadata.namespace;
        let settings = self.outside.store.settings();
        let mut patterns =
            self.options.application_namespaces.iter().chain(&settings.reconciliation.application_namespaces);
        let ours = namespace == self.outside.store.namespace()
            || patterns.any(|pattern| types::glob::matches(pattern, namespace));
        let skipped = app
            .metadata
            .annotations
            .get(ANNOTATION_SKIP_RECONCILE)
            .is_some_and(|value| matches!(value.as_str(), "1" | "t" | "T" | "TRUE" | "true" | "True"));
        ours && !skipped
    }

    /// The application's project with the rules of global projects.
    pub(crate) fn project(&self, app: &Application) -> Option<AppProject> {
        let store = &self.outside.store;
        let project = store.project(app.spec.project_name())?;
        let settings = store.settings();
        if settings.global_projects.is_empty() {
            return Some(AppProject::clone(&project));
        }
        Some(effective_project(&project, &settings.global_projects, |name| store.project(name)))
    }

    /// How the application's objects are marked.
    pub(crate) fn marks(&self, app: &Application, settings: &Settings) -> Marks {
        Marks {
            tracking: settings.tracking.clone(),
            instance: app.key().instance_name(self.outside.store.namespace()),
            destination_namespace: app.spec.destination.namespace.clone(),
        }
    }

    /// The rules of the application's comparisons.
    pub(crate) fn rules(&self, app: &Application, settings: &Arc<Settings>) -> Result<Rules, String> {
        let compare = self.outside.comparers.comparer(app, settings)?;
        let options =
            app.spec.sync_policy.as_ref().map(|policy| policy.sync_options.clone()).unwrap_or_default();
        let own = json!([
            app.spec.ignore_differences,
            options,
            app.spec.destination.namespace,
            app.metadata.annotations.get(types::names::ANNOTATION_COMPARE_OPTIONS),
        ]);
        Ok(Rules {
            tracking: settings.tracking.clone(),
            options: SyncOptions::parse(&options),
            compare,
            hash: content_hash(&own, &[]) ^ self.settings_hash(settings),
        })
    }

    /// A hash of the settings that comparisons depend on, computed once for each state of the settings.
    fn settings_hash(&self, settings: &Arc<Settings>) -> u64 {
        let address = Arc::as_ptr(settings).addr();
        let mut known = self.settings_hash.lock();
        if known.0 != address {
            let text = format!("{:?} {:?}", settings.resources, settings.tracking);
            *known = (address, content_hash(&serde_json::Value::from(text), &[]));
        }
        known.1
    }

    pub(crate) fn requeue_in(&self, key: &AppKey, work: Work, priority: Priority, wait: Duration) {
        self.queue.add_at(key.clone(), work, priority, Instant::now() + wait);
    }

    pub(crate) fn requeue_at(&self, key: &AppKey, work: Work, priority: Priority, at: Timestamp) {
        let wait = at.duration_since(self.now());
        self.requeue_in(key, work, priority, Duration::try_from(wait).unwrap_or_default());
    }

    /// Has a Kubernetes Event written; nobody waits for it.
    pub(crate) fn tell(&self, app: &Application, happening: Happening) {
        if self.options.events {
            self.herald.tell(app, happening, self.now());
        }
    }
}
