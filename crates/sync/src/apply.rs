//! How one object is applied: the request that follows from options, annotations and what is live.

use std::sync::Arc;

use object::Object;

use crate::options::{SyncOptions, has_option};

/// The request by which an object reaches the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A three-way patch with the last applied configuration, as `kubectl apply`.
    Apply,
    /// Server-side apply, taking over conflicting fields.
    ServerSideApply,
    /// Replacing the live object, as `kubectl replace`.
    Replace,
    /// Creating an object that is not there, without the last applied configuration, as `kubectl create`.
    Create,
    /// Writing over the live object at its resource version.
    Update,
}

/// One object to be applied.
#[derive(Debug, Clone)]
pub struct Apply {
    /// The object. Cluster-scoped ones have no namespace.
    pub object: Arc<Object>,
    /// By which request.
    pub method: Method,
    /// Whether the object is deleted and made again when it cannot be changed.
    pub force: bool,
    /// Whether unknown and duplicate fields are refused.
    pub validate: bool,
    /// Whether nothing is changed.
    pub dry_run: bool,
    /// Whether fields that a client-side apply owns are moved to our manager first.
    pub migrate: bool,
    /// Whether missing rules and subjects are added, and bindings to other roles made anew, before the apply.
    pub reconcile_rbac: bool,
    /// Whether the definition must be served before others can rely on it.
    pub wait_established: bool,
}

/// Decides how an object is applied. `force` is the strategy's.
pub(crate) fn decide(
    target: Arc<Object>,
    live: Option<&Object>,
    options: &SyncOptions,
    force: bool,
    dry_run: bool,
) -> Apply {
    let either =
        |option: &str| has_option(&target, option) || live.is_some_and(|live| has_option(live, option));
    let replace = options.replace || either("Replace=true");
    let server_side = !dry_run
        && !has_option(&target, "ServerSideApply=false")
        && (options.server_side_apply || has_option(&target, "ServerSideApply=true"));
    let definition = target.kind() == "CustomResourceDefinition";
    let method = match (replace, live.is_some()) {
        (true, true) if definition || target.kind() == "Namespace" => Method::Update,
        (true, true) => Method::Replace,
        (true, false) => Method::Create,
        (false, _) if server_side => Method::ServerSideApply,
        (false, _) => Method::Apply,
    };
    Apply {
        method,
        force: force || either("Force=true"),
        validate: !options.no_validation && !has_option(&target, "Validate=false"),
        dry_run,
        migrate: method == Method::ServerSideApply && live.is_some() && !options.no_migration,
        reconcile_rbac: !server_side && target.api_version() == "rbac.authorization.k8s.io/v1",
        wait_established: definition && !dry_run,
        object: target,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use types::names::ANNOTATION_SYNC_OPTIONS;

    fn object(api_version: &str, kind: &str, options: &str) -> Arc<Object> {
        let metadata = json!({"name": "a", "annotations": {ANNOTATION_SYNC_OPTIONS: options}});
        let value = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata});
        Arc::new(Object::from_value(value).unwrap())
    }

    #[test]
    fn methods() {
        use Method::*;
        // (kind, target's options, live's options, operation's options, dry run, method)
        for (kind, own, live, operation, dry_run, wanted) in [
            ("ConfigMap", "", None, "", false, Apply),
            ("ConfigMap", "", Some(""), "", false, Apply),
            ("ConfigMap", "", Some(""), "ServerSideApply=true", false, ServerSideApply),
            ("ConfigMap", "", Some(""), "ServerSideApply=true", true, Apply),
            ("ConfigMap", "ServerSideApply=false", Some(""), "ServerSideApply=true", false, Apply),
            ("ConfigMap", "ServerSideApply=true", None, "", false, ServerSideApply),
            ("ConfigMap", "", Some("ServerSideApply=true"), "", false, Apply),
            ("ConfigMap", "", None, "Replace=true", false, Create),
            ("ConfigMap", "", Some(""), "Replace=true", false, Replace),
            ("ConfigMap", "", Some("Replace=true"), "", false, Replace),
            ("ConfigMap", "Replace=true, Force=true", Some(""), "ServerSideApply=true", false, Replace),
            ("Namespace", "Replace=true", Some(""), "", false, Update),
            ("CustomResourceDefinition", "Replace=true", Some(""), "", false, Update),
            ("CustomResourceDefinition", "Replace=true", None, "", false, Create),
        ] {
            let live = live.map(|options| object("v1", kind, options));
            let options = SyncOptions::parse(&[operation]);
            let apply = decide(object("v1", kind, own), live.as_deref(), &options, false, dry_run);
            assert_eq!(apply.method, wanted, "{kind} {own:?} {operation:?} {dry_run}");
        }
    }

    #[test]
    fn flags() {
        let none = SyncOptions::default();
        let plain = decide(object("v1", "ConfigMap", ""), None, &none, false, false);
        assert!(
            plain.validate
                && !plain.force
                && !plain.migrate
                && !plain.reconcile_rbac
                && !plain.wait_established
        );
        let forced = decide(
            object("v1", "ConfigMap", "Validate=false"),
            Some(&object("v1", "ConfigMap", "Force=true")),
            &none,
            false,
            false,
        );
        assert!(forced.force && !forced.validate);
        let role = || object("rbac.authorization.k8s.io/v1", "Role", "");
        assert!(decide(role(), None, &none, false, true).reconcile_rbac);
        let server_side = SyncOptions::parse(&["ServerSideApply=true"]);
        let apply = decide(role(), Some(&role()), &server_side, true, false);
        assert!(!apply.reconcile_rbac && apply.migrate && apply.force);
        let kept = SyncOptions::parse(&["ServerSideApply=true", "ClientSideApplyMigration=false"]);
        assert!(!decide(role(), Some(&role()), &kept, false, false).migrate);
        let definition = object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "");
        assert!(decide(Arc::clone(&definition), None, &none, false, false).wait_established);
        assert!(!decide(definition, None, &none, false, true).wait_established);
    }
}
