//! One refresh of an application: permission, rendering, comparison, and what follows for its status.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use parking_lot::Mutex;
use source::Opened;
use sync::window;
use types::settings::Settings;
use types::{AppProject, Application, ApplicationSource, Destination, Time};

use crate::compare::{Compared, Question, compare};
use crate::core::Core;
use crate::decision::automation::{self, Automation};
use crate::decision::conditions::{
    COMPARISON, OF_COMPARISON, OF_PERMISSION, ORPHANED_RESOURCE, SYNC, condition, replace,
};
use crate::decision::refresh::{CompareLevel, Refresh};
use crate::decision::{deletion, permission};
use crate::memory::Known;
use crate::ports::{RenderAsk, Rendering, Target, Trouble};
use crate::status;
use crate::views::nodes;

/// How long a worker waits for a cluster that is being read for the first time; after that the application waits in
/// the queue instead.
const PATIENCE: Duration = Duration::from_millis(50);

/// What a refresh came to.
pub(crate) enum Refreshed {
    /// The status was brought up to date; an automated sync follows, or not.
    Done(Automation),
    /// Nothing can be said now. The status stays as it is, and the application is looked at again after this time.
    Abandoned(Duration),
}

/// What the comparison of an application is made with.
pub(crate) struct Ground {
    pub(crate) project: AppProject,
    pub(crate) target: Arc<dyn Target>,
    pub(crate) settings: Arc<Settings>,
}

/// Why there is no ground to compare on.
pub(crate) enum NoGround {
    /// The spec, the project or the destination is wrong.
    Forbidden(Vec<types::ApplicationCondition>),
    /// The cluster is being read; it takes this long at least.
    NotYet(Arc<dyn Target>),
    /// The cluster cannot be read.
    Unreachable(Trouble),
}

impl Core {
    /// Finds the application's project and cluster, and checks that they permit it.
    pub(crate) async fn ground(&self, app: &Application) -> Result<Ground, NoGround> {
        let store = &self.outside.store;
        let project = self.project(app);
        let resolved = self.outside.fleet.resolve(&app.spec.destination);
        let cluster_project = resolved.as_ref().map(|target| target.project()).unwrap_or_default();
        let destination = resolved.as_ref().map(|target| Destination {
            server: target.server(),
            name: target.name(),
            namespace: &app.spec.destination.namespace,
            cluster_project: &cluster_project,
        });
        let destination = destination.as_ref().map_err(|text| text.as_str());
        let refused = permission::check(app, project.as_ref(), destination, store.namespace());
        if !refused.is_empty() {
            return Err(NoGround::Forbidden(refused));
        }
        let (Some(project), Ok(target)) = (project, resolved) else {
            return Err(NoGround::Forbidden(Vec::new()));
        };
        self.listen_to(&target);
        match tokio::time::timeout(PATIENCE, target.ready()).await {
            Ok(Ok(())) => Ok(Ground { project, target, settings: store.settings() }),
            Ok(Err(trouble)) => Err(NoGround::Unreachable(trouble)),
            Err(_) => Err(NoGround::NotYet(target)),
        }
    }

    /// Renders sources for an application's cluster.
    pub(crate) async fn render(
        &self,
        app: &Application,
        ground: &Ground,
        sources: Vec<ApplicationSource>,
        revisions: Vec<Option<String>>,
        refresh_revisions: bool,
        no_cache: bool,
    ) -> Result<Rendering, Trouble> {
        let ask = RenderAsk { refresh_revisions, no_cache, ..ask(app, ground, sources, revisions) };
        self.outside.engine.render(ask).await
    }

    /// Renders an application's only source from files that somebody gives, for the application's cluster.
    pub(crate) async fn render_files(
        &self,
        app: &Application,
        ground: &Ground,
        files: Opened,
    ) -> Result<Rendering, Trouble> {
        let ask = RenderAsk {
            files: Some(files),
            no_cache: true,
            ..ask(app, ground, app.spec.effective_sources(), Vec::new())
        };
        self.outside.engine.render(ask).await
    }

    /// Compares a rendering with what is live.
    pub(crate) async fn compare(
        &self,
        app: &Application,
        ground: &Ground,
        rendering: &Rendering,
        known: &Mutex<Known>,
    ) -> Result<Compared, Trouble> {
        let rules = self
            .rules(app, &ground.settings)
            .map_err(|text| Trouble::new(crate::ports::TroubleKind::Permanent, text))?;
        let marks = self.marks(app, &ground.settings);
        let question = Question {
            app,
            project: &ground.project,
            target: ground.target.as_ref(),
            rendering,
            rules: &rules,
            marks: &marks,
            control_namespace: self.outside.store.namespace(),
        };
        compare(&question, known).await
    }

    /// Brings the application's status up to date.
    pub(crate) async fn refresh(&self, app: &mut Application, refresh: Refresh) -> Refreshed {
        let started = Instant::now();
        let known = self.memory.of(&app.key());
        let now = Time(self.now()).truncated();
        let ground = match self.ground(app).await {
            Ok(ground) => ground,
            Err(NoGround::NotYet(target)) => return self.wait_for(target, app),
            Err(NoGround::Forbidden(found)) => {
                status::fold_unknown(app, OF_PERMISSION, found, now);
                app.status.reconciled_at = Some(now);
                *known.lock() = Known { last_compared: Some(now.0), ..Known::default() };
                self.memory.changed(&app.key());
                return Refreshed::Done(Automation::Nothing);
            }
            Err(NoGround::Unreachable(trouble)) => {
                let text = format!("Failed to load live state: {trouble}");
                return self.unknown(app, &known, text, now);
            }
        };
        replace(app, OF_PERMISSION, Vec::new(), now);
        if refresh.level == CompareLevel::Tree && !known.lock().roots.is_empty() {
            self.gather(app, &ground);
            return Refreshed::Done(Automation::Nothing);
        }
        let sources = app.spec.effective_sources();
        let revisions = revisions_for(app, refresh.level, sources.len());
        let forced = refresh.level == CompareLevel::LatestForced;
        let rendering = match self.render(app, &ground, sources, revisions, forced, refresh.hard).await {
            Ok(rendering) => rendering,
            Err(trouble) => return self.render_failed(app, &known, refresh, &trouble, now),
        };
        known.lock().repository_trouble = None;
        let compared = match self.compare(app, &ground, &rendering, &known).await {
            Ok(compared) => compared,
            Err(trouble) => {
                let text = format!("Failed to load live state: {trouble}");
                return self.unknown(app, &known, text, now);
            }
        };
        status::fold(
            app,
            &compared,
            &rendering,
            refresh.level,
            ground.settings.reconciliation.persist_resource_health,
            now,
        );
        status::normalize_spec(app);
        self.gather(app, &ground);
        if app.metadata.deletion_timestamp.is_none() {
            let hooks = compared.hooks.iter().map(|hook| hook.rendered.as_ref());
            let (pre, post) = status::delete_hooks(hooks);
            app.metadata.finalizers = deletion::with_hook_finalizers(&app.metadata.finalizers, pre, post);
        }
        {
            let mut known = known.lock();
            known.failures = 0;
            if refresh.level >= CompareLevel::Latest {
                known.last_compared = Some(now.0);
            }
        }
        self.metrics.reconciled(app, started.elapsed());
        Refreshed::Done(self.automate(app, &ground, now))
    }

    /// Decides on an automated sync, unless the project's windows forbid any just now.
    fn automate(&self, app: &mut Application, ground: &Ground, now: Time) -> Automation {
        if app.status.conditions.iter().any(|found| OF_PERMISSION.contains(&found.r#type.as_str())) {
            return Automation::Nothing;
        }
        if !may_sync(app, ground, false, None, now.0).unwrap_or(false) {
            return Automation::Nothing;
        }
        let automation = automation::decide(app, &ground.settings.reconciliation, now.0);
        let found = match &automation {
            Automation::Refuse(refusal) => vec![refusal.clone()],
            _ => Vec::new(),
        };
        replace(app, &[SYNC], found, now);
        automation
    }

    /// Gathers what the status summarizes over the tree.
    fn gather(&self, app: &mut Application, ground: &Ground) {
        let Some(nodes) = nodes(&self.memory, app, &ground.project, ground.target.as_ref()) else { return };
        status::summarize(app, &nodes);
        if let Some(settings) = &ground.project.spec.orphaned_resources {
            let orphans = crate::orphans::find(app, &ground.project, ground.target.as_ref(), &nodes).len();
            self.metrics.orphaned(app, orphans);
            let warns = settings.warn == Some(true) && orphans > 0;
            let text = format!("Application has {orphans} orphaned resources");
            let found = if warns { vec![condition(ORPHANED_RESOURCE, text)] } else { Vec::new() };
            replace(app, &[ORPHANED_RESOURCE], found, Time(self.now()).truncated());
        } else {
            replace(app, &[ORPHANED_RESOURCE], Vec::new(), Time::default());
        }
        self.memory.changed(&app.key());
    }

    /// The application goes on when its cluster has been read; no worker waits for that.
    fn wait_for(&self, target: Arc<dyn Target>, app: &Application) -> Refreshed {
        tracing::debug!("{} waits for the objects of {}", app.key(), target.server());
        self.when_ready(target, app.key());
        Refreshed::Abandoned(Duration::from_secs(60))
    }

    /// An error of a repository. While there is hope that it passes, the status keeps what it says.
    fn render_failed(
        &self,
        app: &mut Application,
        known: &Mutex<Known>,
        refresh: Refresh,
        trouble: &Trouble,
        now: Time,
    ) -> Refreshed {
        let settings = self.outside.store.settings();
        let since = *known.lock().repository_trouble.get_or_insert(now.0);
        let waited = Duration::try_from(now.0.duration_since(since)).unwrap_or_default();
        let grace = settings.reconciliation.repository_error_grace;
        let asked = refresh.level == CompareLevel::LatestForced || app.status.reconciled_at.is_none();
        if !asked && waited < grace {
            tracing::info!("{}: kept from the status for now: {trouble}", app.key());
            return Refreshed::Abandoned(self.backoff(known));
        }
        let text = format!("Failed to load target state: {trouble}");
        self.unknown(app, known, text, now)
    }

    /// Nothing can be said, and users are told why.
    fn unknown(&self, app: &mut Application, known: &Mutex<Known>, text: String, now: Time) -> Refreshed {
        let found = vec![condition(COMPARISON, text)];
        let health = app.status.health.clone();
        status::fold_unknown(app, OF_COMPARISON, found, now);
        // What was last known of the objects' health is still the best guess; only a forbidden application has none.
        if !health.status.is_empty() {
            app.status.health = health;
        }
        app.status.reconciled_at = Some(now);
        let wait = self.backoff(known);
        self.requeue_in(
            &app.key(),
            crate::queue::Work::compare(CompareLevel::Latest),
            crate::queue::Priority::Timer,
            wait,
        );
        Refreshed::Done(Automation::Nothing)
    }

    /// A growing pause before what failed is tried again.
    pub(crate) fn backoff(&self, known: &Mutex<Known>) -> Duration {
        let mut known = known.lock();
        let wait = Duration::from_secs(1 << known.failures.min(6));
        known.failures = known.failures.saturating_add(1);
        // Applications that failed together need not come back together.
        wait.mul_f64(0.75 + 0.5 * rand::random::<f64>())
    }
}

/// The revisions to render: those of the last comparison when only the cluster changed, else the target's. After a
/// comparison that failed the recorded ones are those of the last that did not, and would tell a lie.
fn revisions_for(app: &Application, level: CompareLevel, count: usize) -> Vec<Option<String>> {
    let sync = &app.status.sync;
    let recorded: Vec<String> =
        if app.spec.has_multiple_sources() { sync.revisions.clone() } else { vec![sync.revision.clone()] };
    let usable = level <= CompareLevel::Recent
        && sync.status != "Unknown"
        && recorded.len() == count
        && recorded.iter().all(|revision| !revision.is_empty());
    if usable { recorded.into_iter().map(Some).collect() } else { vec![None; count] }
}

/// Whether the windows of the project let the application be synced.
pub(crate) fn may_sync(
    app: &Application,
    ground: &Ground,
    manual: bool,
    started_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, window::WindowError> {
    let subject = window::WindowSubject {
        application: &app.metadata.name,
        namespace: &app.spec.destination.namespace,
        server: ground.target.server(),
        cluster: ground.target.name(),
    };
    let windows = window::matching(&ground.project.spec.sync_windows, &subject);
    window::can_sync(&windows, manual, started_at, now)
}

/// What is asked of the renderer for an application, with whatever is cached.
fn ask(
    app: &Application,
    ground: &Ground,
    sources: Vec<ApplicationSource>,
    revisions: Vec<Option<String>>,
) -> RenderAsk {
    RenderAsk {
        app: Arc::new(app.clone()),
        sources,
        revisions,
        files: None,
        refresh_revisions: false,
        no_cache: false,
        kube_version: ground.target.version(),
        api_versions: ground.target.api_versions(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_used_again_only_after_a_comparison_that_succeeded() {
        let mut app = Application::default();
        app.status.sync.revision = "abc".into();
        for (status, level, reused) in [
            ("Synced", CompareLevel::Recent, true),
            ("OutOfSync", CompareLevel::Recent, true),
            ("Unknown", CompareLevel::Recent, false),
            ("Synced", CompareLevel::Latest, false),
        ] {
            status.clone_into(&mut app.status.sync.status);
            let wanted = reused.then(|| "abc".to_owned());
            assert_eq!(revisions_for(&app, level, 1), [wanted], "{status} {level:?}");
        }
    }
}
