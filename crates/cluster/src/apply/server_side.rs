//! Server-side apply, and the move of fields that were applied client-side to it.
//!
//! A field that `kubectl apply` once set is owned by a manager of updates. As long as that manager owns it, dropping
//! the field from the manifest does not remove it. So the ownership is moved to our own manager first.

use http::Method;
use object::Object;
use serde_json::{Map, Value, json};

use super::{Applied, DryRun, Outcome, Work};
use crate::Error;

/// How often the move is tried when somebody else changes the object at the same time.
const ATTEMPTS: u32 = 5;

impl Work<'_> {
    pub(super) async fn apply_server_side(&self) -> Result<Applied, Error> {
        if self.options.dry_run == DryRun::None && !self.options.migrate_from.is_empty() {
            self.migrate().await.map_err(|error| Error::Invalid {
                action: format!("apply {}", self.key),
                message: format!("Failed to perform client-side apply migration for {}: {error}", self.key),
            })?;
        }
        let mut object = self.object.clone();
        object.remove(&["metadata", "managedFields"]);
        let path = format!("{}&force=true", self.path());
        let body = object.to_json().into_bytes();
        let applied = self.send(Method::PATCH, &path, "application/apply-patch+yaml", body).await?;
        Ok(self.done(applied, Outcome::ServerSideApplied))
    }

    async fn migrate(&self) -> Result<(), Error> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let Some(live) = self.target.get(&self.key).await? else { return Ok(()) };
            let Some(fields) = moved(&live, &self.options.migrate_from, &self.options.manager) else {
                return Ok(());
            };
            let patch = json!([
                {"op": "replace", "path": "/metadata/managedFields", "value": fields},
                {"op": "replace", "path": "/metadata/resourceVersion", "value": live.resource_version()},
            ]);
            let path = format!("{}?fieldManager={}", self.target.path(&self.key), self.options.manager);
            let sent = self.send(
                Method::PATCH,
                &path,
                "application/json-patch+json",
                patch.to_string().into_bytes(),
            );
            match sent.await {
                Ok(_) => return Ok(()),
                Err(error) if error.is_conflict() && attempt < ATTEMPTS => {}
                Err(error) if error.is_not_found() => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}

/// The managed fields with everything that `from` owns by updates given to what `to` has applied; `None` when `from`
/// owns nothing.
fn moved(live: &Object, from: &str, to: &str) -> Option<Vec<Value>> {
    let entries = live.get(&["metadata", "managedFields"])?.as_array()?;
    let is = |entry: &Value, manager: &str, operation: &str| {
        entry["manager"] == manager
            && entry["operation"] == operation
            && entry.get("subresource").and_then(Value::as_str).unwrap_or_default().is_empty()
    };
    let old: Vec<&Value> = entries.iter().filter(|entry| is(entry, from, "Update")).collect();
    let first = *old.first()?;
    let mut merged = entries.iter().find(|entry| is(entry, to, "Apply")).cloned().unwrap_or_else(|| {
        let mut entry = first.clone();
        entry["manager"] = Value::from(to);
        entry["operation"] = Value::from("Apply");
        entry
    });
    let mut fields = merged.get("fieldsV1").and_then(Value::as_object).cloned().unwrap_or_default();
    for entry in &old {
        if let Some(owned) = entry.get("fieldsV1").and_then(Value::as_object) {
            unite(&mut fields, owned);
        }
    }
    merged["fieldsV1"] = Value::Object(fields);
    let kept = entries.iter().filter(|entry| !is(entry, from, "Update") && !is(entry, to, "Apply"));
    Some(std::iter::once(merged).chain(kept.cloned()).collect())
}

/// Field sets are maps of maps, of which the union is that of the maps.
fn unite(fields: &mut Map<String, Value>, others: &Map<String, Value>) {
    for (name, value) in others {
        match (fields.get_mut(name), value) {
            (Some(Value::Object(known)), Value::Object(value)) => unite(known, value),
            (Some(_), _) => {}
            (None, _) => {
                fields.insert(name.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ownership_is_moved_and_united() {
        let live = Object::from_value(json!({"metadata": {"managedFields": [
            {"manager": "kubectl-client-side-apply", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1",
             "fieldsV1": {"f:data": {"f:a": {}, "f:b": {}}}},
            {"manager": "argocd-controller", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1",
             "fieldsV1": {"f:data": {"f:c": {}}}},
            {"manager": "kubelet", "operation": "Update", "subresource": "status", "fieldsV1": {"f:status": {}}},
        ]}}))
        .unwrap();
        let moved_fields = moved(&live, "kubectl-client-side-apply", "argocd-controller").unwrap();
        assert_eq!(moved_fields.len(), 2);
        assert_eq!(moved_fields[0]["manager"], "argocd-controller");
        assert_eq!(moved_fields[0]["operation"], "Apply");
        assert_eq!(moved_fields[0]["fieldsV1"], json!({"f:data": {"f:a": {}, "f:b": {}, "f:c": {}}}));
        assert_eq!(moved(&live, "kubelet", "argocd-controller"), None, "status is not ours");
    }
}
