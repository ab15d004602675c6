//! Helm charts rendered to documents.
