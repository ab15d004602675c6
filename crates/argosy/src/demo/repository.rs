//! The demo's Git repository and the Applications that read it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::json;
use types::Application;

/// The folders of the repository that are applications.
pub(super) const APPLICATIONS: &[&str] = &["web", "shop", "blog", "metrics", "orders"];

/// Everything that the first commit holds.
const FILES: &[(&str, &str)] = &[
    ("README.md", include_str!("../../demo/README.md")),
    ("web/deployment.yaml", include_str!("../../demo/web/deployment.yaml")),
    ("web/service.yaml", include_str!("../../demo/web/service.yaml")),
    ("web/pages.yaml", include_str!("../../demo/web/pages.yaml")),
    ("shop/Chart.yaml", include_str!("../../demo/shop/Chart.yaml")),
    ("shop/values.yaml", include_str!("../../demo/shop/values.yaml")),
    ("shop/templates/_names.tpl", include_str!("../../demo/shop/templates/_names.tpl")),
    ("shop/templates/deployment.yaml", include_str!("../../demo/shop/templates/deployment.yaml")),
    ("shop/templates/settings.yaml", include_str!("../../demo/shop/templates/settings.yaml")),
    ("shop/templates/service.yaml", include_str!("../../demo/shop/templates/service.yaml")),
    ("blog/base/kustomization.yaml", include_str!("../../demo/blog/base/kustomization.yaml")),
    ("blog/base/deployment.yaml", include_str!("../../demo/blog/base/deployment.yaml")),
    ("blog/base/service.yaml", include_str!("../../demo/blog/base/service.yaml")),
    ("blog/production/kustomization.yaml", include_str!("../../demo/blog/production/kustomization.yaml")),
    ("metrics/metrics.jsonnet", include_str!("../../demo/metrics/metrics.jsonnet")),
    ("orders/check-backup.yaml", include_str!("../../demo/orders/check-backup.yaml")),
    ("orders/database.yaml", include_str!("../../demo/orders/database.yaml")),
    ("orders/orders.yaml", include_str!("../../demo/orders/orders.yaml")),
    ("orders/smoke-test.yaml", include_str!("../../demo/orders/smoke-test.yaml")),
];

/// A repository on disk.
pub(super) struct Repository {
    folder: PathBuf,
}

impl Repository {
    /// Writes the files and commits them.
    pub(super) fn create(folder: &Path) -> Result<Self> {
        if folder.exists() {
            bail!("{} exists already; remove it or choose another --folder", folder.display());
        }
        for (name, text) in FILES {
            let file = folder.join(name);
            let parent = file.parent().unwrap_or(folder);
            std::fs::create_dir_all(parent).with_context(|| parent.display().to_string())?;
            std::fs::write(&file, text).with_context(|| file.display().to_string())?;
        }
        let repository = Self { folder: folder.to_owned() };
        repository.git(&["init", "--quiet", "--initial-branch=main"])?;
        // A name for this repository alone, so that the user's first commit works on a machine without one.
        repository.git(&["config", "user.name", "Argosy demo"])?;
        repository.git(&["config", "user.email", "demo@example.com"])?;
        repository.git(&["config", "commit.gpgsign", "false"])?;
        repository.git(&["add", "."])?;
        repository.git(&["commit", "--quiet", "--message", "Five small applications"])?;
        Ok(repository)
    }

    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The commit of the main branch.
    pub(super) fn head(&self) -> Option<String> {
        std::fs::read_to_string(self.folder.join(".git/refs/heads/main"))
            .ok()
            .map(|text| text.trim().to_owned())
    }

    /// The Application of a folder: synced automatically, with pruning and self-heal.
    pub(super) fn application(&self, name: &str, namespace: &str) -> Application {
        let path = if name == "blog" { "blog/production" } else { name };
        let application = json!({
            "apiVersion": types::names::API_VERSION,
            "kind": "Application",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "finalizers": [types::names::FINALIZER_RESOURCES],
            },
            "spec": {
                "project": "default",
                "source": {
                    "repoURL": format!("file://{}", self.folder.display()),
                    "path": path,
                    "targetRevision": "main",
                },
                "destination": {"server": types::names::IN_CLUSTER_SERVER, "namespace": name},
                "syncPolicy": {
                    "automated": {"prune": true, "selfHeal": true},
                    "syncOptions": ["CreateNamespace=true"],
                },
            },
        });
        serde_json::from_value(application).unwrap_or_default()
    }

    fn git(&self, arguments: &[&str]) -> Result<()> {
        let output = Command::new("git")
            .arg("-C")
            .arg(&self.folder)
            .args(arguments)
            .output()
            .context("cannot start git: install it")?;
        if !output.status.success() {
            bail!("git {} failed: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
    }
}
