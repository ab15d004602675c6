//! The health of one Kubernetes object.
//!
//! [`of`] looks at one live object and says whether it is doing well, in the words that Argo CD's users know. It
//! tries, in this order: deletion in progress, a script in Lua that the settings give for the kind
//! ([`Overrides`]), and the rules built in ([`native`]).
//!
//! ```text
//! Object ─▶ deleting? ─▶ script? ─▶ native rules ─▶ Option<HealthStatus>
//!            Progressing    status      status         None: the kind has no health
//! ```
//!
//! Deliberately absent: combining the health of many objects (that is [`HealthCode`]'s order and the caller's loop),
//! missing objects (there is nothing to look at), and the annotation that excludes an object from an aggregate.

pub mod actions;
mod lua;
mod native;
mod status;

use object::Object;

pub use status::{HealthCode, HealthStatus};

/// The finalizer that keeps finished hooks; an object that is held by it is not on its way out.
const HOOK_FINALIZER: &str = "argocd.argoproj.io/hook-finalizer";

/// A script that tells the health of a kind, as the settings give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Script<'a> {
    /// The Lua text.
    pub source: &'a str,
    /// Whether it may use Lua's standard libraries.
    pub open_libraries: bool,
}

/// Where scripts for kinds come from.
pub trait Overrides {
    /// The script for a kind, if there is one.
    fn health_script(&self, group: &str, kind: &str) -> Option<Script<'_>>;
}

/// No scripts.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoOverrides;

impl Overrides for NoOverrides {
    fn health_script(&self, _group: &str, _kind: &str) -> Option<Script<'_>> {
        None
    }
}

/// Why a script did not tell the health.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The script could not be run to its end, or answered something that is no health.
    #[error("the health script for {kind} failed: {message}")]
    Script {
        /// The kind, as `apps/Deployment`.
        kind: String,
        /// What is wrong.
        message: String,
    },
}

impl Error {
    /// The status that an object has while its script fails.
    pub fn status(&self) -> HealthStatus {
        let Error::Script { message, .. } = self;
        HealthStatus::unknown(message)
    }
}

/// The health of a live object; `None` when its kind has no health.
///
/// # Errors
/// When there is a script for the kind and it fails. The object's status is then [`Error::status`].
pub fn of(object: &Object, overrides: &dyn Overrides) -> Result<Option<HealthStatus>, Error> {
    if object.deletion_timestamp().is_some() && !object.finalizers().any(|name| name == HOOK_FINALIZER) {
        return Ok(Some(HealthStatus::progressing("Pending deletion")));
    }
    if let Some(script) = overrides.health_script(object.group(), object.kind()) {
        return run(script, object).map(Some);
    }
    Ok(native::of(object))
}

/// Whether objects of a kind have a health that depends on more than their metadata, so that callers who keep little
/// of an object know what to keep.
pub fn has_rule(group: &str, kind: &str, overrides: &dyn Overrides) -> bool {
    native::rule(group, kind).is_some() || overrides.health_script(group, kind).is_some()
}

fn run(script: Script<'_>, object: &Object) -> Result<HealthStatus, Error> {
    lua::health(script, object)
        .map_err(|message| Error::Script { kind: object.group_kind().to_string(), message })
}
