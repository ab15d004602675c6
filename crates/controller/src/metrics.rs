//! Counters and durations of the loop, under Argo CD's names, for a `/metrics` page.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use parking_lot::Mutex;
use types::{Application, OperationState};

/// The upper bounds of the buckets of a comparison's duration, in seconds.
const RECONCILE_BUCKETS: [f64; 7] = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0];

/// Label values in the order of their names.
type Labels = Vec<(&'static str, String)>;

#[derive(Default)]
struct Histogram {
    buckets: [u64; RECONCILE_BUCKETS.len()],
    count: u64,
    sum: f64,
}

#[derive(Default)]
struct Inner {
    syncs: BTreeMap<Labels, u64>,
    sync_seconds: BTreeMap<Labels, u64>,
    reconciles: BTreeMap<Labels, Histogram>,
    orphans: BTreeMap<Labels, u64>,
}

/// What was counted since the process started.
#[derive(Default)]
pub struct Metrics {
    inner: Mutex<Inner>,
}

fn identity(app: &Application) -> Labels {
    vec![
        ("namespace", app.metadata.namespace.clone()),
        ("name", app.metadata.name.clone()),
        ("project", app.spec.project_name().to_owned()),
    ]
}

impl Metrics {
    /// Counts a finished operation.
    pub fn synced(&self, app: &Application, state: &OperationState) {
        let mut labels = identity(app);
        labels.push(("dest_server", app.spec.destination.server.clone()));
        let seconds = match (state.started_at, state.finished_at) {
            (Some(started), Some(finished)) => finished.0.duration_since(started.0).as_secs(),
            _ => 0,
        };
        let mut inner = self.inner.lock();
        *inner.sync_seconds.entry(labels.clone()).or_default() += u64::try_from(seconds).unwrap_or_default();
        let dry_run = state.operation.sync.as_ref().is_some_and(|sync| sync.dry_run);
        labels.push(("phase", state.phase.clone()));
        labels.push(("dry_run", dry_run.to_string()));
        *inner.syncs.entry(labels).or_default() += 1;
    }

    /// Counts a comparison.
    pub fn reconciled(&self, app: &Application, took: Duration) {
        let labels = vec![
            ("namespace", app.metadata.namespace.clone()),
            ("dest_server", app.spec.destination.server.clone()),
        ];
        let mut inner = self.inner.lock();
        let histogram = inner.reconciles.entry(labels).or_default();
        let seconds = took.as_secs_f64();
        for (bucket, bound) in histogram.buckets.iter_mut().zip(RECONCILE_BUCKETS) {
            *bucket += u64::from(seconds <= bound);
        }
        histogram.count += 1;
        histogram.sum += seconds;
    }

    /// Notes how many orphans an application has.
    pub fn orphaned(&self, app: &Application, count: usize) {
        self.inner.lock().orphans.insert(identity(app), count as u64);
    }

    /// Forgets an application that is gone.
    pub fn forget(&self, app: &Application) {
        let gone = identity(app);
        let mut inner = self.inner.lock();
        inner.orphans.remove(&gone);
        inner.syncs.retain(|labels, _| !labels.starts_with(&gone));
        inner.sync_seconds.retain(|labels, _| !labels.starts_with(&gone));
    }

    /// Everything in Prometheus' text format, with the facts of the given applications.
    pub fn text<'a>(&self, apps: impl Iterator<Item = &'a Application>, queue_depth: usize) -> String {
        let mut text = String::new();
        head(&mut text, "argocd_app_info", "gauge", "Information about application.");
        for app in apps {
            line(&mut text, "argocd_app_info", &info(app), 1.0);
        }
        let inner = self.inner.lock();
        for (name, kind, help, values) in [
            ("argocd_app_sync_total", "counter", "Number of application syncs.", &inner.syncs),
            (
                "argocd_app_sync_duration_seconds_total",
                "counter",
                "Application sync performance in seconds total.",
                &inner.sync_seconds,
            ),
            (
                "argocd_app_orphaned_resources_count",
                "gauge",
                "Number of orphaned resources per application.",
                &inner.orphans,
            ),
        ] {
            head(&mut text, name, kind, help);
            for (labels, value) in values {
                #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
                line(&mut text, name, labels, *value as f64);
            }
        }
        let name = "argocd_app_reconcile";
        head(&mut text, name, "histogram", "Application reconciliation performance in seconds.");
        for (labels, histogram) in &inner.reconciles {
            histogram.write(&mut text, name, labels);
        }
        head(&mut text, "workqueue_depth", "gauge", "Current depth of workqueue.");
        let labels = vec![("name", "app_reconciliation_queue".to_owned())];
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
        line(&mut text, "workqueue_depth", &labels, queue_depth as f64);
        text
    }
}

impl Histogram {
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    fn write(&self, text: &mut String, name: &str, labels: &Labels) {
        let bounds = RECONCILE_BUCKETS.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
        for (bound, count) in bounds.zip(self.buckets.iter().chain([&self.count])) {
            let mut labels = labels.clone();
            labels.push(("le", bound));
            line(text, &format!("{name}_bucket"), &labels, *count as f64);
        }
        line(text, &format!("{name}_sum"), labels, self.sum);
        line(text, &format!("{name}_count"), labels, self.count as f64);
    }
}

fn info(app: &Application) -> Labels {
    let or_unknown = |text: &str| if text.is_empty() { "Unknown".to_owned() } else { text.to_owned() };
    let automated = app.spec.sync_policy.as_ref().and_then(|policy| policy.automated.as_ref());
    let repository =
        app.spec.effective_sources().first().map(|source| source.repo_url.clone()).unwrap_or_default();
    let operation = if app.metadata.deletion_timestamp.is_some() {
        "delete"
    } else if app.operation.as_ref().is_some_and(|operation| operation.sync.is_some()) {
        "sync"
    } else {
        ""
    };
    let mut labels = identity(app);
    let enabled = automated.is_some_and(|automated| automated.enabled != Some(false));
    labels.push(("autosync_enabled", enabled.to_string()));
    labels.push(("repo", types::normalize_repository_url(&repository)));
    labels.push(("dest_server", app.spec.destination.server.clone()));
    labels.push(("dest_namespace", app.spec.destination.namespace.clone()));
    labels.push(("sync_status", or_unknown(&app.status.sync.status)));
    labels.push(("health_status", or_unknown(&app.status.health.status)));
    labels.push(("operation", operation.to_owned()));
    labels
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(text: &mut String, name: &str, labels: &Labels, value: f64) {
    let escape = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let labels: Vec<String> =
        labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
    let _ = writeln!(text, "{name}{{{}}} {value}", labels.join(","));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_argo_cds_names() {
        let mut app = Application::default();
        app.metadata.namespace = "argocd".into();
        app.metadata.name = "web".into();
        app.spec.destination.server = "https://\"one\"".into();
        let metrics = Metrics::default();
        let state = OperationState { phase: "Succeeded".into(), ..OperationState::default() };
        metrics.synced(&app, &state);
        metrics.synced(&app, &state);
        metrics.reconciled(&app, Duration::from_millis(300));
        let text = metrics.text([&app].into_iter(), 3);
        for wanted in [
            "argocd_app_sync_total{namespace=\"argocd\",name=\"web\",project=\"default\",dest_server=\"https://\\\"one\\\"\",phase=\"Succeeded\",dry_run=\"false\"} 2",
            "argocd_app_reconcile_bucket{namespace=\"argocd\",dest_server=\"https://\\\"one\\\"\",le=\"0.25\"} 0",
            "argocd_app_reconcile_bucket{namespace=\"argocd\",dest_server=\"https://\\\"one\\\"\",le=\"0.5\"} 1",
            "argocd_app_reconcile_count{namespace=\"argocd\",dest_server=\"https://\\\"one\\\"\"} 1",
            "sync_status=\"Unknown\",health_status=\"Unknown\",operation=\"\"} 1",
            "workqueue_depth{name=\"app_reconciliation_queue\"} 3",
        ] {
            assert!(text.contains(wanted), "{wanted} is not in\n{text}");
        }
        metrics.forget(&app);
        assert!(!metrics.text(std::iter::empty(), 0).contains("argocd_app_sync_total{"));
    }
}
