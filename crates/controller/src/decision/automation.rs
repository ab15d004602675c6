//! Whether the controller starts a sync by itself.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sync::Phase;
use types::settings::Reconciliation;
use types::{
    Application, ApplicationCondition, Operation, OperationInitiator, OperationState, ResourceStatus,
    RetryStrategy, SyncOperation, SyncOperationResource,
};

use super::conditions::{SYNC, condition};

/// What follows from a comparison for automated syncs.
#[derive(Debug, Clone, PartialEq)]
pub enum Automation {
    /// Nothing.
    Nothing,
    /// This operation is started.
    Start(Box<Operation>),
    /// The application healed itself too recently; look again at this time.
    Later(Timestamp),
    /// No sync, and users should know why.
    Refuse(ApplicationCondition),
}

/// Decides on an automated sync after a comparison whose results are in the application's status. `may_have_changed`
/// says that the revision that was compared may differ from the one that was synced last.
pub fn decide(app: &Application, settings: &Reconciliation, now: Timestamp) -> Automation {
    let Some(policy) = &app.spec.sync_policy else { return Automation::Nothing };
    let Some(automated) = policy.automated.as_ref().filter(|automated| automated.enabled != Some(false))
    else {
        return Automation::Nothing;
    };
    let status = &app.status;
    if app.operation.is_some()
        || app.metadata.deletion_timestamp.is_some()
        || status.sync.status != "OutOfSync"
        || in_progress(app)
    {
        return Automation::Nothing;
    }
    let prune = automated.prune == Some(true);
    let out_of_sync: Vec<&ResourceStatus> =
        status.resources.iter().filter(|resource| resource.status != "Synced" && !resource.hook).collect();
    if !prune && !out_of_sync.is_empty() && out_of_sync.iter().all(|resource| resource.requires_pruning) {
        return Automation::Nothing;
    }
    let mut operation = prepare(app, prune);
    if let Some(state) = status.operation_state.as_ref().filter(|state| was_attempted(app, state)) {
        if state.phase != Phase::Succeeded.as_str() {
            let text = format!("Failed last sync attempt to {}: {}", revisions_text(app), state.message);
            return Automation::Refuse(condition(SYNC, text));
        }
        if automated.self_heal != Some(true) {
            return Automation::Nothing;
        }
        let attempts =
            state.operation.sync.as_ref().map(|sync| sync.auto_heal_attempts_count).unwrap_or_default();
        if let Some(later) = heals_again_at(state, attempts, settings).filter(|later| *later > now) {
            return Automation::Later(later);
        }
        if let Some(sync) = &mut operation.sync {
            sync.auto_heal_attempts_count = attempts + 1;
            sync.resources = out_of_sync.iter().map(|resource| selected(resource)).collect();
        }
    }
    let wipes_out =
        status.resources.iter().filter(|resource| !resource.hook).all(|resource| resource.requires_pruning);
    if prune && automated.allow_empty != Some(true) && wipes_out {
        let text = format!(
            "Skipping sync attempt to {}: auto-sync will wipe out all resources",
            revisions_text(app)
        );
        return Automation::Refuse(condition(SYNC, text));
    }
    Automation::Start(Box::new(operation))
}

/// Whether an operation is under way.
pub fn in_progress(app: &Application) -> bool {
    let state = app.status.operation_state.as_ref();
    state.is_some_and(|state| !Phase::parse(&state.phase).is_some_and(Phase::is_completed))
}

fn selected(resource: &ResourceStatus) -> SyncOperationResource {
    SyncOperationResource {
        group: resource.group.clone(),
        kind: resource.kind.clone(),
        name: resource.name.clone(),
        namespace: String::new(),
    }
}

fn prepare(app: &Application, prune: bool) -> Operation {
    let policy = app.spec.sync_policy.clone().unwrap_or_default();
    let mut sync = SyncOperation { prune, sync_options: policy.sync_options, ..SyncOperation::default() };
    if app.spec.has_multiple_sources() {
        sync.sources.clone_from(&app.spec.sources);
        sync.revisions.clone_from(&app.status.sync.revisions);
    } else {
        sync.source = app.spec.effective_sources().into_iter().next();
        sync.revision.clone_from(&app.status.sync.revision);
    }
    let default_retry =
        RetryStrategy { limit: sync::retry::AUTOMATED_RETRY_LIMIT, ..RetryStrategy::default() };
    Operation {
        sync: Some(Box::new(sync)),
        initiated_by: OperationInitiator { automated: true, ..OperationInitiator::default() },
        retry: policy.retry.unwrap_or(default_retry),
        ..Operation::default()
    }
}

/// Whether the last operation tried exactly what would be tried now.
fn was_attempted(app: &Application, state: &OperationState) -> bool {
    let Some(result) = &state.sync_result else {
        return Phase::parse(&state.phase).is_some_and(Phase::is_completed);
    };
    if app.spec.has_multiple_sources() {
        result.revisions == app.status.sync.revisions && result.sources == app.spec.sources
    } else {
        result.revision == app.status.sync.revision
            && result.sources.is_empty()
            && app.spec.effective_sources().first() == Some(&result.source)
    }
}

fn revisions_text(app: &Application) -> String {
    let sync = &app.status.sync;
    let revisions =
        if app.spec.has_multiple_sources() { sync.revisions.join(" ") } else { sync.revision.clone() };
    format!("[{revisions}]")
}

/// The wait before the self-heal attempt after `attempts` earlier ones.
pub fn heal_delay(attempts: i64, settings: &Reconciliation) -> Duration {
    if settings.self_heal_initial.is_zero() {
        return settings.self_heal_constant;
    }
    if attempts <= 0 {
        return Duration::ZERO;
    }
    let exponent = u32::try_from(attempts - 1).unwrap_or(u32::MAX);
    let factor = settings.self_heal_factor.checked_pow(exponent);
    let delay = factor.and_then(|factor| settings.self_heal_initial.checked_mul(factor));
    delay.unwrap_or(settings.self_heal_cap).min(settings.self_heal_cap)
}

fn heals_again_at(state: &OperationState, attempts: i64, settings: &Reconciliation) -> Option<Timestamp> {
    let finished_at = state.finished_at?.0;
    let delay = SignedDuration::try_from(heal_delay(attempts, settings)).ok()?;
    finished_at.saturating_add(delay).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{ApplicationSource, SyncOperationResult, SyncPolicyAutomated, Time};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    fn resource(name: &str, status: &str, requires_pruning: bool) -> ResourceStatus {
        ResourceStatus {
            kind: "ConfigMap".into(),
            namespace: "prod".into(),
            name: name.into(),
            status: status.into(),
            requires_pruning,
            ..ResourceStatus::default()
        }
    }

    fn app() -> Application {
        let mut app = Application::default();
        app.spec.source = Some(ApplicationSource { repo_url: "https://git".into(), ..Default::default() });
        app.spec.sync_policy.get_or_insert_default().automated = Some(SyncPolicyAutomated::default());
        app.status.sync.status = "OutOfSync".into();
        app.status.sync.revision = "abc".into();
        app.status.resources = vec![resource("a", "OutOfSync", false), resource("b", "Synced", false)];
        app
    }

    fn attempted(app: &mut Application, phase: &str, revision: &str, attempts: i64) {
        let mut operation = Operation::default();
        operation.sync.get_or_insert_default().auto_heal_attempts_count = attempts;
        app.status.operation_state = Some(Box::new(OperationState {
            operation,
            phase: phase.into(),
            message: "it broke".into(),
            finished_at: Some(Time(at(0))),
            sync_result: Some(Box::new(SyncOperationResult {
                revision: revision.into(),
                source: app.spec.source.clone().unwrap(),
                ..SyncOperationResult::default()
            })),
            ..OperationState::default()
        }));
    }

    fn automated(app: &mut Application) -> &mut SyncPolicyAutomated {
        app.spec.sync_policy.get_or_insert_default().automated.get_or_insert_default()
    }

    fn summary(automation: &Automation) -> String {
        match automation {
            Automation::Nothing => "nothing".into(),
            Automation::Later(time) => format!("later {}", time.duration_since(at(0)).as_secs()),
            Automation::Refuse(condition) => format!("{}: {}", condition.r#type, condition.message),
            Automation::Start(operation) => {
                let sync = operation.sync.as_ref().unwrap();
                assert!(operation.initiated_by.automated && operation.retry.limit == 5);
                let names: Vec<&str> = sync.resources.iter().map(|resource| resource.name.as_str()).collect();
                format!(
                    "start {} prune={} {names:?} heal={}",
                    sync.revision, sync.prune, sync.auto_heal_attempts_count
                )
            }
        }
    }

    #[test]
    fn decisions() {
        type Change = fn(&mut Application);
        let cases: &[(Change, &str)] = &[
            (|_| {}, "start abc prune=false [] heal=0"),
            (|app| app.spec.sync_policy = None, "nothing"),
            (|app| automated(app).enabled = Some(false), "nothing"),
            (|app| automated(app).enabled = Some(true), "start abc prune=false [] heal=0"),
            (|app| app.operation = Some(Box::default()), "nothing"),
            (|app| app.metadata.deletion_timestamp = Some(Time(at(0))), "nothing"),
            (|app| app.status.sync.status = "Synced".into(), "nothing"),
            (|app| app.status.sync.status = "Unknown".into(), "nothing"),
            (|app| attempted(app, "Running", "old", 0), "nothing"),
            // Only pruning is left to do, and pruning is off.
            (
                |app| {
                    app.status.resources =
                        vec![resource("a", "OutOfSync", true), resource("b", "Synced", false)];
                },
                "nothing",
            ),
            (
                |app| {
                    automated(app).prune = Some(true);
                    app.status.resources =
                        vec![resource("a", "OutOfSync", true), resource("b", "Synced", false)];
                },
                "start abc prune=true [] heal=0",
            ),
            // Everything would go.
            (
                |app| {
                    automated(app).prune = Some(true);
                    app.status.resources = vec![resource("a", "OutOfSync", true)];
                },
                "SyncError: Skipping sync attempt to [abc]: auto-sync will wipe out all resources",
            ),
            (
                |app| {
                    automated(app).prune = Some(true);
                    app.status.resources.clear();
                },
                "SyncError: Skipping sync attempt to [abc]: auto-sync will wipe out all resources",
            ),
            (
                |app| {
                    automated(app).prune = Some(true);
                    automated(app).allow_empty = Some(true);
                    app.status.resources = vec![resource("a", "OutOfSync", true)];
                },
                "start abc prune=true [] heal=0",
            ),
            // The last attempt.
            (
                |app| attempted(app, "Failed", "abc", 0),
                "SyncError: Failed last sync attempt to [abc]: it broke",
            ),
            (|app| attempted(app, "Failed", "old", 0), "start abc prune=false [] heal=0"),
            (|app| attempted(app, "Succeeded", "abc", 0), "nothing"),
            (|app| attempted(app, "Succeeded", "old", 0), "start abc prune=false [] heal=0"),
            (
                |app| {
                    attempted(app, "Failed", "abc", 0);
                    app.spec.source.as_mut().unwrap().path = "elsewhere".into();
                },
                "start abc prune=false [] heal=0",
            ),
            (
                |app| {
                    attempted(app, "Error", "abc", 0);
                    app.status.operation_state.as_mut().unwrap().sync_result = None;
                },
                "SyncError: Failed last sync attempt to [abc]: it broke",
            ),
            // Self-heal.
            (
                |app| {
                    automated(app).self_heal = Some(true);
                    attempted(app, "Succeeded", "abc", 0);
                },
                "start abc prune=false [\"a\"] heal=1",
            ),
            (
                |app| {
                    automated(app).self_heal = Some(true);
                    attempted(app, "Succeeded", "abc", 1);
                },
                "later 2",
            ),
            (
                |app| {
                    automated(app).self_heal = Some(true);
                    attempted(app, "Succeeded", "abc", 3);
                },
                "later 18",
            ),
            (
                |app| {
                    automated(app).self_heal = Some(true);
                    attempted(app, "Failed", "abc", 3);
                },
                "SyncError: Failed last sync attempt to [abc]: it broke",
            ),
        ];
        for (number, (change, wanted)) in cases.iter().enumerate() {
            let mut app = app();
            change(&mut app);
            assert_eq!(summary(&decide(&app, &Reconciliation::default(), at(1))), *wanted, "case {number}");
        }
    }

    #[test]
    fn heal_delays_grow_to_the_cap() {
        let settings = Reconciliation::default();
        let delays: Vec<u64> = (0..8).map(|attempts| heal_delay(attempts, &settings).as_secs()).collect();
        assert_eq!(delays, [0, 2, 6, 18, 54, 162, 300, 300]);
        assert_eq!(heal_delay(i64::MAX, &settings).as_secs(), 300);
        let constant = Reconciliation {
            self_heal_initial: Duration::ZERO,
            self_heal_constant: Duration::from_secs(7),
            ..settings
        };
        assert_eq!(heal_delay(5, &constant).as_secs(), 7);
    }

    #[test]
    fn several_sources() {
        let mut app = app();
        app.spec.sources = vec![ApplicationSource::default(), ApplicationSource::default()];
        app.status.sync.revisions = vec!["a".into(), "b".into()];
        let Automation::Start(operation) = decide(&app, &Reconciliation::default(), at(1)) else { panic!() };
        let sync = operation.sync.unwrap();
        assert_eq!(sync.revisions, ["a", "b"]);
        assert_eq!((sync.sources.len(), sync.source), (2, None));
    }
}
