//! Writing what changed of an Application, and nothing else: one merge patch from its stored state to its new one.

use std::sync::Arc;

use object::merge_patch;
use serde_json::{Map, Value, json};
use types::Application;
use types::names::{ANNOTATION_REFRESH, ANNOTATION_REFRESH_TIMESTAMP};

use crate::decision::conditions::{UNKNOWN, condition};
use crate::ports::{RecordPatch, Store, Trouble, TroubleKind};

/// The merge patch from one state to another; `None` when nothing that the controller writes differs.
pub(crate) fn difference(from: &Application, to: &Application) -> Option<Value> {
    let mut patch = Map::new();
    let mut add = |name: &str, from: Value, to: Value| {
        let part = merge_patch::create(&from, &to);
        if part.as_object().is_some_and(|part| !part.is_empty()) {
            patch.insert(name.to_owned(), part);
        }
    };
    if from.status != to.status {
        add("status", to_value(&from.status), to_value(&to.status));
    }
    if from.spec != to.spec {
        add("spec", to_value(&from.spec), to_value(&to.spec));
    }
    if from.metadata.finalizers != to.metadata.finalizers {
        patch.insert("metadata".to_owned(), json!({"finalizers": to.metadata.finalizers}));
    }
    match (&from.operation, &to.operation) {
        (from, to) if from == to => {}
        (_, Some(operation)) => {
            patch.insert("operation".to_owned(), to_value(operation));
        }
        (_, None) => {
            patch.insert("operation".to_owned(), Value::Null);
        }
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

fn to_value(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Writes the difference between two states. With `exclusive`, it is refused when anybody else wrote meanwhile.
///
/// # Errors
/// As the API server answers.
pub(crate) async fn write(
    store: &dyn Store,
    stored: &Arc<Application>,
    wanted: &Application,
    exclusive: bool,
) -> Result<Arc<Application>, Trouble> {
    let Some(mut patch) = difference(stored, wanted) else { return Ok(Arc::clone(stored)) };
    if exclusive {
        patch["metadata"]["resourceVersion"] = json!(stored.metadata.resource_version);
    }
    match store.patch_application(stored.key(), RecordPatch::Merge(patch)).await {
        Err(trouble) if trouble.kind == TroubleKind::TooLarge => {
            let text =
                format!("the status of the application exceeds the size limit of the API server: {trouble}");
            let conditions = vec![condition(UNKNOWN, text)];
            let patch = json!({"status": {"conditions": to_value(&conditions)}});
            store.patch_application(stored.key(), RecordPatch::Merge(patch)).await
        }
        other => other,
    }
}

/// Writes the difference between two states, and that a request to refresh is served, in one go. When anybody else
/// wrote meanwhile, an `exclusive` write is refused, and for any other it is looked at whether the request is still
/// the same.
///
/// # Errors
/// As the API server answers.
pub(crate) async fn write_served(
    store: &dyn Store,
    stored: &Arc<Application>,
    wanted: &Application,
    exclusive: bool,
    request: &RefreshRequest,
) -> Result<Arc<Application>, Trouble> {
    let mut patch = difference(stored, wanted).unwrap_or_else(|| json!({}));
    patch["metadata"]["resourceVersion"] = json!(stored.metadata.resource_version);
    patch["metadata"]["annotations"] =
        json!({ANNOTATION_REFRESH: Value::Null, ANNOTATION_REFRESH_TIMESTAMP: Value::Null});
    let again = |kind: TroubleKind| match kind {
        TroubleKind::Conflict => !exclusive,
        kind => kind == TroubleKind::TooLarge,
    };
    match store.patch_application(stored.key(), RecordPatch::Merge(patch)).await {
        Err(trouble) if again(trouble.kind) => {
            let written = write(store, stored, wanted, exclusive).await?;
            Ok(request.consume(store, &written).await.unwrap_or(written))
        }
        other => other,
    }
}

/// A request to refresh that was served by a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefreshRequest {
    timestamp: Option<String>,
}

impl RefreshRequest {
    /// The request that an Application carries now.
    pub(crate) fn of(app: &Application) -> Option<Self> {
        let annotations = &app.metadata.annotations;
        annotations
            .contains_key(ANNOTATION_REFRESH)
            .then(|| Self { timestamp: annotations.get(ANNOTATION_REFRESH_TIMESTAMP).cloned() })
    }

    /// The patch that removes the request, unless a newer one has come meanwhile.
    pub(crate) fn removal(&self) -> Vec<Value> {
        let path = |name: &str| format!("/metadata/annotations/{}", object::json_patch::escape(name));
        let remove = |name: &str| json!({"op": "remove", "path": path(name)});
        match &self.timestamp {
            Some(timestamp) => vec![
                json!({"op": "test", "path": path(ANNOTATION_REFRESH_TIMESTAMP), "value": timestamp}),
                remove(ANNOTATION_REFRESH_TIMESTAMP),
                remove(ANNOTATION_REFRESH),
            ],
            None => vec![remove(ANNOTATION_REFRESH)],
        }
    }

    /// Removes the request. One that was replaced by a newer one stays, so that another comparison follows.
    pub(crate) async fn consume(&self, store: &dyn Store, app: &Application) -> Option<Arc<Application>> {
        match store.patch_application(app.key(), RecordPatch::Json(self.removal())).await {
            Ok(app) => Some(app),
            Err(trouble) => {
                tracing::debug!("the refresh request of {} stays: {trouble}", app.key());
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::OperationState;

    #[test]
    fn only_what_differs_is_written() {
        let mut stored = Application::default();
        assert_eq!(difference(&stored, &stored), None);
        let mut wanted = stored.clone();
        wanted.status.sync.status = "Synced".into();
        wanted.status.health.status = "Healthy".into();
        assert_eq!(
            difference(&stored, &wanted).unwrap(),
            json!({"status": {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}}})
        );
        stored = wanted.clone();
        stored.operation = Some(Box::default());
        wanted.status.operation_state =
            Some(Box::new(OperationState { phase: "Succeeded".into(), ..Default::default() }));
        wanted.metadata.finalizers = vec!["x".into()];
        let patch = difference(&stored, &wanted).unwrap();
        assert_eq!(patch["operation"], Value::Null);
        assert_eq!(patch["status"]["operationState"]["phase"], "Succeeded");
        assert_eq!(patch["metadata"], json!({"finalizers": ["x"]}));
        assert!(patch["status"].get("sync").is_none());
    }

    #[test]
    fn a_newer_request_survives() {
        let mut app = Application::default();
        assert_eq!(RefreshRequest::of(&app), None);
        app.metadata.annotations.insert(ANNOTATION_REFRESH.into(), "normal".into());
        let plain = RefreshRequest::of(&app).unwrap();
        assert_eq!(
            plain.removal(),
            [json!({"op": "remove", "path": "/metadata/annotations/argocd.argoproj.io~1refresh"})]
        );
        app.metadata.annotations.insert(ANNOTATION_REFRESH_TIMESTAMP.into(), "t".into());
        let removal = RefreshRequest::of(&app).unwrap().removal();
        assert_eq!(removal[0]["op"], "test");
        assert_eq!(removal[0]["value"], "t");
        assert_eq!(removal.len(), 3);
    }
}
