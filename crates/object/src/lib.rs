//! The untyped Kubernetes object: identity, order, quantities and every kind of patch.
