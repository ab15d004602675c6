//! What a caller may do: the policy of the settings and of projects, applied to one identity.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use types::rbac::{self, Policy, Subject, SubjectPolicy};
use types::settings::Settings;
use types::{AppProject, Application};

use crate::core::Core;
use crate::options::Admission;
use crate::session::Identity;
use crate::status::Status;

/// The policy of the settings, compiled once per change of the settings.
#[derive(Default)]
pub(crate) struct Policies {
    current: Mutex<Option<(Arc<Settings>, Arc<Policy>)>>,
}

impl Policies {
    /// The compiled policy. One that cannot be read leaves the last good one in force.
    fn current(&self, settings: &Arc<Settings>) -> Option<Arc<Policy>> {
        let mut current = self.current.lock();
        if let Some((seen, policy)) = current.as_ref()
            && Arc::ptr_eq(seen, settings)
        {
            return Some(policy.clone());
        }
        let policy = match (Policy::new(&settings.policy), current.take()) {
            (Ok(policy), _) => Arc::new(policy),
            (Err(error), last) => {
                tracing::error!("argocd-rbac-cm: {error}; the last good policy stays in force");
                let builtin = || Policy::new(&types::settings::PolicySettings::default()).ok().map(Arc::new);
                last.map(|(_, policy)| policy).or_else(builtin)?
            }
        };
        *current = Some((settings.clone(), policy.clone()));
        Some(policy)
    }
}

/// The policy of one subject, as it was compiled from.
struct Compiled {
    policy: Arc<Policy>,
    /// The project whose roles are in it.
    project: Option<Arc<AppProject>>,
    subject: SubjectPolicy,
}

/// Somebody who calls.
pub(crate) struct Caller {
    core: Arc<Core>,
    /// `None` when nobody is known; then nothing is permitted.
    identity: Option<Identity>,
    subject: Subject,
    /// By project; `""` for requests outside projects.
    compiled: Mutex<HashMap<String, Compiled>>,
}

impl Caller {
    pub(crate) fn new(core: Arc<Core>, identity: Option<Identity>) -> Self {
        let subject = identity.as_ref().map(|identity| identity.subject.clone()).unwrap_or_default();
        Self { core, identity, subject, compiled: Mutex::default() }
    }

    /// Who it is, if that is known.
    pub(crate) fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// The name that is written into operations and logs.
    pub(crate) fn user_name(&self) -> &str {
        self.identity.as_ref().map_or("", |identity| identity.user_name.as_str())
    }

    /// Whether the caller may do `action` on `object` of the kind `resource`.
    pub(crate) fn allows(&self, resource: &str, action: &str, object: &str) -> bool {
        if self.identity.is_none() {
            return false;
        }
        if let Admission::Bearer(_) = self.core.options.admission {
            return true;
        }
        let settings = self.core.control.settings();
        let Some(policy) = self.core.policies.current(&settings) else { return false };
        let name = rbac::project_of(resource, object);
        let project = name.and_then(|name| self.core.control.project(name));
        let mut compiled = self.compiled.lock();
        let key = name.filter(|_| project.is_some()).unwrap_or_default();
        if let Some(known) = compiled.get(key)
            && Arc::ptr_eq(&known.policy, &policy)
            && match (&known.project, &project) {
                (Some(known), Some(project)) => Arc::ptr_eq(known, project),
                (None, None) => true,
                _ => false,
            }
        {
            return known.subject.allows(resource, action, object);
        }
        let subject = match &project {
            Some(project) => policy.with_project(project).for_subject(&self.subject),
            None => policy.for_subject(&self.subject),
        };
        let allowed = subject.allows(resource, action, object);
        compiled.insert(key.to_owned(), Compiled { policy, project, subject });
        allowed
    }

    /// Refuses what the caller may not do, naming it.
    pub(crate) fn enforce(&self, resource: &str, action: &str, object: &str) -> Result<(), Status> {
        if self.allows(resource, action, object) {
            return Ok(());
        }
        let mut message = format!("permission denied: {resource}, {action}, {object}");
        if let Some(identity) = &self.identity {
            message.push_str(&format!(", sub: {}", identity.subject.name));
            if let Some(issued) = identity.issued_at {
                message.push_str(&format!(", iat: {}", types::Time(issued)));
            }
        }
        Err(Status::denied(message))
    }

    /// Whether the caller may do `action` on an application.
    pub(crate) fn allows_application(&self, action: &str, application: &Application) -> bool {
        self.allows("applications", action, &self.core.object_of(application))
    }
}
