//! Kubernetes Events about applications, with the reasons and words that Argo CD's users filter by.

use jiff::Timestamp;
use object::Object;
use serde_json::json;
use types::{Application, OperationState, Time};

/// The component that events come from.
const COMPONENT: &str = "argocd-application-controller";

/// Whom an Event is about: what it needs of an Application, which may have changed by the time it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    namespace: Box<str>,
    name: Box<str>,
    uid: Box<str>,
    resource_version: Box<str>,
    server: Box<str>,
    destination_namespace: Box<str>,
}

impl Subject {
    /// An Application as it is now.
    pub(crate) fn of(app: &Application) -> Self {
        let (meta, destination) = (&app.metadata, &app.spec.destination);
        Self {
            namespace: meta.namespace.as_str().into(),
            name: meta.name.as_str().into(),
            uid: meta.uid.as_str().into(),
            resource_version: meta.resource_version.as_str().into(),
            server: destination.server.as_str().into(),
            destination_namespace: destination.namespace.as_str().into(),
        }
    }
}

/// What happened to an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Happening {
    /// The controller started a sync.
    SyncStarted {
        /// To which revisions.
        revisions: Vec<String>,
    },
    /// A sync is over.
    SyncCompleted {
        /// To which revisions.
        revisions: Vec<String>,
        /// Whether only some objects were selected.
        partial: bool,
        /// Why it failed, if it did.
        failure: Option<String>,
    },
    /// The sync status changed.
    SyncStatus {
        /// From.
        from: String,
        /// To.
        to: String,
    },
    /// The health changed.
    Health {
        /// From.
        from: String,
        /// To.
        to: String,
        /// Why.
        message: String,
    },
    /// The application's objects could not be deleted.
    DeletionFailed(String),
}

impl Happening {
    /// The completion of an operation.
    pub(crate) fn completed(state: &OperationState) -> Self {
        let sync = state.operation.sync.as_ref();
        let result = state.sync_result.as_ref();
        let revisions = match result {
            Some(result) if !result.revisions.is_empty() => result.revisions.clone(),
            Some(result) => vec![result.revision.clone()],
            None => sync.map(|sync| vec![sync.revision.clone()]).unwrap_or_default(),
        };
        Self::SyncCompleted {
            revisions,
            partial: sync.is_some_and(|sync| !sync.resources.is_empty()),
            failure: (state.phase != sync::Phase::Succeeded.as_str()).then(|| state.message.clone()),
        }
    }

    fn parts(&self) -> (&'static str, &'static str, String) {
        let revision = |revisions: &[String]| revisions.join(",");
        match self {
            Self::SyncStarted { revisions } => (
                "OperationStarted",
                "Normal",
                format!("Initiated automated sync to '{}'", revision(revisions)),
            ),
            Self::SyncCompleted { revisions, partial, failure } => {
                let what = if *partial { "Partial sync operation" } else { "Sync operation" };
                let to = revision(revisions);
                match failure {
                    None => ("OperationCompleted", "Normal", format!("{what} to {to} succeeded")),
                    Some(text) => ("OperationCompleted", "Warning", format!("{what} to {to} failed: {text}")),
                }
            }
            Self::SyncStatus { from, to } => {
                ("ResourceUpdated", "Normal", format!("Updated sync status: {from} -> {to}"))
            }
            Self::Health { from, to, message } => {
                let why = if message.is_empty() { String::new() } else { format!(" ({message})") };
                ("ResourceUpdated", "Normal", format!("Updated health status: {from} -> {to}{why}"))
            }
            Self::DeletionFailed(text) => {
                ("StatusRefreshed", "Warning", format!("Unable to delete application resources: {text}"))
            }
        }
    }

    /// The Event to be written.
    pub(crate) fn event(&self, subject: &Subject, now: Timestamp) -> Object {
        let (reason, kind, message) = self.parts();
        let at = Time(now).to_string();
        let mut annotations = serde_json::Map::new();
        for (key, value) in
            [("dest-server", &subject.server), ("dest-namespace", &subject.destination_namespace)]
        {
            if !value.is_empty() {
                annotations.insert(key.to_owned(), json!(value));
            }
        }
        let value = json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": format!("{}.{:x}", subject.name, now.as_nanosecond()),
                "namespace": subject.namespace,
                "annotations": annotations,
            },
            "involvedObject": {
                "apiVersion": types::names::API_VERSION,
                "kind": "Application",
                "namespace": subject.namespace,
                "name": subject.name,
                "uid": subject.uid,
                "resourceVersion": subject.resource_version,
            },
            "reason": reason,
            "type": kind,
            "message": message,
            "source": {"component": COMPONENT},
            "count": 1,
            "firstTimestamp": at,
            "lastTimestamp": at,
        });
        Object::from_value(value).unwrap_or_default()
    }
}

/// What changed between two states of an application's status that is worth an Event.
pub(crate) fn status_changes(from: &Application, to: &Application) -> Vec<Happening> {
    let mut found = Vec::new();
    let (old, new) = (&from.status.sync.status, &to.status.sync.status);
    if old != new {
        found.push(Happening::SyncStatus { from: old.clone(), to: new.clone() });
    }
    let (old, new) = (&from.status.health, &to.status.health);
    if old.status != new.status {
        found.push(Happening::Health {
            from: old.status.clone(),
            to: new.status.clone(),
            message: new.message.clone(),
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn words() {
        let revisions = || vec!["abc".to_owned(), "def".to_owned()];
        let text: String = [
            Happening::SyncStarted { revisions: revisions() },
            Happening::SyncCompleted { revisions: revisions(), partial: false, failure: None },
            Happening::SyncCompleted { revisions: revisions(), partial: true, failure: Some("why".into()) },
            Happening::SyncStatus { from: String::new(), to: "Synced".into() },
            Happening::Health { from: "Healthy".into(), to: "Degraded".into(), message: "why".into() },
            Happening::DeletionFailed("why".into()),
        ]
        .iter()
        .map(|happening| {
            let (reason, kind, message) = happening.parts();
            format!("{kind} {reason}: {message}\n")
        })
        .collect();
        expect![[r#"
            Normal OperationStarted: Initiated automated sync to 'abc,def'
            Normal OperationCompleted: Sync operation to abc,def succeeded
            Warning OperationCompleted: Partial sync operation to abc,def failed: why
            Normal ResourceUpdated: Updated sync status:  -> Synced
            Normal ResourceUpdated: Updated health status: Healthy -> Degraded (why)
            Warning StatusRefreshed: Unable to delete application resources: why
        "#]]
        .assert_eq(&text);
    }

    #[test]
    fn events_name_the_application() {
        let mut app = Application::default();
        app.metadata.namespace = "argocd".into();
        app.metadata.name = "web".into();
        app.spec.destination.namespace = "prod".into();
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        let event = Happening::DeletionFailed("x".into()).event(&Subject::of(&app), at);
        assert_eq!(event.name(), "web.17979cfe362a0000");
        assert_eq!(event.namespace(), Some("argocd"));
        assert_eq!(event.annotation("dest-namespace"), Some("prod"));
        assert_eq!(event.get_str(&["involvedObject", "name"]), Some("web"));
    }
}
