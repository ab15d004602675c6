//! The control plane's records.

use std::sync::Arc;

use cluster::{Change, ControlEvent, ControlPlane, Patch};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use object::Object;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use types::settings::Settings;
use types::{AppKey, AppProject, Application};

use super::trouble;
use crate::ports::{RecordEvent, RecordPatch, Store, Trouble, TroubleKind};

/// Events that may wait for the loop.
const EVENTS: usize = 1024;

pub(super) struct Records {
    control: ControlPlane,
}

impl Records {
    pub(super) fn new(control: ControlPlane) -> Self {
        Self { control }
    }
}

fn patch_of(patch: RecordPatch) -> Patch {
    match patch {
        RecordPatch::Merge(value) => Patch::Merge(value),
        RecordPatch::Json(operations) => Patch::Json(operations),
    }
}

impl Store for Records {
    fn namespace(&self) -> &str {
        self.control.namespace()
    }

    fn applications(&self) -> Vec<Arc<Application>> {
        self.control.applications()
    }

    fn application(&self, key: &AppKey) -> Option<Arc<Application>> {
        self.control.application(key)
    }

    fn project(&self, name: &str) -> Option<Arc<AppProject>> {
        self.control.project(name)
    }

    fn settings(&self) -> Arc<Settings> {
        self.control.settings()
    }

    fn patch_application(
        &self,
        key: AppKey,
        patch: RecordPatch,
    ) -> BoxFuture<'_, Result<Arc<Application>, Trouble>> {
        async move {
            let tests = matches!(&patch, RecordPatch::Json(_));
            let patched = self.control.patch_application(&key, &patch_of(patch)).await;
            patched.map_err(|error| match error.code() {
                // A test that failed: somebody else was faster.
                422 if tests => Trouble::new(TroubleKind::Conflict, error.to_string()),
                _ => trouble(&error),
            })
        }
        .boxed()
    }

    fn patch_project(&self, name: String, patch: RecordPatch) -> BoxFuture<'_, Result<(), Trouble>> {
        async move {
            let patched = self.control.patch_project(&name, &patch_of(patch)).await;
            patched.map(drop).map_err(|error| trouble(&error))
        }
        .boxed()
    }

    fn record(&self, event: Object) -> BoxFuture<'_, ()> {
        async move {
            let path = format!("/api/v1/namespaces/{}/events", event.namespace().unwrap_or_default());
            let request = http::Request::post(path)
                .header(http::header::CONTENT_TYPE, "application/json")
                .body(event.to_json().into_bytes());
            let Ok(request) = request else { return };
            if let Err(error) = self.control.client().request::<serde_json::Value>(request).await {
                tracing::debug!("the event {} was not written: {error}", event.name());
            }
        }
        .boxed()
    }

    fn subscribe(&self) -> mpsc::Receiver<RecordEvent> {
        let (sender, receiver) = mpsc::channel(EVENTS);
        let mut events = self.control.subscribe();
        tokio::spawn(async move {
            loop {
                let event = match events.recv().await {
                    Ok(ControlEvent::Application(Change::Deleted, app)) => RecordEvent::ApplicationGone(app),
                    Ok(ControlEvent::Application(_, app)) => RecordEvent::Application(app),
                    Ok(ControlEvent::Project(_, project)) => {
                        RecordEvent::Project(project.metadata.name.clone())
                    }
                    Ok(ControlEvent::Settings) => RecordEvent::Settings,
                    Ok(_) => continue,
                    Err(RecvError::Lagged(_)) => RecordEvent::Lost,
                    Err(RecvError::Closed) => return,
                };
                if sender.send(event).await.is_err() {
                    return;
                }
            }
        });
        receiver
    }
}
