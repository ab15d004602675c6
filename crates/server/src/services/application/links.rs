//! Deep links of applications and of their objects.

use serde_json::Value;
use types::AppKey;

use super::resources::{key_of, live, node};
use super::{effective_project, find, find_named, namespace_of, to_json};
use crate::call::{Call, Handlers};
use crate::services::links::{self, Subjects};
use crate::services::mask;
use crate::status::Status;

pub(super) fn register(handlers: &mut Handlers) {
    handlers
        .unary("application.ApplicationService/ListLinks", |call| async move { of_application(&call).await });
    handlers.unary("application.ApplicationService/ListResourceLinks", of_resource);
}

async fn of_application(call: &Call) -> Result<Value, Status> {
    let key = AppKey::new(namespace_of(call, "namespace"), call.text("name"));
    let application = find_named(call, &key, "get").await?;
    let subjects =
        Subjects::default().with_application(&application).with_cluster_of(&call.core, &application);
    Ok(links::respond(&call.core.control.settings(), "application.links", &subjects))
}

async fn of_resource(call: Call) -> Result<Value, Status> {
    let application = find(&call, "name", "get").await?;
    let key = key_of(&node(&call, &application).await?);
    let version = Some(call.text("version")).filter(|version| !version.is_empty());
    let object = live(&call, &application)?.get(&key, version).await?;
    let object = object.ok_or_else(|| Status::not_found(format!("{key} not found")))?;
    let mut subjects = Subjects::default()
        .with("resource", mask::hide_secrets(object).into_value())
        .with_application(&application)
        .with_cluster_of(&call.core, &application);
    if let Some(project) = effective_project(&call.core, application.spec.project_name()) {
        subjects = subjects.with("project", to_json(&project)?);
    }
    Ok(links::respond(&call.core.control.settings(), "resource.links", &subjects))
}
