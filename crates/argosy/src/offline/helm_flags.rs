//! The flags of `helm template` that a render in this process has no use for: most are accepted, so that a script runs
//! as it is, and those whose absence would be noticed in the output are refused by name.

use anyhow::{Result, bail};
use clap::{ArgAction, Args};

/// Flags about an installation that doesn't happen, about a cluster that isn't asked, and about Helm's own files.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own in Helm")]
pub(super) struct Unused {
    #[arg(long, hide = true)]
    create_namespace: bool,
    #[arg(long, hide = true)]
    description: Option<String>,
    #[arg(long, hide = true)]
    disable_openapi_validation: bool,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "client")]
    dry_run: Option<String>,
    #[arg(long, hide = true)]
    force_conflicts: bool,
    #[arg(long, hide = true)]
    force_replace: bool,
    #[arg(long, short, hide = true)]
    labels: Vec<String>,
    #[arg(long, hide = true)]
    replace: bool,
    #[arg(long, hide = true)]
    rollback_on_failure: bool,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    server_side: Option<String>,
    #[arg(long, hide = true)]
    take_ownership: bool,
    #[arg(long, hide = true)]
    timeout: Option<String>,
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "watcher")]
    wait: Option<String>,
    #[arg(long, hide = true)]
    wait_for_jobs: bool,
    #[arg(long, hide = true)]
    atomic: bool,
    #[arg(long, hide = true)]
    render_subchart_notes: bool,
    #[arg(long, hide = true)]
    hide_notes: bool,
    #[arg(long, hide = true)]
    debug: bool,
    #[arg(long, hide = true)]
    burst_limit: Option<String>,
    #[arg(long, hide = true)]
    qps: Option<String>,
    #[arg(long, hide = true, alias = "colour")]
    color: Option<String>,
    #[arg(long, hide = true)]
    content_cache: Option<String>,
    #[arg(long, hide = true)]
    registry_config: Option<String>,
    #[arg(long, hide = true)]
    repository_cache: Option<String>,
    #[arg(long, hide = true)]
    repository_config: Option<String>,
    #[arg(long, hide = true)]
    kubeconfig: Option<String>,
    #[arg(long, hide = true)]
    kube_apiserver: Option<String>,
    #[arg(long, hide = true)]
    kube_as_group: Vec<String>,
    #[arg(long, hide = true)]
    kube_as_user: Option<String>,
    #[arg(long, hide = true)]
    kube_ca_file: Option<String>,
    #[arg(long, hide = true)]
    kube_insecure_skip_tls_verify: bool,
    #[arg(long, hide = true)]
    kube_tls_server_name: Option<String>,
    #[arg(long, hide = true)]
    kube_token: Option<String>,
    #[arg(long, hide = true)]
    dependency_update: bool,
    #[arg(long, hide = true)]
    enable_dns: bool,
    #[arg(long, hide = true)]
    validate: bool,
    #[arg(long, hide = true)]
    verify: bool,
    #[arg(long, hide = true)]
    keyring: Option<String>,
    #[arg(long, hide = true)]
    post_renderer: Option<String>,
    #[arg(long, hide = true, action = ArgAction::Append)]
    post_renderer_args: Vec<String>,
}

impl Unused {
    /// Refuses what would change the output.
    pub(super) fn check(&self) -> Result<()> {
        let asks_server = matches!(self.dry_run.as_deref(), Some("server"));
        for (given, flag, why) in [
            (
                self.post_renderer.is_some(),
                "--post-renderer",
                "programs are not run; pipe the output into it",
            ),
            (!self.post_renderer_args.is_empty(), "--post-renderer-args", "programs are not run"),
            (
                self.enable_dns,
                "--enable-dns",
                "no names are looked up, so that a render is the same everywhere",
            ),
            (
                self.validate,
                "--validate",
                "no cluster is asked; use argosy app diff, or kubectl apply --dry-run=server",
            ),
            (
                asks_server,
                "--dry-run=server",
                "no cluster is asked; --kube-version and --api-versions say what it is",
            ),
            (self.verify, "--verify", "provenance files are not checked"),
            (
                self.dependency_update,
                "--dependency-update",
                "run helm dependency update, or render an Application (argosy render -f), which fetches them",
            ),
        ] {
            if given {
                bail!("{flag} is not supported: {why}");
            }
        }
        Ok(())
    }
}
