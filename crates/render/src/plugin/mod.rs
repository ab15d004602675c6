//! Config management plugins: programs of the users' own that make manifests, each behind a sidecar that speaks the
//! CMP v2 protocol on a Unix socket.
//!
//! ```text
//!  sockets ─▶ select ──CheckPluginConfiguration, MatchRepository──▶ sidecar
//!                └─ generate ──GenerateManifest: metadata, tar──▶ sidecar ──▶ manifests
//! ```
//!
//! - `sockets`: which plugins there are, and whether one of them is another than before.
//! - The files that are sent (`crate::archive`) are packed once for all applications of a commit.
//! - `environment`: the variables that are sent.
//! - `client`: gRPC over the socket; `wire`: the messages.
//!
//! A plugin may look at everything that it is sent, so its output depends on all files and on the commit. A plugin
//! that should be asked whether a directory is its own and does not answer is an error: rendering the directory in
//! another way could remove what the plugin has made.
//!
//! Deliberately absent: the sidecar's part (`argocd-cmp-server`), which plugins bring themselves.

mod client;
mod environment;
mod sockets;
mod wire;

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use parking_lot::Mutex;
use source::Auth;
use tokio::sync::Semaphore;
use tree::{Tree, TreePath};

use crate::archive::{self, Archive, Packing};
use client::{CallError, Method};
pub(crate) use environment::environment;
use sockets::Socket;
pub use wire::ParameterAnnouncement;
use wire::{Configuration, Malformed};

/// The time that a plugin has to tell its configuration.
const CONFIGURATION_DEADLINE: Duration = Duration::from_secs(10);
/// Bytes of an answer that only tells a configuration.
const MAX_SMALL_ANSWER: usize = 1 << 20;
/// What to do when the files are too many bytes.
const TOO_MUCH: &str = "leave files out with --plugin-tar-exclude, or send only the paths of the \
     manifest-generate-paths annotation";
/// Archives that are kept for other applications of the same commit, and the bytes they may have together.
const MAX_ARCHIVES: usize = 8;
const MAX_KEPT_BYTES: usize = 64 << 20;

/// Where plugins are, and what they are sent.
#[derive(Debug, Clone)]
pub struct PluginOptions {
    /// The folder of the sidecars' sockets (`ARGOCD_PLUGINSOCKFILEPATH`).
    pub directory: PathBuf,
    /// Globs of what is not sent, relative to the directory that is sent (`--plugin-tar-exclude`).
    pub exclusions: Vec<String>,
    /// Whether only the paths of the application's manifest-generate-paths annotation are sent
    /// (`--plugin-use-manifest-generate-paths`).
    pub use_manifest_generate_paths: bool,
    /// Bytes of one message of a stream of files (`ARGOCD_CMP_CHUNK_SIZE`).
    pub chunk_bytes: usize,
    /// The time that one call may take.
    pub deadline: Duration,
    /// Calls at the same time.
    pub parallelism: usize,
    /// The most bytes of the files that are sent, before compression.
    pub max_input_bytes: u64,
    /// The most bytes of manifests that are taken.
    pub max_output_bytes: usize,
}

impl Default for PluginOptions {
    fn default() -> Self {
        Self {
            directory: "/home/argocd/cmp-server/plugins".into(),
            exclusions: Vec::new(),
            use_manifest_generate_paths: false,
            // Sidecars take up to 4 MiB; Argo CD's 1 KiB would be mostly frames.
            chunk_bytes: 32 << 10,
            deadline: Duration::from_secs(90),
            parallelism: 8,
            max_input_bytes: 1 << 30,
            max_output_bytes: 100 << 20,
        }
    }
}

/// A plugin that did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PluginError {
    /// Its name; empty when it is not known which one it should be.
    pub(crate) plugin: String,
    pub(crate) reason: String,
    pub(crate) is_transient: bool,
}

impl PluginError {
    fn lasting(plugin: &str, reason: impl Into<String>) -> Self {
        Self { plugin: plugin.to_owned(), reason: reason.into(), is_transient: false }
    }

    fn of(plugin: &str, method: Method, error: CallError) -> Self {
        let reason = format!("{}: {}", method.name(), error.reason);
        Self { plugin: plugin.to_owned(), reason, is_transient: error.is_transient }
    }
}

/// What a plugin is asked to work on.
pub(crate) struct Task {
    /// The plugin that the source names; empty when any that supports the files will do.
    pub(crate) name: String,
    /// Whether it has to be a plugin, rather than perhaps one.
    pub(crate) is_explicit: bool,
    pub(crate) application: String,
    pub(crate) tree: Arc<dyn Tree>,
    /// What the tree's content is known by, for sharing archives.
    pub(crate) content: String,
    /// The directory whose files are sent.
    pub(crate) root: TreePath,
    /// The application's directory, relative to `root`.
    pub(crate) path: String,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) credentials: GitCredentials,
}

/// How to reach a source's repository, for plugins that ask for it. Never kept or told.
#[derive(Default)]
pub(crate) struct GitCredentials {
    /// Variables that stock `git` understands.
    environment: Vec<(String, String)>,
    /// What must not be shown when a plugin prints it.
    secrets: Vec<String>,
}

impl GitCredentials {
    /// Credentials for HTTPS, as configuration of `git` in variables. Others need files or agents, which a sidecar
    /// cannot be given over its socket; such plugins get none.
    pub(crate) fn of(repository: &str, auth: &Auth) -> Self {
        let (header, secret) = match auth {
            Auth::Basic { username, password, .. } => {
                let user = if username.is_empty() { "x-access-token" } else { username };
                let pair = BASE64.encode(format!("{user}:{}", password.expose()));
                (format!("Authorization: Basic {pair}"), vec![password.expose().clone(), pair])
            }
            Auth::Bearer(token) => {
                (format!("Authorization: Bearer {}", token.expose()), vec![token.expose().clone()])
            }
            _ => return Self::default(),
        };
        if !repository.starts_with("https://") && !repository.starts_with("http://") {
            return Self::default();
        }
        let environment = [
            ("GIT_TERMINAL_PROMPT", "0".to_owned()),
            ("GIT_CONFIG_COUNT", "1".to_owned()),
            ("GIT_CONFIG_KEY_0", format!("http.{repository}.extraHeader")),
            ("GIT_CONFIG_VALUE_0", header),
        ];
        Self {
            environment: environment.map(|(name, value)| (name.to_owned(), value)).into(),
            secrets: secret,
        }
    }

    /// The text without the secrets that a plugin may have printed.
    fn conceal(&self, mut text: String) -> String {
        for secret in self.secrets.iter().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret.as_str(), "******");
        }
        text
    }
}

/// What a plugin has made.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) plugin: String,
    pub(crate) manifests: Vec<String>,
}

/// A socket, with what its plugin has told of itself.
struct Candidate {
    socket: Socket,
    configuration: Configuration,
}

/// Archives by content, the one used last first.
type Archives = VecDeque<(String, Arc<Archive>)>;

/// All plugins of this machine.
pub(crate) struct Plugins {
    options: PluginOptions,
    places: Semaphore,
    /// What plugins have told of themselves, by the sockets' identities.
    configurations: Mutex<HashMap<String, Configuration>>,
    archives: Mutex<Archives>,
}

impl Plugins {
    pub(crate) fn new(options: PluginOptions) -> Self {
        Self {
            places: Semaphore::new(options.parallelism.max(1)),
            configurations: Mutex::default(),
            archives: Mutex::default(),
            options,
        }
    }

    /// What tells the plugin of a name from another that may have its name later; with no name, what tells all
    /// plugins that there are.
    pub(crate) fn identity(&self, name: &str) -> Result<String, PluginError> {
        if !name.is_empty() {
            let socket = sockets::find(&self.options.directory, name);
            return Ok(socket.map(|socket| socket.identity).unwrap_or_default());
        }
        let identities: Vec<_> = self.list()?.into_iter().map(|socket| socket.identity).collect();
        Ok(identities.join(" "))
    }

    fn list(&self) -> Result<Vec<Socket>, PluginError> {
        sockets::list(&self.options.directory).map_err(|reason| PluginError {
            plugin: String::new(),
            reason,
            is_transient: true,
        })
    }

    /// Has the manifests made by the plugin that the task names, or else by the first that supports the files;
    /// `None` when no plugin does and none has to.
    pub(crate) async fn generate(&self, task: &Task) -> Result<Option<Made>, PluginError> {
        let Some(chosen) = self.select(task).await? else { return Ok(None) };
        let plugin = &chosen.socket.name;
        let mut environment = task.environment.clone();
        if chosen.configuration.wants_credentials {
            environment.extend(task.credentials.environment.iter().cloned());
        }
        let answer = self
            .stream(
                &chosen.socket,
                Method::GenerateManifest,
                task,
                &environment,
                self.options.max_output_bytes,
            )
            .await
            .map_err(|error| PluginError { reason: task.credentials.conceal(error.reason), ..error })?;
        let manifests =
            wire::manifests(&answer).map_err(|Malformed| malformed(plugin, Method::GenerateManifest))?;
        Ok(Some(Made { plugin: plugin.clone(), manifests }))
    }

    /// The parameters that the plugin of a source announces.
    pub(crate) async fn announcements(&self, task: &Task) -> Result<Vec<ParameterAnnouncement>, PluginError> {
        let Some(chosen) = self.select(task).await? else { return Ok(Vec::new()) };
        let method = Method::GetParametersAnnouncement;
        let answer = self
            .stream(&chosen.socket, method, task, &task.environment, self.options.max_output_bytes)
            .await?;
        wire::announcements(&answer).map_err(|Malformed| malformed(&chosen.socket.name, method))
    }

    async fn select(&self, task: &Task) -> Result<Option<Candidate>, PluginError> {
        if !task.name.is_empty() {
            let unknown = || {
                PluginError::lasting(
                    "",
                    format!(
                        "could not find cmp-server plugin with name {:?} supporting the given repository",
                        task.name
                    ),
                )
            };
            let socket = sockets::find(&self.options.directory, &task.name).ok_or_else(unknown)?;
            let candidate = self.configured(socket).await?;
            let supported =
                !candidate.configuration.has_discovery || self.supports(&candidate, task, false).await?;
            return if supported { Ok(Some(candidate)) } else { Err(unknown()) };
        }
        for socket in self.list()? {
            let candidate = self.configured(socket).await?;
            // A plugin that cannot tell what is its own is used only by name.
            if candidate.configuration.has_discovery && self.supports(&candidate, task, true).await? {
                return Ok(Some(candidate));
            }
        }
        if task.is_explicit {
            return Err(PluginError::lasting("", "could not find plugin supporting the given repository"));
        }
        Ok(None)
    }

    async fn configured(&self, socket: Socket) -> Result<Candidate, PluginError> {
        if let Some(&configuration) = self.configurations.lock().get(&socket.identity) {
            return Ok(Candidate { socket, configuration });
        }
        let method = Method::CheckPluginConfiguration;
        let empty = futures::stream::iter([wire::frame(&[])]);
        let answer = client::call(&socket.path, method, empty, CONFIGURATION_DEADLINE, MAX_SMALL_ANSWER)
            .await
            .map_err(|error| PluginError::of(&socket.name, method, error))?;
        let configuration =
            wire::configuration(&answer).map_err(|Malformed| malformed(&socket.name, method))?;
        let mut known = self.configurations.lock();
        let of_this = format!("{}@", socket.name);
        known.retain(|identity, _| !identity.starts_with(&of_this));
        known.insert(socket.identity.clone(), configuration);
        drop(known);
        Ok(Candidate { socket, configuration })
    }

    async fn supports(
        &self,
        candidate: &Candidate,
        task: &Task,
        needs_discovery: bool,
    ) -> Result<bool, PluginError> {
        let method = Method::MatchRepository;
        let answer =
            self.stream(&candidate.socket, method, task, &task.environment, MAX_SMALL_ANSWER).await?;
        let support =
            wire::support(&answer).map_err(|Malformed| malformed(&candidate.socket.name, method))?;
        // Sidecars of another age tell by this answer alone that there is nothing to discover.
        Ok(support.is_supported || (!needs_discovery && !support.has_discovery))
    }

    /// Calls a method with the task's files.
    async fn stream(
        &self,
        socket: &Socket,
        method: Method,
        task: &Task,
        environment: &[(String, String)],
        limit: usize,
    ) -> Result<Bytes, PluginError> {
        let closed = |_| PluginError::lasting(&socket.name, "rendering is ending");
        let _place = self.places.acquire().await.map_err(closed)?;
        let archive = self.archive(socket, task).await?;
        let metadata = wire::metadata(&wire::Metadata {
            application: &task.application,
            path: &task.path,
            checksum: &archive.checksum,
            size: archive.content.len(),
            environment,
        });
        let size = self.options.chunk_bytes.clamp(256, 1 << 20);
        let content = archive.content.clone();
        let chunks = (0..content.len())
            .step_by(size)
            .map(move |start| wire::chunk(&content[start..(start + size).min(content.len())]));
        let messages = futures::stream::iter(std::iter::once(metadata).chain(chunks));
        client::call(&socket.path, method, messages, self.options.deadline, limit)
            .await
            .map_err(|error| PluginError::of(&socket.name, method, error))
    }

    /// The files, packed once for all that want the same ones.
    async fn archive(&self, socket: &Socket, task: &Task) -> Result<Arc<Archive>, PluginError> {
        let id = format!("{} {}", task.content, task.root);
        if let Some((_, archive)) = self.archives.lock().iter().find(|(known, _)| *known == id) {
            return Ok(archive.clone());
        }
        let (tree, root, exclusions) =
            (task.tree.clone(), task.root.clone(), self.options.exclusions.clone());
        let max_bytes = self.options.max_input_bytes;
        let packed = tokio::task::spawn_blocking(move || {
            archive::pack(&*tree, &root, &Packing::without(&exclusions, max_bytes, TOO_MUCH))
        })
        .await;
        let archive = match packed {
            Ok(Ok(archive)) => Arc::new(archive),
            Ok(Err(reason)) => return Err(PluginError::lasting(&socket.name, reason)),
            Err(error) => {
                return Err(PluginError::lasting(&socket.name, format!("packing the files: {error}")));
            }
        };
        tracing::debug!(
            plugin = socket.name,
            files = archive.files,
            bytes = archive.content.len(),
            "packed files"
        );
        let mut archives = self.archives.lock();
        archives.push_front((id, archive.clone()));
        archives.truncate(MAX_ARCHIVES);
        while archives.iter().map(|(_, archive)| archive.content.len()).sum::<usize>() > MAX_KEPT_BYTES {
            archives.pop_back();
        }
        Ok(archive)
    }
}

/// The manifests in a sidecar's answer: the fields of its headers or trailers, and the bytes of its stream.
pub(crate) fn read_manifests(status: &[(&str, &str)], bytes: &[u8]) -> Result<Vec<String>, String> {
    let message = client::read(status, bytes).map_err(|error| error.reason)?;
    // A hostile answer to one question is a hostile answer to any.
    let _ = (wire::configuration(&message), wire::support(&message));
    wire::manifests(&message).map_err(|Malformed| malformed("", Method::GenerateManifest).reason)
}

/// The parameters in a sidecar's answer.
pub(crate) fn read_announcements(bytes: &[u8]) -> Result<Vec<ParameterAnnouncement>, String> {
    let message = client::read(&[], bytes).map_err(|error| error.reason)?;
    wire::announcements(&message).map_err(|Malformed| malformed("", Method::GetParametersAnnouncement).reason)
}

/// The archive that a sidecar would be sent.
pub(crate) fn packed(
    tree: &dyn Tree,
    root: &TreePath,
    exclusions: &[String],
    max_bytes: u64,
) -> Result<Arc<[u8]>, String> {
    Ok(archive::pack(tree, root, &Packing::without(exclusions, max_bytes, TOO_MUCH))?.content)
}

fn malformed(plugin: &str, method: Method) -> PluginError {
    PluginError::lasting(plugin, format!("{}: its sidecar's answer is malformed", method.name()))
}
