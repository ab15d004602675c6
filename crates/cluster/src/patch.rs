//! [`Patch`] and [`DeleteOptions`]: what is sent with the verbs of the same names.

use serde_json::{Value, json};

/// A change of an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Patch {
    /// JSON merge patch (RFC 7386).
    Merge(Value),
    /// JSON patch (RFC 6902): the list of operations.
    Json(Vec<Value>),
    /// Strategic merge patch, for built-in kinds only.
    Strategic(Value),
}

impl Patch {
    pub(crate) fn content_type(&self) -> &'static str {
        match self {
            Patch::Merge(_) => "application/merge-patch+json",
            Patch::Json(_) => "application/json-patch+json",
            Patch::Strategic(_) => "application/strategic-merge-patch+json",
        }
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        match self {
            Patch::Merge(value) | Patch::Strategic(value) => value.to_string(),
            Patch::Json(operations) => Value::from(operations.clone()).to_string(),
        }
        .into_bytes()
    }
}

/// What happens to the dependents of a deleted object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Propagation {
    /// Dependents first, then the object.
    #[default]
    Foreground,
    /// The object first, dependents later.
    Background,
    /// Dependents stay.
    Orphan,
}

/// How an object is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteOptions {
    /// What happens to its dependents.
    pub propagation: Propagation,
    /// Seconds until the object is killed; `None` for the kind's default.
    pub grace_period_seconds: Option<u32>,
    /// Only an object with this uid is deleted; empty for any.
    pub uid: String,
    /// Only an object with this resourceVersion is deleted; empty for any.
    pub resource_version: String,
    /// Ask only, change nothing.
    pub dry_run: bool,
    /// Whom to act as, such as `system:serviceaccount:team:deployer`; empty for ourselves.
    pub impersonate: String,
}

impl DeleteOptions {
    /// Deletes the object and its dependents in the background.
    pub fn background() -> Self {
        DeleteOptions { propagation: Propagation::Background, ..DeleteOptions::default() }
    }

    pub(crate) fn body(&self) -> Vec<u8> {
        let policy = match self.propagation {
            Propagation::Foreground => "Foreground",
            Propagation::Background => "Background",
            Propagation::Orphan => "Orphan",
        };
        let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": policy});
        if let Some(seconds) = self.grace_period_seconds {
            options["gracePeriodSeconds"] = json!(seconds);
        }
        if !self.uid.is_empty() {
            options["preconditions"]["uid"] = json!(self.uid);
        }
        if !self.resource_version.is_empty() {
            options["preconditions"]["resourceVersion"] = json!(self.resource_version);
        }
        if self.dry_run {
            options["dryRun"] = json!(["All"]);
        }
        options.to_string().into_bytes()
    }
}
