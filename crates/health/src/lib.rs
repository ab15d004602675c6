//! The health of one Kubernetes object.
