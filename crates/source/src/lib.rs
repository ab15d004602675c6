//! Git, Helm and OCI sources resolved and opened as read-only trees.
