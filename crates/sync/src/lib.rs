//! The sync planner: desired, live and what has happened go in, the next steps come out as data.
//!
//! ```text
//!  Input ──▶ Step ──▶ Next::Act(actions) ──▶ (somebody carries them out) ──▶ Step::absorb(outcomes)
//!              ▲                                                                   │
//!              └───────────────────────────────────────────────────────────────────┘
//!            Step ──▶ Next::End(Verdict { phase, message, results })
//! ```
//!
//! One [`Step`] is what happens between two looks at the cluster: a wave of tasks is run, or the step finds that it has
//! to wait. The results in a [`Verdict`] are all that the next step needs, so an operation survives its process.
//!
//! - [`hook_types`] and its neighbors: hooks, their phases, policies and waves.
//! - [`SyncOptions`]: the options of a sync and of single objects.
//! - [`Input`], [`Facts`], [`Resource`]: what a step is planned from.
//! - [`Action`], [`Apply`], [`Outcome`]: what it asks for, and what it is told.
//! - [`retry`]: whether and when a failed operation is tried again. [`window`]: when a sync is permitted at all.
//! - [`respect`]: `RespectIgnoreDifferences`, targets that keep ignored live values.
//!
//! Deliberately absent: talking to a cluster, clocks, and the comparison of objects (crates `cluster`, `controller`,
//! `diff`).

mod apply;
mod build;
mod hook;
mod kinds;
mod message;
mod options;
pub mod respect;
mod results;
pub mod retry;
mod run;
mod step;
mod task;
pub mod window;

pub use apply::{Apply, Method};
pub use build::{Facts, Input, KindAnswer};
pub use hook::{
    DeletePolicy, HookType, SyncPhase, delete_policies, hook_phases, hook_types, is_delete_hook, is_hook,
    is_ignored_hook, is_skipped, wave,
};
pub use kinds::rank;
pub use message::explain;
pub use options::{Consent, Propagation, SyncOptions, has_option, requires_confirmation};
pub use results::images;
pub use step::{Action, Batch, Next, Outcome, Step, Verdict};
pub use task::{Live, Phase, Resource, ResultStatus};
