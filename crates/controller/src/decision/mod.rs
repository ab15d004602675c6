//! Decisions of the loop as pure functions: data in, data out, the time among the data.
//!
//! - [`refresh`]: whether and how thoroughly an application is compared.
//! - [`permission`]: whether project and destination permit the application.
//! - [`conditions`]: how conditions replace each other.
//! - [`health`]: an application's health from that of its objects.
//! - [`automation`]: whether the controller starts a sync by itself.
//! - [`operation`]: how an operation goes from one state to the next.
//! - [`deletion`]: what an application that is deleted still has to do.
//! - [`impersonation`]: as whom objects are changed.
//! - [`history`]: the record of finished syncs.

pub mod automation;
pub mod conditions;
pub mod deletion;
pub mod health;
pub mod history;
pub mod impersonation;
pub mod operation;
pub mod permission;
pub mod refresh;
