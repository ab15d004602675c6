//! The command line of somebody who has a kubeconfig and no API server: `argosy … --core`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::World;
use crate::argosy::{Output, binary};

/// A command line with a home and a kubeconfig of its own.
pub struct CoreCommandLine {
    home: tempfile::TempDir,
    kubeconfig: PathBuf,
}

impl CoreCommandLine {
    /// One whose kubeconfig is that of the world, with this namespace as the current one.
    pub fn new(world: &World, namespace: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let text = std::fs::read_to_string(world.kubeconfig()).unwrap();
        let mut value: Value = goyaml::from_str(&text).unwrap();
        for context in value["contexts"].as_array_mut().unwrap() {
            context["context"]["namespace"] = namespace.into();
        }
        let kubeconfig = home.path().join("kubeconfig");
        std::fs::write(&kubeconfig, value.to_string()).unwrap();
        Self { home, kubeconfig }
    }

    /// Runs `argosy` with these arguments.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        finish(self.prepared(arguments)).await
    }

    /// `argosy` with these arguments, not yet started.
    pub fn prepared(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .env("KUBECONFIG", &self.kubeconfig)
            .env("ARGOCD_CONFIG_DIR", self.home.path())
            .env_remove("ARGOCD_SERVER")
            .env_remove("ARGOCD_AUTH_TOKEN")
            .stdin(Stdio::null());
        command
    }
}

/// Runs a command off the runtime's threads.
pub async fn finish(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || Output::of(&command.output().unwrap())).await.unwrap()
}
