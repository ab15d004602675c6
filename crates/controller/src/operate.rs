//! One step of an operation: it is planned by crate `sync` and carried out here, with nothing decided in between.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use object::{GroupVersionKind, Object, ObjectKey, content_hash};
use parking_lot::Mutex;
use sync::{
    Action, Facts, Input, KindAnswer, Live, Next, Outcome, Phase, Resource, Step, SyncOptions, Verdict,
};
use types::names::{ANNOTATION_DELETION_APPROVED, FINALIZER_HOOK};
use types::{AppProject, Application, Destination, OperationState, SyncOperation, SyncOperationResult};

use crate::compare::{Compared, content};
use crate::core::Core;
use crate::decision::conditions::{COMPARISON, INVALID_SPEC, SHARED_RESOURCE, text};
use crate::decision::impersonation;
use crate::decision::operation::leave;
use crate::memory::{Fresh, Known};
use crate::ports::{DesiredObject, Rendering, Target, Trouble, TroubleKind};
use crate::reconcile::{Ground, NoGround, may_sync};

/// After this time a running operation is looked at again even when no event came.
const FALLBACK: Duration = Duration::from_secs(30);
/// What the server says of kinds it does not have.
const NO_SUCH_KIND: &str = "the server could not find the requested resource";

/// How an operation stands after a step.
pub(crate) struct Stepped {
    pub(crate) phase: Phase,
    pub(crate) message: String,
    /// When the next step is due at the latest, if the operation goes on.
    pub(crate) again: Duration,
}

impl Stepped {
    fn end(phase: Phase, message: impl Into<String>) -> Self {
        Self { phase, message: message.into(), again: FALLBACK }
    }
}

impl Core {
    /// Carries out one step and answers the operation's new state.
    pub(crate) async fn operate(
        &self,
        app: &Application,
        mut state: OperationState,
        timed_out: bool,
    ) -> (OperationState, Duration) {
        let terminating = state.phase == Phase::Terminating.as_str();
        let stepped = self.step(app, &mut state, terminating).await;
        let phase = match stepped.phase {
            Phase::Running if terminating => Phase::Terminating,
            phase => phase,
        };
        let state = leave(state, phase, &stepped.message, self.now(), terminating, timed_out);
        (state, stepped.again)
    }

    async fn step(&self, app: &Application, state: &mut OperationState, terminating: bool) -> Stepped {
        let Some(sync) = state.operation.sync.clone() else {
            return Stepped::end(Phase::Error, "Invalid operation request: no operation specified");
        };
        let known = self.memory.of(&app.key());
        let ground = match self.ground(app).await {
            Ok(ground) => ground,
            Err(NoGround::NotYet(target)) => {
                let message = format!("waiting for the objects of cluster {} to be read", target.server());
                self.when_ready(target, app.key());
                return Stepped::end(Phase::Running, message);
            }
            Err(NoGround::Unreachable(trouble)) => {
                // An operation that cannot reach its cluster has neither failed nor succeeded.
                let again = self.backoff(&known);
                let message = format!("waiting for the cluster: {trouble}");
                return Stepped { phase: Phase::Running, message, again };
            }
            Err(NoGround::Forbidden(found)) => {
                let message = text(&found, &[INVALID_SPEC, crate::decision::conditions::UNKNOWN]);
                return Stepped::end(Phase::Error, message);
            }
        };
        let result = state.sync_result.get_or_insert_with(|| Box::new(first_result(app, &sync)));
        let started_at = state.started_at.map_or_else(|| self.now(), |time| time.0);
        let manual = !state.operation.initiated_by.automated;
        match may_sync(app, &ground, manual, Some(started_at), self.now()) {
            Ok(true) => {}
            Ok(false) => return Stepped::end(running(terminating), "Sync operation blocked by sync window"),
            Err(error) => {
                let message = format!("Sync operation blocked by sync window: {error}");
                return Stepped::end(running(terminating), message);
            }
        }
        let user = match impersonation::user(app, &ground.project, ground.target.server(), &ground.settings) {
            Ok(user) => user,
            Err(text) => return Stepped::end(Phase::Error, text),
        };
        let rendering = match self.desired(app, &ground, &sync, result).await {
            Ok(rendering) => rendering,
            Err(trouble) => {
                return Stepped::end(
                    Phase::Error,
                    format!("{COMPARISON}: Failed to load target state: {trouble}"),
                );
            }
        };
        set_revisions(result, &rendering.revisions);
        let compared = match self.compare(app, &ground, &rendering, &known).await {
            Ok(compared) => compared,
            Err(trouble) if trouble.is_transient() => {
                let again = self.backoff(&known);
                let message = format!("waiting for the cluster: {trouble}");
                return Stepped { phase: Phase::Running, message, again };
            }
            Err(trouble) => {
                return Stepped::end(
                    Phase::Error,
                    format!("{COMPARISON}: Failed to load live state: {trouble}"),
                );
            }
        };
        if let Some(refusal) = refusal(&compared, &sync) {
            return refusal;
        }
        self.run(app, &ground, &user, &sync, result, &compared, &known, started_at, terminating).await
    }

    /// What the operation is to bring about: its own manifests, or its sources at the revisions of its first step.
    async fn desired(
        &self,
        app: &Application,
        ground: &Ground,
        sync: &SyncOperation,
        result: &SyncOperationResult,
    ) -> Result<Rendering, Trouble> {
        if !sync.manifests.is_empty() {
            return self.local_manifests(app, ground, sync, result);
        }
        let (sources, revisions) = if result.sources.is_empty() {
            (vec![result.source.clone()], vec![result.revision.clone()])
        } else {
            (result.sources.clone(), result.revisions.clone())
        };
        let mut revisions: Vec<Option<String>> =
            revisions.into_iter().map(|revision| Some(revision).filter(|text| !text.is_empty())).collect();
        revisions.resize(sources.len(), None);
        self.render(app, ground, sources, revisions, true, false).await
    }

    fn local_manifests(
        &self,
        app: &Application,
        ground: &Ground,
        sync: &SyncOperation,
        result: &SyncOperationResult,
    ) -> Result<Rendering, Trouble> {
        let marks = self.marks(app, &ground.settings);
        let mut rendering = Rendering::default();
        for (number, manifest) in sync.manifests.iter().enumerate() {
            let parsed = serde_json::from_str(manifest).map_err(|error| {
                Trouble::new(
                    TroubleKind::Permanent,
                    format!("local manifest {} is no object: {error}", number + 1),
                )
            });
            let mut object: Object = parsed?;
            marks.tracking.mark(&mut object, &marks.instance, &marks.destination_namespace);
            let hash = content_hash(object.as_value(), &[]);
            rendering.objects.push(DesiredObject { object: Arc::new(object), hash });
        }
        rendering.revisions =
            if result.sources.is_empty() { vec![result.revision.clone()] } else { result.revisions.clone() };
        Ok(rendering)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one step, made one after the other above")]
    async fn run(
        &self,
        app: &Application,
        ground: &Ground,
        user: &str,
        sync: &SyncOperation,
        result: &mut SyncOperationResult,
        compared: &Compared,
        known: &Mutex<Known>,
        started_at: Timestamp,
        terminating: bool,
    ) -> Stepped {
        let target = ground.target.as_ref();
        let resources = match self.resources(app, ground, sync, compared).await {
            Ok(resources) => resources,
            Err(trouble) if trouble.is_transient() => {
                let again = self.backoff(known);
                return Stepped {
                    phase: running(terminating),
                    message: format!("waiting for the cluster: {trouble}"),
                    again,
                };
            }
            Err(trouble) => return Stepped::end(Phase::Error, trouble.message),
        };
        let marks = self.marks(app, &ground.settings);
        let hooks: Vec<Arc<Object>> = compared.hooks.iter().map(|hook| hook.object(&marks)).collect();
        let namespace_metadata =
            app.spec.sync_policy.as_ref().and_then(|policy| policy.managed_namespace_metadata.clone());
        let approved = app.metadata.annotations.get(ANNOTATION_DELETION_APPROVED);
        let cluster_project = target.project();
        let facts = ClusterFacts {
            target,
            known,
            project: &ground.project,
            destination: Destination {
                server: target.server(),
                name: target.name(),
                namespace: &app.spec.destination.namespace,
                cluster_project: &cluster_project,
            },
        };
        let mut step = {
            let input = Input {
                resources: &resources,
                hooks: &hooks,
                operation: sync,
                results: &result.resources,
                revision: result.revisions.first().unwrap_or(&result.revision),
                started_at,
                destination_namespace: &app.spec.destination.namespace,
                managed_namespace: namespace_metadata.as_ref(),
                deletion_approved: approved.and_then(|text| text.parse().ok()),
                facts: &facts,
            };
            if terminating { Step::terminate(&input) } else { Step::begin(&input) }
        };
        let verdict = self.carry_out(&mut step, target, user, known).await;
        result.resources = verdict.results;
        for resource in &mut result.resources {
            let gvk = GroupVersionKind::new(&*resource.group, &*resource.version, &*resource.kind);
            if resource.message.contains(NO_SUCH_KIND) || resource.message.contains("Too long") {
                resource.message = sync::explain(&resource.message, &gvk, &target.installed(&gvk.kind));
            }
        }
        result.managed_namespace_metadata = namespace_metadata;
        let mut again = FALLBACK;
        if verdict.pause {
            again = self.options.wave_delay;
            known.lock().operation_not_before = Some(Instant::now() + again);
        }
        Stepped { phase: verdict.phase, message: verdict.message, again }
    }

    /// The application's objects with their live contents.
    async fn resources(
        &self,
        app: &Application,
        ground: &Ground,
        sync: &SyncOperation,
        compared: &Compared,
    ) -> Result<Vec<Resource>, Trouble> {
        let permanent = |text: String| Trouble::new(TroubleKind::Permanent, text);
        let marks = self.marks(app, &ground.settings);
        let options = SyncOptions::parse(&sync.sync_options);
        let rules = self.rules(app, &ground.settings).map_err(permanent)?;
        let mut resources = Vec::with_capacity(compared.entries.len());
        for entry in &compared.entries {
            if entry.live.is_some() && !entry.judgement.own {
                continue;
            }
            let live = match &entry.live {
                Some(item) => {
                    let found =
                        content(ground.target.as_ref(), &entry.key, entry.wanted.as_ref(), item).await?;
                    found.map(|object| Live { object: Arc::new(object), health: item.health.clone() })
                }
                None => None,
            };
            let mut target = entry.wanted.as_ref().map(|wanted| wanted.object(&marks));
            if options.respect_ignore_differences
                && let (Some(wanted), Some(live)) = (&target, &live)
            {
                let respectful = rules.compare.respect(wanted, &live.object).map_err(permanent)?;
                target = Some(Arc::new(respectful));
            }
            let modified = (target.is_some() && live.is_some()).then_some(entry.judgement.modified);
            resources.push(Resource { target, live, modified });
        }
        Ok(resources)
    }

    /// Does what a plan asks for, until it asks for nothing more.
    pub(crate) async fn carry_out(
        &self,
        step: &mut Step,
        target: &dyn Target,
        user: &str,
        known: &Mutex<Known>,
    ) -> Verdict {
        loop {
            match step.next() {
                Next::End(verdict) => return verdict,
                Next::Act(batch) => {
                    let mut outcomes = Vec::new();
                    for group in batch {
                        let actions = group.into_iter().map(|action| self.act(action, target, user, known));
                        outcomes.extend(futures::future::join_all(actions).await);
                    }
                    step.absorb(outcomes);
                }
            }
        }
    }

    async fn act(&self, action: Action, target: &dyn Target, user: &str, known: &Mutex<Known>) -> Outcome {
        let Ok(_permit) = self.requests.acquire().await else {
            return Outcome::Failed("the controller is being stopped".to_owned());
        };
        match action {
            Action::Apply(apply) => {
                let dry_run = apply.dry_run;
                match target.apply(*apply, user.to_owned()).await {
                    Ok((words, object)) => {
                        Known::remember(known, object.filter(|_| !dry_run));
                        Outcome::Done(words)
                    }
                    Err(trouble) => Outcome::Failed(trouble.message),
                }
            }
            Action::Delete { key, uid, propagation } => {
                known.lock().applied.remove(&key);
                match target.delete(key, uid, propagation, user.to_owned()).await {
                    Ok(()) => Outcome::Done(String::new()),
                    Err(trouble) if trouble.kind == TroubleKind::NotFound => Outcome::NotFound,
                    Err(trouble) => Outcome::Failed(trouble.message),
                }
            }
            Action::RemoveHookFinalizer(object) => {
                let key = object.key();
                match target.remove_finalizer(object, FINALIZER_HOOK.to_owned()).await {
                    Ok(()) => {
                        known.lock().applied.remove(&key);
                        Outcome::Done(String::new())
                    }
                    Err(trouble) if trouble.kind == TroubleKind::NotFound => Outcome::NotFound,
                    Err(trouble) => Outcome::Failed(trouble.message),
                }
            }
            Action::Fetch(key) => match target.fetch(key, String::new()).await {
                Ok(None) => Outcome::NotFound,
                Ok(Some(item)) => match (item.content)() {
                    Some(object) => Outcome::Fetched(Live { object: Arc::new(object), health: item.health }),
                    None => Outcome::NotFound,
                },
                Err(trouble) => Outcome::Failed(trouble.message),
            },
        }
    }
}

fn running(terminating: bool) -> Phase {
    if terminating { Phase::Terminating } else { Phase::Running }
}

/// The result before the first step: what the operation asks for, else what the spec says.
fn first_result(app: &Application, sync: &SyncOperation) -> SyncOperationResult {
    let several = !sync.sources.is_empty() || (sync.source.is_none() && app.spec.has_multiple_sources());
    if several {
        let sources = if sync.sources.is_empty() { &app.spec.sources } else { &sync.sources };
        return SyncOperationResult {
            sources: sources.clone(),
            revisions: sync.revisions.clone(),
            ..SyncOperationResult::default()
        };
    }
    let source = sync.source.clone().or_else(|| app.spec.effective_sources().into_iter().next());
    SyncOperationResult {
        source: source.unwrap_or_default(),
        revision: sync.revision.clone(),
        ..SyncOperationResult::default()
    }
}

fn set_revisions(result: &mut SyncOperationResult, revisions: &[String]) {
    if result.sources.is_empty() {
        result.revision = revisions.first().cloned().unwrap_or_default();
    } else {
        result.revisions = revisions.to_vec();
    }
}

/// Why a comparison forbids to go on.
fn refusal(compared: &Compared, sync: &SyncOperation) -> Option<Stepped> {
    let options = SyncOptions::parse(&sync.sync_options);
    let shared = compared.conditions.iter().find(|found| found.r#type == SHARED_RESOURCE);
    if let Some(shared) = shared.filter(|_| options.fail_on_shared_resource) {
        return Some(Stepped::end(Phase::Failed, format!("Shared resource found: {}", shared.message)));
    }
    let errors = text(&compared.conditions, &[COMPARISON, INVALID_SPEC]);
    (!errors.is_empty()).then(|| Stepped::end(Phase::Error, errors))
}

/// What a plan may ask about cluster and project.
struct ClusterFacts<'a> {
    target: &'a dyn Target,
    known: &'a Mutex<Known>,
    project: &'a AppProject,
    destination: Destination<'a>,
}

impl Facts for ClusterFacts<'_> {
    fn kind(&self, gvk: &GroupVersionKind) -> KindAnswer {
        self.target.kind(gvk)
    }

    fn permitted(&self, key: &ObjectKey) -> Result<(), String> {
        let (project, name) = (self.project, &self.project.metadata.name);
        let namespaced = !key.namespace.is_empty();
        if !project.permits_kind(&key.group, &key.kind, &key.name, namespaced) {
            return Err(format!("resource {}:{} is not permitted in project {name}", key.group, key.kind));
        }
        let destination = Destination { namespace: &key.namespace, ..self.destination };
        if namespaced && !project.permits_destination(&destination) {
            return Err(format!("namespace {} is not permitted in project '{name}'", key.namespace));
        }
        Ok(())
    }

    fn live(&self, key: &ObjectKey) -> Option<Live> {
        match self.known.lock().freshest(self.target.live(key), key)? {
            Fresh::Applied(object) => Some(Live { health: self.target.health(&object), object }),
            Fresh::Cached(item) => {
                // Of objects that nobody manages the cache knows the identity only, which is all that is needed.
                let object = (item.content)().unwrap_or_else(|| {
                    let gvk = GroupVersionKind::new(&*key.group, "", &*key.kind);
                    let mut object = Object::new(&gvk, &key.namespace, &key.name);
                    object.set(&["metadata", "uid"], item.uid.clone().into());
                    object
                });
                Some(Live { object: Arc::new(object), health: item.health })
            }
        }
    }
}
