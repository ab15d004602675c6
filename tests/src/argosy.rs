//! A running `argosy` process, and its command line.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use types::Application;

use crate::command_line::finish;
use crate::{World, eventually};

/// The binary under test: `ARGOSY_BINARY`, else what cargo has built.
pub(crate) fn binary() -> PathBuf {
    let path = std::env::var_os("ARGOSY_BINARY")
        .map_or_else(|| xtask::demo::target_folder().join("debug/argosy"), PathBuf::from);
    assert!(path.exists(), "{} does not exist: cargo build --package argosy", path.display());
    path
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Output {
    /// The exit code; -1 when it was killed.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// Of a finished process.
    pub fn of(output: &std::process::Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// This, after checking that the command succeeded.
    pub fn ok(self) -> Self {
        assert_eq!(self.code, 0, "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }
}

/// A control plane that runs as a process of its own, with a command line that is logged in.
pub struct Argosy {
    child: Child,
    arguments: Vec<String>,
    home: tempfile::TempDir,
    namespace: String,
    url: String,
    password: String,
    /// Whether it talks plain HTTP.
    plain: bool,
    log: Arc<Mutex<String>>,
}

impl Argosy {
    /// Runs `argosy run --install` on a world, in a namespace of its own, and logs in.
    pub async fn start(world: &World, namespace: &str) -> Self {
        Self::start_with(world, namespace, &[]).await
    }

    /// As [`Argosy::start`], with further arguments of `argosy run`.
    pub async fn start_with(world: &World, namespace: &str, further: &[&str]) -> Self {
        Self::launch(world, namespace, further, true).await
    }

    /// As [`Argosy::start`], over TLS with a certificate that Argosy makes.
    pub async fn start_with_tls(world: &World, namespace: &str) -> Self {
        Self::launch(world, namespace, &[], false).await
    }

    async fn launch(world: &World, namespace: &str, further: &[&str], plain: bool) -> Self {
        let metrics: &[&str] =
            if further.contains(&"--metrics-port") { &[] } else { &["--metrics-port", "0"] };
        let home = tempfile::tempdir().unwrap();
        let arguments: Vec<String> = [
            "run",
            "--kubeconfig",
            &world.kubeconfig().display().to_string(),
            "--namespace",
            namespace,
            "--install",
            "--address",
            "127.0.0.1",
            "--port",
            "0",
            "--data",
            &home.path().join("data").display().to_string(),
        ]
        .iter()
        .chain(metrics)
        .chain(if plain { &["--http"][..] } else { &[] })
        .chain(further)
        .map(|word| (*word).to_owned())
        .collect();
        let log = Arc::new(Mutex::new(String::new()));
        let (child, url) = spawn(&arguments, &log).await;
        let mut argosy = Self {
            child,
            arguments,
            home,
            namespace: namespace.to_owned(),
            url,
            password: String::new(),
            plain,
            log,
        };
        let secret = world.get("v1", "Secret", namespace, types::names::INITIAL_ADMIN_SECRET).await;
        let encoded =
            secret.as_ref().and_then(|secret| secret.pointer("/data/password")).and_then(Value::as_str);
        argosy.password = serde_json::from_value::<types::meta::Bytes>(json!(encoded))
            .map(|bytes| String::from_utf8_lossy(&bytes.0).into_owned())
            .unwrap();
        argosy.login().ok();
        argosy
    }

    /// The API server's URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The API server's address, as clients take it.
    pub fn address(&self) -> &str {
        self.url.split_once("://").map_or(&self.url, |(_, address)| address)
    }

    /// The namespace of the control plane.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The administrator's password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The folder with the local configuration.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the process has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn login(&self) -> Output {
        self.command(&[
            "login",
            self.address(),
            if self.plain { "--plaintext" } else { "--insecure" },
            "--username",
            "admin",
            "--password",
            &self.password,
        ])
    }

    /// Runs `argosy` with these arguments, logged in as admin.
    pub fn command(&self, arguments: &[&str]) -> Output {
        Output::of(&self.prepared(arguments).output().unwrap())
    }

    /// `argosy` with these arguments, logged in as admin and not yet started.
    pub fn prepared(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .env("ARGOCD_CONFIG_DIR", self.home.path().join("config"))
            .env_remove("ARGOCD_SERVER")
            .stdin(Stdio::null());
        command
    }

    /// As [`Argosy::command`], off the runtime's threads, for commands that wait.
    pub async fn waiting_command(&self, arguments: &[&str]) -> Output {
        finish(self.prepared(arguments)).await
    }

    /// Kills the process as the system would, without a chance to clean up.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts the killed process again and logs in.
    pub async fn restart(&mut self) {
        let (child, url) = spawn(&self.arguments, &self.log).await;
        self.child = child;
        self.url = url;
        self.login().ok();
    }

    /// An Application of this control plane.
    pub async fn application(&self, world: &World, name: &str) -> Option<Application> {
        let object = world.get("argoproj.io/v1alpha1", "Application", &self.namespace, name).await?;
        serde_json::from_value(object).ok()
    }

    /// Waits until an Application is as wanted.
    pub async fn until(
        &self,
        world: &World,
        name: &str,
        what: &str,
        wanted: impl Fn(&Application) -> bool,
    ) -> Application {
        eventually(&format!("application {name}: {what}"), async || {
            let Some(application) = self.application(world, name).await else {
                return Err("it is not there".into());
            };
            if wanted(&application) { Ok(application) } else { Err(describe(&application)) }
        })
        .await
    }

    /// Waits until an Application is Synced and Healthy and no operation is left.
    pub async fn until_good(&self, world: &World, name: &str) -> Application {
        self.until(world, name, "Synced and Healthy", |application| {
            let status = &application.status;
            status.sync.status == "Synced"
                && status.health.status == "Healthy"
                && application.operation.is_none()
                && status.operation_state.as_ref().is_none_or(|state| state.phase != "Running")
        })
        .await
    }

    /// Sends the push event that GitHub would send for a commit on the default branch.
    pub async fn push_event(&self, repository: &str, commit: &str, changed: &[&str]) {
        let event = json!({
            "ref": "refs/heads/main",
            "before": "0".repeat(40),
            "after": commit,
            "repository": {"html_url": repository, "url": repository, "clone_url": repository, "default_branch": "main"},
            "commits": [{"id": commit, "added": [], "removed": [], "modified": changed}],
            "head_commit": {"id": commit, "added": [], "removed": [], "modified": changed},
        });
        let response = reqwest::Client::new()
            .post(format!("{}/api/webhook", self.url))
            .header("X-GitHub-Event", "push")
            .json(&event)
            .send()
            .await
            .unwrap();
        assert!(response.status().is_success(), "the webhook answered {}", response.status());
    }
}

impl Drop for Argosy {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(60).collect();
            eprintln!("--- the last lines of argosy's log ---");
            tail.iter().rev().for_each(|line| eprintln!("{line}"));
        }
    }
}

/// How an application stands, for messages of failed stories.
pub fn describe(application: &Application) -> String {
    let status = &application.status;
    json!({
        "sync": status.sync.status,
        "revision": status.sync.revision,
        "health": status.health,
        "conditions": status.conditions,
        "operation": status.operation_state.as_ref().map(|state| (&state.phase, &state.message)),
        "pending": application.operation.is_some(),
        "resources": status.resources.iter().map(|resource| (&resource.kind, &resource.name, &resource.status)).collect::<Vec<_>>(),
    })
    .to_string()
}

async fn spawn(arguments: &[String], log: &Arc<Mutex<String>>) -> (Child, String) {
    let mut child = Command::new(binary())
        .args(arguments)
        .env("ARGOSY_LOG", std::env::var("ARGOSY_LOG").unwrap_or_else(|_| "info".into()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let url = Arc::new(Mutex::new(None));
    let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (out_log, err_log, found) = (log.clone(), log.clone(), url.clone());
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some(address) = line.strip_prefix("url: ") {
                *found.lock().unwrap_or_else(PoisonError::into_inner) = Some(address.trim().to_owned());
            }
            push_line(&out_log, &line);
        }
    });
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            push_line(&err_log, &line);
        }
    });
    let address = eventually("argosy prints its url", async || {
        let found = url.lock().unwrap_or_else(PoisonError::into_inner).clone();
        found.ok_or_else(|| log.lock().unwrap_or_else(PoisonError::into_inner).clone())
    })
    .await;
    (child, address)
}

fn push_line(log: &Mutex<String>, line: &str) {
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    log.push_str(line);
    log.push('\n');
}
