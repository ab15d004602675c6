//! Typed parts of an object's metadata, read from [`crate::Object`].

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An entry of `metadata.ownerReferences`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OwnerReference {
    /// API group and version of the owner.
    pub api_version: String,
    /// Kind of the owner.
    pub kind: String,
    /// Name of the owner.
    pub name: String,
    /// UID of the owner; may be empty in references that people wrote by hand.
    pub uid: String,
    /// Whether the owner is the managing controller.
    pub controller: bool,
    /// Whether foreground deletion of the owner waits for this object.
    pub block_owner_deletion: bool,
}

impl OwnerReference {
    pub(crate) fn read(value: &Value) -> Option<Self> {
        let map = value.as_object()?;
        let text = |field: &str| map.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let flag = |field: &str| map.get(field).and_then(Value::as_bool).unwrap_or_default();
        Some(OwnerReference {
            api_version: text("apiVersion"),
            kind: text("kind"),
            name: text("name"),
            uid: text("uid"),
            controller: flag("controller"),
            block_owner_deletion: flag("blockOwnerDeletion"),
        })
    }

    /// The API group of the owner, empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version.rsplit_once('/').map_or("", |(group, _)| group)
    }
}
