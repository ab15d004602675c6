//! Listing, getting and watching applications, from memory.

use std::sync::Arc;
use std::time::Duration;

use cluster::{ControlEvent, Patch};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use types::meta::LabelSelector;
use types::{AppKey, Application, names};

use super::{denied, find, to_json};
use crate::call::{Call, Handlers, Replies};
use crate::services::watch::Start;
use crate::services::{self, selector};
use crate::status::{Code, Status};

/// How long a refresh is waited for.
const REFRESH: Duration = Duration::from_secs(90);
/// How long a controller elsewhere, which may not be running, is waited for before the look is taken here.
const ELSEWHERE: Duration = Duration::from_secs(5);

pub(super) fn register(handlers: &mut Handlers) {
    handlers.unary("application.ApplicationService/List", |call| async move { list(&call) });
    handlers.unary("application.ApplicationService/Get", get);
    handlers.stream("application.ApplicationService/Watch", |call| async move { watch(call) });
}

/// Which applications a request is about.
struct Filter {
    name: String,
    namespace: String,
    projects: Vec<String>,
    repository: String,
    selector: LabelSelector,
}

impl Filter {
    fn of(call: &Call) -> Result<Self, Status> {
        let mut projects: Vec<String> = call.texts("projects").into_iter().map(str::to_owned).collect();
        projects.extend(call.texts("project").into_iter().map(str::to_owned));
        Ok(Self {
            name: call.text("name").to_owned(),
            namespace: call.text("appNamespace").to_owned(),
            projects,
            repository: types::normalize_repository_url(call.text("repo")),
            selector: selector::parse(call.text("selector"))?,
        })
    }

    /// Whether one application, by name, is asked for.
    fn names_one(&self) -> bool {
        !self.name.is_empty()
    }

    fn matches(&self, application: &Application) -> bool {
        let metadata = &application.metadata;
        let wanted = |wanted: &str, held: &str| wanted.is_empty() || wanted == held;
        let in_projects = || {
            let project = application.spec.project_name();
            self.projects.is_empty() || self.projects.iter().any(|wanted| wanted == project)
        };
        let of_repository = || {
            self.repository.is_empty()
                || application
                    .spec
                    .effective_sources()
                    .iter()
                    .any(|source| types::normalize_repository_url(&source.repo_url) == self.repository)
        };
        wanted(&self.name, &metadata.name)
            && wanted(&self.namespace, &metadata.namespace)
            && in_projects()
            && self.selector.matches(&metadata.labels)
            && of_repository()
    }
}

/// Whether an application is of a request, and the caller may see it.
fn is_visible(call: &Call, filter: &Filter, application: &Application) -> bool {
    filter.matches(application) && call.caller.allows_application("get", application)
}

fn list(call: &Call) -> Result<Value, Status> {
    let filter = Filter::of(call)?;
    // The version is of all that is known, seen by the caller or not: a watch from there misses nothing.
    let (applications, version) = call.core.control.list::<Application>();
    let seen = applications.iter().filter(|application| is_visible(call, &filter, application));
    let items = seen.map(to_json).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({"metadata": {"resourceVersion": version.to_string()}, "items": items}))
}

fn watch(call: Call) -> Result<Replies, Status> {
    let filter = Filter::of(&call)?;
    let is_first = call.text("resourceVersion").is_empty();
    let start = if filter.names_one() || is_first { Start::Present } else { Start::Changes };
    let sight =
        Box::new(move |call: &Call, application: &Application| is_visible(call, &filter, application));
    Ok(services::watch::watch(call, start, "application", sight))
}

async fn get(call: Call) -> Result<Value, Status> {
    if call.text("name").is_empty() {
        return Err(denied());
    }
    let application = find(&call, "name", "get").await?;
    // An empty value asks for a refresh as well; only its absence doesn't.
    let Some(refresh) = call.request.get("refresh").and_then(Value::as_str) else {
        return to_json(&application);
    };
    let kind = if refresh == "hard" { "hard" } else { "normal" };
    to_json(&refreshed(&call, &application.key(), kind).await?)
}

/// Asks the controller to compare an application now, and waits until it did.
async fn refreshed(call: &Call, key: &AppKey, kind: &str) -> Result<Arc<Application>, Status> {
    let control = &call.core.control;
    let mut events = control.subscribe();
    let patch = Patch::Merge(json!({"metadata": {"annotations": {names::ANNOTATION_REFRESH: kind}}}));
    control.patch_application(key, &patch).await?;
    let done = async {
        loop {
            let application = control.application(key).ok_or_else(denied)?;
            if !application.metadata.annotations.contains_key(names::ANNOTATION_REFRESH) {
                return Ok(application);
            }
            loop {
                match events.recv().await {
                    Ok(ControlEvent::Application(_, changed)) if changed.key() == *key => break,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => {
                        return Err(Status::unavailable("the server is stopping; try again"));
                    }
                }
            }
        }
    };
    let observer = call.core.controller.as_ref().filter(|controller| controller.is_observer());
    let patience = if observer.is_some() { ELSEWHERE } else { REFRESH };
    if let Ok(refreshed) = tokio::time::timeout(patience, done).await {
        return refreshed;
    }
    if let Some(found) = observer.map(|observer| observer.observe(key, kind == "hard"))
        && let Some(found) = found.await
    {
        return found.map(Arc::new).map_err(Status::unavailable);
    }
    Err(Status::new(
        Code::DeadlineExceeded,
        format!(
            "{key} was not refreshed within {} s; is the application controller running?",
            REFRESH.as_secs()
        ),
    ))
}
