//! What Prometheus scrapes, under Argo CD's names.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::core::Core;

/// Logins that succeeded and that failed, of this process.
static LOGINS: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

/// Counts a login.
pub(crate) fn count_login(success: bool) {
    LOGINS[usize::from(success)].fetch_add(1, Ordering::Relaxed);
}

/// The text form of Prometheus.
pub(crate) fn text(core: &Core) -> String {
    let mut out = String::new();
    family(&mut out, "argocd_info", "gauge", "The running version.");
    let _ = writeln!(out, "argocd_info{{version=\"{}\"}} 1", env!("CARGO_PKG_VERSION"));
    family(&mut out, "argocd_login_request_total", "counter", "Logins by outcome.");
    for (index, status) in ["failure", "success"].iter().enumerate() {
        let count = LOGINS.get(index).map_or(0, |count| count.load(Ordering::Relaxed));
        let _ = writeln!(out, "argocd_login_request_total{{status=\"{status}\"}} {count}");
    }
    match &core.controller {
        // The loop tells more of applications, among it what is told here.
        Some(controller) => out.push_str(&controller.metrics_text()),
        None => applications(&mut out, core),
    }
    out
}

fn applications(out: &mut String, core: &Core) {
    family(out, "argocd_app_info", "gauge", "Information about an application.");
    for application in core.control.applications() {
        let spec = &application.spec;
        let sources = spec.effective_sources();
        let repository = sources.first().map(|source| source.repo_url.as_str()).unwrap_or_default();
        let operation = if application.metadata.deletion_timestamp.is_some() {
            "delete"
        } else if application.operation.is_some() {
            "sync"
        } else {
            ""
        };
        let automated = spec
            .sync_policy
            .as_ref()
            .and_then(|policy| policy.automated.as_ref())
            .is_some_and(|automated| automated.enabled != Some(false));
        let labels = [
            ("autosync_enabled", if automated { "true" } else { "false" }),
            ("dest_namespace", spec.destination.namespace.as_str()),
            ("dest_server", spec.destination.server.as_str()),
            ("health_status", or_unknown(&application.status.health.status)),
            ("name", application.metadata.name.as_str()),
            ("namespace", application.metadata.namespace.as_str()),
            ("operation", operation),
            ("project", spec.project_name()),
            ("repo", repository),
            ("sync_status", or_unknown(&application.status.sync.status)),
        ];
        let labels: Vec<String> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
        let _ = writeln!(out, "argocd_app_info{{{}}} 1", labels.join(","));
    }
}

fn or_unknown(text: &str) -> &str {
    if text.is_empty() { "Unknown" } else { text }
}

fn family(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
