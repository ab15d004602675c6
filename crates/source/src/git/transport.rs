//! How a connection to a Git server is made: credentials, certificates, proxies, SSH keys, and the reading of errors.
//!
//! HTTP goes through gix's client, configured here. SSH runs the machine's `ssh` program with a key file and a
//! known-hosts file of our own; nothing of the user's SSH configuration is read.

use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gix::credentials::{helper, protocol};
use gix::error::Class;
use gix::protocol::transport::client::blocking_io::{Transport, http};
use gix::remote::{Connection, Direction};

use crate::credentials::{Access, Auth};
use crate::{Error, url};

/// Everything needed to connect to one repository.
pub(crate) struct Connector {
    url: String,
    access: Access,
    deadline: Duration,
    ssh: Option<SshFiles>,
}

/// The files that the `ssh` program reads; removed when the connection is over.
struct SshFiles {
    directory: PathBuf,
}

impl Drop for SshFiles {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.directory) {
            tracing::warn!(%error, "could not remove the files of an SSH connection");
        }
    }
}

type Connected<'a, 'repo> = Connection<'a, 'a, 'repo, Box<dyn Transport + Send>>;

impl Connector {
    /// Prepares connections to `url`; `scratch` is a private directory for the files of SSH.
    pub(crate) fn new(url: &str, access: Access, deadline: Duration, scratch: &Path) -> Result<Self, Error> {
        let ssh = if url::is_ssh(url) { Some(ssh_files(url, &access, scratch)?) } else { None };
        if let Auth::Unsupported(method) = access.auth {
            return Err(Error::Configuration {
                repository: url::without_credentials(url),
                reason: format!("{method} credentials are not supported; use a token or an SSH key"),
            });
        }
        Ok(Self { url: url.to_owned(), access, deadline, ssh })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Settings that the repository has to be opened with.
    pub(crate) fn overrides(&self) -> Vec<String> {
        let mut overrides =
            vec!["protocol.version=2".to_owned(), "gitoxide.credentials.terminalPrompt=false".into()];
        if let Some(files) = &self.ssh {
            let directory = files.directory.display();
            let check = if self.access.insecure { "no" } else { "yes" };
            let key = match self.access.auth {
                Auth::SshKey(_) => format!(" -i '{directory}/key' -o IdentitiesOnly=yes"),
                _ => String::new(),
            };
            overrides.push(format!(
                "core.sshCommand=ssh -F none{key} -o BatchMode=yes -o StrictHostKeyChecking={check} \
                 -o UserKnownHostsFile='{directory}/known_hosts' -o GlobalKnownHostsFile=none \
                 -o ConnectTimeout={}",
                self.deadline.as_secs().max(1)
            ));
            overrides.push("ssh.variant=ssh".to_owned());
        }
        overrides
    }

    /// Connects, without having said anything yet.
    pub(crate) fn connect<'a, 'repo>(
        &'a self,
        remote: &'a gix::Remote<'repo>,
    ) -> gix::Result<Connected<'a, 'repo>> {
        let mut connection =
            remote.connect(Direction::Fetch)?.with_credentials(move |action| Ok(self.answer(action)));
        if self.url.starts_with("http://") || self.url.starts_with("https://") {
            connection.set_transport_options(self.http_options());
        }
        Ok(connection)
    }

    /// Answers a server that asks who we are.
    fn answer(&self, action: helper::Action) -> Option<protocol::Outcome> {
        let helper::Action::Get(context) = action else { return None };
        if authorization(&self.url, &self.access).is_some() {
            // Sent already, and refused.
            return None;
        }
        let (username, password) = self.access.basic()?;
        Some(protocol::Outcome {
            identity: gix::sec::identity::Account {
                username: username.to_owned(),
                password: password.expose().clone(),
                oauth_refresh_token: None,
            },
            next: context.into(),
        })
    }

    fn http_options(&self) -> Box<dyn Any> {
        let (access, deadline) = (self.access.clone(), self.deadline);
        let authorization = authorization(&self.url, &access);
        let backend = http::reqwest::Options {
            configure_client: Some(Box::new(move |builder| {
                configure_client(builder, &access, deadline)
                    .map_err(|error| gix::Error::from_error(std::io::Error::other(error)))
            })),
            configure_request: authorization.map(|value| {
                let configure: Box<http::reqwest::ConfigureRequestFn> = Box::new(move |request| {
                    request.headers_mut().insert(reqwest::header::AUTHORIZATION, value.clone());
                    Ok(())
                });
                configure
            }),
        };
        let backend: Arc<Mutex<dyn Any + Send + Sync>> = Arc::new(Mutex::new(backend));
        Box::new(http::Options {
            follow_redirects: http::options::FollowRedirects::Initial,
            user_agent: Some(crate::USER_AGENT.to_owned()),
            connect_timeout: Some(deadline),
            backend: Some(backend),
            ..Default::default()
        })
    }

    /// The error in our own terms.
    pub(crate) fn explain(&self, action: &'static str, error: &gix::Error) -> Error {
        let repository = url::without_credentials(&self.url);
        let reason = reasons(error).replace(&self.url, &repository);
        let classes: Vec<_> = error.classify().map(|classification| classification.class()).collect();
        let says = |text: &str| reason.contains(text);
        let denied = classes.contains(&Class::PermissionDenied)
            || classes.contains(&Class::Unauthenticated)
            || says("Permission denied")
            || says("Host key verification failed")
            || says("redentials");
        if denied {
            return Error::Denied { repository, action, reason };
        }
        if says("404") || says("not found") || says("does not exist") || says("does not appear to be a git") {
            return Error::RepositoryNotFound { repository, action, reason };
        }
        Error::Remote { repository, action, reason }
    }
}

/// An error of gix with all its causes.
pub(crate) fn reasons(error: &gix::Error) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for cause in error.iter_errors() {
        let text = cause.to_string();
        if !reasons.iter().any(|known| known.contains(&text)) {
            reasons.push(text);
        }
    }
    reasons.join(": ")
}

/// The header that is sent without being asked for: tokens, and passwords where that is wanted or where gix itself
/// would not send them (without TLS, as servers inside a cluster often are).
fn authorization(url: &str, access: &Access) -> Option<reqwest::header::HeaderValue> {
    use base64::Engine as _;
    let text = match &access.auth {
        Auth::Bearer(token) => format!("Bearer {}", token.expose()),
        Auth::Basic { username, password, forced } if *forced || url.starts_with("http://") => {
            let pair = format!("{username}:{}", password.expose());
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
        }
        _ => return None,
    };
    let mut value = reqwest::header::HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn configure_client(
    builder: reqwest::blocking::ClientBuilder,
    access: &Access,
    deadline: Duration,
) -> Result<reqwest::blocking::ClientBuilder, reqwest::Error> {
    let mut builder = builder.timeout(deadline).tls_danger_accept_invalid_certs(access.insecure);
    if let Some(pem) = &access.certificate_authority {
        builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(pem.as_bytes())?);
    }
    if let Some((certificate, key)) = &access.client_certificate {
        let pem = format!("{certificate}\n{}", key.expose());
        builder = builder.identity(reqwest::Identity::from_pem(pem.as_bytes())?);
    }
    if !access.proxy.expose().is_empty() {
        let proxy = reqwest::Proxy::all(access.proxy.expose())?;
        builder = builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_string(&access.no_proxy)));
    }
    Ok(builder)
}

/// Writes the key and the known hosts where only this process's user can read them.
fn ssh_files(url: &str, access: &Access, scratch: &Path) -> Result<SshFiles, Error> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let directory = scratch.join(format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let failed = |error: std::io::Error| Error::Store {
        repository: url::without_credentials(url),
        path: directory.display().to_string(),
        reason: error.to_string(),
    };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&directory).map_err(failed)?;
    let files = SshFiles { directory: directory.clone() };
    let write = |name: &str, text: &str| {
        let file =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(directory.join(name));
        file.and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes())).map_err(failed)
    };
    write("known_hosts", &access.known_hosts)?;
    if let Auth::SshKey(key) = &access.auth {
        write("key", &format!("{}\n", key.expose().trim_end()))?;
    }
    Ok(files)
}
