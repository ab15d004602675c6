//! A cluster in memory that carries out the planner's actions and writes down what it was asked.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use object::{GroupVersionKind, Object, ObjectKey};
use serde_json::{Value, json};
use sync::{Action, Facts, Input, KindAnswer, Live, Method, Next, Outcome, Phase, Resource, Step};
use types::names::{
    ANNOTATION_HOOK, ANNOTATION_HOOK_DELETE_POLICY, ANNOTATION_SYNC_OPTIONS, ANNOTATION_SYNC_WAVE,
};
use types::{HealthStatus, ManagedNamespaceMetadata, ResourceResult, SyncOperation};

/// The most steps that a story may take.
const MAX_STEPS: usize = 12;

/// An object for a story: `Kind/name` and what is special about it, as in `wave=1 hook=PreSync options=Prune=false`.
pub(crate) fn object(title: &str, special: &str) -> Arc<Object> {
    let (kind, name) = title.split_once('/').unwrap();
    let api_version = match kind {
        "Deployment" => "apps/v1",
        "Job" => "batch/v1",
        "CustomResourceDefinition" => "apiextensions.k8s.io/v1",
        "Widget" => "acme.io/v1",
        _ => "v1",
    };
    let mut value =
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "annotations": {}}});
    for (key, text) in special.split_whitespace().filter_map(|word| word.split_once('=')) {
        let annotation = match key {
            "wave" => ANNOTATION_SYNC_WAVE,
            "hook" => ANNOTATION_HOOK,
            "policy" => ANNOTATION_HOOK_DELETE_POLICY,
            "options" => ANNOTATION_SYNC_OPTIONS,
            "namespace" => {
                value["metadata"]["namespace"] = json!(text);
                continue;
            }
            "defines" => {
                value["spec"] = json!({"group": "acme.io", "names": {"kind": text}});
                continue;
            }
            "generateName" => {
                value["metadata"] =
                    json!({"generateName": text, "annotations": value["metadata"]["annotations"]});
                continue;
            }
            other => panic!("unknown {other}"),
        };
        value["metadata"]["annotations"][annotation] = json!(text);
    }
    Arc::new(Object::from_value(value).unwrap())
}

#[derive(Default)]
pub(crate) struct World {
    pub(crate) live: BTreeMap<ObjectKey, Object>,
    /// Health that objects of a name reach once time passes, when it is not `Healthy`.
    pub(crate) fate: BTreeMap<&'static str, &'static str>,
    /// Names whose requests fail, with `dry:` in front for dry runs, `delete:` for deletions.
    pub(crate) broken: BTreeMap<&'static str, &'static str>,
    /// Names that the project forbids.
    pub(crate) forbidden: BTreeSet<&'static str>,
    /// Kinds that the cluster has not.
    pub missing_kinds: BTreeSet<&'static str>,
    /// Names whose deletion takes until time passes.
    pub slow_deletion: BTreeSet<&'static str>,
    health: RefCell<BTreeMap<ObjectKey, String>>,
}

fn title(key: &ObjectKey) -> String {
    format!("{}/{}", key.kind, key.name)
}

impl Facts for World {
    fn kind(&self, gvk: &GroupVersionKind) -> KindAnswer {
        if self.missing_kinds.contains(gvk.kind.as_str()) {
            return KindAnswer::Missing("the server could not find the requested resource".to_owned());
        }
        KindAnswer::Found {
            namespaced: !matches!(&*gvk.kind, "Namespace" | "CustomResourceDefinition" | "ClusterRole"),
        }
    }

    fn permitted(&self, key: &ObjectKey) -> Result<(), String> {
        if self.forbidden.contains(key.name.as_str()) {
            return Err(format!("resource {}:{} is not permitted in project default", key.group, key.kind));
        }
        Ok(())
    }

    fn live(&self, key: &ObjectKey) -> Option<Live> {
        let object = self.live.get(key)?;
        let has_health = matches!(object.kind(), "Deployment" | "Job");
        let status = self.health.borrow().get(key).cloned().unwrap_or_else(|| "Progressing".to_owned());
        let health = has_health.then(|| HealthStatus { status, ..HealthStatus::default() });
        Some(Live { object: Arc::new(object.clone()), health: Ok(health) })
    }
}

impl World {
    pub(crate) fn with_live(objects: &[(&str, &str)]) -> Self {
        let mut world = Self::default();
        for (title, special) in objects {
            world.put(&object(title, special));
        }
        world.pass();
        world
    }

    pub(crate) fn put(&mut self, object: &Object) {
        let mut object = object.clone();
        let namespaced = matches!(
            self.kind(&object.gvk()),
            KindAnswer::Found { namespaced: true } | KindAnswer::Missing(_)
        );
        if object.namespace().is_none() && namespaced {
            object.set_namespace(Some("prod"));
        }
        object.set(&["metadata", "uid"], json!(format!("uid-{}", object.name())));
        self.health.borrow_mut().remove(&object.key());
        self.live.insert(object.key(), object);
    }

    /// Lets time pass: deployments and jobs come to their fate, slow deletions end.
    pub(crate) fn pass(&mut self) {
        self.live.retain(|_, object| object.deletion_timestamp().is_none());
        for key in self.live.keys() {
            let fate = self.fate.get(key.name.as_str()).copied().unwrap_or("Healthy");
            self.health.borrow_mut().insert(key.clone(), fate.to_owned());
        }
        self.missing_kinds.retain(|kind| {
            !self.live.values().any(|live| live.get_str(&["spec", "names", "kind"]) == Some(*kind))
        });
    }

    fn broken(&self, prefix: &str, name: &str) -> Option<Outcome> {
        let text = self.broken.get(format!("{prefix}{name}").as_str())?;
        Some(Outcome::Failed((*text).to_owned()))
    }

    fn act(&mut self, action: &Action, log: &mut Vec<String>) -> Outcome {
        match action {
            Action::Apply(apply) => {
                let key = apply.object.key();
                let word = match apply.method {
                    Method::Apply => "apply",
                    Method::ServerSideApply => "ssa",
                    Method::Replace => "replace",
                    Method::Create => "create",
                    Method::Update => "update",
                };
                let forced = if apply.force { "!" } else { "" };
                if apply.dry_run {
                    log.push(format!("dry {}", title(&key)));
                    return self.broken("dry:", &key.name).unwrap_or(Outcome::Done(String::new()));
                }
                log.push(format!("{word}{forced} {}", title(&key)));
                if let Some(outcome) = self.broken("", &key.name) {
                    return outcome;
                }
                self.put(&apply.object);
                Outcome::Done(format!("{} applied", key.name))
            }
            Action::Delete { key, uid, propagation } => {
                log.push(format!("delete {} ({})", title(key), propagation.as_str()));
                if let Some(outcome) = self.broken("delete:", &key.name) {
                    return outcome;
                }
                let Some(object) = self.live.get_mut(key) else { return Outcome::NotFound };
                assert_eq!(object.uid(), uid);
                if self.slow_deletion.contains(key.name.as_str()) || object.finalizers().next().is_some() {
                    object.set(&["metadata", "deletionTimestamp"], json!("2026-11-21T10:00:00Z"));
                } else {
                    self.live.remove(key);
                }
                Outcome::Done(String::new())
            }
            Action::RemoveHookFinalizer(object) => {
                log.push(format!("unfinalize {}", title(&object.key())));
                if let Some(live) = self.live.get_mut(&object.key()) {
                    live.set(&["metadata", "finalizers"], Value::Array(vec![]));
                }
                Outcome::Done(String::new())
            }
            Action::Fetch(key) => {
                log.push(format!("fetch {}", title(key)));
                self.live(key).map_or(Outcome::NotFound, Outcome::Fetched)
            }
        }
    }
}

/// An application being synced.
pub(crate) struct Story {
    pub(crate) world: World,
    pub(crate) targets: Vec<Arc<Object>>,
    pub(crate) hooks: Vec<Arc<Object>>,
    /// Names of live objects that belong to the application without being wanted.
    pub(crate) extra: Vec<&'static str>,
    /// Names of objects that were compared and are as they should be.
    pub(crate) unmodified: Vec<&'static str>,
    pub(crate) operation: SyncOperation,
    pub(crate) results: Vec<ResourceResult>,
    pub(crate) approved: Option<Timestamp>,
    pub(crate) namespace: Option<ManagedNamespaceMetadata>,
}

impl Story {
    pub(crate) fn new(world: World, targets: &[(&str, &str)], hooks: &[(&str, &str)]) -> Self {
        let objects =
            |list: &[(&str, &str)]| list.iter().map(|(title, special)| object(title, special)).collect();
        Self {
            world,
            targets: objects(targets),
            hooks: objects(hooks),
            extra: Vec::new(),
            unmodified: Vec::new(),
            operation: SyncOperation { prune: true, ..SyncOperation::default() },
            results: Vec::new(),
            approved: None,
            namespace: None,
        }
    }

    pub(crate) fn options(mut self, options: &[&str]) -> Self {
        self.operation.sync_options = options.iter().map(|option| (*option).to_owned()).collect();
        self
    }

    fn resources(&self) -> Vec<Resource> {
        let live = |object: &Object| {
            let namespace = match self.world.kind(&object.gvk()) {
                KindAnswer::Found { namespaced: false } => "",
                _ => object.namespace().unwrap_or("prod"),
            };
            self.world.live(&ObjectKey { namespace: namespace.to_owned(), ..object.key() })
        };
        let wanted = self.targets.iter().map(|target| Resource {
            target: Some(Arc::clone(target)),
            live: live(target),
            modified: Some(!self.unmodified.contains(&target.name())),
        });
        let extra = self.world.live.values().filter(|object| self.extra.contains(&object.name()));
        let extra = extra.map(|object| Resource { target: None, live: live(object), modified: Some(true) });
        wanted.chain(extra).collect()
    }

    /// One step; answers a line about it, and whether the operation is over.
    pub(crate) fn step(&mut self, terminate: bool) -> (String, bool) {
        let resources = self.resources();
        let input = Input {
            resources: &resources,
            hooks: &self.hooks,
            operation: &self.operation,
            results: &self.results,
            revision: "0123456789abcdef",
            started_at: Timestamp::from_second(1_700_000_000).unwrap(),
            destination_namespace: "prod",
            managed_namespace: self.namespace.as_ref(),
            deletion_approved: self.approved,
            facts: &self.world,
        };
        let mut step = if terminate { Step::terminate(&input) } else { Step::begin(&input) };
        let mut log: Vec<String> = Vec::new();
        loop {
            match step.next() {
                Next::Act(batch) => {
                    let mut groups: Vec<String> = Vec::new();
                    let mut outcomes = Vec::new();
                    for group in &batch {
                        let mut words = Vec::new();
                        outcomes.extend(group.iter().map(|action| self.world.act(action, &mut words)));
                        groups.push(words.join(" + "));
                    }
                    log.push(groups.join(", "));
                    step.absorb(outcomes);
                }
                Next::End(verdict) => {
                    self.results = verdict.results;
                    let pause = if verdict.pause { " (pause)" } else { "" };
                    log.push(format!("{}: {}{pause}", verdict.phase.as_str(), verdict.message));
                    let over = verdict.phase != Phase::Running;
                    return (log.join("\n    ") + "\n", over);
                }
            }
        }
    }

    /// All steps until the operation is over, time passing between them, and the results.
    pub(crate) fn run(&mut self) -> String {
        let mut text = String::new();
        for number in 1..=MAX_STEPS {
            let (line, over) = self.step(false);
            text += &format!("{number}. {line}");
            if over {
                break;
            }
            self.world.pass();
        }
        text + &self.result_lines()
    }

    pub(crate) fn result_lines(&self) -> String {
        let line = |result: &ResourceResult| {
            let ResourceResult { kind, namespace, name, status, hook_phase, message, sync_phase, .. } =
                result;
            let hook = if result.hook_type.is_empty() { "" } else { " hook" };
            format!("= {kind} {namespace}/{name} {sync_phase}{hook}: {status} {hook_phase}: {message}\n")
        };
        self.results.iter().map(line).collect()
    }
}
