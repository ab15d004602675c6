//! What all requests share: the records, the definition, the handlers, sessions and policies.

use std::sync::Arc;

use cluster::{Clusters, ControlPlane};
use types::Application;

use crate::access::Policies;
use crate::api::Api;
use crate::call::Handlers;
use crate::connections::Connections;
use crate::options::ServerOptions;
use crate::ports::ApplicationLoop;
use crate::session::Sessions;

/// The server's shared state.
pub(crate) struct Core {
    pub(crate) api: Api,
    pub(crate) handlers: Handlers,
    pub(crate) control: ControlPlane,
    pub(crate) clusters: Clusters,
    /// The application loop, when it runs in this process.
    pub(crate) controller: Option<Arc<dyn ApplicationLoop>>,
    pub(crate) sessions: Sessions,
    pub(crate) policies: Policies,
    pub(crate) connections: Connections,
    pub(crate) options: ServerOptions,
}

impl Core {
    /// How policies name an application: `project/name`, or `project/namespace/name` outside the control plane's
    /// namespace.
    pub(crate) fn object_of(&self, application: &Application) -> String {
        self.object_name(
            application.spec.project_name(),
            &application.metadata.namespace,
            &application.metadata.name,
        )
    }

    /// As [`Core::object_of`], from the parts.
    pub(crate) fn object_name(&self, project: &str, namespace: &str, name: &str) -> String {
        if namespace.is_empty() || namespace == self.control.namespace() {
            format!("{project}/{name}")
        } else {
            format!("{project}/{namespace}/{name}")
        }
    }
}
