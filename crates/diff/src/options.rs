//! What a comparison depends on besides the two objects.

use object::GroupVersionKind;
use object::schema::{Schema, builtin};

use crate::Rules;
use crate::normalize::Normalizer;
use crate::schemas::{SchemaSource, typed_schema};

/// How objects are marked as belonging to an application.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tracking<'a> {
    /// The label key that carries the application's name; empty turns the migration between methods off.
    pub label: &'a str,
    /// Whether the label alone is the mark.
    pub by_label_only: bool,
}

/// What a comparison depends on besides the two objects.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Which differences to ignore.
    pub rules: &'a Rules,
    /// Schemas of custom resources.
    pub schemas: &'a dyn SchemaSource,
    /// Whether the application applies server-side (sync option `ServerSideApply=true`).
    pub server_side_apply: bool,
    /// Whether rules of aggregated roles are ignored.
    pub ignore_aggregated_roles: bool,
    /// How ownership is marked.
    pub tracking: Tracking<'a>,
}

impl<'a> Options<'a> {
    /// The defaults: three-way comparison, nothing special.
    pub fn new(rules: &'a Rules) -> Self {
        Options {
            rules,
            schemas: &(),
            server_side_apply: false,
            ignore_aggregated_roles: false,
            tracking: Tracking::default(),
        }
    }

    pub(crate) fn schema(&self, gvk: &GroupVersionKind) -> Option<Schema<'_>> {
        typed_schema(gvk).or_else(|| self.schemas.schema(gvk)).or_else(|| builtin().kind(gvk))
    }

    pub(crate) fn normalizer(&self) -> Normalizer<'_> {
        Normalizer { rules: Some(self.rules), ignore_aggregated_roles: self.ignore_aggregated_roles }
    }
}
