//! Whether an application is compared now, and how thoroughly.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use types::names::ANNOTATION_REFRESH;
use types::{Application, ApplicationSpec, ComparedTo};

/// How thorough a comparison is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CompareLevel {
    /// Only the resource tree and what is gathered from it.
    Tree,
    /// With the revision that was compared last; for changes in the cluster.
    Recent,
    /// With the target revision, as it is known or found by a look at the repository.
    Latest,
    /// With the target revision as the repository has it this moment; for people who ask.
    LatestForced,
}

/// A comparison that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refresh {
    /// How thorough it is.
    pub level: CompareLevel,
    /// Whether rendered manifests are made anew even when nothing they depend on has changed.
    pub hard: bool,
    /// Why, for the log.
    pub reason: &'static str,
}

/// What the decision depends on beside the application.
#[derive(Debug, Clone, Copy)]
pub struct RefreshInputs {
    /// The time.
    pub now: Timestamp,
    /// When the application was last compared with its target revision, as far as this process knows better than the
    /// status does.
    pub last_compared: Option<Timestamp>,
    /// How long a comparison is good for; `None` for ever.
    pub interval: Option<Duration>,
    /// How long a rendering is good for; `None` for ever.
    pub hard_interval: Option<Duration>,
    /// What the controller itself asked for since the last comparison.
    pub requested: Option<(CompareLevel, bool)>,
}

/// Decides whether an application is compared; the first reason wins.
pub fn decide(app: &Application, inputs: &RefreshInputs) -> Option<Refresh> {
    let because = |level, hard, reason| Some(Refresh { level, hard, reason });
    if let Some(kind) = app.metadata.annotations.get(ANNOTATION_REFRESH) {
        return because(CompareLevel::LatestForced, kind == "hard", "it was asked for");
    }
    let compared = &app.status.sync.compared_to;
    // A first comparison is content with revisions that others have looked up a moment ago: a thousand applications
    // of one repository that start together ask it once.
    if app.status.reconciled_at.is_some() && sources_differ(&app.spec, compared) {
        return because(CompareLevel::LatestForced, false, "the source changed");
    }
    let age = last_compared(app, inputs).map(|then| inputs.now.duration_since(then));
    let expired = |interval: Option<Duration>| match (age, interval) {
        (Some(age), Some(interval)) => {
            SignedDuration::try_from(interval).is_ok_and(|interval| age >= interval)
        }
        _ => false,
    };
    let hard = expired(inputs.hard_interval) || (age.is_none() && inputs.hard_interval.is_some());
    if age.is_none() || hard || expired(inputs.interval) {
        let reason = if age.is_none() { "it was never compared" } else { "the last comparison is too old" };
        return because(CompareLevel::Latest, hard, reason);
    }
    if app.spec.destination != compared.destination {
        return because(CompareLevel::Latest, false, "the destination changed");
    }
    if namespace_metadata_differs(app) {
        return because(CompareLevel::Latest, false, "the metadata of the namespace changed");
    }
    if app.spec.ignore_differences != compared.ignore_differences {
        return because(CompareLevel::Latest, false, "the ignored differences changed");
    }
    let (level, hard) = inputs.requested?;
    because(level, hard, "the controller needs it")
}

fn last_compared(app: &Application, inputs: &RefreshInputs) -> Option<Timestamp> {
    let stored = app.status.reconciled_at.map(|time| time.0)?;
    Some(inputs.last_compared.map_or(stored, |known| known.max(stored)))
}

/// Whether sources differ from those that a comparison was made with.
pub fn sources_differ(spec: &ApplicationSpec, compared: &ComparedTo) -> bool {
    if spec.has_multiple_sources() {
        return spec.sources != compared.sources;
    }
    !compared.sources.is_empty() || spec.effective_sources().first() != Some(&compared.source)
}

/// Whether the managed metadata of the namespace differs from what the last operation applied.
pub fn namespace_metadata_differs(app: &Application) -> bool {
    let wanted = app.spec.sync_policy.as_ref().and_then(|policy| policy.managed_namespace_metadata.as_ref());
    let state = app.status.operation_state.as_ref();
    let applied = state
        .and_then(|state| state.sync_result.as_ref())
        .and_then(|result| result.managed_namespace_metadata.as_ref());
    matches!((wanted, applied), (Some(wanted), Some(applied)) if wanted != applied)
}

/// When the application is due for its next comparison by age alone. `chance` is between 0 and 1 and spreads the load.
pub fn next_due(
    compared_at: Timestamp,
    interval: Option<Duration>,
    jitter: Duration,
    chance: f64,
) -> Option<Timestamp> {
    let wait = interval? + jitter.mul_f64(chance.clamp(0.0, 1.0));
    compared_at.saturating_add(SignedDuration::try_from(wait).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{ApplicationSource, ManagedNamespaceMetadata, ResourceIgnoreDifferences};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    fn compared_application() -> Application {
        let mut app = Application::default();
        app.spec.source = Some(ApplicationSource { repo_url: "https://git".into(), ..Default::default() });
        app.spec.destination.server = "https://one".into();
        app.status.sync.compared_to.source = app.spec.source.clone().unwrap();
        app.status.sync.compared_to.destination = app.spec.destination.clone();
        app.status.reconciled_at = Some(types::Time(at(0)));
        app
    }

    const INPUTS: RefreshInputs = RefreshInputs {
        now: Timestamp::UNIX_EPOCH,
        last_compared: None,
        interval: Some(Duration::from_secs(120)),
        hard_interval: None,
        requested: None,
    };

    #[test]
    fn first_reason_wins() {
        use CompareLevel::*;
        type Change = fn(&mut Application, &mut RefreshInputs);
        type Case = (&'static str, Change, Option<(CompareLevel, bool)>);
        let cases: &[Case] = &[
            ("nothing", |_, _| {}, None),
            ("normal", |app, _| annotate(app, "normal"), Some((LatestForced, false))),
            ("hard", |app, _| annotate(app, "hard"), Some((LatestForced, true))),
            ("not exactly hard", |app, _| annotate(app, "Hard"), Some((LatestForced, false))),
            (
                "source",
                |app, _| app.spec.source.as_mut().unwrap().path = "b".into(),
                Some((LatestForced, false)),
            ),
            (
                "sources",
                |app, _| app.spec.sources = vec![ApplicationSource::default()],
                Some((LatestForced, false)),
            ),
            ("fresh", |_, inputs| inputs.now = at(119), None),
            ("old", |_, inputs| inputs.now = at(120), Some((Latest, false))),
            (
                "old in the status only",
                |_, inputs| {
                    inputs.now = at(120);
                    inputs.last_compared = Some(at(60));
                },
                None,
            ),
            (
                "no interval",
                |_, inputs| {
                    inputs.now = at(99_999);
                    inputs.interval = None;
                },
                None,
            ),
            (
                "hard interval",
                |_, inputs| {
                    inputs.now = at(60);
                    inputs.hard_interval = Some(Duration::from_secs(60));
                },
                Some((Latest, true)),
            ),
            ("never", |app, _| app.status.reconciled_at = None, Some((Latest, false))),
            ("destination", |app, _| app.spec.destination.namespace = "x".into(), Some((Latest, false))),
            (
                "ignored differences",
                |app, _| app.spec.ignore_differences.push(ResourceIgnoreDifferences::default()),
                Some((Latest, false)),
            ),
            ("requested", |_, inputs| inputs.requested = Some((Recent, false)), Some((Recent, false))),
            (
                "annotation before request",
                |app, inputs| {
                    annotate(app, "normal");
                    inputs.requested = Some((Recent, false));
                },
                Some((LatestForced, false)),
            ),
        ];
        for (name, change, wanted) in cases {
            let (mut app, mut inputs) = (compared_application(), RefreshInputs { now: at(1), ..INPUTS });
            change(&mut app, &mut inputs);
            let decided = decide(&app, &inputs).map(|refresh| (refresh.level, refresh.hard));
            assert_eq!(decided, *wanted, "{name}");
        }
    }

    fn annotate(app: &mut Application, value: &str) {
        app.metadata.annotations.insert(ANNOTATION_REFRESH.into(), value.into());
    }

    #[test]
    fn namespace_metadata_counts_only_when_both_sides_have_it() {
        let metadata = |label: &str| ManagedNamespaceMetadata {
            labels: [("a".to_owned(), label.to_owned())].into(),
            ..ManagedNamespaceMetadata::default()
        };
        for (wanted, applied, differs) in [
            (None, None, false),
            (Some("1"), None, false),
            (None, Some("1"), false),
            (Some("1"), Some("1"), false),
            (Some("1"), Some("2"), true),
        ] {
            let mut app = compared_application();
            app.spec.sync_policy.get_or_insert_default().managed_namespace_metadata = wanted.map(metadata);
            let state = app.status.operation_state.get_or_insert_default();
            state.sync_result.get_or_insert_default().managed_namespace_metadata = applied.map(metadata);
            assert_eq!(namespace_metadata_differs(&app), differs, "{wanted:?} {applied:?}");
        }
    }

    #[test]
    fn due_times_are_spread() {
        let due = |chance| next_due(at(0), INPUTS.interval, Duration::from_secs(60), chance).unwrap();
        assert_eq!(due(0.0), at(120));
        assert_eq!(due(0.5), at(150));
        assert_eq!(next_due(at(0), None, Duration::ZERO, 0.0), None);
    }
}
