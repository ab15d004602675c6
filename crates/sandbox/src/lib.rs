//! An in-process Kubernetes API for trying Argosy and for fast tests.
//!
//! [`Sandbox::start`] makes a cluster out of nothing: discovery, OpenAPI, every built-in kind of Kubernetes 1.36 and
//! custom ones, list and watch with real resourceVersion rules, all patch types with server-side apply, deletion with
//! finalizers and garbage collection, and simulated workloads that become ready. It answers through
//! [`Sandbox::service`] (a tower service for `kube::Client`) or [`Sandbox::serve`] (HTTP, for kubectl).
//!
//! ```text
//! http ─▶ engine ─▶ store ─▶ watch          requests in, changes out
//!            │         └───▶ controllers ─▶ gc, namespaces, workloads   what a cluster does by itself
//!            └─ kinds, crd, typed, defaults, validation, ownership, table, openapi
//! ```
//!
//! Deliberately absent: authentication and RBAC (everything is allowed), admission webhooks and policies, answers in
//! protobuf (bodies in it are read), OpenAPI v2, exec/attach/port-forward/proxy, service account tokens, conversion
//! webhooks, scheduling by resources, running CronJobs, persistence. What a request asks of these is refused by name
//! with reason `NotImplemented`.
//!
//! What it does do is held against a real kube-apiserver and kube-controller-manager: `tests/suite.rs` tells the same
//! recorded stories to both.
//!
//! # Trouble on purpose
//! Images and commands that make simulated Pods fail, for demos and tests:
//!
//! | image tag or command                   | what happens                                                      |
//! |----------------------------------------|-------------------------------------------------------------------|
//! | `:does-not-exist`                      | `ImagePullBackOff`                                                |
//! | `:crashes`, or a command with `exit N` | `CrashLoopBackOff`; Pods of Jobs fail with exit code N            |
//! | `:never-ready`                         | runs, never becomes ready                                         |
//! | a command with `sleep N`               | a Pod that runs to completion takes N seconds (at most 60)        |
//! | a `nodeSelector` no node has           | stays `Pending`, unschedulable                                    |
//! | a `storageClassName` that isn't there  | the claim stays `Pending`                                         |

mod controllers;
mod convert;
mod crd;
mod defaults;
mod discovery;
mod engine;
mod error;
mod faults;
mod gc;
mod http;
mod kinds;
mod logs;
mod namespaces;
mod openapi;
mod options;
mod ownership;
pub mod readers;
mod sandbox;
mod scale;
mod selector;
mod status;
mod store;
mod table;
mod typed;
mod validation;
mod watch;
mod workloads;

pub use error::SandboxError;
pub use faults::{Fault, FaultRequest, FaultRule, Faults};
pub use http::body::ResponseBody;
pub use http::{SandboxService, ServerHandle};
pub use options::Options;
pub use sandbox::Sandbox;
