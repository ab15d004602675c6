//! Where schemas of kinds come from.

use object::GroupVersionKind;
use object::schema::{Schema, Schemas, builtin};

/// Where the schemas of kinds come from that are not built in.
pub trait SchemaSource {
    /// The schema of a kind, as the cluster publishes it.
    fn schema(&self, gvk: &GroupVersionKind) -> Option<Schema<'_>>;
}

impl SchemaSource for Schemas {
    fn schema(&self, gvk: &GroupVersionKind) -> Option<Schema<'_>> {
        self.kind(gvk)
    }
}

/// No schemas beyond the built-in ones.
impl SchemaSource for () {
    fn schema(&self, _: &GroupVersionKind) -> Option<Schema<'_>> {
        None
    }
}

/// The schema of a kind whose Go type clients have compiled in: those of `k8s.io/api`, not definitions of custom
/// resources or aggregated APIs.
pub(crate) fn typed_schema(gvk: &GroupVersionKind) -> Option<Schema<'static>> {
    builtin().kind(gvk).filter(|schema| schema.node().name.starts_with("io.k8s.api."))
}
