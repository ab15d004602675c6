//! Notification triggers, templates and services.
