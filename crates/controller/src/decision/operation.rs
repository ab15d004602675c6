//! How an operation goes from one state to the next. What a step of it does is planned by crate `sync`.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sync::{Phase, retry};
use types::{Application, OperationState, Time};

/// What is to be done about an application's operation.
#[derive(Debug, Clone, PartialEq)]
pub enum Entry {
    /// Nothing: there is none, or it is over.
    Idle,
    /// It failed before and waits until this time.
    WaitsForRetry(Timestamp),
    /// One step in this state; when `changed`, the state is written down first.
    Step {
        /// The state to go on from.
        state: Box<OperationState>,
        /// Whether it differs from what is stored.
        changed: bool,
        /// Whether the sync timeout ended it.
        timed_out: bool,
    },
}

/// The message of an operation that the sync timeout ends.
const TIMED_OUT: &str = "operation is terminating due to timeout";

/// Decides how to go on with an operation.
pub fn enter(app: &Application, now: Timestamp, timeout: Option<Duration>) -> Entry {
    let stored = app.status.operation_state.as_ref();
    let running =
        stored.filter(|state| !Phase::parse(&state.phase).is_some_and(|phase| phase.is_completed()));
    let Some(state) = running else {
        let Some(operation) = &app.operation else { return Entry::Idle };
        let state = OperationState {
            operation: types::Operation::clone(operation),
            phase: Phase::Running.as_str().to_owned(),
            started_at: Some(Time(now).truncated()),
            ..OperationState::default()
        };
        return Entry::Step { state: Box::new(state), changed: true, timed_out: false };
    };
    let unchanged = |timed_out| Entry::Step { state: state.clone(), changed: false, timed_out };
    let overdue = match (timeout, state.started_at) {
        (Some(timeout), Some(started_at)) => {
            SignedDuration::try_from(timeout).is_ok_and(|timeout| now.duration_since(started_at.0) > timeout)
        }
        _ => false,
    };
    if state.phase == Phase::Terminating.as_str() {
        return unchanged(overdue);
    }
    if overdue {
        let state = OperationState {
            phase: Phase::Terminating.as_str().to_owned(),
            message: TIMED_OUT.to_owned(),
            ..OperationState::clone(state)
        };
        return Entry::Step { state: Box::new(state), changed: true, timed_out: true };
    }
    let Some(finished_at) = state.finished_at else { return unchanged(false) };
    // A strategy that cannot be read has no waiting times; the operation then goes on at once.
    let next = retry::next_retry_at(&state.operation.retry, finished_at.0, state.retry_count);
    if let Ok(next) = next
        && next > now
    {
        return Entry::WaitsForRetry(next);
    }
    Entry::Step { state: Box::new(restarted(state)), changed: true, timed_out: false }
}

fn restarted(state: &OperationState) -> OperationState {
    let mut state = state.clone();
    let latest = if state.operation.retry.refresh { " with latest revisions" } else { "" };
    state.message = format!("Retrying operation{latest}. Attempt #{}", state.retry_count);
    state.finished_at = None;
    state.sync_result = None;
    if state.operation.retry.refresh
        && let Some(sync) = &mut state.operation.sync
    {
        sync.revision.clear();
        sync.revisions.clear();
    }
    state
}

/// The state after a step that ended in `phase` with `message`. `terminating` says that the step ended it on demand.
pub fn leave(
    mut state: OperationState,
    phase: Phase,
    message: &str,
    now: Timestamp,
    terminating: bool,
    timed_out: bool,
) -> OperationState {
    message.clone_into(&mut state.message);
    phase.as_str().clone_into(&mut state.phase);
    if !phase.is_completed() {
        return state;
    }
    state.finished_at = Some(Time(now).truncated());
    if !phase.is_unsuccessful() {
        return state;
    }
    let retries = state.retry_count;
    if !terminating && !timed_out && retry::may_retry(&state.operation.retry, retries) {
        match retry::retry_message(&state.operation.retry, message, now, retries) {
            Ok(message) => {
                Phase::Running.as_str().clone_into(&mut state.phase);
                state.message = message;
                state.retry_count = retries + 1;
            }
            Err(error) => state.message = format!("{message} (not retried: {error})"),
        }
        return state;
    }
    if timed_out {
        state.message.push_str(", triggered by controller sync timeout");
    }
    if retries > 0 {
        state.message.push_str(&format!(" (retried {retries} times)."));
    }
    state
}

/// Whether nothing more happens to an operation.
pub fn is_over(state: &OperationState) -> bool {
    Phase::parse(&state.phase).is_some_and(Phase::is_completed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{Operation, RetryStrategy, SyncOperation};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    fn state(phase: &str) -> OperationState {
        let sync = SyncOperation { revision: "abc".into(), ..SyncOperation::default() };
        OperationState {
            operation: Operation { sync: Some(Box::new(sync)), ..Operation::default() },
            phase: phase.into(),
            started_at: Some(Time(at(0))),
            ..OperationState::default()
        }
    }

    fn entered(state: Option<OperationState>, operation: bool, now: i64, timeout: Option<u64>) -> Entry {
        let operation = operation.then(Box::default);
        let mut app = Application { operation, ..Application::default() };
        app.status.operation_state = state.map(Box::new);
        enter(&app, at(now), timeout.map(Duration::from_secs))
    }

    fn step(entry: Entry) -> (OperationState, bool, bool) {
        match entry {
            Entry::Step { state, changed, timed_out } => (*state, changed, timed_out),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn operations_start_resume_and_end() {
        assert_eq!(entered(None, false, 0, None), Entry::Idle);
        assert_eq!(entered(Some(state("Succeeded")), false, 0, None), Entry::Idle);
        let (started, changed, _) = step(entered(Some(state("Succeeded")), true, 5, None));
        assert_eq!(
            (started.phase.as_str(), started.started_at, changed),
            ("Running", Some(Time(at(5))), true)
        );
        let (resumed, changed, _) = step(entered(Some(state("Running")), true, 5, None));
        assert_eq!((resumed, changed), (state("Running"), false));
        let (terminating, changed, _) = step(entered(Some(state("Terminating")), true, 5, None));
        assert_eq!((terminating.phase.as_str(), changed), ("Terminating", false));
    }

    #[test]
    fn the_timeout_terminates() {
        let (running, ..) = step(entered(Some(state("Running")), true, 10, Some(10)));
        assert_eq!(running.phase, "Running");
        let (late, changed, timed_out) = step(entered(Some(state("Running")), true, 11, Some(10)));
        assert_eq!((late.phase.as_str(), late.message.as_str()), ("Terminating", TIMED_OUT));
        assert!(changed && timed_out);
        let over = leave(late, Phase::Failed, "Operation terminated", at(12), true, true);
        assert_eq!(over.message, "Operation terminated, triggered by controller sync timeout");
    }

    #[test]
    fn failed_operations_wait_and_try_again() {
        let mut running = state("Running");
        running.operation.retry = RetryStrategy { limit: 2, ..RetryStrategy::default() };
        running.sync_result = Some(Box::default());
        let failed = leave(running, Phase::Failed, "it broke", at(0), false, false);
        assert_eq!((failed.phase.as_str(), failed.retry_count), ("Running", 1));
        assert!(failed.message.starts_with("it broke. Retrying attempt #1 at "), "{}", failed.message);
        // The wait is that of the increased count: 5 s doubled once.
        assert_eq!(entered(Some(failed.clone()), true, 9, None), Entry::WaitsForRetry(at(10)));
        let (again, changed, _) = step(entered(Some(failed.clone()), true, 10, None));
        assert_eq!(again.message, "Retrying operation. Attempt #1");
        assert!(changed && again.sync_result.is_none() && again.finished_at.is_none());
        assert_eq!(again.operation.sync.unwrap().revision, "abc");
        let mut refreshing = failed;
        refreshing.operation.retry.refresh = true;
        let (again, ..) = step(entered(Some(refreshing), true, 10, None));
        assert_eq!(again.message, "Retrying operation with latest revisions. Attempt #1");
        assert_eq!(again.operation.sync.unwrap().revision, "");
    }

    #[test]
    fn the_last_failure_tells_how_often_it_was_tried() {
        let mut running = state("Running");
        running.operation.retry = RetryStrategy { limit: 2, ..RetryStrategy::default() };
        running.retry_count = 2;
        let failed = leave(running.clone(), Phase::Error, "it broke", at(0), false, false);
        assert_eq!(
            (failed.phase.as_str(), failed.message.as_str()),
            ("Error", "it broke (retried 2 times).")
        );
        running.retry_count = 0;
        let stopped = leave(running.clone(), Phase::Failed, "Operation terminated", at(0), true, false);
        assert_eq!((stopped.phase.as_str(), stopped.message.as_str()), ("Failed", "Operation terminated"));
        let done = leave(running, Phase::Succeeded, "all done", at(3), false, false);
        assert_eq!((done.phase.as_str(), done.finished_at), ("Succeeded", Some(Time(at(3)))));
        assert!(is_over(&done));
    }
}
