//! An in-process Kubernetes API for trying Argosy and for fast tests.
