//! Who may do what, and when: globs, policies, sync windows.

use jiff::Timestamp;
use sync::window::{self, WindowSubject};
use types::glob::Glob;
use types::rbac::{Policy, Subject};
use types::settings::PolicySettings;
use types::{AppProject, Destination, SyncWindow};

use crate::bundle;

/// A pattern in the first line, texts in the others.
pub(super) fn globs(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let mut lines = text.lines().take(10);
    let pattern = lines.next().unwrap_or_default();
    let plain = !pattern.contains(['*', '?', '[', ']', '{', '}', '\\', ',', '!']);
    for separators in [&[][..], &['/'][..]] {
        let Ok(glob) = Glob::new(pattern, separators) else { continue };
        if plain {
            assert!(glob.matches(pattern), "{pattern:?} does not match itself");
        }
        for line in lines.clone() {
            let found = glob.matches(line);
            assert!(!plain || found == (line == pattern), "{pattern:?} and {line:?}");
        }
    }
    for line in lines {
        assert!(types::glob::matches("*", line));
    }
}

/// A policy, the default role, and requests: `subject, resource, action, object`.
pub(super) fn policy(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let files = bundle::files(text);
    let requests = bundle::text_of(&files, "requests");
    for regex in [false, true] {
        let settings = PolicySettings {
            csv: bundle::text_of(&files, "policy").to_owned(),
            default_role: bundle::text_of(&files, "default").trim().to_owned(),
            scopes: Vec::new(),
            regex,
        };
        let Ok(policy) = Policy::new(&settings) else { continue };
        let project: AppProject =
            serde_json::from_value(goyaml::from_str(bundle::text_of(&files, "project")).unwrap_or_default())
                .unwrap_or_default();
        let refined = policy.with_project(&project);
        for request in requests.lines().take(8) {
            let mut words = request.split(',').map(str::trim);
            let mut word = || words.next().unwrap_or_default();
            let (name, resource, action, object) = (word(), word(), word(), word());
            let subject = Subject { name: name.to_owned(), groups: vec!["group".to_owned()] };
            let allowed = refined.for_subject(&subject).allows(resource, action, object);
            // Nothing is allowed to those of whom nothing is said.
            if settings.default_role.is_empty() && settings.csv.is_empty() && project == AppProject::default()
            {
                assert!(!allowed || name.starts_with("role:"), "{request}");
            }
            let destination =
                Destination { server: object, name: action, namespace: resource, cluster_project: "" };
            let _ = (project.permits_source(object), project.permits_destination(&destination));
            let _ = project.permits_kind(resource, action, object, true);
        }
    }
}

/// A schedule, a duration, a zone and a pattern, one a line.
pub(super) fn windows(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let mut lines = text.lines();
    let mut line = || lines.next().unwrap_or_default().to_owned();
    let (schedule, duration, time_zone, pattern, seconds) = (line(), line(), line(), line(), line());
    let window = SyncWindow {
        kind: "allow".into(),
        schedule,
        duration,
        time_zone,
        applications: vec![pattern],
        ..SyncWindow::default()
    };
    let now =
        seconds.parse().ok().and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or_default();
    let _ = window::is_active(&window, now);
    let _ = window::validate(std::slice::from_ref(&window), now);
    let subject = WindowSubject { application: "app", namespace: "place", server: "https://a", cluster: "b" };
    if window::applies(&window, &subject) {
        let _ = window::can_sync(&[&window], true, Some(now), now);
    }
}
