//! From objects and hooks to ordered tasks. The steps that run them are in `step.rs`.

use std::sync::Arc;

use jiff::Timestamp;
use object::{GroupVersionKind, Object, ObjectKey};
use serde_json::{Map, Value, json};
use types::names::ANNOTATION_SYNC_OPTIONS;
use types::{ManagedNamespaceMetadata, ResourceResult, SyncOperation};

use crate::hook::{
    SyncPhase, add_hook_finalizer, generated_name, hook_phases, is_delete_hook, is_hook, is_skipped, wave,
};
use crate::kinds::rank;
use crate::options::{SyncOptions, has_option};
use crate::results;
use crate::task::{Live, Phase, Resource, ResultStatus, Task};

/// Whether the cluster has a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KindAnswer {
    /// It has, and objects of it can be read.
    Found {
        /// Whether its objects live in namespaces.
        namespaced: bool,
    },
    /// It has not; the server's words.
    Missing(String),
    /// It cannot be told now; the server's words.
    Unknown(String),
}

/// What a plan asks about the cluster and the project. Answers come from memory; asking has no effect.
pub trait Facts {
    /// Whether the cluster has a kind.
    fn kind(&self, gvk: &GroupVersionKind) -> KindAnswer;
    /// Whether the project permits an object; the refusal's text if not. The namespace is empty for cluster-scoped ones.
    ///
    /// # Errors
    /// The text that tells which rule forbids it.
    fn permitted(&self, key: &ObjectKey) -> Result<(), String>;
    /// The live object with this key.
    fn live(&self, key: &ObjectKey) -> Option<Live>;
}

/// What one step of an operation is planned from.
pub struct Input<'a> {
    /// The application's own objects. Hooks among them are left out.
    pub resources: &'a [Resource],
    /// The rendered hooks.
    pub hooks: &'a [Arc<Object>],
    /// What was asked for.
    pub operation: &'a SyncOperation,
    /// What earlier steps of this operation recorded.
    pub results: &'a [ResourceResult],
    /// The revision that is synced; names of generated hooks contain it.
    pub revision: &'a str,
    /// When the operation started.
    pub started_at: Timestamp,
    /// The namespace for objects that name none.
    pub destination_namespace: &'a str,
    /// Labels and annotations of the namespace, when they are managed.
    pub managed_namespace: Option<&'a ManagedNamespaceMetadata>,
    /// When somebody confirmed pending prunes, if anybody did.
    pub deletion_approved: Option<Timestamp>,
    /// What is known of cluster and project.
    pub facts: &'a dyn Facts,
}

impl Input<'_> {
    fn is_selected(&self, object: &Object) -> bool {
        self.operation.resources.is_empty()
            || self.operation.resources.iter().any(|entry| {
                entry.group == object.group()
                    && entry.kind == object.kind()
                    && entry.name == object.name()
                    && (entry.namespace.is_empty() || Some(entry.namespace.as_str()) == object.namespace())
            })
    }

    /// Whether hooks take part: not in a selective sync and not with the strategy `apply`.
    pub(crate) fn runs_hooks(&self) -> bool {
        let strategy = self.operation.sync_strategy.as_ref();
        self.operation.resources.is_empty() && strategy.is_none_or(|strategy| strategy.apply.is_none())
    }

    /// Whether the strategy deletes and recreates what cannot be changed.
    pub(crate) fn forces(&self) -> bool {
        self.operation.sync_strategy.as_ref().is_some_and(|strategy| {
            strategy.apply.as_ref().is_some_and(|apply| apply.force)
                || strategy.hook.as_ref().is_some_and(|hook| hook.sync_strategy_apply.force)
        })
    }
}

/// Ordered tasks, and whether each of them may be run at all.
pub(crate) struct Tasks {
    pub tasks: Vec<Task>,
    pub results: Vec<ResourceResult>,
    pub valid: bool,
}

/// Makes the tasks of an operation. Every step makes them anew, from what the cluster has by then.
pub(crate) fn build(input: &Input<'_>, options: &SyncOptions) -> Tasks {
    let mut tasks = objects(input);
    if input.runs_hooks() {
        hooks(input, &mut tasks);
    }
    let mut results = input.results.to_vec();
    let valid = check(input, options, &mut tasks, &mut results);
    if options.create_namespace {
        tasks.extend(namespace(input));
    }
    order_prunes(options, &mut tasks);
    sort(&mut tasks);
    for task in &mut tasks {
        if task.state.is_none() {
            results::restore(&results, task);
        }
    }
    Tasks { tasks, results, valid }
}

fn task(object: &Object, phase: SyncPhase, destination_namespace: &str) -> Task {
    let namespace = object.namespace().unwrap_or(destination_namespace).to_owned();
    Task {
        phase,
        wave: wave(object),
        key: ObjectKey { namespace, ..object.key() },
        version: object.version().to_owned(),
        target: None,
        live: None,
        hook: false,
        namespaced: None,
        skip_dry_run: false,
        modified: None,
        creates_namespace: false,
        status: None,
        state: None,
        message: String::new(),
    }
}

fn objects(input: &Input<'_>) -> Vec<Task> {
    let mut tasks = Vec::with_capacity(input.resources.len());
    for resource in input.resources {
        let live = resource.live.as_ref().map(|live| &live.object);
        let Some(object) = resource.target.as_ref().or(live) else { continue };
        if is_hook(object) || is_skipped(object) || !input.is_selected(object) {
            continue;
        }
        tasks.push(Task {
            target: resource.target.clone(),
            live: resource.live.clone(),
            modified: resource.modified,
            ..task(object, SyncPhase::Sync, input.destination_namespace)
        });
    }
    tasks
}

fn hooks(input: &Input<'_>, tasks: &mut Vec<Task>) {
    for hook in input.hooks {
        if is_delete_hook(hook) {
            continue;
        }
        for phase in hook_phases(hook) {
            let mut target = Object::clone(hook);
            if target.name().is_empty() && !target.generate_name().is_empty() {
                let started_at = input.started_at.as_second();
                let name = generated_name(target.generate_name(), input.revision, phase, started_at);
                target.set(&["metadata", "name"], Value::from(name));
            }
            add_hook_finalizer(&mut target);
            tasks.push(Task {
                hook: true,
                target: Some(Arc::new(target.clone())),
                ..task(&target, phase, input.destination_namespace)
            });
        }
    }
}

/// Asks cluster and project about each task, and gives targets the namespace that they will have.
fn check(
    input: &Input<'_>,
    options: &SyncOptions,
    tasks: &mut [Task],
    recorded: &mut Vec<ResourceResult>,
) -> bool {
    let defined: Vec<(String, String)> =
        tasks.iter().filter_map(|task| defined_kind(task.target.as_ref()?)).collect();
    let mut valid = true;
    for task in tasks.iter_mut() {
        let gvk = GroupVersionKind::new(&*task.key.group, &*task.version, &*task.key.kind);
        let refusal = match input.facts.kind(&gvk) {
            KindAnswer::Found { namespaced } => {
                task.namespaced = Some(namespaced);
                let namespace = if namespaced { task.key.namespace.clone() } else { String::new() };
                input.facts.permitted(&ObjectKey { namespace, ..task.key.clone() }).err()
            }
            KindAnswer::Missing(text) => {
                let comes = defined.iter().any(|(group, kind)| *group == gvk.group && *kind == gvk.kind);
                let skips = task
                    .target
                    .as_ref()
                    .is_some_and(|target| has_option(target, "SkipDryRunOnMissingResource=true"));
                task.skip_dry_run = options.skip_dry_run_on_missing || skips || comes;
                (!task.skip_dry_run).then_some(text)
            }
            KindAnswer::Unknown(text) => Some(text),
        };
        if let Some(refusal) = refusal {
            valid = false;
            results::record(recorded, task, Some(ResultStatus::SyncFailed), None, &refusal);
        }
        place(task);
        if task.hook && task.live.is_none() && task.namespaced.is_some() {
            task.live = input.facts.live(&task.live_key());
        }
    }
    valid
}

/// Writes into a target the namespace it will have. An object of an unknown kind is taken for a namespaced one.
fn place(task: &mut Task) {
    let Some(target) = &mut task.target else { return };
    let wanted = if task.namespaced == Some(false) { None } else { Some(task.key.namespace.as_str()) };
    if target.namespace() != wanted.filter(|namespace| !namespace.is_empty()) {
        Arc::make_mut(target).set_namespace(wanted);
    }
}

/// The group and kind that a CustomResourceDefinition defines.
fn defined_kind(object: &Object) -> Option<(String, String)> {
    if object.kind() != "CustomResourceDefinition" || object.group() != "apiextensions.k8s.io" {
        return None;
    }
    let group = object.get_str(&["spec", "group"])?;
    let kind = object.get_str(&["spec", "names", "kind"])?;
    Some((group.to_owned(), kind.to_owned()))
}

fn is_namespace(object: &Object, name: &str) -> bool {
    object.kind() == "Namespace" && object.group().is_empty() && object.name() == name
}

/// The task that makes the destination namespace, when the application does not bring it itself.
fn namespace(input: &Input<'_>) -> Option<Task> {
    let name = input.destination_namespace;
    let brought = input.resources.iter().filter_map(|resource| resource.target.as_ref());
    if name.is_empty() || brought.into_iter().any(|object| is_namespace(object, name)) {
        return None;
    }
    let live = input.facts.live(&ObjectKey::new("", "Namespace", "", name));
    if live.is_some() && input.managed_namespace.is_none() {
        return None;
    }
    let mut target = Object::new(&GroupVersionKind::new("", "v1", "Namespace"), "", name);
    if let Some(metadata) = input.managed_namespace {
        let map = |entries: &std::collections::BTreeMap<String, String>| -> Map<String, Value> {
            entries.iter().map(|(key, value)| (key.clone(), json!(value))).collect()
        };
        if !metadata.labels.is_empty() {
            target.set(&["metadata", "labels"], map(&metadata.labels).into());
        }
        let mut annotations = map(&metadata.annotations);
        annotations.insert(ANNOTATION_SYNC_OPTIONS.to_owned(), json!("ServerSideApply=true"));
        target.set(&["metadata", "annotations"], annotations.into());
    }
    Some(Task {
        live,
        creates_namespace: true,
        namespaced: Some(false),
        target: Some(Arc::new(target.clone())),
        ..task(&target, SyncPhase::PreSync, name)
    })
}

/// Mirrors the waves of prune tasks, so that what came last goes first, and puts `PruneLast` tasks behind everything.
fn order_prunes(options: &SyncOptions, tasks: &mut [Task]) {
    let mut waves: Vec<i64> = tasks.iter().filter(|task| task.is_prune()).map(|task| task.wave).collect();
    waves.sort_unstable();
    waves.dedup();
    for task in tasks.iter_mut().filter(|task| task.is_prune()) {
        if let Ok(position) = waves.binary_search(&task.wave) {
            task.wave = waves[waves.len() - 1 - position];
        }
    }
    let last = tasks
        .iter()
        .filter(|task| task.phase == SyncPhase::Sync)
        .map(|task| task.wave)
        .fold(0, i64::max)
        .saturating_add(1);
    for task in tasks.iter_mut().filter(|task| task.is_prune()) {
        let own = task.live_object().is_some_and(|live| has_option(live, "PruneLast=true"));
        if options.prune_last || own {
            task.wave = last;
        }
    }
}

fn sort(tasks: &mut Vec<Task>) {
    tasks.sort_by(|left, right| {
        let order = |task: &Task| (task.phase, task.wave, rank(&task.key.kind));
        order(left)
            .cmp(&order(right))
            .then_with(|| left.key.name.cmp(&right.key.name))
            .then_with(|| left.key.cmp(&right.key))
    });
    move_before_dependents(
        tasks,
        |provider| {
            let target = provider.target.as_ref()?;
            (target.kind() == "Namespace" && target.group().is_empty()).then(|| target.name().to_owned())
        },
        |name, task| task.namespaced != Some(false) && task.key.namespace == *name,
    );
    move_before_dependents(
        tasks,
        |provider| defined_kind(provider.target.as_ref()?),
        |(group, kind), task| task.key.group == *group && task.key.kind == *kind,
    );
}

/// Moves each provider in front of the first earlier task that needs it, into that task's phase and wave.
fn move_before_dependents<T>(
    tasks: &mut Vec<Task>,
    provides: impl Fn(&Task) -> Option<T>,
    needs: impl Fn(&T, &Task) -> bool,
) {
    for position in 0..tasks.len() {
        let Some(provided) = provides(&tasks[position]) else { continue };
        let first = tasks[..position].iter().position(|task| !task.is_prune() && needs(&provided, task));
        if let Some(first) = first {
            let mut provider = tasks.remove(position);
            provider.phase = tasks[first].phase;
            provider.wave = tasks[first].wave;
            tasks.insert(first, provider);
        }
    }
}

/// Why an operation is invalid as a whole: the distinct failures of its tasks.
pub(crate) fn invalid_message(tasks: &[Task]) -> String {
    let mut messages: Vec<&str> = tasks
        .iter()
        .filter(|task| task.status == Some(ResultStatus::SyncFailed) && task.state != Some(Phase::Succeeded))
        .map(|task| task.message.as_str())
        .filter(|message| !message.is_empty())
        .collect();
    messages.sort_unstable();
    messages.dedup();
    let text = "one or more synchronization tasks are not valid";
    if messages.is_empty() { text.to_owned() } else { format!("{text}: {}", messages.join("; ")) }
}
