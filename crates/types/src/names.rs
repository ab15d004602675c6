//! The fixed names that Argo CD's users have in their clusters: labels, annotations, finalizers, objects.

/// The group of the custom resources.
pub const GROUP: &str = "argoproj.io";
/// `apiVersion` of the custom resources.
pub const API_VERSION: &str = "argoproj.io/v1alpha1";
/// The server URL that means the cluster which the control plane itself is configured with.
pub const IN_CLUSTER_SERVER: &str = "https://kubernetes.default.svc";
/// The name of that cluster.
pub const IN_CLUSTER_NAME: &str = "in-cluster";
/// The field manager under which objects are applied.
pub const FIELD_MANAGER: &str = "argocd-controller";

/// Annotation: reconcile now (`normal` or `hard`); removed when done.
pub const ANNOTATION_REFRESH: &str = "argocd.argoproj.io/refresh";
/// Annotation: the unique mark of a refresh request.
pub const ANNOTATION_REFRESH_TIMESTAMP: &str = "argocd.argoproj.io/refresh-timestamp";
/// Annotation: paths that matter to an application, separated by `;`.
pub const ANNOTATION_MANIFEST_GENERATE_PATHS: &str = "argocd.argoproj.io/manifest-generate-paths";
/// Annotation: the controller leaves the object alone when `true`.
pub const ANNOTATION_SKIP_RECONCILE: &str = "argocd.argoproj.io/skip-reconcile";
/// Annotation: the application that an object belongs to.
pub const ANNOTATION_TRACKING_ID: &str = "argocd.argoproj.io/tracking-id";
/// Annotation: the installation that an object belongs to.
pub const ANNOTATION_INSTALLATION_ID: &str = "argocd.argoproj.io/installation-id";
/// Annotation: the sync wave, a whole number.
pub const ANNOTATION_SYNC_WAVE: &str = "argocd.argoproj.io/sync-wave";
/// Annotation: options of the sync of one object.
pub const ANNOTATION_SYNC_OPTIONS: &str = "argocd.argoproj.io/sync-options";
/// Annotation: options of the comparison.
pub const ANNOTATION_COMPARE_OPTIONS: &str = "argocd.argoproj.io/compare-options";
/// Annotation: the phases in which an object is a hook.
pub const ANNOTATION_HOOK: &str = "argocd.argoproj.io/hook";
/// Annotation: when a hook is deleted.
pub const ANNOTATION_HOOK_DELETE_POLICY: &str = "argocd.argoproj.io/hook-delete-policy";
/// Annotation: health of the object is not taken into account when `true`.
pub const ANNOTATION_IGNORE_HEALTHCHECK: &str = "argocd.argoproj.io/ignore-healthcheck";
/// Annotation: confirms a pending deletion or prune; the value is an RFC 3339 time.
pub const ANNOTATION_DELETION_APPROVED: &str = "argocd.argoproj.io/deletion-approved";
/// Annotation: what `kubectl apply` applied last.
pub const ANNOTATION_LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Finalizer: deleting the application deletes its objects, in the foreground.
pub const FINALIZER_RESOURCES: &str = "resources-finalizer.argocd.argoproj.io";
/// Finalizer: as [`FINALIZER_RESOURCES`], said explicitly.
pub const FINALIZER_RESOURCES_FOREGROUND: &str = "resources-finalizer.argocd.argoproj.io/foreground";
/// Finalizer: deleting the application deletes its objects, in the background.
pub const FINALIZER_RESOURCES_BACKGROUND: &str = "resources-finalizer.argocd.argoproj.io/background";
/// Finalizer: PreDelete hooks are still to be run.
pub const FINALIZER_PRE_DELETE: &str = "pre-delete-finalizer.argocd.argoproj.io";
/// Finalizer: PreDelete hooks are still to be cleaned up.
pub const FINALIZER_PRE_DELETE_CLEANUP: &str = "pre-delete-finalizer.argocd.argoproj.io/cleanup";
/// Finalizer: PostDelete hooks are still to be run.
pub const FINALIZER_POST_DELETE: &str = "post-delete-finalizer.argocd.argoproj.io";
/// Finalizer: PostDelete hooks are still to be cleaned up.
pub const FINALIZER_POST_DELETE_CLEANUP: &str = "post-delete-finalizer.argocd.argoproj.io/cleanup";
/// Finalizer on hooks, so that their result is seen before anybody removes them.
pub const FINALIZER_HOOK: &str = "argocd.argoproj.io/hook-finalizer";

/// Label of Secrets that hold a cluster, a repository or credentials; see [`SECRET_TYPE_CLUSTER`] and its neighbors.
pub const LABEL_SECRET_TYPE: &str = "argocd.argoproj.io/secret-type";
/// [`LABEL_SECRET_TYPE`] of a cluster.
pub const SECRET_TYPE_CLUSTER: &str = "cluster";
/// [`LABEL_SECRET_TYPE`] of a repository.
pub const SECRET_TYPE_REPOSITORY: &str = "repository";
/// [`LABEL_SECRET_TYPE`] of credentials for a URL prefix.
pub const SECRET_TYPE_REPO_CREDS: &str = "repo-creds";
/// The label that marks objects of an application when tracking is by label, unless the settings name another.
pub const LABEL_INSTANCE: &str = "app.kubernetes.io/instance";

/// The ConfigMap of general settings.
pub const CONFIG_MAP: &str = "argocd-cm";
/// The ConfigMap of the access policy.
pub const RBAC_CONFIG_MAP: &str = "argocd-rbac-cm";
/// The ConfigMap of process flags.
pub const PARAMS_CONFIG_MAP: &str = "argocd-cmd-params-cm";
/// The ConfigMap of known SSH hosts.
pub const SSH_KNOWN_HOSTS_CONFIG_MAP: &str = "argocd-ssh-known-hosts-cm";
/// The ConfigMap of trusted TLS certificates.
pub const TLS_CERTS_CONFIG_MAP: &str = "argocd-tls-certs-cm";
/// The ConfigMap of public GnuPG keys, by key id.
pub const GPG_KEYS_CONFIG_MAP: &str = "argocd-gpg-keys-cm";
/// The Secret of passwords, signing keys and webhook secrets.
pub const SECRET: &str = "argocd-secret";
/// The Secret that tells the first administrator's password.
pub const INITIAL_ADMIN_SECRET: &str = "argocd-initial-admin-secret";
