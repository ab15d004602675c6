//! A task: one object in one phase of a sync, with what is known of it. Tasks are made by `build.rs`, run by `run.rs`.

use std::sync::Arc;

use object::{Object, ObjectKey};
use types::{HealthStatus, ResourceResult};

use crate::hook::{DeletePolicy, SyncPhase, delete_policies};

/// A live object with its health.
#[derive(Debug, Clone)]
pub struct Live {
    /// The object as the cluster has it.
    pub object: Arc<Object>,
    /// Its health: `None` when its kind has none, an error's text when it could not be told.
    pub health: Result<Option<HealthStatus>, String>,
}

/// One managed object of the application: rendered, live, or both.
#[derive(Debug, Clone, Default)]
pub struct Resource {
    /// As it was rendered; `None` when it is no longer wanted.
    pub target: Option<Arc<Object>>,
    /// As it is in the cluster.
    pub live: Option<Live>,
    /// Whether live differs from rendered; `None` when they were not compared.
    pub modified: Option<bool>,
}

/// How far a task or a whole operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Under way.
    Running,
    /// Being stopped.
    Terminating,
    /// Did not reach its goal.
    Failed,
    /// Could not be carried out.
    Error,
    /// Reached its goal.
    Succeeded,
}

impl Phase {
    /// The phase as the status carries it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "Running",
            Self::Terminating => "Terminating",
            Self::Failed => "Failed",
            Self::Error => "Error",
            Self::Succeeded => "Succeeded",
        }
    }

    /// Reads a status; `None` for texts that are no phase.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Running, Self::Terminating, Self::Failed, Self::Error, Self::Succeeded]
            .into_iter()
            .find(|phase| phase.as_str() == text)
    }

    /// Whether nothing more happens.
    pub fn is_completed(self) -> bool {
        matches!(self, Self::Failed | Self::Error | Self::Succeeded)
    }

    /// Whether it ended without reaching its goal.
    pub fn is_unsuccessful(self) -> bool {
        matches!(self, Self::Failed | Self::Error)
    }
}

/// What was done with one object, as results carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultStatus {
    /// It was applied.
    Synced,
    /// It could not be applied or pruned.
    SyncFailed,
    /// It was deleted.
    Pruned,
    /// It should be deleted but pruning was not wanted.
    PruneSkipped,
}

impl ResultStatus {
    /// The status as results carry it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Synced => "Synced",
            Self::SyncFailed => "SyncFailed",
            Self::Pruned => "Pruned",
            Self::PruneSkipped => "PruneSkipped",
        }
    }

    /// The phase that follows from the status alone.
    pub(crate) fn phase(self) -> Phase {
        match self {
            Self::Synced => Phase::Running,
            Self::SyncFailed => Phase::Failed,
            Self::Pruned | Self::PruneSkipped => Phase::Succeeded,
        }
    }
}

/// One object in one phase.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub phase: SyncPhase,
    pub wave: i64,
    /// Who it is. The namespace is the destination's for objects without one, cluster-scoped ones included.
    pub key: ObjectKey,
    pub version: String,
    pub target: Option<Arc<Object>>,
    pub live: Option<Live>,
    pub hook: bool,
    /// Whether the kind lives in namespaces; `None` when the cluster does not know the kind.
    pub namespaced: Option<bool>,
    pub skip_dry_run: bool,
    pub modified: Option<bool>,
    pub creates_namespace: bool,
    pub status: Option<ResultStatus>,
    pub state: Option<Phase>,
    pub message: String,
}

impl Task {
    pub(crate) fn is_prune(&self) -> bool {
        self.target.is_none()
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.state.is_none()
    }

    pub(crate) fn is_running(&self) -> bool {
        self.state == Some(Phase::Running)
    }

    pub(crate) fn is_completed(&self) -> bool {
        self.state.is_some_and(Phase::is_completed)
    }

    pub(crate) fn is_unsuccessful(&self) -> bool {
        self.state.is_some_and(Phase::is_unsuccessful)
    }

    pub(crate) fn live_object(&self) -> Option<&Arc<Object>> {
        self.live.as_ref().map(|live| &live.object)
    }

    pub(crate) fn is_being_deleted(&self) -> bool {
        self.live_object().is_some_and(|live| live.deletion_timestamp().is_some())
    }

    pub(crate) fn has_policy(&self, policy: DeletePolicy) -> bool {
        self.target.as_ref().is_some_and(|target| delete_policies(target).contains(&policy))
    }

    /// The key under which the cluster has the object.
    pub(crate) fn live_key(&self) -> ObjectKey {
        match self.live_object() {
            Some(live) => live.key(),
            None if self.namespaced == Some(false) => {
                ObjectKey { namespace: String::new(), ..self.key.clone() }
            }
            None => self.key.clone(),
        }
    }

    /// Whether a result is this task's.
    pub(crate) fn owns(&self, result: &ResourceResult) -> bool {
        result.kind == self.key.kind
            && result.name == self.key.name
            && result.namespace == self.key.namespace
            && result.group == self.key.group
            && result.sync_phase == self.phase.as_str()
    }

    /// `<group>/<kind>/<name>`, as messages name a task.
    pub(crate) fn title(&self) -> String {
        format!("{}/{}/{}", self.key.group, self.key.kind, self.key.name)
    }
}
