//! One look at an application: whatever is due is done, in order, and what changed is written.
//!
//! ```text
//! deleted? ─▶ finalize.rs        operation? ─▶ operate.rs        refresh? ─▶ reconcile.rs ─▶ automated sync? ─▶ again
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use sync::Phase;
use types::{AppKey, Application, OperationState, Time};

use crate::commit::{RefreshRequest, difference, write, write_served};
use crate::core::Core;
use crate::decision::automation::{Automation, in_progress};
use crate::decision::operation::{Entry, enter, is_over};
use crate::decision::refresh::{CompareLevel, Refresh, RefreshInputs, decide, next_due};
use crate::decision::{conditions, history};
use crate::events::{Happening, status_changes};
use crate::memory::TRUSTED;
use crate::ports::{Trouble, TroubleKind};
use crate::queue::{Priority, Work};
use crate::reconcile::Refreshed;

/// A commit to a large repository gives a new name to what hundreds of applications have, and something to do to one of
/// them. Writing down the name waits for this to twice as long, so that it does not stand in the way.
const RENAMED: Duration = Duration::from_secs(1);
/// The most rounds of one look; an automated sync needs two.
const ROUNDS: usize = 4;

impl Core {
    /// Looks at an application.
    pub(crate) async fn look(&self, key: &AppKey, work: Work) {
        let mut requested = work.compare;
        for _ in 0..ROUNDS {
            let Some(stored) = self.outside.store.application(key) else {
                return self.forget(key);
            };
            if !self.handles(&stored) {
                return;
            }
            let outcome = Box::pin(self.round(&stored, requested.take())).await;
            match outcome {
                Ok(Round::Again) => {}
                Ok(Round::Over) => break,
                Err(trouble) => {
                    self.failed(&stored, &trouble);
                    return;
                }
            }
        }
        self.schedule(key);
    }

    fn forget(&self, key: &AppKey) {
        self.memory.forget(key);
        self.queue.forget(key);
    }

    /// Nothing was written; the same look is made again later.
    fn failed(&self, app: &Application, trouble: &Trouble) {
        let key = app.key();
        if trouble.kind == TroubleKind::NotFound {
            return self.forget(&key);
        }
        let known = self.memory.of(&key);
        let wait = match trouble.kind {
            // Somebody else wrote first; what they wrote is on its way here.
            TroubleKind::Conflict => Duration::from_millis(50),
            _ => self.backoff(&known),
        };
        if trouble.kind != TroubleKind::Conflict {
            tracing::warn!("{key}: {trouble}; tried again in {} ms", wait.as_millis());
        }
        self.requeue_in(&key, Work::compare(CompareLevel::Recent), Priority::Drift, wait);
    }

    /// Makes sure that the application is looked at again when its comparison gets old.
    fn schedule(&self, key: &AppKey) {
        let settings = self.outside.store.settings();
        let timing = &settings.reconciliation;
        let compared = self.memory.of(key).lock().last_compared.unwrap_or_else(|| self.now());
        if let Some(due) = next_due(compared, timing.refresh, timing.jitter, rand::random()) {
            self.requeue_at(key, Work::LOOK, Priority::Timer, due);
        }
    }

    async fn round(
        &self,
        stored: &Arc<Application>,
        requested: Option<(CompareLevel, bool)>,
    ) -> Result<Round, Trouble> {
        if stored.metadata.deletion_timestamp.is_some() && stored.operation.is_none() && !in_progress(stored)
        {
            return Box::pin(self.finalize(stored)).await;
        }
        let settings = self.outside.store.settings();
        let timeout = settings.reconciliation.sync_timeout;
        let mut current = Arc::clone(stored);
        match enter(stored, self.now(), timeout) {
            Entry::Idle => {}
            Entry::WaitsForRetry(at) => self.requeue_at(&stored.key(), Work::LOOK, Priority::Webhook, at),
            Entry::Step { state, changed, timed_out } => {
                if let Some(wait) = self.pause_left(&stored.key()) {
                    self.requeue_in(&stored.key(), Work::LOOK, Priority::Webhook, wait);
                } else {
                    if changed {
                        current = self.begin(&current, &state).await?;
                    }
                    let draft = self.advance(&current, *state, timed_out).await;
                    return Box::pin(self.settle(&current, draft, requested)).await;
                }
            }
        }
        self.refresh_if_due(&current, requested).await
    }

    fn pause_left(&self, key: &AppKey) -> Option<Duration> {
        let known = self.memory.of(key);
        let mut known = known.lock();
        let until = known.operation_not_before?;
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            known.operation_not_before = None;
            return None;
        }
        Some(left)
    }

    /// Writes down that an operation starts, or starts again, before anything of it is done.
    async fn begin(
        &self,
        stored: &Arc<Application>,
        state: &OperationState,
    ) -> Result<Arc<Application>, Trouble> {
        let mut draft = Application::clone(stored);
        draft.status.operation_state = Some(Box::new(state.clone()));
        write(self.outside.store.as_ref(), stored, &draft, true).await
    }

    /// Makes a step of the operation. Answers the application with the operation's new state, not yet written.
    async fn advance(
        &self,
        stored: &Arc<Application>,
        state: OperationState,
        timed_out: bool,
    ) -> Application {
        let (state, again) = Box::pin(self.operate(stored, state, timed_out)).await;
        let mut draft = Application::clone(stored);
        if is_over(&state) {
            draft.operation = None;
            let sync = state.operation.sync.as_ref();
            let partial = sync.is_some_and(|sync| sync.dry_run || !sync.resources.is_empty());
            if state.phase == Phase::Succeeded.as_str() && !partial {
                history::append(&mut draft, &state, Time(self.now()).truncated());
            }
        } else if state.finished_at.is_none() {
            self.requeue_in(&stored.key(), Work::LOOK, Priority::Webhook, again);
        }
        draft.status.operation_state = Some(Box::new(state));
        if let Entry::WaitsForRetry(at) = enter(&draft, self.now(), None) {
            self.requeue_at(&stored.key(), Work::LOOK, Priority::Webhook, at);
        }
        draft
    }

    /// Writes what a step came to, and compares when the operation is over. What the controller itself started is
    /// compared with the revision that it applied, which needs no repository, and written in one go.
    async fn settle(
        &self,
        stored: &Arc<Application>,
        draft: Application,
        requested: Option<(CompareLevel, bool)>,
    ) -> Result<Round, Trouble> {
        let Some(state) = draft.status.operation_state.clone().filter(|state| is_over(state)) else {
            let written = self.write_result(stored, &draft).await?;
            return self.refresh_if_due(&written, requested).await;
        };
        let dry_run = state.operation.sync.as_ref().is_some_and(|sync| sync.dry_run);
        let automated = state.operation.initiated_by.automated;
        let at_once = automated
            && !dry_run
            && RefreshRequest::of(stored).is_none()
            && requested.is_none_or(|(level, _)| level <= CompareLevel::Recent);
        let mut compared = None;
        if at_once {
            let mut next = draft.clone();
            let reason = "its operation is over";
            let refresh = Refresh { level: CompareLevel::Recent, hard: false, reason };
            if let Refreshed::Done(Automation::Nothing) = Box::pin(self.refresh(&mut next, refresh)).await {
                next.status.reconciled_at = Some(Time(self.now()).truncated());
                compared = Some(next);
            }
        }
        let written = self.write_result(stored, compared.as_ref().unwrap_or(&draft)).await?;
        self.metrics.synced(&written, &state);
        self.tell(&written, Happening::completed(&state));
        if compared.is_some() {
            for happening in status_changes(stored, &written) {
                self.tell(&written, happening);
            }
            self.look_again_at_applied(&stored.key());
            return Ok(Round::Over);
        }
        let level = match (dry_run, automated) {
            (true, _) => None,
            (false, true) => Some((CompareLevel::Latest, false)),
            (false, false) => Some((CompareLevel::LatestForced, false)),
        };
        self.refresh_if_due(&written, requested.max(level)).await
    }

    /// Writes the state of an operation. Only the fields that this step changed are written, so that a request to
    /// terminate, made meanwhile, stays.
    async fn write_result(
        &self,
        stored: &Arc<Application>,
        draft: &Application,
    ) -> Result<Arc<Application>, Trouble> {
        let mut wait = Duration::from_millis(100);
        for _ in 0..10 {
            match write(self.outside.store.as_ref(), stored, draft, false).await {
                Err(trouble) if trouble.is_transient() => {
                    // What was done is known only here: losing it would mean to do it all again.
                    tracing::warn!(
                        "{}: the state of the operation cannot be written: {trouble}",
                        stored.key()
                    );
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(Duration::from_secs(5));
                }
                other => return other,
            }
        }
        write(self.outside.store.as_ref(), stored, draft, false).await
    }

    async fn refresh_if_due(
        &self,
        stored: &Arc<Application>,
        requested: Option<(CompareLevel, bool)>,
    ) -> Result<Round, Trouble> {
        let settings = self.outside.store.settings();
        let timing = &settings.reconciliation;
        let key = stored.key();
        let unconfirmed = self.memory.of(&key).lock().has_unconfirmed();
        let requested =
            if unconfirmed { requested.max(Some((CompareLevel::Recent, false))) } else { requested };
        let inputs = RefreshInputs {
            now: self.now(),
            last_compared: self.memory.of(&key).lock().last_compared,
            interval: timing.refresh,
            hard_interval: timing.hard_refresh,
            requested,
        };
        let Some(refresh) = decide(stored, &inputs) else { return Ok(Round::Over) };
        tracing::debug!("{key}: compared at level {:?} because {}", refresh.level, refresh.reason);
        let request = RefreshRequest::of(stored);
        let mut draft = Application::clone(stored);
        let automation = match Box::pin(self.refresh(&mut draft, refresh)).await {
            Refreshed::Done(automation) => automation,
            Refreshed::Abandoned(wait) => {
                self.requeue_in(&key, Work::compare(refresh.level), Priority::Timer, wait);
                return Ok(Round::Over);
            }
        };
        self.outside.store.namespace().clone_into(&mut draft.status.controller_namespace);
        if request.is_none() {
            keep_quiet(stored, &mut draft, refresh);
            if matches!(automation, Automation::Nothing) && self.can_wait(stored, &draft, refresh.level) {
                let wait = RENAMED.mul_f64(1.0 + rand::random::<f64>());
                self.requeue_in(&key, Work::compare(CompareLevel::Latest), Priority::Timer, wait);
                return Ok(Round::Over);
            }
        }
        let started = self.start(&mut draft, automation);
        let (store, exclusive) = (self.outside.store.as_ref(), started.is_some());
        let written = match &request {
            Some(request) => write_served(store, stored, &draft, exclusive, request).await?,
            None => write(store, stored, &draft, exclusive).await?,
        };
        for happening in status_changes(stored, &written) {
            self.tell(&written, happening);
        }
        self.look_again_at_applied(&key);
        let Some(happening) = started else { return Ok(Round::Over) };
        self.tell(&written, happening);
        Ok(Round::Again)
    }

    /// Whether what a comparison found can be written down a little later, and has not waited already.
    fn can_wait(&self, stored: &Application, draft: &Application, level: CompareLevel) -> bool {
        if level < CompareLevel::Latest {
            return false;
        }
        let renamed = is_only_renamed(stored, draft);
        let known = self.memory.of(&stored.key());
        let mut known = known.lock();
        known.renamed = renamed && !known.renamed;
        known.renamed
    }

    /// Starts an automated sync, written together with the status that led to it.
    fn start(&self, draft: &mut Application, automation: Automation) -> Option<Happening> {
        match automation {
            Automation::Start(operation) => {
                let revisions = match &operation.sync {
                    Some(sync) if !sync.revisions.is_empty() => sync.revisions.clone(),
                    Some(sync) => vec![sync.revision.clone()],
                    None => Vec::new(),
                };
                draft.operation = Some(operation);
                draft.status.operation_state = None;
                if let Entry::Step { state, .. } = enter(draft, self.now(), None) {
                    draft.status.operation_state = Some(state);
                }
                Some(Happening::SyncStarted { revisions })
            }
            Automation::Later(at) => {
                self.requeue_at(&draft.key(), Work::compare(CompareLevel::Latest), Priority::Drift, at);
                None
            }
            Automation::Nothing | Automation::Refuse(_) => None,
        }
    }

    /// A status that rests on the answers to applies is checked once the cache must have caught up.
    fn look_again_at_applied(&self, key: &AppKey) {
        let known = self.memory.of(key);
        if !known.lock().applied.is_empty() {
            self.requeue_in(key, Work::LOOK, Priority::Timer, TRUSTED);
        }
    }
}

/// What comes after a round.
pub(crate) enum Round {
    /// Another round: an operation was started.
    Again,
    /// Nothing more for now.
    Over,
}

/// A comparison that only time asked for and that found nothing new is no reason to write.
fn keep_quiet(stored: &Application, draft: &mut Application, refresh: Refresh) {
    if refresh.level > CompareLevel::Latest || stored.status.reconciled_at.is_none() {
        return;
    }
    let after_operation = stored
        .status
        .operation_state
        .as_ref()
        .and_then(|state| state.finished_at)
        .is_some_and(|finished| stored.status.reconciled_at.is_none_or(|compared| compared < finished));
    if after_operation {
        return;
    }
    let new = std::mem::replace(&mut draft.status.reconciled_at, stored.status.reconciled_at);
    if draft.status != stored.status || draft.metadata.finalizers != stored.metadata.finalizers {
        draft.status.reconciled_at = new;
    }
}

/// Whether all that is new is the revision's name: somebody committed something else to the repository.
fn is_only_renamed(stored: &Application, draft: &Application) -> bool {
    let mut same = draft.clone();
    let (old, new) = (&stored.status, &mut same.status);
    if old.sync.revision.is_empty() != new.sync.revision.is_empty()
        || old.sync.revisions.len() != new.sync.revisions.len()
        || (old.sync.revision == new.sync.revision && old.sync.revisions == new.sync.revisions)
    {
        return false;
    }
    new.sync.revision.clone_from(&old.sync.revision);
    new.sync.revisions.clone_from(&old.sync.revisions);
    new.reconciled_at = old.reconciled_at;
    difference(stored, &same).is_none()
}

/// The condition of a deletion that failed.
pub(crate) fn deletion_failed(text: &str) -> types::ApplicationCondition {
    conditions::condition(conditions::DELETION, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_name_for_the_same_thing_can_wait() {
        let mut stored = Application::default();
        stored.status.sync.status = "Synced".into();
        let renamed = |from: &str, to: &str, change: fn(&mut Application)| {
            let (mut from, mut to) = ((from, stored.clone()), (to, stored.clone()));
            for (revision, app) in [&mut from, &mut to] {
                app.status.sync.revision = (*revision).to_owned();
            }
            to.1.status.reconciled_at = Some(Time(jiff::Timestamp::UNIX_EPOCH));
            change(&mut to.1);
            is_only_renamed(&from.1, &to.1)
        };
        assert!(renamed("a", "b", |_| {}));
        assert!(!renamed("a", "a", |_| {}), "there is no new name");
        assert!(!renamed("", "b", |_| {}), "the first name is news");
        assert!(!renamed("a", "b", |app| app.status.sync.status = "OutOfSync".into()));
        assert!(!renamed("a", "b", |app| app.metadata.finalizers.push("x".into())));
    }
}
