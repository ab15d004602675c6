//! Kustomizations built to documents.
