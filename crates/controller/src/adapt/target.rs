//! One live cluster.

use std::sync::Arc;
use std::time::Duration;

use cluster::{
    ApplyOptions, ControlPlane, DeleteOptions, DryRun, LiveChange, LiveCluster, LiveObject, OrphanRules,
    Patch, Phase,
};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use object::{GroupVersionKind, Object, ObjectKey, content_hash};
use serde_json::json;
use sync::{Apply, KindAnswer, Method, Propagation};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use types::settings::{Settings, StatusRule};
use types::{HealthStatus, HostInfo, ResourceNode};

use super::trouble;
use crate::ports::{LiveEvent, LiveItem, Target, Trouble, TroubleKind};

/// Events that may wait for the loop.
const EVENTS: usize = 1024;
/// A connection that is troubled for so long counts as lost; shorter ones happen whenever an API server restarts.
const LOST_AFTER: Duration = Duration::from_secs(15);
/// The manager whose fields are taken over when an application changes to server-side apply.
const CLIENT_SIDE_MANAGER: &str = "kubectl-client-side-apply";

pub(super) struct LiveTarget {
    control: ControlPlane,
    live: Arc<LiveCluster>,
}

impl LiveTarget {
    pub(super) fn new(control: ControlPlane, live: Arc<LiveCluster>) -> Self {
        Self { control, live }
    }

    pub(super) fn is_of(&self, live: &Arc<LiveCluster>) -> bool {
        Arc::ptr_eq(&self.live, live)
    }

    fn item(object: Arc<LiveObject>) -> LiveItem {
        let health = object.health().map(health_status);
        LiveItem {
            key: object.key(),
            uid: object.uid(),
            resource_version: object.resource_version().to_owned(),
            health: Ok(health),
            content: Arc::new(move || object.full()),
        }
    }

    fn fetched(&self, object: Object) -> LiveItem {
        LiveItem {
            key: object.key(),
            uid: object.uid().to_owned(),
            resource_version: object.resource_version().to_owned(),
            health: self.health(&object),
            content: Arc::new(move || Some(object.clone())),
        }
    }
}

fn health_status(health: health::HealthStatus) -> HealthStatus {
    HealthStatus {
        status: health.code.as_str().to_owned(),
        message: health.message,
        last_transition_time: None,
    }
}

/// The scripts of the settings.
struct Scripts<'a>(&'a Settings);

impl health::Overrides for Scripts<'_> {
    fn health_script(&self, group: &str, kind: &str) -> Option<health::Script<'_>> {
        let key = if group.is_empty() { kind.to_owned() } else { format!("{group}/{kind}") };
        let overrides = &self.0.resources.overrides;
        let exact = overrides.get(&key).filter(|rule| !rule.health_lua.is_empty());
        let rule = exact.or_else(|| {
            let mut globs = overrides.iter().filter(|(_, rule)| !rule.health_lua.is_empty());
            globs.find(|(pattern, _)| types::glob::matches(pattern, &key)).map(|(_, rule)| rule)
        })?;
        Some(health::Script { source: &rule.health_lua, open_libraries: rule.use_open_libs })
    }
}

impl Target for LiveTarget {
    fn server(&self) -> &str {
        self.live.server()
    }

    fn name(&self) -> &str {
        self.live.name()
    }

    fn project(&self) -> String {
        let clusters = self.control.clusters();
        let own = clusters.iter().find(|cluster| cluster.server == self.live.server());
        own.map(|cluster| cluster.project.clone()).unwrap_or_default()
    }

    fn version(&self) -> String {
        self.live.version()
    }

    fn api_versions(&self) -> Arc<[String]> {
        self.live.api_versions()
    }

    fn ready(&self) -> BoxFuture<'_, Result<(), Trouble>> {
        async move {
            let mut changes = self.live.watch_state();
            loop {
                let state = changes.borrow_and_update().clone();
                let lasts = types::Time(jiff::Timestamp::now()).0.duration_since(state.since.0);
                let lost = Duration::try_from(lasts).is_ok_and(|lasts| lasts >= LOST_AFTER);
                match (state.phase, &state.trouble) {
                    (Phase::Synced, Some(trouble)) if lost => {
                        let text = format!("the cluster {} is out of reach: {trouble}", self.server());
                        return Err(Trouble::new(TroubleKind::Transient, text));
                    }
                    (Phase::Synced, _) => return Ok(()),
                    (Phase::Closed, _) => {
                        let text = format!("the settings of cluster {} changed", self.server());
                        return Err(Trouble::new(TroubleKind::Transient, text));
                    }
                    (_, Some(trouble)) => {
                        let text = format!("the cluster {} cannot be read: {trouble}", self.server());
                        return Err(Trouble::new(TroubleKind::Transient, text));
                    }
                    (_, None) => {}
                }
                if changes.changed().await.is_err() {
                    let text = format!("the connection to cluster {} was closed", self.server());
                    return Err(Trouble::new(TroubleKind::Transient, text));
                }
            }
        }
        .boxed()
    }

    fn kind(&self, gvk: &GroupVersionKind) -> KindAnswer {
        match self.live.resource_in(&gvk.group_kind(), &gvk.version) {
            Some(resource) => KindAnswer::Found { namespaced: resource.namespaced },
            None => KindAnswer::Missing("the server could not find the requested resource".to_owned()),
        }
    }

    fn installed(&self, kind: &str) -> Vec<GroupVersionKind> {
        let resources = self.live.resources().into_iter();
        resources.filter(|resource| resource.kind == kind).map(|resource| resource.gvk()).collect()
    }

    fn is_excluded(&self, group: &str, kind: &str) -> bool {
        !self.control.settings().resources.filter.includes(group, kind, self.live.server())
    }

    fn managed(&self, instance: &str) -> Vec<LiveItem> {
        self.live.managed(instance).into_iter().map(Self::item).collect()
    }

    fn managed_by(&self, key: &ObjectKey) -> Option<String> {
        Some(self.live.live(key)?.instance()?.to_owned())
    }

    fn live(&self, key: &ObjectKey) -> Option<LiveItem> {
        self.live.live(key).map(Self::item)
    }

    fn tree(&self, roots: &[ObjectKey], permitted: &dyn Fn(&ObjectKey) -> bool) -> Vec<ResourceNode> {
        self.live.tree_where(roots, &|object| permitted(&object.key()))
    }

    fn hosts(&self, nodes: &[ResourceNode]) -> Vec<HostInfo> {
        self.live.hosts(nodes)
    }

    fn orphans(&self, namespace: &str) -> Vec<ResourceNode> {
        let rules = OrphanRules { is_instance: Some(&|_| true), ..OrphanRules::default() };
        self.live.orphans(namespace, &rules).iter().map(|object| self.live.node(object)).collect()
    }

    fn fetch(&self, key: ObjectKey, version: String) -> BoxFuture<'_, Result<Option<LiveItem>, Trouble>> {
        async move {
            let version = Some(version.as_str()).filter(|version| !version.is_empty());
            match self.live.get(&key, version).await {
                Ok(object) => Ok(object.map(|object| self.fetched(object))),
                // Of a kind that is not served there are no objects.
                Err(cluster::Error::UnknownKind { .. }) => Ok(None),
                Err(error) => Err(trouble(&error)),
            }
        }
        .boxed()
    }

    fn apply(&self, apply: Apply, user: String) -> BoxFuture<'_, Result<(String, Option<Object>), Trouble>> {
        async move {
            if apply.dry_run && self.live.live(&apply.object.key()).is_none() {
                // Nothing to compare with: the cache answers what a request would.
                return Ok((dry_words(&apply.object), None));
            }
            let options = ApplyOptions {
                dry_run: if apply.dry_run { DryRun::Client } else { DryRun::None },
                server_side: apply.method == Method::ServerSideApply,
                force: apply.force,
                replace: matches!(apply.method, Method::Replace | Method::Create | Method::Update),
                validate: apply.validate,
                impersonate: user,
                migrate_from: if apply.migrate { CLIENT_SIDE_MANAGER.to_owned() } else { String::new() },
                ..ApplyOptions::default()
            };
            let applied = self.live.apply(&apply.object, &options).await.map_err(|error| words(&error))?;
            Ok((applied.message, Some(applied.object)))
        }
        .boxed()
    }

    fn delete(
        &self,
        key: ObjectKey,
        uid: String,
        propagation: Propagation,
        user: String,
    ) -> BoxFuture<'_, Result<(), Trouble>> {
        async move {
            let propagation = match propagation {
                Propagation::Foreground => cluster::Propagation::Foreground,
                Propagation::Background => cluster::Propagation::Background,
                Propagation::Orphan => cluster::Propagation::Orphan,
            };
            let options = DeleteOptions { propagation, uid, impersonate: user, ..DeleteOptions::default() };
            match self.live.delete(&key, &options).await {
                // A namesake with another identity: the object that was meant is gone.
                Err(error) if error.is_conflict() => {
                    Err(Trouble::new(TroubleKind::NotFound, error.to_string()))
                }
                other => other.map_err(|error| trouble(&error)),
            }
        }
        .boxed()
    }

    fn remove_finalizer(&self, object: Arc<Object>, finalizer: String) -> BoxFuture<'_, Result<(), Trouble>> {
        async move {
            let key = object.key();
            let mut current = Object::clone(&object);
            for _ in 0..5 {
                let left: Vec<&str> = current.finalizers().filter(|name| *name != finalizer).collect();
                let patch = Patch::Merge(json!({"metadata": {
                    "finalizers": left,
                    "resourceVersion": current.resource_version(),
                }}));
                match self.live.patch(&key, &patch, "").await {
                    Err(error) if error.is_conflict() => {
                        let fresh = self.live.get(&key, None).await.map_err(|error| trouble(&error))?;
                        let Some(fresh) = fresh else { return Ok(()) };
                        current = fresh;
                    }
                    Err(error) if error.is_not_found() => return Ok(()),
                    Err(error) => return Err(trouble(&error)),
                    Ok(_) => return Ok(()),
                }
            }
            let text =
                format!("the finalizer {finalizer} of {key} cannot be removed: others keep changing it");
            Err(Trouble::new(TroubleKind::Transient, text))
        }
        .boxed()
    }

    fn health(&self, object: &Object) -> Result<Option<HealthStatus>, String> {
        let settings = self.control.settings();
        health::of(object, &Scripts(&settings))
            .map(|health| health.map(health_status))
            .map_err(|error| error.to_string())
    }

    fn subscribe(&self) -> mpsc::Receiver<Option<LiveEvent>> {
        let (sender, receiver) = mpsc::channel(EVENTS);
        let mut changes = self.live.subscribe();
        let control = self.control.clone();
        tokio::spawn(async move {
            loop {
                let event = match changes.recv().await {
                    Ok(change) => Some(event_of(change, &control.settings())),
                    Err(RecvError::Lagged(_)) => None,
                    Err(RecvError::Closed) => {
                        // The cluster was closed because its settings changed: whoever looks next connects anew.
                        let _ = sender.send(None).await;
                        return;
                    }
                };
                if sender.send(event).await.is_err() {
                    return;
                }
            }
        });
        receiver
    }
}

/// What `kubectl` says of an object that it would create.
fn dry_words(object: &Object) -> String {
    let dot = if object.group().is_empty() { "" } else { "." };
    format!("{}{dot}{}/{} created (dry run)", object.kind().to_lowercase(), object.group(), object.name())
}

/// The words of a failed apply: the API server's own, as `kubectl` shows them.
fn words(error: &cluster::Error) -> Trouble {
    Trouble { message: error.api_message(), ..trouble(error) }
}

fn event_of(change: LiveChange, settings: &Settings) -> LiveEvent {
    // A change that no comparison can see is one of the tree only.
    let matters = change.deleted
        || change.before.as_deref().is_none_or(|before| differs(before, &change.object, settings));
    LiveEvent {
        instance: change.instance,
        is_root: change.is_root && matters,
        key: change.key,
        resource_version: change.resource_version,
        deleted: change.deleted,
    }
}

/// Whether two states of an object differ in health or in anything that is not ignored anyway.
fn differs(before: &LiveObject, after: &LiveObject, settings: &Settings) -> bool {
    if !settings.resources.ignore_resource_updates || before.uid() != after.uid() {
        return true;
    }
    let health = |object: &LiveObject| object.health().map(|health| (health.code, health.message));
    if health(before) != health(after) {
        return true;
    }
    let mut ignored = vec!["/metadata/resourceVersion", "/metadata/generation", "/metadata/managedFields"];
    if settings.resources.compare.status_rule == StatusRule::All {
        ignored.push("/status");
    }
    let key = after.group_kind();
    for rule in settings.resources.overrides_for(&key.group, &key.kind) {
        ignored.extend(rule.ignore_resource_updates.json_pointers.iter().map(String::as_str));
    }
    match (before.full(), after.full()) {
        (Some(before), Some(after)) => {
            content_hash(before.as_value(), &ignored) != content_hash(after.as_value(), &ignored)
        }
        _ => true,
    }
}
