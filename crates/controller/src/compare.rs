//! The comparison of an application: what it wants against what is there, pair by pair. A pair is judged again only when
//! one of its sides or the rules have changed.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use futures::StreamExt as _;
use object::{GroupVersionKind, Object, ObjectKey};
use parking_lot::Mutex;
use types::names::GROUP;
use types::{
    AppProject, Application, ApplicationCondition, Destination, HealthStatus, ManagedNamespaceMetadata,
    ResourceStatus,
};

use crate::decision::conditions::{COMPARISON, SHARED_RESOURCE, condition};
use crate::decision::health::{Contribution, aggregate};
use crate::diffing::{Judgement, Rules, Shown, judge};
use crate::memory::{Known, Remembered};
use crate::ports::{LiveItem, Rendering, Target, Trouble};
use crate::wanted::{Marks, Wanted, place};

/// How many objects that are not in the cache are read at the same time.
const FETCHES: usize = 8;

/// What a comparison is made of.
pub(crate) struct Question<'a> {
    /// The application.
    pub(crate) app: &'a Application,
    /// Its effective project.
    pub(crate) project: &'a AppProject,
    /// Its cluster.
    pub(crate) target: &'a dyn Target,
    /// What was rendered.
    pub(crate) rendering: &'a Rendering,
    /// The rules.
    pub(crate) rules: &'a Rules,
    /// How objects are marked.
    pub(crate) marks: &'a Marks,
    /// The control plane's namespace.
    pub(crate) control_namespace: &'a str,
}

impl Question<'_> {
    /// The destination with all its names.
    pub(crate) fn destination<'a>(&'a self, cluster_project: &'a str) -> Destination<'a> {
        Destination {
            server: self.target.server(),
            name: self.target.name(),
            namespace: &self.app.spec.destination.namespace,
            cluster_project,
        }
    }
}

/// One object of an application, compared.
pub(crate) struct Entry {
    /// Which object.
    pub(crate) key: ObjectKey,
    /// In which version.
    pub(crate) version: String,
    /// What is wanted; `None` when nothing is.
    pub(crate) wanted: Option<Wanted>,
    /// What is there; `None` when nothing is.
    pub(crate) live: Option<LiveItem>,
    /// What is known of both.
    pub(crate) judgement: Judgement,
    /// `Synced`, `OutOfSync`, `Unknown`, or empty for what has no sync status.
    pub(crate) status: &'static str,
}

/// A comparison's result.
pub(crate) struct Compared {
    /// The objects, sorted by key.
    pub(crate) entries: Vec<Entry>,
    /// The hooks among the rendered objects.
    pub(crate) hooks: Vec<Wanted>,
    /// What users should know.
    pub(crate) conditions: Vec<ApplicationCondition>,
    /// The application's sync status.
    pub(crate) sync_status: &'static str,
}

/// Compares an application.
///
/// # Errors
/// When live objects that are needed cannot be read.
pub(crate) async fn compare(question: &Question<'_>, known: &Mutex<Known>) -> Result<Compared, Trouble> {
    let mut all = place(&question.rendering.objects, question.marks, question.target);
    let (mut live, foreign) = live_objects(question, &all.objects, known);
    let mut conditions = std::mem::take(&mut all.conditions);
    conditions.extend(foreign);
    let mut pairs: Vec<(ObjectKey, Option<Wanted>, Option<LiveItem>)> = Vec::with_capacity(all.objects.len());
    for wanted in all.objects {
        let found = live.remove(&wanted.key);
        pairs.push((wanted.key.clone(), Some(wanted), found));
    }
    for (key, item) in live {
        let wanted = synthetic_namespace(question, &key);
        pairs.push((key, wanted, Some(item)));
    }
    pairs.sort_by(|left, right| left.0.cmp(&right.0));
    let judged = judge_all(question, known, &pairs).await?;
    let mut sync_status = "Synced";
    let mut entries = Vec::with_capacity(pairs.len());
    for ((key, wanted, live), judgement) in pairs.into_iter().zip(judged) {
        if let Some(error) = &judgement.error {
            conditions.push(condition(COMPARISON, format!("Failed to compare {key}: {error}")));
        }
        let (mut status, counts) = status_of(&judgement, wanted.as_ref(), live.is_some(), question);
        if counts {
            sync_status = "OutOfSync";
        }
        let namespaced =
            wanted.as_ref().and_then(|wanted| wanted.namespaced).unwrap_or(!key.namespace.is_empty());
        if !status.is_empty() && !question.project.permits_kind(&key.group, &key.kind, &key.name, namespaced)
        {
            status = "Unknown";
        }
        let version = version_of(question.target, wanted.as_ref(), live.as_ref());
        entries.push(Entry { key, version, wanted, live, judgement, status });
    }
    if crate::decision::refresh::namespace_metadata_differs(question.app) {
        sync_status = "OutOfSync";
    }
    if conditions.iter().any(|condition| condition.r#type == COMPARISON) {
        sync_status = "Unknown";
        for entry in &mut entries {
            if !entry.status.is_empty() {
                entry.status = "Unknown";
            }
        }
    }
    Ok(Compared { entries, hooks: all.hooks, conditions, sync_status })
}

fn version_of(target: &dyn Target, wanted: Option<&Wanted>, live: Option<&LiveItem>) -> String {
    if let Some(wanted) = wanted {
        return wanted.rendered.version().to_owned();
    }
    let Some(live) = live else { return String::new() };
    let installed = target.installed(&live.key.kind);
    let same_group = installed.into_iter().find(|gvk| gvk.group == live.key.group);
    same_group.map(|gvk| gvk.version).unwrap_or_default()
}

/// The status of one object, and whether it makes the application out of sync.
fn status_of(
    judgement: &Judgement,
    wanted: Option<&Wanted>,
    is_live: bool,
    question: &Question<'_>,
) -> (&'static str, bool) {
    if judgement.hook || judgement.skipped || (is_live && !judgement.own) {
        return ("", false);
    }
    let both = wanted.is_some() && is_live;
    if both && !judgement.modified {
        return ("Synced", false);
    }
    let synthetic = wanted.is_some_and(|wanted| is_synthetic(wanted, question));
    if synthetic && !is_live {
        return ("Synced", false);
    }
    ("OutOfSync", wanted.is_some() || !judgement.ignore_extraneous)
}

fn namespace_metadata(app: &Application) -> Option<&ManagedNamespaceMetadata> {
    app.spec.sync_policy.as_ref()?.managed_namespace_metadata.as_ref()
}

fn is_synthetic(wanted: &Wanted, question: &Question<'_>) -> bool {
    wanted.hash == 0 && wanted.key.kind == "Namespace" && namespace_metadata(question.app).is_some()
}

/// A managed namespace that is tracked must not be pruned only because no manifest names it.
fn synthetic_namespace(question: &Question<'_>, key: &ObjectKey) -> Option<Wanted> {
    let metadata = namespace_metadata(question.app)?;
    let name = &question.app.spec.destination.namespace;
    if key.kind != "Namespace" || !key.group.is_empty() || key.name != *name {
        return None;
    }
    let mut object = Object::new(&GroupVersionKind::new("", "v1", "Namespace"), "", name);
    for (label, value) in &metadata.labels {
        object.set_label(label, value);
    }
    for (annotation, value) in &metadata.annotations {
        object.set_annotation(annotation, value);
    }
    Some(Wanted { key: key.clone(), rendered: Arc::new(object), hash: 0, namespaced: Some(false) })
}

/// All live objects of the application: those marked as its own and those that it wants, and whom else they belong to.
fn live_objects(
    question: &Question<'_>,
    wanted: &[Wanted],
    known: &Mutex<Known>,
) -> (BTreeMap<ObjectKey, LiveItem>, Vec<ApplicationCondition>) {
    let mut known = known.lock();
    let mut found: BTreeMap<ObjectKey, LiveItem> = BTreeMap::new();
    let mut conditions = Vec::new();
    let wanted_keys: HashSet<&ObjectKey> = wanted.iter().map(|wanted| &wanted.key).collect();
    let mut uids: HashSet<String> = HashSet::new();
    let managed = question.target.managed(&question.marks.instance);
    for wanted in wanted {
        if wanted.key.name.is_empty() {
            continue;
        }
        let mut cached = question.target.live(&wanted.key);
        if cached.is_none() && wanted.namespaced.is_none() {
            let cluster_wide = ObjectKey { namespace: String::new(), ..wanted.key.clone() };
            cached = question.target.live(&cluster_wide);
        }
        let Some(item) = known.freshest_item(cached, &wanted.key, question.target) else { continue };
        if let Some(other) = other_owner(question, &item) {
            let own = types::AppKey::from_instance_name(&question.marks.instance, question.control_namespace);
            let name = if own.namespace == question.control_namespace { own.name } else { own.to_string() };
            let ObjectKey { kind, name: object, .. } = &wanted.key;
            let other = other.replace('_', "/");
            let text = format!("{kind}/{object} is part of applications {name} and {other}");
            conditions.push(condition(SHARED_RESOURCE, text));
        }
        if !item.uid.is_empty() {
            uids.insert(item.uid.clone());
        }
        found.insert(wanted.key.clone(), item);
    }
    for item in managed {
        if wanted_keys.contains(&item.key) || (!item.uid.is_empty() && !uids.insert(item.uid.clone())) {
            continue;
        }
        found.insert(item.key.clone(), item);
    }
    let cluster_project = question.target.project();
    let destination = question.destination(&cluster_project);
    found.retain(|key, _| {
        let namespace = Some(key.namespace.as_str()).filter(|namespace| !namespace.is_empty());
        question.project.permits_live_object(&key.group, &key.kind, &key.name, namespace, &destination)
    });
    (found, conditions)
}

/// The instance name of another application that an object is marked for.
fn other_owner(question: &Question<'_>, item: &LiveItem) -> Option<String> {
    // An object that the cache lists among the application's own needs no closer look.
    let managed = question.target.managed_by(&item.key)?;
    (managed != question.marks.instance).then_some(managed)
}

/// Judges all pairs, from memory where nothing has changed.
async fn judge_all(
    question: &Question<'_>,
    known: &Mutex<Known>,
    pairs: &[(ObjectKey, Option<Wanted>, Option<LiveItem>)],
) -> Result<Vec<Judgement>, Trouble> {
    let rules = question.rules.hash;
    let mut judged: Vec<Option<(Judgement, Shown)>> = Vec::with_capacity(pairs.len());
    {
        let known = known.lock();
        for (key, wanted, live) in pairs {
            let hash = wanted.as_ref().map_or(0, |wanted| wanted.hash);
            let version = live.as_ref().map_or("", |live| live.resource_version.as_str());
            let remembered = known.judgements.get(key).filter(|remembered| {
                remembered.rules == rules && remembered.hash == hash && remembered.resource_version == version
            });
            judged.push(remembered.map(|found| (found.judgement.clone(), found.shown.clone())));
        }
    }
    let open: Vec<usize> = (0..pairs.len()).filter(|index| judged[*index].is_none()).collect();
    let contents = futures::stream::iter(open.into_iter().map(|index| async move {
        let (key, wanted, live) = &pairs[index];
        let content = match live {
            Some(live) => match (live.content)() {
                Some(cached) => (Some(cached), true),
                None => (content(question.target, key, wanted.as_ref(), live).await?, false),
            },
            None => (None, true),
        };
        Ok::<_, Trouble>((index, content))
    }));
    let mut contents = contents.buffered(FETCHES);
    while let Some(found) = contents.next().await {
        let (index, (content, cached)) = found?;
        let (key, wanted, _) = &pairs[index];
        let target = wanted.as_ref().map(|wanted| wanted.object(question.marks));
        let (target, live) = (target.as_deref(), content.as_ref());
        let shown = match cached {
            true => Shown::cached(target),
            false => Shown::packed(question.rules.compare.as_ref(), key, target, live),
        };
        judged[index] = Some((judge(question.rules, target, live), shown));
    }
    let judged: Vec<(Judgement, Shown)> = judged.into_iter().map(Option::unwrap_or_default).collect();
    let mut known = known.lock();
    known.judgements = pairs
        .iter()
        .zip(&judged)
        .map(|((key, wanted, live), (judgement, shown))| {
            let remembered = Remembered {
                hash: wanted.as_ref().map_or(0, |wanted| wanted.hash),
                resource_version: live.as_ref().map(|live| live.resource_version.clone()).unwrap_or_default(),
                rules,
                judgement: judgement.clone(),
                shown: shown.clone(),
            };
            (key.clone(), remembered)
        })
        .collect();
    known.roots = pairs.iter().filter_map(|(_, _, live)| Some(live.as_ref()?.key.clone())).collect();
    known.missing = pairs
        .iter()
        .filter(|(_, _, live)| live.is_none())
        .filter_map(|(key, wanted, _)| Some((key.clone(), wanted.as_ref()?.rendered.version().to_owned())))
        .collect();
    Ok(judged.into_iter().map(|(judgement, _)| judgement).collect())
}

/// The content of a live object, from the cache or from the API server itself.
pub(crate) async fn content(
    target: &dyn Target,
    key: &ObjectKey,
    wanted: Option<&Wanted>,
    live: &LiveItem,
) -> Result<Option<Object>, Trouble> {
    if let Some(object) = (live.content)() {
        return Ok(Some(object));
    }
    let version = wanted.map(|wanted| wanted.rendered.version().to_owned()).unwrap_or_default();
    let fetched = target.fetch(live.key.clone(), version).await?;
    let object = fetched.and_then(|item| (item.content)());
    if object.is_none() {
        tracing::debug!("{key} is in the cache of {} but no longer in the cluster", target.server());
    }
    Ok(object)
}

impl Entry {
    /// The health as the application's objects show it: `Missing` when there is nothing live.
    pub(crate) fn health(&self) -> Option<HealthStatus> {
        match &self.live {
            None => Some(HealthStatus { status: "Missing".to_owned(), ..HealthStatus::default() }),
            Some(live) => live.health.clone().ok().flatten(),
        }
    }

    fn counts_for_health(&self, app: &Application) -> bool {
        let itself = self.key.group == GROUP
            && self.key.kind == "Application"
            && self.key.name == app.metadata.name
            && self.key.namespace == app.metadata.namespace;
        !self.judgement.hook && !self.judgement.skipped && !self.judgement.ignore_health && !itself
    }
}

impl Compared {
    /// The application's health with its message.
    pub(crate) fn health(&self, app: &Application) -> Result<(String, String), String> {
        let counted: Vec<&Entry> = self.entries.iter().filter(|entry| entry.counts_for_health(app)).collect();
        let broken = counted.iter().find_map(|entry| entry.live.as_ref()?.health.as_ref().err());
        if let Some(error) = broken {
            return Err(error.clone());
        }
        let contributions = counted.iter().map(|entry| Contribution {
            key: &entry.key,
            is_live: entry.live.is_some(),
            status: match &entry.live {
                Some(LiveItem { health: Ok(Some(health)), .. }) => &health.status,
                _ => "",
            },
        });
        Ok(aggregate(contributions))
    }

    /// The objects as the application's status lists them.
    pub(crate) fn resources(&self, with_health: bool) -> Vec<ResourceStatus> {
        let mut resources: Vec<ResourceStatus> = self
            .entries
            .iter()
            .map(|entry| ResourceStatus {
                group: entry.key.group.clone(),
                version: entry.version.clone(),
                kind: entry.key.kind.clone(),
                namespace: entry.key.namespace.clone(),
                name: entry.key.name.clone(),
                status: entry.status.to_owned(),
                health: entry.health().filter(|_| with_health),
                hook: entry.judgement.hook,
                requires_pruning: entry.requires_pruning(),
                sync_wave: entry.judgement.wave,
                requires_deletion_confirmation: entry.judgement.requires_confirmation,
            })
            .collect();
        resources.sort_by_cached_key(|resource| {
            format!("{}/{}/{}/{}", resource.group, resource.kind, resource.namespace, resource.name)
        });
        resources
    }
}

impl Entry {
    /// Whether it is there without being wanted.
    pub(crate) fn requires_pruning(&self) -> bool {
        self.wanted.is_none() && self.live.is_some() && self.judgement.own && !self.judgement.hook
    }
}
