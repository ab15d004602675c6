//! One step of an operation, as a machine that asks for actions and is told their outcomes.
//!
//! ```text
//!  begin ──▶ namespace, dry run (first step) ──▶ observe ──▶ judge ──▶ one wave ──▶ verdict
//!                                                  │           │
//!                                                  └─ waits    └─ failed: SyncFail phase
//! ```
//!
//! Everything that a later step needs is in the results of the verdict, so an operation that was interrupted goes on
//! where it was. How the tasks of a wave are run is in `run.rs`.

use std::sync::Arc;

use object::{Object, ObjectKey};
use types::{HealthStatus, ResourceResult};

use crate::apply::Apply;
use crate::build::{Input, build, invalid_message};
use crate::hook::{DeletePolicy, SyncPhase, has_hook_finalizer};
use crate::message::{WaitsFor, waiting, with_reasons};
use crate::options::{Propagation, SyncOptions};
use crate::results;
use crate::run::{Purpose, Run, RunState};
use crate::task::{Live, Phase, ResultStatus, Task};

/// Something to be done in the cluster.
#[derive(Debug, Clone)]
pub enum Action {
    /// Apply an object.
    Apply(Box<Apply>),
    /// Delete an object.
    Delete {
        /// Which.
        key: ObjectKey,
        /// Its identity, so that a namesake made meanwhile is left alone.
        uid: String,
        /// What happens to its dependents.
        propagation: Propagation,
    },
    /// Take the hook finalizer off a live object.
    RemoveHookFinalizer(Arc<Object>),
    /// Read an object from the API server itself.
    Fetch(ObjectKey),
}

/// What became of an action.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It is done; the words for the result, such as `deployment.apps/web configured`.
    Done(String),
    /// The object is not there.
    NotFound,
    /// The object that was read.
    Fetched(Live),
    /// It failed; why.
    Failed(String),
}

/// Actions to be carried out: groups one after another, the members of a group at the same time.
pub type Batch = Vec<Vec<Action>>;

/// What a step wants next.
#[derive(Debug)]
pub enum Next {
    /// These actions; their outcomes go to [`Step::absorb`] in the same order.
    Act(Batch),
    /// Nothing more: the step is over.
    End(Verdict),
}

/// How an operation stands after a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The operation's phase.
    pub phase: Phase,
    /// Its message.
    pub message: String,
    /// Its results, the earlier ones included.
    pub results: Vec<ResourceResult>,
    /// Whether a wave was just finished and another follows, so that the pause between waves is due.
    pub pause: bool,
}

/// One step of an operation.
pub struct Step {
    pub(crate) tasks: Vec<Task>,
    pub(crate) results: Vec<ResourceResult>,
    pub(crate) options: SyncOptions,
    pub(crate) dry_run: bool,
    pub(crate) prune: bool,
    pub(crate) force: bool,
    pub(crate) confirmed: bool,
    stage: Stage,
    asked: Vec<usize>,
}

enum Stage {
    /// Whether tasks are valid, and whether any step went before.
    Begin { valid: bool, terminate: bool },
    /// Tasks are being run.
    Run(Run),
    /// The state of running tasks is read off the live objects.
    Observe { may_fetch: bool },
    /// Finalizers of completed hooks are removed.
    Unfinalize,
    /// Failed or not, and what is next.
    Judge,
    /// Hooks whose policy says so are deleted after a failure.
    FailureCleanup(&'static str),
    /// The SyncFail phase.
    SyncFail(String),
    /// Hooks whose policy says so are deleted after success.
    SuccessCleanup(&'static str),
    /// Running hooks are stopped.
    Terminate,
    /// The step is over.
    Over(Phase, String, bool),
}

impl Step {
    /// Plans the next step of a sync.
    pub fn begin(input: &Input<'_>) -> Self {
        Self::new(input, false)
    }

    /// Plans how a sync is stopped.
    pub fn terminate(input: &Input<'_>) -> Self {
        Self::new(input, true)
    }

    fn new(input: &Input<'_>, terminate: bool) -> Self {
        let options = SyncOptions::parse(&input.operation.sync_options);
        let built = build(input, &options);
        Self {
            tasks: built.tasks,
            results: built.results,
            options,
            dry_run: input.operation.dry_run,
            prune: input.operation.prune,
            force: input.forces(),
            confirmed: input.deletion_approved.is_some_and(|approved| approved >= input.started_at),
            stage: Stage::Begin { valid: built.valid, terminate },
            asked: Vec::new(),
        }
    }

    /// What to do next. After [`Next::Act`], [`Step::absorb`] must be called before this is called again.
    #[expect(
        clippy::should_implement_trait,
        reason = "it is no iterator: it never ends, and outcomes go in between"
    )]
    pub fn next(&mut self) -> Next {
        loop {
            let stage = std::mem::replace(&mut self.stage, Stage::Judge);
            let batch = match stage {
                Stage::Begin { valid, terminate } => {
                    self.start(valid, terminate);
                    Vec::new()
                }
                Stage::Run(mut run) => match run.advance(self) {
                    Some((asked, batch)) => {
                        self.asked = asked;
                        self.stage = Stage::Run(run);
                        batch
                    }
                    None => {
                        self.finish(&run);
                        Vec::new()
                    }
                },
                Stage::Observe { may_fetch } => self.observe(may_fetch),
                Stage::Unfinalize => self.unfinalize(),
                Stage::Judge => {
                    self.judge();
                    Vec::new()
                }
                Stage::FailureCleanup(message) => {
                    self.stage = Stage::SyncFail(message.to_owned());
                    self.delete_hooks(DeletePolicy::HookFailed)
                }
                Stage::SyncFail(message) => {
                    self.sync_fail(message);
                    Vec::new()
                }
                Stage::SuccessCleanup(message) => {
                    self.stage = Stage::Over(Phase::Succeeded, message.to_owned(), false);
                    self.delete_hooks(DeletePolicy::HookSucceeded)
                }
                Stage::Terminate => self.stop_hooks(),
                Stage::Over(phase, message, pause) => {
                    let results = std::mem::take(&mut self.results);
                    return Next::End(Verdict { phase, message, results, pause });
                }
            };
            if !batch.is_empty() {
                return Next::Act(batch);
            }
        }
    }

    /// Takes the outcomes of the actions that were asked for last, in their order.
    pub fn absorb(&mut self, outcomes: Vec<Outcome>) {
        let asked = std::mem::take(&mut self.asked);
        let stage = std::mem::replace(&mut self.stage, Stage::Judge);
        match stage {
            Stage::Run(mut run) => {
                run.absorb(self, &asked, outcomes);
                self.stage = Stage::Run(run);
            }
            Stage::Observe { .. } => {
                for (index, outcome) in asked.into_iter().zip(outcomes) {
                    self.absorb_fetch(index, outcome);
                }
                self.stage = Stage::Observe { may_fetch: false };
            }
            Stage::Over(phase, message, pause) => {
                self.stage = self.absorb_stop(&asked, outcomes, phase, message, pause);
            }
            // Deletions and finalizers of finished hooks: what failed is seen and tried again by a later operation.
            other => self.stage = other,
        }
    }

    pub(crate) fn record(&mut self, index: usize, status: Option<ResultStatus>, state: Phase, message: &str) {
        results::record(&mut self.results, &mut self.tasks[index], status, Some(state), message);
    }

    pub(crate) fn indices(&self, wanted: impl Fn(&Task) -> bool) -> Vec<usize> {
        (0..self.tasks.len()).filter(|index| wanted(&self.tasks[*index])).collect()
    }

    fn end(&mut self, phase: Phase, message: String) {
        self.stage = Stage::Over(phase, message, false);
    }

    fn wait(&mut self, indices: &[usize], waits_for: WaitsFor, pause: bool) {
        let tasks: Vec<&Task> = indices.iter().map(|index| &self.tasks[*index]).collect();
        let message = waiting(&tasks, waits_for);
        self.stage = Stage::Over(Phase::Running, message, pause);
    }

    fn start(&mut self, valid: bool, terminate: bool) {
        if terminate {
            self.observe_states();
            self.stage = Stage::Terminate;
            return;
        }
        if !valid {
            let message = invalid_message(&self.tasks);
            return self.end(Phase::Failed, message);
        }
        if !self.results.is_empty() {
            self.stage = Stage::Observe { may_fetch: true };
            return;
        }
        let namespace = self.indices(|task| task.creates_namespace && task.live.is_none());
        self.stage = if namespace.is_empty() {
            self.validation()
        } else {
            Stage::Run(Run::new(Purpose::Namespace, namespace, self.dry_run))
        };
    }

    /// The dry run before anything is changed.
    fn validation(&self) -> Stage {
        let tasks = self.indices(|task| task.is_pending() && !task.skip_dry_run && !self.is_left_alone(task));
        Stage::Run(Run::new(Purpose::Validation, tasks, true))
    }

    /// Whether `ApplyOutOfSyncOnly` leaves a task out.
    fn is_left_alone(&self, task: &Task) -> bool {
        self.options.apply_out_of_sync_only
            && !task.hook
            && !task.creates_namespace
            && task.modified == Some(false)
            && task.target.is_some()
            && task.live.is_some()
    }

    fn is_multi_step(&self) -> bool {
        match (self.tasks.first(), self.tasks.last()) {
            (Some(first), Some(last)) => (first.phase, first.wave) != (last.phase, last.wave),
            _ => false,
        }
    }

    /// Reads off the live objects how running tasks stand.
    fn observe_states(&mut self) {
        for index in self.indices(|task| task.is_running() && task.live.is_some()) {
            let task = &self.tasks[index];
            let Some(live) = &task.live else { continue };
            let (state, message) =
                if task.hook { hook_state(&task.key.name, &live.health) } else { object_state(&live.health) };
            let status = task.status;
            if state != Phase::Running || !message.is_empty() {
                self.record(index, status, state, &message);
            }
        }
    }

    fn observe(&mut self, may_fetch: bool) -> Batch {
        self.observe_states();
        let multi_step = self.is_multi_step();
        let running = self.indices(|task| task.is_running() && (task.hook || multi_step));
        let missing: Vec<usize> =
            running.iter().copied().filter(|index| self.tasks[*index].live.is_none()).collect();
        if may_fetch && !missing.is_empty() {
            self.stage = Stage::Observe { may_fetch: false };
            let batch = missing.iter().map(|index| Action::Fetch(self.tasks[*index].live_key())).collect();
            self.asked = missing;
            return vec![batch];
        }
        if running.is_empty() {
            let leaving = self.indices(|task| {
                task.is_prune() && task.status == Some(ResultStatus::Pruned) && task.is_being_deleted()
            });
            if leaving.is_empty() {
                self.stage = Stage::Unfinalize;
            } else {
                self.wait(&leaving, WaitsFor::Deletion, false);
            }
        } else {
            self.wait(&running, WaitsFor::Progress, false);
        }
        Vec::new()
    }

    fn absorb_fetch(&mut self, index: usize, outcome: Outcome) {
        match outcome {
            Outcome::Fetched(live) => self.tasks[index].live = Some(live),
            Outcome::NotFound => {
                let text =
                    format!("Resource {} is missing, it might have been deleted", self.tasks[index].title());
                self.record(index, Some(ResultStatus::SyncFailed), Phase::Error, &text);
            }
            // Not being able to ask is no proof of absence: the task stays running and is asked for again.
            Outcome::Failed(_) | Outcome::Done(_) => {}
        }
    }

    fn unfinalize(&mut self) -> Batch {
        self.stage = Stage::Judge;
        if self.dry_run {
            return Vec::new();
        }
        let completed = |task: &&Task| task.hook && task.is_completed();
        self.remove_finalizers(self.tasks.iter().filter(completed))
    }

    pub(crate) fn remove_finalizers<'a>(&self, tasks: impl Iterator<Item = &'a Task>) -> Batch {
        let mut objects: Vec<&Arc<Object>> = Vec::new();
        for live in tasks.filter_map(Task::live_object).filter(|live| has_hook_finalizer(live)) {
            // An object that is a hook in several phases is one object.
            if !objects.iter().any(|known| known.key() == live.key()) {
                objects.push(live);
            }
        }
        let actions: Vec<Action> =
            objects.into_iter().map(|live| Action::RemoveHookFinalizer(Arc::clone(live))).collect();
        if actions.is_empty() { Vec::new() } else { vec![actions] }
    }

    pub(crate) fn delete(&self, index: usize) -> Option<Action> {
        let live = self.tasks[index].live_object()?;
        let (key, uid) = (live.key(), live.uid().to_owned());
        Some(Action::Delete { key, uid, propagation: self.options.propagation })
    }

    fn delete_hooks(&self, policy: DeletePolicy) -> Batch {
        if self.dry_run {
            return Vec::new();
        }
        let wanted = self.indices(|task| {
            task.hook && !task.is_running() && !task.is_being_deleted() && task.has_policy(policy)
        });
        let actions: Vec<Action> = wanted.into_iter().filter_map(|index| self.delete(index)).collect();
        if actions.is_empty() { Vec::new() } else { vec![actions] }
    }

    fn judge(&mut self) {
        if self.tasks.iter().any(|task| task.phase != SyncPhase::SyncFail && task.is_unsuccessful()) {
            self.stage = Stage::FailureCleanup("one or more synchronization tasks completed unsuccessfully");
            return;
        }
        let pending = self.indices(|task| {
            task.phase != SyncPhase::SyncFail && task.is_pending() && !self.is_left_alone(task)
        });
        let (Some(first), Some(last)) = (pending.first(), pending.last()) else {
            self.stage = Stage::SuccessCleanup("successfully synced (no more tasks)");
            return;
        };
        let place = |index: &usize| (self.tasks[*index].phase, self.tasks[*index].wave);
        let (now, end) = (place(first), place(last));
        let (wave, rest): (Vec<usize>, Vec<usize>) = pending.iter().partition(|index| place(index) == now);
        let purpose = Purpose::Wave { rest, is_final: now == end };
        self.stage = Stage::Run(Run::new(purpose, wave, self.dry_run));
    }

    fn finish(&mut self, run: &Run) {
        match (&run.purpose, &run.state) {
            (Purpose::Namespace, RunState::Failed) => {
                self.stage = Stage::FailureCleanup("the namespace failed to apply");
            }
            (Purpose::Namespace, _) => self.stage = self.validation(),
            (Purpose::Validation, RunState::Failed) => {
                self.end(Phase::Failed, "one or more objects failed to apply (dry run)".to_owned());
            }
            (Purpose::Validation, _) => self.stage = Stage::Observe { may_fetch: true },
            (Purpose::Wave { .. }, RunState::Failed) => self.fail_wave(),
            (Purpose::Wave { .. }, RunState::Pending(waits_for, indices)) => {
                self.wait(indices, *waits_for, false);
            }
            (Purpose::Wave { rest, is_final }, RunState::Successful) => {
                let hooks = run.tasks.iter().filter(|index| self.tasks[**index].hook);
                let remaining: Vec<usize> = hooks.chain(rest).copied().collect();
                if remaining.is_empty() {
                    self.stage = Stage::SuccessCleanup("successfully synced (all tasks run)");
                } else {
                    self.wait(&remaining, WaitsFor::Progress, !is_final);
                }
            }
            (Purpose::SyncFail(message), _) => self.stage = Stage::SyncFail(message.clone()),
        }
    }

    /// A wave failed: hooks that still run are waited for, while the SyncFail hooks start at once.
    fn fail_wave(&mut self) {
        let message = "one or more objects failed to apply";
        if self.tasks.iter().any(|task| task.hook && task.is_running()) {
            self.stage = Stage::SyncFail(message.to_owned());
        } else {
            self.stage = Stage::FailureCleanup(message);
        }
    }

    fn sync_fail(&mut self, message: String) {
        let failed = self.tasks.iter().filter(|task| {
            task.phase != SyncPhase::SyncFail && task.status == Some(ResultStatus::SyncFailed)
        });
        let text = with_reasons(&message, failed.map(|task| task.message.as_str()));
        let last_resort = self.indices(|task| task.phase == SyncPhase::SyncFail);
        let pending: Vec<usize> =
            last_resort.iter().copied().filter(|index| self.tasks[*index].is_pending()).collect();
        if !pending.is_empty() {
            self.stage = Stage::Run(Run::new(Purpose::SyncFail(message), pending, self.dry_run));
            return;
        }
        let running = self.indices(|task| task.is_running() && task.hook);
        if !running.is_empty() {
            return self.wait(&running, WaitsFor::Progress, false);
        }
        let hooks = last_resort.iter().map(|index| &self.tasks[*index]);
        let broken: Vec<&Task> = hooks.filter(|task| task.status == Some(ResultStatus::SyncFailed)).collect();
        let text = if broken.is_empty() {
            text
        } else {
            let reasons = broken.iter().map(|task| task.message.as_str());
            format!("{text}\n{}", with_reasons("one or more SyncFail hooks failed", reasons))
        };
        self.end(Phase::Failed, text);
    }

    /// Finalizers come off all hooks that were started, and those that still run are deleted.
    fn stop_hooks(&mut self) -> Batch {
        self.stage = Stage::Over(Phase::Failed, "Operation terminated".to_owned(), false);
        let mut finalizers = Vec::new();
        let mut deletions = Vec::new();
        for index in self.indices(|task| task.hook && !task.is_pending()) {
            let task = &self.tasks[index];
            let running = task.is_running();
            if task.live.is_none() {
                if running {
                    let status = task.status;
                    self.record(index, status, Phase::Succeeded, "Terminated");
                }
                continue;
            }
            finalizers.extend(self.remove_finalizers(std::iter::once(task)).into_iter().flatten());
            let deletes = running || task.has_policy(DeletePolicy::HookFailed);
            if running {
                let status = task.status;
                self.record(index, status, Phase::Failed, "Terminated");
            }
            if deletes && let Some(action) = self.delete(index) {
                self.asked.push(index);
                deletions.push(action);
            }
        }
        // Outcomes come in the order of actions; finalizers have no task to be recorded with.
        let mut asked = vec![usize::MAX; finalizers.len()];
        asked.append(&mut self.asked);
        self.asked = asked;
        [finalizers, deletions].into_iter().filter(|group| !group.is_empty()).collect()
    }

    fn absorb_stop(
        &mut self,
        asked: &[usize],
        outcomes: Vec<Outcome>,
        phase: Phase,
        message: String,
        pause: bool,
    ) -> Stage {
        let mut errors = false;
        for (index, outcome) in asked.iter().zip(outcomes) {
            if let Outcome::Failed(text) = outcome {
                errors = true;
                if let Some(task) = self.tasks.get(*index) {
                    let status = task.status;
                    self.record(*index, status, Phase::Error, &format!("Failed to delete: {text}"));
                }
            }
        }
        if errors {
            return Stage::Over(Phase::Error, "Operation termination had errors".to_owned(), false);
        }
        Stage::Over(phase, message, pause)
    }
}

fn hook_state(name: &str, health: &Result<Option<HealthStatus>, String>) -> (Phase, String) {
    match health {
        Err(error) => (Phase::Error, format!("failed to get resource health: {error}")),
        Ok(None) => (Phase::Succeeded, format!("{name} created")),
        Ok(Some(health)) => match health.status.as_str() {
            "" => (Phase::Succeeded, format!("{name} created")),
            "Healthy" => (Phase::Succeeded, health.message.clone()),
            "Unknown" | "Degraded" => (Phase::Failed, health.message.clone()),
            _ => (Phase::Running, health.message.clone()),
        },
    }
}

fn object_state(health: &Result<Option<HealthStatus>, String>) -> (Phase, String) {
    match health {
        Err(error) => (Phase::Error, format!("failed to get resource health: {error}")),
        Ok(None) => (Phase::Succeeded, String::new()),
        Ok(Some(health)) => match health.status.as_str() {
            "Healthy" => (Phase::Succeeded, health.message.clone()),
            "Degraded" => (Phase::Failed, health.message.clone()),
            _ => (Phase::Running, String::new()),
        },
    }
}
