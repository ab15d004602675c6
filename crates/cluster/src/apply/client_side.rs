//! `kubectl apply`: a three-way patch between what was applied last (kept in an annotation), what is to be, and what
//! is there. Built-in kinds get a strategic merge patch, all others a JSON merge patch.

use std::time::Duration;

use http::Method;
use object::{LAST_APPLIED_ANNOTATION, Object, merge_patch, schema, strategic};
use serde_json::Value;

use super::{Applied, DryRun, Known, Outcome, Work};
use crate::{DeleteOptions, Error};

/// How often a patch is made anew when somebody else changes the object at the same time.
const ATTEMPTS: u32 = 5;
/// How long a deleted object is waited for until it is gone.
const GONE: Duration = Duration::from_secs(60);

/// The annotation may not make an object larger than the API server takes; larger ones go without.
const ANNOTATION_LIMIT: usize = 256 * 1024;

impl Work<'_> {
    /// Applies to what the watch cache shows, which saves the request that reads the object; only when that turns out
    /// to be outdated, or shows nothing to do, is the API server asked what is there.
    pub(super) async fn apply_client_side(&self) -> Result<Applied, Error> {
        let modified = with_last_applied(self.object);
        match self.known() {
            Known::Absent => match self.create(&modified).await {
                Err(error) if error.is_already_exists() => {}
                other => return other,
            },
            Known::Present(current) => {
                let dry_run = self.options.dry_run == DryRun::Client;
                match self.patch(&current, &modified, true).await {
                    Ok(applied) if dry_run || applied.outcome != Outcome::Unchanged => return Ok(applied),
                    Err(error) if !(error.is_conflict() || error.is_not_found() || error.code() == 422) => {
                        return Err(error);
                    }
                    Ok(_) | Err(_) => {}
                }
            }
            Known::Unclear => {}
        }
        self.apply_to_read(&modified).await
    }

    /// Reads the object and applies to what is there.
    async fn apply_to_read(&self, modified: &Object) -> Result<Applied, Error> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let Some(current) = self.target.get(&self.key).await? else {
                return match self.create(modified).await {
                    // Somebody was faster.
                    Err(error) if error.is_already_exists() && attempt < ATTEMPTS => continue,
                    other => other,
                };
            };
            let error = match self.patch(&current, modified, false).await {
                Ok(applied) => return Ok(applied),
                Err(error) => error,
            };
            if error.is_conflict() && attempt < ATTEMPTS {
                tokio::time::sleep(Duration::from_millis(50) * attempt).await;
            } else if self.options.force && (error.is_conflict() || error.code() == 422) {
                return self.recreate(modified).await;
            } else {
                return Err(error);
            }
        }
    }

    /// Patches; with `exact`, only this very version of the object.
    async fn patch(&self, current: &Object, modified: &Object, exact: bool) -> Result<Applied, Error> {
        let (mut patch, content_type) = self.three_way(current, modified)?;
        if patch.as_object().is_some_and(serde_json::Map::is_empty) {
            return Ok(self.done(current.clone(), Outcome::Unchanged));
        }
        if self.options.dry_run == DryRun::Client {
            return Ok(self.done(modified.clone(), Outcome::Configured));
        }
        if exact {
            patch["metadata"]["resourceVersion"] = Value::from(current.resource_version());
        }
        let patched =
            self.send(Method::PATCH, &self.path(), content_type, patch.to_string().into_bytes()).await?;
        // A patch that the server's defaults and normalization swallow changes nothing.
        let outcome = if is_same(current, &patched) { Outcome::Unchanged } else { Outcome::Configured };
        Ok(self.done(patched, outcome))
    }

    fn three_way(&self, current: &Object, modified: &Object) -> Result<(Value, &'static str), Error> {
        let fail = |message: String| Error::Invalid { action: format!("apply {}", self.key), message };
        let original = match current.annotation(LAST_APPLIED_ANNOTATION).filter(|text| !text.is_empty()) {
            None => Value::Object(serde_json::Map::new()),
            Some(text) => serde_json::from_str(text).map_err(|error| {
                fail(format!("the annotation {LAST_APPLIED_ANNOTATION} of the live object is not JSON ({error}): remove it"))
            })?,
        };
        if let Some(schema) = schema::builtin().kind(&self.object.gvk()) {
            let patch =
                strategic::create_three_way(&original, modified.as_value(), current.as_value(), Some(schema))
                    .map_err(|error| fail(error.to_string()))?;
            return Ok((patch, "application/strategic-merge-patch+json"));
        }
        let patch = merge_patch::create_three_way(&original, modified.as_value(), current.as_value());
        Ok((patch, "application/merge-patch+json"))
    }

    /// Deletes the object, waits until it is gone and creates it.
    pub(super) async fn recreate(&self, object: &Object) -> Result<Applied, Error> {
        if self.options.dry_run != DryRun::None {
            return Ok(self.done(object.clone(), Outcome::Configured));
        }
        let options =
            DeleteOptions { impersonate: self.options.impersonate.clone(), ..DeleteOptions::background() };
        match self.target.delete(&self.key, &options).await {
            Ok(()) => {}
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
        let gone = async {
            while self.target.get(&self.key).await?.is_some() {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Ok::<(), Error>(())
        };
        tokio::time::timeout(GONE, gone).await.map_err(|_| Error::Deadline {
            action: format!("wait for the deletion of {}", self.key),
            server: self.cluster.server().to_owned(),
            after: GONE,
        })??;
        let created = self.create(object).await?;
        Ok(self
            .done(created.object, if self.options.replace { Outcome::Replaced } else { Outcome::Configured }))
    }
}

/// Whether two states of an object are the same but for who manages it. A dry run leaves the version as it was, so the
/// version alone does not tell.
fn is_same(before: &Object, after: &Object) -> bool {
    if before.resource_version() != after.resource_version() {
        return false;
    }
    let stripped = |object: &Object| {
        let mut object = object.clone();
        object.remove(&["metadata", "managedFields"]);
        object
    };
    stripped(before) == stripped(after)
}

/// The object with itself in the annotation, as kubectl writes it: without the annotation, and with a line end.
fn with_last_applied(object: &Object) -> Object {
    let mut annotated = object.clone();
    annotated.remove_annotation(LAST_APPLIED_ANNOTATION);
    // kubectl writes the map of annotations even when there are none.
    let mut applied = annotated.clone();
    if applied.get(&["metadata", "annotations"]).is_none() {
        applied.set(&["metadata", "annotations"], Value::Object(serde_json::Map::new()));
    }
    let text = format!("{}\n", applied.to_json());
    if text.len() <= ANNOTATION_LIMIT {
        annotated.set_annotation(LAST_APPLIED_ANNOTATION, &text);
    }
    annotated
}
