//! Running some tasks of a step: first what must go, then what must come. `step.rs` decides which tasks and why.

use crate::apply::decide;
use crate::hook::DeletePolicy;
use crate::message::WaitsFor;
use crate::options::Consent;
use crate::step::{Action, Batch, Outcome, Step};
use crate::task::{Phase, ResultStatus, Task};

/// Why tasks are run.
pub(crate) enum Purpose {
    /// The destination namespace is made before anything is tried in it.
    Namespace,
    /// Nothing is changed; only failures are recorded.
    Validation,
    /// The next wave; `rest` are the tasks of later ones.
    Wave { rest: Vec<usize>, is_final: bool },
    /// The hooks of a failed sync, with the message of its failure.
    SyncFail(String),
}

/// How a run ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RunState {
    Successful,
    /// Something must happen first, to these tasks.
    Pending(WaitsFor, Vec<usize>),
    Failed,
}

enum Block {
    Finalizers,
    Prune,
    Recreate,
    Create,
    Over,
}

/// A run of some tasks: blocks one after another; one that does not succeed ends the run.
pub(crate) struct Run {
    pub(crate) purpose: Purpose,
    pub(crate) tasks: Vec<usize>,
    pub(crate) state: RunState,
    dry_run: bool,
    block: Block,
}

impl Run {
    pub(crate) fn new(purpose: Purpose, tasks: Vec<usize>, dry_run: bool) -> Self {
        Self { purpose, tasks, dry_run, state: RunState::Successful, block: Block::Finalizers }
    }

    fn of(&self, step: &Step, wanted: impl Fn(&Task) -> bool) -> Vec<usize> {
        self.tasks.iter().copied().filter(|index| wanted(&step.tasks[*index])).collect()
    }

    /// The next actions with the tasks they are for; `None` when the run is over.
    pub(crate) fn advance(&mut self, step: &mut Step) -> Option<(Vec<usize>, Batch)> {
        loop {
            if self.state != RunState::Successful {
                return None;
            }
            let (asked, batch) = match self.block {
                Block::Finalizers => {
                    self.block = Block::Prune;
                    self.finalizers(step)
                }
                Block::Prune => {
                    self.block = Block::Recreate;
                    self.prune(step)
                }
                Block::Recreate => {
                    self.block = Block::Create;
                    self.recreate(step)
                }
                Block::Create => {
                    self.block = Block::Over;
                    self.create(step)
                }
                Block::Over => return None,
            };
            if !batch.is_empty() {
                return Some((asked, batch));
            }
        }
    }

    fn finalizers(&self, step: &Step) -> (Vec<usize>, Batch) {
        if self.dry_run {
            return Default::default();
        }
        let hooks = self.of(step, |task| task.hook && task.is_pending());
        let batch = step.remove_finalizers(hooks.iter().map(|index| &step.tasks[*index]));
        (vec![usize::MAX; batch.iter().map(Vec::len).sum()], batch)
    }

    fn prune(&mut self, step: &mut Step) -> (Vec<usize>, Batch) {
        let prunes = self.of(step, Task::is_prune);
        let consent = |step: &Step, index: usize| {
            step.tasks[index].live_object().map_or(Consent::No, |live| step.options.prune_consent(live))
        };
        if step.prune && !step.confirmed {
            let unconfirmed: Vec<usize> =
                prunes.iter().copied().filter(|index| consent(step, *index) == Consent::Confirm).collect();
            if !unconfirmed.is_empty() {
                self.state = RunState::Pending(WaitsFor::Confirmation, unconfirmed);
                return Default::default();
            }
        }
        let mut asked = Vec::new();
        let mut actions = Vec::new();
        for index in prunes {
            if !step.prune {
                self.record(step, index, ResultStatus::PruneSkipped, "ignored (requires pruning)");
            } else if consent(step, index) == Consent::No {
                self.record(step, index, ResultStatus::PruneSkipped, "ignored (no prune)");
            } else if self.dry_run {
                self.record(step, index, ResultStatus::Pruned, "pruned (dry run)");
            } else if step.tasks[index].is_being_deleted() {
                self.record(step, index, ResultStatus::Pruned, "pruned");
            } else if let Some(action) = step.delete(index) {
                asked.push(index);
                actions.push(action);
            }
        }
        (asked, if actions.is_empty() { Vec::new() } else { vec![actions] })
    }

    fn recreate(&self, step: &Step) -> (Vec<usize>, Batch) {
        if self.dry_run {
            return Default::default();
        }
        let hooks = self.of(step, |task| {
            task.hook
                && task.is_pending()
                && task.live.is_some()
                && task.has_policy(DeletePolicy::BeforeHookCreation)
        });
        let actions: Vec<Action> = hooks.iter().filter_map(|index| step.delete(*index)).collect();
        (hooks, if actions.is_empty() { Vec::new() } else { vec![actions] })
    }

    fn create(&self, step: &Step) -> (Vec<usize>, Batch) {
        let mut asked = Vec::new();
        let mut batch: Batch = Vec::new();
        let mut kind: Option<&str> = None;
        for index in self.of(step, |task| !task.is_prune()) {
            let task = &step.tasks[index];
            let Some(target) = task.target.clone() else { continue };
            // Forcing deletes objects, which a dry run must not.
            let force = step.force && !self.dry_run;
            let live = task.live_object().map(|live| &**live);
            let mut apply = decide(target, live, &step.options, force, self.dry_run);
            apply.force &= !self.dry_run;
            if kind != Some(task.key.kind.as_str()) {
                batch.push(Vec::new());
                kind = Some(task.key.kind.as_str());
            }
            if let Some(group) = batch.last_mut() {
                group.push(Action::Apply(Box::new(apply)));
                asked.push(index);
            }
        }
        (asked, batch)
    }

    /// Takes the outcomes of the block that was advanced last.
    pub(crate) fn absorb(&mut self, step: &mut Step, asked: &[usize], outcomes: Vec<Outcome>) {
        match self.block {
            // The block has moved on already: these are the outcomes of the one before.
            Block::Finalizers | Block::Prune => {
                if let Some(text) = outcomes.into_iter().find_map(failure) {
                    self.fail_hooks(step, &text);
                }
            }
            Block::Recreate => {
                for (index, outcome) in asked.iter().zip(outcomes) {
                    match outcome {
                        Outcome::Failed(text) => self.record(step, *index, ResultStatus::SyncFailed, &text),
                        _ => self.record(step, *index, ResultStatus::Pruned, "pruned"),
                    }
                }
            }
            Block::Create => {
                let mut leaving = Vec::new();
                for (index, outcome) in asked.iter().zip(outcomes) {
                    match outcome {
                        Outcome::NotFound => step.tasks[*index].live = None,
                        Outcome::Failed(text) => self.record(step, *index, ResultStatus::SyncFailed, &text),
                        _ => leaving.push(*index),
                    }
                }
                if self.state == RunState::Successful && !leaving.is_empty() {
                    self.state = RunState::Pending(WaitsFor::Deletion, leaving);
                }
            }
            Block::Over => {
                for (index, outcome) in asked.iter().zip(outcomes) {
                    match outcome {
                        Outcome::Failed(text) => self.record(step, *index, ResultStatus::SyncFailed, &text),
                        Outcome::Done(text) => self.record(step, *index, ResultStatus::Synced, &text),
                        Outcome::NotFound | Outcome::Fetched(_) => {
                            self.record(step, *index, ResultStatus::Synced, "");
                        }
                    }
                }
            }
        }
    }

    fn fail_hooks(&mut self, step: &mut Step, text: &str) {
        for index in self.of(step, |task| task.hook && task.is_pending() && task.live.is_some()) {
            self.record(step, index, ResultStatus::SyncFailed, text);
        }
    }

    fn record(&mut self, step: &mut Step, index: usize, status: ResultStatus, message: &str) {
        let failed = status == ResultStatus::SyncFailed;
        if failed {
            self.state = RunState::Failed;
        }
        if matches!(self.purpose, Purpose::Validation) && !failed {
            return;
        }
        let state = match status.phase() {
            Phase::Running if step.dry_run => Phase::Succeeded,
            state => state,
        };
        step.record(index, Some(status), state, message);
    }
}

fn failure(outcome: Outcome) -> Option<String> {
    match outcome {
        Outcome::Failed(text) => Some(text),
        _ => None,
    }
}
