//! Applications and projects that are being deleted: one pass over what their finalizers still ask for.

use std::sync::Arc;
use std::time::Duration;

use object::{Object, ObjectKey};
use serde_json::json;
use sync::{Consent, DeletePolicy, HookType, Propagation, SyncOptions, delete_policies, hook_types};
use types::names::{ANNOTATION_DELETION_APPROVED, GROUP};
use types::{Application, Time};

use crate::compare::content;
use crate::core::Core;
use crate::decision::conditions::{DELETION, replace};
use crate::decision::deletion::{
    Cascade, DeleteHooks, DeletionStep, Doomed, cascade, next_step, without, without_cascade, without_ours,
};
use crate::decision::health::severity;
use crate::decision::impersonation;
use crate::events::Happening;
use crate::look::{Round, deletion_failed};
use crate::memory::Known;
use crate::ownership::is_own;
use crate::ports::{LiveItem, RecordPatch, Target, Trouble, TroubleKind};
use crate::queue::{Priority, Work};
use crate::reconcile::{Ground, NoGround};
use crate::wanted::{Wanted, place};

/// After this time a deletion is looked at again even when no event came.
const FALLBACK: Duration = Duration::from_secs(10);
/// The annotation by which charts keep objects.
const HELM_POLICY: &str = "helm.sh/resource-policy";
/// The finalizer of AppProjects.
const PROJECT_FINALIZER: &str = "resources-finalizer.argocd.argoproj.io";

/// Whether a pass reached its goal.
enum Pass {
    Done,
    Waits,
    /// For somebody to confirm that these go.
    WaitsForConfirmation(Vec<ObjectKey>),
}

impl Core {
    /// Makes a pass over an application that is being deleted.
    pub(crate) async fn finalize(&self, stored: &Arc<Application>) -> Result<Round, Trouble> {
        match self.finalize_step(stored).await {
            Ok(round) => Ok(round),
            Err(trouble) if matches!(trouble.kind, TroubleKind::Conflict | TroubleKind::NotFound) => {
                Err(trouble)
            }
            Err(trouble) => {
                if self.say_why_not(stored, &trouble.message).await? {
                    self.tell(stored, Happening::DeletionFailed(trouble.message.clone()));
                }
                Err(trouble)
            }
        }
    }

    /// Writes into the status why an application is not deleted yet; answers whether that is news.
    async fn say_why_not(&self, stored: &Arc<Application>, why: &str) -> Result<bool, Trouble> {
        let mut draft = Application::clone(stored);
        replace(&mut draft, &[DELETION], vec![deletion_failed(why)], Time(self.now()).truncated());
        let is_news = draft.status != stored.status;
        if is_news {
            crate::commit::write(self.outside.store.as_ref(), stored, &draft, false).await?;
        }
        Ok(is_news)
    }

    async fn finalize_step(&self, stored: &Arc<Application>) -> Result<Round, Trouble> {
        let finalizers = &stored.metadata.finalizers;
        let step = next_step(finalizers);
        if step == DeletionStep::Nothing {
            return Ok(Round::Over);
        }
        if self.outside.fleet.resolve(&stored.spec.destination).is_err() {
            // Without a cluster there is nothing that could be deleted.
            return self.set_finalizers(stored, without_ours(finalizers)).await;
        }
        let ground = match self.deletion_ground(stored).await? {
            Some(ground) => ground,
            None => return Ok(Round::Over),
        };
        let (pass, left) = match step {
            DeletionStep::RunHooks(hooks, finalizer) => {
                (self.run_delete_hooks(stored, &ground, hooks).await?, without(finalizers, finalizer))
            }
            DeletionStep::DeleteObjects { foreground } => {
                (self.delete_objects(stored, &ground, foreground).await?, without_cascade(finalizers))
            }
            DeletionStep::CleanUpHooks(hooks, finalizer) => {
                (self.clean_up_hooks(stored, &ground, hooks).await?, without(finalizers, finalizer))
            }
            DeletionStep::Nothing => return Ok(Round::Over),
        };
        match pass {
            Pass::Done => self.set_finalizers(stored, left).await,
            Pass::WaitsForConfirmation(keys) => {
                let names: Vec<String> = keys.iter().map(ToString::to_string).collect();
                let why = format!(
                    "the deletion waits for somebody to confirm that these go: {} (app confirm-deletion {})",
                    names.join(", "),
                    stored.metadata.name
                );
                self.say_why_not(stored, &why).await?;
                self.requeue_in(&stored.key(), Work::LOOK, Priority::Drift, FALLBACK);
                Ok(Round::Over)
            }
            Pass::Waits => {
                self.requeue_in(&stored.key(), Work::LOOK, Priority::Drift, FALLBACK);
                Ok(Round::Over)
            }
        }
    }

    async fn set_finalizers(&self, stored: &Arc<Application>, left: Vec<String>) -> Result<Round, Trouble> {
        let mut draft = Application::clone(stored);
        draft.metadata.finalizers = left;
        match crate::commit::write(self.outside.store.as_ref(), stored, &draft, true).await {
            // The last finalizer takes the Application with it.
            Err(trouble) if trouble.kind == TroubleKind::NotFound => Ok(Round::Over),
            Err(trouble) => Err(trouble),
            Ok(_) => Ok(Round::Again),
        }
    }

    /// Project and cluster of an application whose spec no longer matters.
    async fn deletion_ground(&self, app: &Application) -> Result<Option<Ground>, Trouble> {
        match self.ground(app).await {
            Ok(ground) => Ok(Some(ground)),
            Err(NoGround::NotYet(target)) => {
                self.when_ready(target, app.key());
                Ok(None)
            }
            Err(NoGround::Unreachable(trouble)) => Err(trouble),
            Err(NoGround::Forbidden(found)) => {
                // A wrong spec is no reason to leave objects behind, as long as there is a project to judge them by.
                let target = self.outside.fleet.resolve(&app.spec.destination);
                match (self.project(app), target) {
                    (Some(project), Ok(target)) => {
                        target.ready().await?;
                        Ok(Some(Ground { project, target, settings: self.outside.store.settings() }))
                    }
                    _ => {
                        let texts: Vec<String> = found.into_iter().map(|found| found.message).collect();
                        Err(Trouble::new(TroubleKind::Permanent, texts.join("; ")))
                    }
                }
            }
        }
    }

    async fn delete_objects(
        &self,
        app: &Application,
        ground: &Ground,
        foreground: bool,
    ) -> Result<Pass, Trouble> {
        let target = ground.target.as_ref();
        let user = deletion_user(app, ground)?;
        let marks = self.marks(app, &ground.settings);
        let policy = app.spec.sync_policy.as_ref();
        let options = SyncOptions::parse(policy.map_or(&[][..], |policy| &policy.sync_options));
        let mut doomed = Vec::new();
        let mut uids = std::collections::HashMap::new();
        for item in target.managed(&marks.instance) {
            let Some(object) = content(target, &item.key, None, &item).await? else { continue };
            if !self.may_delete(app, ground, &object, &options) {
                continue;
            }
            let recorded = app.status.resources.iter().find(|resource| {
                (&resource.group, &resource.kind, &resource.namespace, &resource.name)
                    == (&item.key.group, &item.key.kind, &item.key.namespace, &item.key.name)
            });
            uids.insert(item.key.clone(), item.uid.clone());
            doomed.push(Doomed {
                key: item.key,
                wave: sync::wave(&object),
                deleting: object.deletion_timestamp().is_some(),
                requires_confirmation: recorded
                    .is_some_and(|resource| resource.requires_deletion_confirmation)
                    || options.delete_consent(&object) == Consent::Confirm,
            });
        }
        let approved = app.metadata.annotations.get(ANNOTATION_DELETION_APPROVED);
        let approved = approved.and_then(|text| text.parse().ok());
        let deleted_at = app.metadata.deletion_timestamp.map_or_else(|| self.now(), |time| time.0);
        match cascade(&doomed, approved, deleted_at) {
            Cascade::Done => Ok(Pass::Done),
            Cascade::Wait(keys) => {
                tracing::debug!("{}: {} objects are still going", app.key(), keys.len());
                Ok(Pass::Waits)
            }
            Cascade::WaitForConfirmation(keys) => Ok(Pass::WaitsForConfirmation(keys)),
            Cascade::Delete(keys) => {
                let propagation = if foreground { Propagation::Foreground } else { Propagation::Background };
                let deletions = keys.into_iter().map(|key| async {
                    let _permit = self.requests.acquire().await;
                    let uid = uids.get(&key).cloned().unwrap_or_default();
                    match target.delete(key, uid, propagation, user.clone()).await {
                        Err(trouble) if trouble.kind == TroubleKind::NotFound => Ok(()),
                        other => other,
                    }
                });
                for result in futures::future::join_all(deletions).await {
                    result?;
                }
                Ok(Pass::Waits)
            }
        }
    }

    /// Whether a live object goes with its application.
    fn may_delete(&self, app: &Application, ground: &Ground, object: &Object, options: &SyncOptions) -> bool {
        let key = object.key();
        let itself = key.group == GROUP
            && key.kind == "Application"
            && key.name == app.metadata.name
            && key.namespace == app.metadata.namespace;
        let definition = key.kind == "CustomResourceDefinition" && key.group == "apiextensions.k8s.io";
        let cluster_project = ground.target.project();
        let destination = types::Destination {
            server: ground.target.server(),
            name: ground.target.name(),
            namespace: &app.spec.destination.namespace,
            cluster_project: &cluster_project,
        };
        let permitted = ground.project.permits_live_object(
            &key.group,
            &key.kind,
            &key.name,
            object.namespace(),
            &destination,
        );
        !itself
            && !definition
            && permitted
            && is_own(&ground.settings.tracking, Some(object), None)
            && options.delete_consent(object) != Consent::No
            && object.annotation(HELM_POLICY) != Some("keep")
    }

    /// The rendered hooks of a kind, with the live object of each.
    async fn delete_hooks(
        &self,
        app: &Application,
        ground: &Ground,
        hooks: DeleteHooks,
    ) -> Result<Vec<(Wanted, Option<LiveItem>)>, Trouble> {
        let wanted_type = match hooks {
            DeleteHooks::PreDelete => HookType::PreDelete,
            DeleteHooks::PostDelete => HookType::PostDelete,
        };
        let sources = app.spec.effective_sources();
        let revisions = vec![None; sources.len()];
        let rendering = self.render(app, ground, sources, revisions, false, false).await?;
        let marks = self.marks(app, &ground.settings);
        let all = place(&rendering.objects, &marks, ground.target.as_ref());
        let known = self.memory.of(&app.key());
        let mut found = Vec::new();
        for hook in all.hooks {
            if !hook_types(&hook.rendered).contains(&wanted_type) {
                continue;
            }
            let cached = ground.target.live(&hook.key);
            let live = known.lock().freshest_item(cached, &hook.key, ground.target.as_ref());
            found.push((hook, live));
        }
        Ok(found)
    }

    async fn run_delete_hooks(
        &self,
        app: &Application,
        ground: &Ground,
        hooks: DeleteHooks,
    ) -> Result<Pass, Trouble> {
        let target = ground.target.as_ref();
        let user = deletion_user(app, ground)?;
        let marks = self.marks(app, &ground.settings);
        let known = self.memory.of(&app.key());
        let found = self.delete_hooks(app, ground, hooks).await?;
        let mut created = false;
        for (hook, _) in found.iter().filter(|(_, live)| live.is_none()) {
            let apply = sync::Apply {
                object: hook.object(&marks),
                method: sync::Method::Create,
                force: false,
                validate: false,
                dry_run: false,
                migrate: false,
                reconcile_rbac: false,
                wait_established: false,
            };
            let (_, object) = target.apply(apply, user.clone()).await?;
            Known::remember(&known, object);
            created = true;
        }
        if created {
            return Ok(Pass::Waits);
        }
        let mut failed = Vec::new();
        let mut waits = false;
        for item in found.iter().filter_map(|(_, live)| live.as_ref()) {
            let status = health_of(item)?;
            match status.as_str() {
                "Degraded" => failed.push(item),
                "Progressing" => waits = true,
                _ => {}
            }
        }
        if failed.is_empty() {
            return Ok(if waits { Pass::Waits } else { Pass::Done });
        }
        let mut names = Vec::new();
        for item in failed {
            known.lock().applied.remove(&item.key);
            delete_quietly(target, item, &user).await?;
            names.push(format!("{}/{}", item.key.namespace, item.key.name));
        }
        let what = match hooks {
            DeleteHooks::PreDelete => "PreDelete",
            DeleteHooks::PostDelete => "PostDelete",
        };
        Err(Trouble::new(TroubleKind::Transient, format!("{what} hook(s) failed: {}", names.join(", "))))
    }

    async fn clean_up_hooks(
        &self,
        app: &Application,
        ground: &Ground,
        hooks: DeleteHooks,
    ) -> Result<Pass, Trouble> {
        let target = ground.target.as_ref();
        let user = deletion_user(app, ground)?;
        let found = self.delete_hooks(app, ground, hooks).await?;
        let mut worst = "Healthy".to_owned();
        for item in found.iter().filter_map(|(_, live)| live.as_ref()) {
            let status = health_of(item)?;
            if severity(&status) > severity(&worst) {
                worst = status;
            }
        }
        let mut waits = false;
        for (hook, live) in &found {
            let Some(item) = live else { continue };
            let policies = delete_policies(&hook.rendered);
            let goes = (policies.contains(&DeletePolicy::HookFailed) && worst == "Degraded")
                || (policies.contains(&DeletePolicy::HookSucceeded) && worst == "Healthy");
            if goes {
                self.memory.of(&app.key()).lock().applied.remove(&item.key);
                delete_quietly(target, item, &user).await?;
                waits = true;
            }
        }
        Ok(if waits { Pass::Waits } else { Pass::Done })
    }

    /// Lets a project go when no application refers to it any more.
    pub(crate) async fn finalize_project(&self, name: &str) {
        let store = &self.outside.store;
        let Some(project) = store.project(name) else { return };
        let finalizers = &project.metadata.finalizers;
        let held = finalizers.iter().any(|finalizer| finalizer == PROJECT_FINALIZER);
        if project.metadata.deletion_timestamp.is_none() || !held {
            return;
        }
        let used = |app: &Arc<Application>| app.spec.project_name() == name && self.handles(app);
        if store.applications().iter().any(used) {
            return;
        }
        let left = without(finalizers, PROJECT_FINALIZER);
        let patch = RecordPatch::Merge(json!({"metadata": {
            "finalizers": left,
            "resourceVersion": project.metadata.resource_version,
        }}));
        if let Err(trouble) = store.patch_project(name.to_owned(), patch).await {
            tracing::warn!("the finalizer of project {name} stays: {trouble}");
        }
    }
}

/// As whom objects are deleted.
fn deletion_user(app: &Application, ground: &Ground) -> Result<String, Trouble> {
    impersonation::user(app, &ground.project, ground.target.server(), &ground.settings)
        .map_err(|text| Trouble::new(TroubleKind::Permanent, text))
}

fn health_of(item: &LiveItem) -> Result<String, Trouble> {
    match &item.health {
        Ok(health) => {
            Ok(health.as_ref().map_or_else(|| "Healthy".to_owned(), |health| health.status.clone()))
        }
        Err(text) => Err(Trouble::new(TroubleKind::Permanent, format!("{}: {text}", item.key))),
    }
}

async fn delete_quietly(target: &dyn Target, item: &LiveItem, user: &str) -> Result<(), Trouble> {
    match target.delete(item.key.clone(), item.uid.clone(), Propagation::Foreground, user.to_owned()).await {
        Err(trouble) if trouble.kind == TroubleKind::NotFound => Ok(()),
        other => other,
    }
}
