//! How a connection to a Git server is made, and how its errors are read.
//!
//! HTTP goes through gix's client, configured here; SSH through `ssh`, as a pair of pipes that gix speaks over. Servers
//! are never followed to another place here: see `redirect`.

use std::any::Any;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gix::credentials::{helper, protocol};
use gix::error::Class;
use gix::protocol::transport::Protocol;
use gix::protocol::transport::client::blocking_io::{Transport, http};
use gix::protocol::transport::client::git::{ConnectMode, blocking_io::Connection as Pipes};
use gix::remote::{Connection, Direction};
use tokio::runtime::Handle;

use super::ssh::{self, pipe};
use crate::access::{Access, Auth};
use crate::{Error, url};

/// Everything needed to connect to one repository.
pub(crate) struct Connector {
    url: String,
    access: Access,
    deadline: Duration,
    runtime: Handle,
    /// What an SSH server complained of.
    complaints: parking_lot::Mutex<pipe::Complaints>,
}

type Connected<'a, 'repo> = Connection<'a, 'a, 'repo, Box<dyn Transport + Send>>;

impl Connector {
    /// Prepares connections to `url` with an access that needs no exchange any more.
    ///
    /// # Errors
    /// When the URL is none that a Git server has.
    pub(crate) fn new(url: &str, access: Access, deadline: Duration) -> Result<Self, Error> {
        let remote = ["https://", "http://", "git://"].iter().any(|scheme| url.starts_with(scheme));
        let reason = url::refused(url).or_else(|| crate::http::forbidden_url(url));
        let reason = reason.or_else(|| {
            (!remote && !url::is_ssh(url))
                .then(|| "it is no URL of a Git server (https://…, ssh://… or user@host:path)".to_owned())
        });
        match reason {
            Some(reason) => Err(Error::Configuration { repository: url::without_credentials(url), reason }),
            None => Ok(Self {
                url: url.to_owned(),
                access,
                deadline,
                runtime: Handle::current(),
                complaints: parking_lot::Mutex::default(),
            }),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Settings that the repository has to be opened with.
    pub(crate) fn overrides(&self) -> Vec<String> {
        vec!["protocol.version=2".to_owned(), "gitoxide.credentials.terminalPrompt=false".into()]
    }

    /// Connects; over HTTP nothing has been said yet then. Blocks.
    pub(crate) fn connect<'a, 'repo>(
        &'a self,
        action: &'static str,
        remote: &'a gix::Remote<'repo>,
    ) -> Result<Connected<'a, 'repo>, Error> {
        if url::is_ssh(&self.url) {
            let transport = self.connect_ssh(action)?;
            return Ok(remote.to_connection_with_transport(transport));
        }
        let connection = remote.connect(Direction::Fetch).map_err(|error| self.explain(action, &error))?;
        let mut connection = connection.with_credentials(move |action| Ok(self.answer(action)));
        if self.url.starts_with("http") {
            connection.set_transport_options(self.http_options());
        }
        Ok(connection)
    }

    fn connect_ssh(&self, action: &'static str) -> Result<Box<dyn Transport + Send>, Error> {
        let attempt = ssh::Attempt { repository: &self.url, action, deadline: self.deadline };
        let (session, channel, path) = self.runtime.block_on(async {
            let session = ssh::open(attempt, &self.access).await?;
            let address = session.address();
            let (command, path) = (address.command("git-upload-pack"), address.path.clone());
            let channel = session.run(attempt, &command).await?;
            Ok::<_, Error>((session, channel, path))
        })?;
        let (reader, writer, complaints) = pipe::split(session, channel, self.runtime.clone(), self.deadline);
        *self.complaints.lock() = complaints;
        let none: Option<(&str, Option<u16>)> = None;
        let pipes = Pipes::new(reader, writer, Protocol::V2, path, none, ConnectMode::Process, false);
        Ok(Box::new(pipes.custom_url(Some(self.url.as_str().into()))))
    }

    /// Answers a server that asks who we are.
    fn answer(&self, action: helper::Action) -> Option<protocol::Outcome> {
        let helper::Action::Get(context) = action else { return None };
        if authorization(&self.url, &self.access).is_some() {
            // Sent already, and refused.
            return None;
        }
        let asking = context.url.as_ref().map(ToString::to_string);
        if asking.is_some_and(|asking| !url::same_origin(&asking, &self.url)) {
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
                crate::http::configure_blocking(builder, &access, deadline)
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
            follow_redirects: http::options::FollowRedirects::None,
            user_agent: Some(crate::USER_AGENT.to_owned()),
            connect_timeout: Some(deadline),
            backend: Some(backend),
            ..Default::default()
        })
    }

    /// The error in our own terms.
    pub(crate) fn explain(&self, action: &'static str, error: &gix::Error) -> Error {
        let repository = url::without_credentials(&self.url);
        let mut reason = reasons(error).replace(&self.url, &repository);
        let complaints = self.complaints.lock().text();
        if !complaints.is_empty() {
            // What the server says explains more than that it hung up.
            reason = format!("the server says: {complaints}");
        }
        let reason = self.access.redact(&reason);
        let classes: Vec<_> = error.classify().map(|classification| classification.class()).collect();
        let says = |text: &str| reason.contains(text);
        if says("invalid peer certificate") {
            let host = url::host(&self.url);
            let reason = format!(
                "{reason}. Add the certificate of its authority to the ConfigMap argocd-tls-certs-cm under \
                 {host:?} (argocd cert add-tls)"
            );
            return Error::Untrusted {
                repository,
                action,
                host,
                shown: "TLS certificate".to_owned(),
                reason,
            };
        }
        let denied = classes.contains(&Class::PermissionDenied)
            || classes.contains(&Class::Unauthenticated)
            || ["Permission denied", "ermission to", "access denied", "not authorized", "redentials"]
                .iter()
                .any(|text| says(text));
        if denied {
            let reason = match self.access.auth {
                Auth::Anonymous => format!("no credentials matched this URL ({reason})"),
                _ => reason,
            };
            return Error::Denied { repository, action, reason };
        }
        if ["404", "not found", "does not exist", "does not appear to be a git"].iter().any(|text| says(text))
        {
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
pub(super) fn authorization(url: &str, access: &Access) -> Option<reqwest::header::HeaderValue> {
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
