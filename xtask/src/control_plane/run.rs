//! Starts the control plane on loopback ports and ends it again.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Binaries;

/// The token of the cluster's administrator. The API server listens on the loopback address only.
const TOKEN: &str = "argosy-tests";
/// How long one part may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(120);

/// A running control plane; dropping it ends it and removes its folder.
pub struct ControlPlane {
    folder: PathBuf,
    remove_folder: bool,
    /// In the order of starting; ended in reverse.
    children: Vec<(&'static str, Child)>,
    url: String,
}

impl ControlPlane {
    /// Starts all parts in a new temporary folder, and waits until the API server is ready and has a node.
    ///
    /// # Errors
    /// When a part cannot be started or does not become ready; the message tells which log to read.
    pub fn start(binaries: &Binaries) -> Result<Self> {
        let folder =
            std::env::temp_dir().join(format!("argosy-cluster-{}-{}", std::process::id(), free_port()?));
        let mut plane = Self::start_in(binaries, folder)?;
        plane.remove_folder = std::env::var_os("ARGOSY_KEEP").is_none();
        Ok(plane)
    }

    /// As [`ControlPlane::start`], in this folder, which is kept.
    ///
    /// # Errors
    /// As [`ControlPlane::start`].
    pub fn start_in(binaries: &Binaries, folder: PathBuf) -> Result<Self> {
        std::fs::create_dir_all(&folder)?;
        let (etcd_port, peer_port, api_port) = (free_port()?, free_port()?, free_port()?);
        let url = format!("https://127.0.0.1:{api_port}");
        let mut plane = Self { folder, remove_folder: false, children: Vec::new(), url };
        plane.write_files()?;
        let at = |name: &str| plane.folder.join(name).display().to_string();
        let (data, tokens, key) = (at("etcd"), at("tokens.csv"), at("service-account.key"));
        let public_key = at("service-account.pub");
        let (certificates, kubeconfig) = (at("certificates"), at("kubeconfig"));
        let etcd_url = format!("http://127.0.0.1:{etcd_port}");
        let peer_url = format!("http://127.0.0.1:{peer_port}");

        plane.spawn(
            "etcd",
            &binaries.etcd,
            &[
                "--unsafe-no-fsync".to_owned(),
                format!("--data-dir={data}"),
                format!("--listen-client-urls={etcd_url}"),
                format!("--advertise-client-urls={etcd_url}"),
                format!("--listen-peer-urls={peer_url}"),
                format!("--initial-advertise-peer-urls={peer_url}"),
                format!("--initial-cluster=default={peer_url}"),
                "--log-level=warn".to_owned(),
            ],
        )?;
        wait_for_port("etcd", etcd_port, &plane.folder)?;
        plane.spawn(
            "kube-apiserver",
            &binaries.api_server,
            &[
                format!("--etcd-servers={etcd_url}"),
                "--bind-address=127.0.0.1".to_owned(),
                format!("--secure-port={api_port}"),
                format!("--cert-dir={certificates}"),
                format!("--token-auth-file={tokens}"),
                "--authorization-mode=RBAC".to_owned(),
                "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
                format!("--service-account-key-file={public_key}"),
                format!("--service-account-signing-key-file={key}"),
                "--service-cluster-ip-range=10.0.0.0/16".to_owned(),
                // A benchmark sends more at once than a shared cluster would take from one client.
                "--max-requests-inflight=3000".to_owned(),
                "--max-mutating-requests-inflight=1000".to_owned(),
            ],
        )?;
        plane.wait_until_ready()?;
        if let Some(program) = &binaries.controller_manager {
            plane.spawn(
                "kube-controller-manager",
                program,
                &[
                    format!("--kubeconfig={kubeconfig}"),
                    "--leader-elect=false".to_owned(),
                    format!("--service-account-private-key-file={key}"),
                    format!("--secure-port={}", free_port()?),
                    "--bind-address=127.0.0.1".to_owned(),
                    "--kube-api-qps=500".to_owned(),
                    "--kube-api-burst=1000".to_owned(),
                    "--concurrent-deployment-syncs=20".to_owned(),
                    "--concurrent-replicaset-syncs=20".to_owned(),
                ],
            )?;
        }
        if let Some(program) = &binaries.scheduler {
            plane.spawn(
                "kube-scheduler",
                program,
                &[
                    format!("--kubeconfig={kubeconfig}"),
                    "--leader-elect=false".to_owned(),
                    format!("--secure-port={}", free_port()?),
                    "--bind-address=127.0.0.1".to_owned(),
                    "--kube-api-qps=500".to_owned(),
                    "--kube-api-burst=1000".to_owned(),
                ],
            )?;
        }
        if let Some(kwok) = &binaries.kwok {
            plane.spawn(
                "kwok",
                &kwok.program,
                &[
                    format!("--kubeconfig={kubeconfig}"),
                    "--manage-all-nodes=true".to_owned(),
                    "--node-lease-duration-seconds=40".to_owned(),
                    format!("--config={}", kwok.stages.display()),
                ],
            )?;
            plane.create_node()?;
        }
        Ok(plane)
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// The API server's URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The administrator's bearer token.
    pub const fn token(&self) -> &'static str {
        TOKEN
    }

    /// The folder with the logs (`NAME.log`) and the data.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Stays as long as `running` says so and every part is alive.
    pub fn wait_while(&self, running: impl Fn() -> bool) {
        while running() {
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    /// Ends the API server as a crash would; [`ControlPlane::resume_api_server`] brings it back. For tests of faults.
    ///
    /// # Errors
    /// When the API server is not running.
    pub fn pause_api_server(&mut self) -> Result<()> {
        self.signal_api_server("STOP")
    }

    /// Lets a paused API server go on.
    ///
    /// # Errors
    /// When the API server is not running.
    pub fn resume_api_server(&mut self) -> Result<()> {
        self.signal_api_server("CONT")
    }

    fn signal_api_server(&self, signal: &str) -> Result<()> {
        let (_, child) = self
            .children
            .iter()
            .find(|(name, _)| *name == "kube-apiserver")
            .context("no API server is running")?;
        let status = Command::new("kill").arg(format!("-{signal}")).arg(child.id().to_string()).status()?;
        if !status.success() {
            bail!("kill -{signal} failed: {status}");
        }
        Ok(())
    }

    fn write_files(&self) -> Result<()> {
        let write = |name: &str, text: &str| std::fs::write(self.folder.join(name), text);
        write("tokens.csv", &format!("{TOKEN},admin,1,\"system:masters\"\n"))?;
        let key = rcgen::KeyPair::generate().context("making the service account key")?;
        write("service-account.key", &key.serialize_pem())?;
        write("service-account.pub", &key.public_key_pem())?;
        write(
            "kubeconfig",
            &format!(
                "apiVersion: v1\nkind: Config\ncurrent-context: argosy\n\
                 clusters:\n- name: argosy\n  cluster:\n    server: {}\n    insecure-skip-tls-verify: true\n\
                 users:\n- name: admin\n  user:\n    token: {TOKEN}\n\
                 contexts:\n- name: argosy\n  context:\n    cluster: argosy\n    user: admin\n",
                self.url
            ),
        )?;
        Ok(())
    }

    fn spawn(&mut self, name: &'static str, program: &Path, arguments: &[String]) -> Result<()> {
        let log = File::create(self.folder.join(format!("{name}.log")))?;
        let child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        self.children.push((name, child));
        Ok(())
    }

    fn request(&self, method: &str, path: &str, body: Option<&str>) -> Result<(u16, String)> {
        // A handful of requests does not merit an HTTP client in every build of this tool.
        let mut command = Command::new("curl");
        command.args(["-sk", "-m", "5", "-w", "\n%{http_code}", "-X", method]);
        command.arg("-H").arg(format!("Authorization: Bearer {TOKEN}"));
        if let Some(body) = body {
            command.args(["-H", "Content-Type: application/json", "--data-binary", body]);
        }
        let output =
            command.arg(format!("{}{path}", self.url)).output().context("starting curl: install it")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (answer, code) = text.rsplit_once('\n').unwrap_or(("", "0"));
        Ok((code.parse().unwrap_or(0), answer.to_owned()))
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let start = Instant::now();
        loop {
            if self.request("GET", "/readyz", None)?.0 == 200 {
                return Ok(());
            }
            let ended = self.children.iter_mut().find_map(|(name, child)| {
                child.try_wait().ok().flatten().map(|status| format!("{name} ended: {status}"))
            });
            if let Some(ended) = ended {
                bail!("{ended}; see the logs in {}", self.folder.display());
            }
            if start.elapsed() > START_LIMIT {
                bail!(
                    "the API server is not ready after {START_LIMIT:?}; see the logs in {}",
                    self.folder.display()
                );
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn create_node(&self) -> Result<()> {
        let node = serde_json::json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": "node-1", "annotations": {"kwok.x-k8s.io/node": "fake"},
                "labels": {"kubernetes.io/os": "linux", "kubernetes.io/hostname": "node-1"}},
            "status": {
                "allocatable": {"cpu": "4000", "memory": "4000Gi", "ephemeral-storage": "4000Gi", "pods": "100000"},
                "capacity": {"cpu": "4000", "memory": "4000Gi", "ephemeral-storage": "4000Gi", "pods": "100000"},
            },
        });
        let (code, answer) = self.request("POST", "/api/v1/nodes", Some(&node.to_string()))?;
        if code != 201 && code != 409 {
            bail!("creating the simulated node failed with {code}: {answer}");
        }
        Ok(())
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        for (_, child) in self.children.iter_mut().rev() {
            child.kill().ok();
            child.wait().ok();
        }
        if self.remove_folder {
            std::fs::remove_dir_all(&self.folder).ok();
        }
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn wait_for_port(name: &str, port: u16, folder: &Path) -> Result<()> {
    let start = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if start.elapsed() > START_LIMIT {
            bail!("{name} does not answer on port {port}; see the logs in {}", folder.display());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
