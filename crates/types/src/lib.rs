//! Argo CD's custom resources, settings and access rules as plain data.
