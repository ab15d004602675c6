//! Records that labeled Secrets hold, written in Argo CD's form: which Secret holds one, and how it is made, changed and
//! taken away.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use cluster::{ControlPlane, Patch};
use object::Object;
use serde_json::{Map, Value, json};
use types::{SecretEntries, names};

use crate::status::Status;

/// The annotation of Secrets that the API has made, and its value.
const MANAGED_BY: (&str, &str) = ("managed-by", "argocd.argoproj.io");

/// A kind of records: the value of the label, and what names of new Secrets begin with.
#[derive(Debug, Clone, Copy)]
pub(super) struct RecordKind {
    label: &'static str,
    prefix: &'static str,
}

pub(super) const REPOSITORY: RecordKind = RecordKind { label: names::SECRET_TYPE_REPOSITORY, prefix: "repo" };
pub(super) const CREDENTIALS: RecordKind =
    RecordKind { label: names::SECRET_TYPE_REPO_CREDS, prefix: "creds" };
pub(super) const CLUSTER: RecordKind = RecordKind { label: names::SECRET_TYPE_CLUSTER, prefix: "cluster" };

impl RecordKind {
    /// The name of a new Secret for what this text identifies.
    pub(super) fn name_of(self, identity: &str) -> String {
        format!("{}-{}", self.prefix, fnv32a(identity))
    }

    /// The Secret whose entries are as wanted.
    pub(super) async fn find(
        self,
        control: &ControlPlane,
        wanted: impl Fn(&dyn Fn(&str) -> String) -> bool,
    ) -> Result<Option<Object>, Status> {
        for (name, label) in control.labeled_secrets() {
            let text = |key: &str| {
                let value = control.secret_value(&name, key);
                value.map(|value| String::from_utf8_lossy(value.expose()).into_owned()).unwrap_or_default()
            };
            if label == self.label && wanted(&text) {
                return Ok(control.get_secret(&name).await?);
            }
        }
        Ok(None)
    }

    /// Makes a Secret for a record.
    pub(super) async fn create(
        self,
        control: &ControlPlane,
        name: &str,
        entries: SecretEntries,
        labels: &BTreeMap<String, String>,
        annotations: &BTreeMap<String, String>,
    ) -> Result<(), Status> {
        if let Some(other) = control.get_secret(name).await?
            && other.label(names::LABEL_SECRET_TYPE) != Some(self.label)
        {
            return Err(Status::invalid(format!(
                "secret {name} already exists and is not labeled {}={}",
                names::LABEL_SECRET_TYPE,
                self.label
            )));
        }
        let mut labels = labels.clone();
        labels.insert(names::LABEL_SECRET_TYPE.to_owned(), self.label.to_owned());
        let mut annotations = annotations.clone();
        annotations.insert(MANAGED_BY.0.to_owned(), MANAGED_BY.1.to_owned());
        let given = entries.into_iter().filter(|(_, value)| !value.is_empty());
        let secret = json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "Opaque",
            "metadata": {"name": name, "namespace": control.namespace(), "labels": labels, "annotations": annotations},
            "data": encoded(given),
        });
        let secret = Object::from_value(secret).map_err(|error| Status::internal(error.to_string()))?;
        control.create_secret(&secret).await?;
        Ok(())
    }
}

/// The entries as a Secret has them.
fn encoded(entries: impl Iterator<Item = (&'static str, String)>) -> Map<String, Value> {
    entries.map(|(key, value)| (key.to_owned(), BASE64.encode(value).into())).collect()
}

/// Changes the Secret of a record. Entries that are there already are overwritten, others are added when they say
/// something.
pub(super) async fn update(
    control: &ControlPlane,
    secret: &Object,
    entries: SecretEntries,
    metadata: Value,
) -> Result<(), Status> {
    let is_there = |key: &str| secret.get(&["data", key]).is_some();
    let changed = entries.into_iter().filter(|(key, value)| !value.is_empty() || is_there(key));
    let patch = Patch::Merge(json!({"data": encoded(changed), "metadata": metadata}));
    control.patch_secret(secret.name(), &patch).await?;
    Ok(())
}

/// Takes a record away: the Secret goes when the API has made it; another only loses the label, as somebody else keeps it.
pub(super) async fn remove(control: &ControlPlane, secret: &Object) -> Result<(), Status> {
    if secret.annotation(MANAGED_BY.0) == Some(MANAGED_BY.1) {
        return Ok(control.delete_secret(secret.name()).await?);
    }
    let patch = Patch::Merge(json!({"metadata": {"labels": {names::LABEL_SECRET_TYPE: null}}}));
    control.patch_secret(secret.name(), &patch).await?;
    Ok(())
}

/// The 32-bit FNV-1a hash of a text, which names of Secrets are made of.
pub(super) fn fnv32a(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_argo_cd() {
        // Vectors of the hash's authors.
        assert_eq!((fnv32a(""), fnv32a("a"), fnv32a("foobar")), (0x811c_9dc5, 0xe40c_292c, 0xbf9c_f968));
        assert_eq!(CREDENTIALS.name_of("a"), format!("creds-{}", 0xe40c_292c_u32));
    }
}
