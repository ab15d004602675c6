//! The loop of everything a cluster does by itself: it hears every committed change, and calls the controllers that
//! care, now or after a delay. Controllers are plain functions of the engine; they keep no state of their own.
//! Neighbors: `gc.rs`, `namespaces.rs`, `workloads/`.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until};

use crate::engine::{Engine, WriteOptions};
use crate::store::{ChangeType, Notice};
use crate::workloads::{self, EndpointMemory, Step};
use crate::{gc, namespaces};

/// How long work that many changes ask for waits for more of them.
const GATHER: Duration = Duration::from_millis(50);

/// Work for a controller.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Work {
    /// Look after the dependents of an object that is being deleted or gone.
    Collect { uid: String },
    /// Look whether the owners of an object still exist.
    Owners { collection: Arc<str>, key: Arc<str> },
    /// Look after a namespace.
    Namespace { name: String },
    /// Look after a CustomResourceDefinition that is being deleted.
    Definition { name: String },
    /// Look after a workload.
    Reconcile { collection: Arc<str>, key: Arc<str> },
    /// The next step in the life of a Pod.
    PodStep { key: Arc<str>, uid: String, step: Step },
    /// Look after the autoscalers and disruption budgets of a namespace.
    Policies { namespace: String },
    /// Look after the endpoints of a namespace's services.
    Endpoints { namespace: String },
}

/// Work to do, each piece once, in order of arrival; later work by time.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    ready: VecDeque<Work>,
    waiting: HashSet<Work>,
    gathered: HashSet<Work>,
    later: BTreeMap<(Instant, u64), Work>,
    sequence: u64,
    endpoints: EndpointMemory,
}

impl Queue {
    pub(crate) fn push(&mut self, work: Work) {
        if self.waiting.insert(work.clone()) {
            self.ready.push_back(work);
        }
    }

    /// Work to do after a delay.
    pub(crate) fn push_later(&mut self, delay: Duration, work: Work) {
        self.sequence += 1;
        self.later.insert((Instant::now() + delay, self.sequence), work);
    }

    /// Work to do soon, once for everything that asks for it until then.
    pub(crate) fn push_gathered(&mut self, work: Work) {
        if self.gathered.insert(work.clone()) {
            self.push_later(GATHER, work);
        }
    }

    fn pop(&mut self) -> Option<Work> {
        let now = Instant::now();
        while let Some(entry) = self.later.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let work = entry.remove();
            self.push(work);
        }
        let work = self.ready.pop_front()?;
        self.waiting.remove(&work);
        self.gathered.remove(&work);
        Some(work)
    }

    fn next_time(&self) -> Option<Instant> {
        self.later.first_key_value().map(|((time, _), _)| *time)
    }
}

/// Makes what every cluster has from the start.
pub(crate) fn furnish(engine: &Arc<Engine>) {
    let options = WriteOptions::controller("kube-apiserver", "");
    for name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        let made = engine
            .builtin("", "namespaces")
            .and_then(|kind| engine.create(&kind, "", json!({"metadata": {"name": name}}), &options));
        if let Err(error) = made {
            tracing::warn!(message = error.message, "making namespace {name}");
        }
    }
    if engine.options.simulate_workloads
        && let Err(error) = workloads::furnish(engine)
    {
        tracing::warn!(message = error.message, "furnishing the sandbox");
    }
}

/// Runs until the engine is shut down.
pub(crate) async fn run(engine: Arc<Engine>, mut heard: UnboundedReceiver<Notice>) {
    let mut queue = Queue::default();
    loop {
        while let Ok(notice) = heard.try_recv() {
            hear(&engine, &mut queue, &notice);
        }
        if let Some(work) = queue.pop() {
            perform(&engine, &mut queue, &work);
            // Requests come first when there is much to do.
            tokio::task::yield_now().await;
            if engine.shutdown.is_cancelled() {
                return;
            }
            continue;
        }
        let wake = queue.next_time().unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
        tokio::select! {
            notice = heard.recv() => match notice {
                Some(notice) => hear(&engine, &mut queue, &notice),
                None => return,
            },
            () = sleep_until(wake) => {}
            () = engine.shutdown.cancelled() => return,
        }
    }
}

/// Decides who cares about a change.
fn hear(engine: &Engine, queue: &mut Queue, notice: &Notice) {
    let record = &notice.record;
    let gone = notice.change == ChangeType::Deleted;
    if gone || record.deleting {
        queue.push(Work::Collect { uid: record.uid.to_string() });
    }
    if !gone && !record.owners.is_empty() {
        queue.push(Work::Owners { collection: notice.collection.clone(), key: record.key.clone() });
    }
    for owner in &record.owners {
        if gone && owner.blocks {
            queue.push(Work::Collect { uid: owner.uid.to_string() });
        }
    }
    match notice.collection.as_ref() {
        "/namespaces" => queue.push(Work::Namespace { name: record.name().to_owned() }),
        "apiextensions.k8s.io/customresourcedefinitions" if record.deleting => {
            queue.push(Work::Definition { name: record.name().to_owned() });
        }
        _ => {}
    }
    if gone && !record.namespace().is_empty() {
        queue.push(Work::Namespace { name: record.namespace().to_owned() });
    }
    if engine.options.simulate_workloads {
        hear_workload(engine, queue, notice);
    }
}

fn hear_workload(engine: &Engine, queue: &mut Queue, notice: &Notice) {
    let record = &notice.record;
    let gone = notice.change == ChangeType::Deleted;
    let namespace = || record.namespace().to_owned();
    let policy = matches!(
        notice.collection.as_ref(),
        "autoscaling/horizontalpodautoscalers" | "policy/poddisruptionbudgets"
    );
    let scaled = matches!(notice.collection.as_ref(), "/pods" | "apps/deployments" | "apps/statefulsets");
    if policy || scaled && workloads::has_policies(engine) {
        queue.push_gathered(Work::Policies { namespace: namespace() });
    }
    if !workloads::is_simulated(&notice.collection) {
        return;
    }
    if !gone {
        queue.push(Work::Reconcile { collection: notice.collection.clone(), key: record.key.clone() });
    }
    if let Some(owner) = record.controller()
        && let Some(collection) = workloads::controller_collection(&owner.api_version, &owner.kind)
    {
        let key = Arc::from(format!("{}/{}", record.namespace(), owner.name));
        queue.push(Work::Reconcile { collection: Arc::from(collection), key });
    }
    if notice.collection.as_ref() == "/pods" {
        queue.push_gathered(Work::Endpoints { namespace: namespace() });
    }
}

fn perform(engine: &Arc<Engine>, queue: &mut Queue, work: &Work) {
    let done = match work {
        Work::Collect { uid } => gc::collect(engine, uid),
        Work::Owners { collection, key } => gc::check_owners(engine, collection, key),
        Work::Namespace { name } => namespaces::reconcile(engine, name),
        Work::Definition { name } => namespaces::clean_definition(engine, name),
        Work::Reconcile { collection, key } => workloads::reconcile(engine, queue, collection, key),
        Work::PodStep { key, uid, step } => workloads::step(engine, queue, key, uid, *step),
        Work::Policies { namespace } => workloads::policies(engine, namespace),
        Work::Endpoints { namespace } => workloads::endpoints(engine, &mut queue.endpoints, namespace),
    };
    if let Err(error) = done {
        tracing::debug!(message = error.message, ?work, "a simulated controller tries again");
        queue.push_later(Duration::from_millis(200), work.clone());
    }
}
