//! The Application loop: refresh, compare, operate, finalize.
//!
//! ```text
//! records, live objects, time ──▶ listen ──▶ Queue (user, webhook, drift, timer) ──▶ workers ──▶ look
//!                                                                                              │
//!            ┌───────────────────────────┬───────────────────────────┬─────────────────────────┤
//!            ▼                           ▼                           ▼                         ▼
//!        finalize                     operate                    reconcile                  commit
//!   decision::deletion      decision::operation, sync    decision::refresh, permission,   one merge patch
//!                                                         compare, automation             of what differs
//! ```
//!
//! Everything in [`decision`] is a pure function; what is done about it is a thin shell around the [`ports`], behind
//! which are the real clusters and renderers or, in tests, ones that fail on demand. The durable state is what the
//! Applications say: a process that dies anywhere is followed by one that goes on where it was.
//!
//! What must hold: an application is never worked on twice at once; nothing is pruned on doubt (a rendering or a cluster
//! that cannot be read ends a comparison before anything is decided); a status is written only when it differs; work is
//! proportional to what changed, because each pair of objects is judged again only when one of its sides has changed.
//!
//! Whoever only wants to know what the loop would find asks an [`Observer`].
//!
//! Deliberately absent: how sources are rendered (`render`), how clusters are watched (`cluster`), what a sync does next
//! (`sync`), the source hydrator, and sharding over several controllers.

mod adapt;
mod commit;
mod compare;
mod controller;
mod core;
pub mod decision;
mod diffing;
mod events;
mod finalize;
mod herald;
mod listen;
mod look;
mod memory;
mod metrics;
mod observe;
mod operate;
mod orphans;
mod ownership;
pub mod ports;
mod queue;
mod reconcile;
mod status;
mod views;
mod wanted;

pub use self::adapt::{credentials, integrity};
pub use self::controller::{Controller, Handle};
pub use self::core::ControllerOptions;
pub use decision::refresh::CompareLevel;
pub use metrics::Metrics;
pub use observe::{ManifestOrigin, Manifests, Observer};
pub use views::Views;
