//! Applying one object as `kubectl apply`, `create`, `replace` and server-side apply do, with their words as the
//! outcome.
//!
//! - `client_side.rs`: three-way patch with the last-applied annotation. `server_side.rs`: server-side apply and the
//!   move of field ownership to it. `replace.rs`: replace, create, update.

mod client_side;
mod replace;
mod server_side;

use std::fmt;
use std::time::Duration;

use http::Method;
use object::{GroupKind, Object, ObjectKey};
use serde_json::Value;

use crate::Error;
use crate::live::{LiveCluster, Target};
use crate::request::Call;
use crate::resource::segment;

/// Who is asked what would happen, instead of making it happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DryRun {
    /// It is made to happen.
    #[default]
    None,
    /// Nobody: reading what is there has to be enough.
    Client,
    /// The API server, with all its checks.
    Server,
}

/// How an object is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplyOptions {
    /// Whether anything is changed.
    pub dry_run: DryRun,
    /// Server-side apply rather than a three-way patch. Conflicts are always forced.
    pub server_side: bool,
    /// Delete and create anew what cannot be changed in place.
    pub force: bool,
    /// Replace the object rather than patching it.
    pub replace: bool,
    /// Refuse unknown and duplicate fields.
    pub validate: bool,
    /// The field manager.
    pub manager: String,
    /// With `server_side`: fields that this manager owns by updates are taken over, so that dropping them from the
    /// manifest removes them. Empty for no such move.
    pub migrate_from: String,
    /// Whom to act as, such as `system:serviceaccount:team:deployer`; empty for ourselves.
    pub impersonate: String,
}

impl Default for ApplyOptions {
    fn default() -> Self {
        ApplyOptions {
            dry_run: DryRun::None,
            server_side: false,
            force: false,
            replace: false,
            validate: true,
            manager: types::names::FIELD_MANAGER.to_owned(),
            migrate_from: "kubectl-client-side-apply".to_owned(),
            impersonate: String::new(),
        }
    }
}

impl ApplyOptions {
    /// The query of a writing request.
    fn query(&self) -> String {
        let validation = if self.validate { "Strict" } else { "Ignore" };
        let mut query = format!("fieldManager={}&fieldValidation={validation}", segment(&self.manager));
        if self.dry_run == DryRun::Server {
            query.push_str("&dryRun=All");
        }
        query
    }
}

/// What was done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is new.
    Created,
    /// It was changed.
    Configured,
    /// There was nothing to change.
    Unchanged,
    /// It was sent by server-side apply.
    ServerSideApplied,
    /// It was replaced.
    Replaced,
    /// It was updated in place, as CRDs and namespaces are instead of being replaced.
    Updated,
}

/// An applied object, and what was done.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The object as it is now; in a client-side dry run as far as it is known.
    pub object: Object,
    /// What was done to it.
    pub outcome: Outcome,
    /// What was done, as kubectl says it: `deployment.apps/web configured`.
    pub message: String,
}

impl fmt::Display for Applied {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

/// One application of one object: what all ways of applying need.
struct Work<'a> {
    cluster: &'a LiveCluster,
    target: Target,
    object: &'a Object,
    key: ObjectKey,
    options: &'a ApplyOptions,
}

/// What is known of a live object without asking.
enum Known {
    /// There is none.
    Absent,
    /// It is this, but for its managed fields.
    Present(Object),
    /// Only the API server can tell.
    Unclear,
}

/// How long a new CRD is waited for until it is served.
const ESTABLISHED: Duration = Duration::from_secs(3);

impl LiveCluster {
    /// Applies an object. The namespace of an object of a cluster-scoped kind is ignored; an object of a namespaced
    /// kind must have one.
    ///
    /// # Errors
    /// [`Error::UnknownKind`] when the kind is not served, [`Error::Invalid`] for an object without name or
    /// namespace, and what the API server answers.
    pub async fn apply(&self, object: &Object, options: &ApplyOptions) -> Result<Applied, Error> {
        let mut key = object.key();
        let action = format!("apply {key}");
        let invalid = |message: &str| Error::Invalid { action: action.clone(), message: message.to_owned() };
        if key.name.is_empty() && object.generate_name().is_empty() {
            return Err(invalid("it has neither a name nor a generateName"));
        }
        let mut target = self.inner().target(&key, object.version()).await?;
        target.api = target.api.acting_as(&options.impersonate);
        let mut adjusted = None;
        if target.resource.namespaced && key.namespace.is_empty() {
            return Err(invalid("objects of this kind need a namespace"));
        } else if !target.resource.namespaced && !key.namespace.is_empty() {
            key.namespace.clear();
            adjusted.get_or_insert_with(|| object.clone()).set_namespace(None);
        }
        let object = adjusted.as_ref().unwrap_or(object);
        let work = Work { cluster: self, target, object, key, options };
        let applied = work.run().await?;
        if options.dry_run == DryRun::None && is_definition(object) {
            work.wait_established().await;
        }
        Ok(applied)
    }
}

fn is_definition(object: &Object) -> bool {
    object.group() == "apiextensions.k8s.io" && object.kind() == "CustomResourceDefinition"
}

impl Work<'_> {
    async fn run(&self) -> Result<Applied, Error> {
        // An object whose name the server makes can only be created.
        if self.key.name.is_empty() {
            return self.create(self.object).await;
        }
        if self.options.replace {
            return self.replace().await;
        }
        if self.options.server_side && self.options.dry_run != DryRun::Client {
            return self.apply_server_side().await;
        }
        if self.object.group() == "rbac.authorization.k8s.io" {
            self.recreate_changed_binding().await?;
        }
        self.apply_client_side().await
    }

    /// What the watch cache says of the object. It may be a moment behind, so that whoever acts on it makes requests
    /// that a newer state refuses: a creation, or a patch of this very version.
    fn known(&self) -> Known {
        let cluster = self.cluster;
        if !cluster.state().is_current() || cluster.kind_problem(&self.key.group_kind()).is_some() {
            return Known::Unclear;
        }
        match cluster.live(&self.key) {
            None => Known::Absent,
            // In another version of its kind it would be compared with other fields.
            Some(live) if live.version() != self.object.version() => Known::Unclear,
            Some(live) => live.full().map_or(Known::Unclear, Known::Present),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<Object, Error> {
        let action = format!("apply {}", self.key);
        let mut call = Call::with_body(method, &action, path, body);
        call.content_type = content_type;
        self.target.api.json(call).await
    }

    /// The path of the object with the query of a writing request.
    fn path(&self) -> String {
        format!("{}?{}", self.target.path(&self.key), self.options.query())
    }

    async fn create(&self, object: &Object) -> Result<Applied, Error> {
        if self.options.dry_run == DryRun::Client {
            return Ok(self.done(object.clone(), Outcome::Created));
        }
        let collection = self.target.resource.collection_path(Some(&self.key.namespace));
        let path = format!("{collection}?{}", self.options.query());
        let body = object.to_json().into_bytes();
        let created = self.send(Method::POST, &path, crate::request::JSON, body).await?;
        Ok(self.done(created, Outcome::Created))
    }

    /// The outcome in kubectl's words.
    fn done(&self, object: Object, outcome: Outcome) -> Applied {
        let GroupKind { group, kind } = self.key.group_kind();
        let name = if object.name().is_empty() { &self.key.name } else { object.name() };
        let word = match outcome {
            Outcome::Created => "created",
            Outcome::Configured => "configured",
            Outcome::Unchanged => "unchanged",
            Outcome::ServerSideApplied => "serverside-applied",
            Outcome::Replaced => "replaced",
            Outcome::Updated => {
                let message = format!("{kind}/{name} updated");
                return Applied { object, outcome, message };
            }
        };
        let dot = if group.is_empty() { "" } else { "." };
        let suffix = match self.options.dry_run {
            DryRun::None => "",
            DryRun::Client => " (dry run)",
            DryRun::Server => " (server dry run)",
        };
        let message = format!("{}{dot}{group}/{name} {word}{suffix}", kind.to_lowercase());
        Applied { object, outcome, message }
    }

    /// The roleRef of a binding cannot be changed: a binding that has another one is deleted, and created by the apply
    /// that follows.
    async fn recreate_changed_binding(&self) -> Result<(), Error> {
        let is_binding = matches!(self.object.kind(), "RoleBinding" | "ClusterRoleBinding");
        if !is_binding || self.options.dry_run != DryRun::None {
            return Ok(());
        }
        let role = |object: &Object| {
            let part = |field: &str| object.get_str(&["roleRef", field]).unwrap_or_default().to_owned();
            (part("kind"), part("name"))
        };
        if matches!(self.known(), Known::Present(live) if role(&live) == role(self.object)) {
            return Ok(());
        }
        let known = self.target.get(&self.key).await?;
        let Some(live) = known.filter(|live| role(live) != role(self.object)) else { return Ok(()) };
        let options = crate::DeleteOptions {
            uid: live.uid().to_owned(),
            impersonate: self.options.impersonate.clone(),
            ..crate::DeleteOptions::background()
        };
        self.target.delete(&self.key, &options).await
    }

    /// Waits a little until a new CRD is served, so that its objects can be applied next. Not being served in time is
    /// no failure of the apply.
    async fn wait_established(&self) {
        let established = async {
            loop {
                if let Ok(Some(live)) = self.target.get(&self.key).await {
                    let conditions = live.get(&["status", "conditions"]).and_then(Value::as_array);
                    let is_established = |condition: &Value| {
                        condition["type"] == "Established" && condition["status"] == "True"
                    };
                    if conditions.is_some_and(|conditions| conditions.iter().any(is_established)) {
                        return;
                    }
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        if tokio::time::timeout(ESTABLISHED, established).await.is_err() {
            tracing::warn!(server = self.cluster.server(), object = %self.key, "the CRD is not established yet");
        }
    }
}
