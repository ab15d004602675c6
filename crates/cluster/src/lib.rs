//! One live cluster: discovery, watches, the compact cache, the resource tree, apply and delete; and the control
//! plane's own records, which live in a cluster too.
//!
//! ```text
//! request ─▶ follow ─┬▶ control: Application, AppProject, settings …  (ControlPlane)
//!  deadlines, limits │
//!  errors            └▶ live ─▶ cache ─▶ tree, hosts, orphans          (LiveCluster, by Clusters)
//!                       └─ apply, delete, patch, logs, events
//! ```
//!
//! What must hold: nothing is lost (a watch resumes where it broke, an expired one lists again), nothing is taken for
//! deleted on doubt (only a complete list or a deletion event drops an object), and no tree of JSON values stays in
//! memory. Deliberately absent: what an application is to look like and what to do about it (`controller`, `sync`).

mod apply;
mod cache;
mod clusters;
mod connect;
pub mod control;
mod details;
mod discovery;
mod error;
mod follow;
pub mod install;
pub mod lease;
mod limiter;
mod live;
mod patch;
mod request;
mod resource;
mod tree;

pub use apply::{Applied, ApplyOptions, DryRun, Outcome};
pub use cache::LiveObject;
pub use clusters::{ClusterOptions, Clusters};
pub use connect::{client_for, control_client};
pub use control::{Change, ControlEvent, ControlOptions, ControlPlane, Record};
pub use error::{DestinationError, Error};
pub use live::{ClusterState, LiveChange, LiveCluster, LogOptions, Phase};
pub use patch::{DeleteOptions, Patch, Propagation};
pub use request::RequestLimits;
pub use resource::ApiResource;
pub use tree::OrphanRules;

/// What applying an object can fail with.
pub type ApplyError = Error;
