//! The record of finished syncs, from which a rollback starts.

use types::{Application, OperationState, RevisionHistory, Time};

/// How many entries are kept unless the spec says otherwise.
const DEFAULT_LIMIT: i64 = 10;

/// Adds a finished operation to the history, and drops what is too old.
pub fn append(app: &mut Application, state: &OperationState, deployed_at: Time) {
    let Some(result) = &state.sync_result else { return };
    let limit = app.spec.revision_history_limit.unwrap_or(DEFAULT_LIMIT);
    let history = &mut app.status.history;
    let id = history.last().map_or(0, |last| last.id + 1);
    history.push(RevisionHistory {
        id,
        revision: result.revision.clone(),
        source: result.source.clone(),
        revisions: result.revisions.clone(),
        sources: result.sources.clone(),
        deploy_started_at: state.started_at,
        deployed_at: Some(deployed_at),
        initiated_by: state.operation.initiated_by.clone(),
    });
    let excess = history.len().saturating_sub(usize::try_from(limit).unwrap_or_default());
    history.drain(..excess);
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::SyncOperationResult;

    #[test]
    fn ids_grow_and_the_oldest_go() {
        let result = SyncOperationResult { revision: "abc".into(), ..SyncOperationResult::default() };
        let state = OperationState { sync_result: Some(Box::new(result)), ..OperationState::default() };
        for (limit, wanted) in
            [(None, (2..12).collect::<Vec<i64>>()), (Some(2), vec![10, 11]), (Some(0), vec![])]
        {
            let mut app = Application::default();
            for _ in 0..12 {
                append(&mut app, &state, Time::default());
            }
            app.spec.revision_history_limit = limit;
            let mut trimmed = app.clone();
            if limit.is_some() {
                trimmed.status.history.pop();
                append(&mut trimmed, &state, Time::default());
            }
            let ids: Vec<i64> = trimmed.status.history.iter().map(|entry| entry.id).collect();
            assert_eq!(ids, wanted, "{limit:?}");
        }
    }
}
