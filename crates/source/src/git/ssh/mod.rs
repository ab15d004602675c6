//! Git over SSH, inside this process: connecting, knowing the host, logging in, running a command.
//!
//! ```text
//!  Address ──connect──▶ host key checked (known_hosts, check) ──▶ logged in (keys) ──▶ command ──▶ Pipe (pipe)
//! ```
//!
//! Nothing of the user's own SSH configuration is read, and no program is run. Without a key in the credentials the
//! agent named by `SSH_AUTH_SOCK` is asked, as Git itself would.

pub(crate) mod address;
mod check;
mod keys;
pub(crate) mod known_hosts;
pub(crate) mod pipe;
mod socks;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use russh::client::{self, Handle};
use tokio::net::TcpStream;

use self::address::Address;
use self::check::{Check, Refusal};
use crate::access::Access;
use crate::{Error, url};

/// A connection over which commands can be run. It is closed when this value goes away.
pub(crate) struct Session {
    handle: Handle<Check>,
    address: Address,
}

/// What is being attempted, for messages.
#[derive(Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub(crate) repository: &'a str,
    pub(crate) action: &'static str,
    pub(crate) deadline: Duration,
}

impl Attempt<'_> {
    fn name(&self) -> String {
        url::without_credentials(self.repository)
    }

    fn remote(&self, reason: String) -> Error {
        Error::Remote { repository: self.name(), action: self.action, reason }
    }

    fn denied(&self, reason: String) -> Error {
        Error::Denied { repository: self.name(), action: self.action, reason }
    }

    pub(crate) fn misconfigured(&self, reason: String) -> Error {
        Error::Configuration { repository: self.name(), reason }
    }
}

/// Connects to the server of a repository and logs in.
///
/// # Errors
/// [`Error::Remote`] when the host cannot be reached or speaks no SSH that is known here; [`Error::Untrusted`] when it is
/// not known or another one; [`Error::Denied`] when it does not take the key; [`Error::Configuration`] when the URL or
/// the key is not what it must be. All say which host and key, and what to do.
pub(crate) async fn open(attempt: Attempt<'_>, access: &Access) -> Result<Session, Error> {
    let address = Address::parse(attempt.repository).map_err(|reason| attempt.misconfigured(reason))?;
    let identity = keys::identity(attempt, access)?;
    let stream = match tokio::time::timeout(attempt.deadline, reach(&address, access)).await {
        Ok(reached) => reached.map_err(|error| {
            attempt.remote(access.redact(&format!("{} cannot be reached: {error}", address.place())))
        })?,
        Err(_) => {
            return Err(attempt.remote(format!(
                "{} cannot be reached: no answer within {} seconds",
                address.place(),
                attempt.deadline.as_secs()
            )));
        }
    };
    let refusal = Arc::new(Mutex::new(None));
    let check = Check::new(&address, access, refusal.clone());
    let config = Arc::new(config(&check, attempt.deadline));
    let connecting = client::connect_stream(config, stream, check);
    let mut handle = match tokio::time::timeout(attempt.deadline, connecting).await {
        Ok(Ok(handle)) => handle,
        Ok(Err(error)) => {
            return Err(match refusal.lock().take() {
                Some(refusal) => untrusted(attempt, refusal),
                None => attempt.remote(format!("{} broke off the SSH handshake: {error}", address.place())),
            });
        }
        Err(_) => return Err(attempt.remote(format!("{} did not finish the SSH handshake", address.place()))),
    };
    let login = keys::log_in(&mut handle, &address, identity);
    match tokio::time::timeout(attempt.deadline, login).await {
        Ok(Ok(())) => Ok(Session { handle, address }),
        Ok(Err(reason)) => Err(attempt.denied(reason)),
        Err(_) => Err(attempt.remote(format!("{} did not finish the login", address.place()))),
    }
}

fn untrusted(attempt: Attempt<'_>, refusal: Refusal) -> Error {
    let Refusal { host, key_type, fingerprint, reason } = refusal;
    Error::Untrusted {
        repository: attempt.name(),
        action: attempt.action,
        host,
        shown: format!("SSH key {key_type} {fingerprint}"),
        reason,
    }
}

fn config(check: &Check, deadline: Duration) -> client::Config {
    let mut preferred = russh::Preferred::DEFAULT;
    let (keys, certificates) = check.algorithms();
    preferred.key = Cow::Owned(keys);
    preferred.host_key_certificates = Cow::Owned(certificates);
    client::Config {
        client_id: russh::SshId::Standard(Cow::Borrowed(concat!(
            "SSH-2.0-argosy_",
            env!("CARGO_PKG_VERSION")
        ))),
        inactivity_timeout: Some(deadline),
        preferred,
        nodelay: true,
        ..client::Config::default()
    }
}

/// A connection to the host, through a SOCKS proxy when the repository has one. Other proxies are for HTTP only.
async fn reach(address: &Address, access: &Access) -> std::io::Result<TcpStream> {
    let proxy = access.proxy.expose();
    if socks::is_socks(proxy) && !url::is_excepted(&access.no_proxy, &address.host) {
        return socks::connect(proxy, &address.host, address.port).await;
    }
    TcpStream::connect((address.host.as_str(), address.port)).await
}

impl Session {
    /// Runs a Git service on the repository, asking for protocol version 2.
    ///
    /// # Errors
    /// When the server does not run commands.
    pub(crate) async fn run(
        &self,
        attempt: Attempt<'_>,
        command: &str,
    ) -> Result<russh::Channel<client::Msg>, Error> {
        let failed = |error: russh::Error| {
            attempt.remote(format!("{} does not run {command:?}: {error}", self.address.place()))
        };
        let channel = self.handle.channel_open_session().await.map_err(failed)?;
        // A server that does not take the variable speaks the older protocol, which is understood as well.
        channel.set_env(false, "GIT_PROTOCOL", "version=2").await.map_err(failed)?;
        channel.exec(true, command).await.map_err(failed)?;
        Ok(channel)
    }

    /// Runs a command to its end and answers what it printed, at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Session::run`], and when the command fails.
    pub(crate) async fn output(
        &self,
        attempt: Attempt<'_>,
        command: &str,
        limit: usize,
    ) -> Result<Vec<u8>, Error> {
        let mut channel = self.run(attempt, command).await?;
        let (mut output, mut complaints, mut status) = (Vec::new(), Vec::new(), None);
        let reading = async {
            while let Some(message) = channel.wait().await {
                match message {
                    russh::ChannelMsg::Data { data } if output.len() + data.len() <= limit => {
                        output.extend_from_slice(&data);
                    }
                    russh::ChannelMsg::ExtendedData { data, .. } if complaints.len() < limit => {
                        complaints.extend_from_slice(&data);
                    }
                    russh::ChannelMsg::ExitStatus { exit_status } => status = Some(exit_status),
                    _ => {}
                }
            }
        };
        if tokio::time::timeout(attempt.deadline, reading).await.is_err() {
            let seconds = attempt.deadline.as_secs();
            return Err(Error::Deadline { repository: attempt.name(), action: attempt.action, seconds });
        }
        if status == Some(0) {
            return Ok(output);
        }
        let said = String::from_utf8_lossy(&complaints).trim().to_owned();
        Err(attempt.remote(format!("{} could not run {command:?}: {said}", self.address.place())))
    }

    /// The address that was connected to.
    pub(crate) fn address(&self) -> &Address {
        &self.address
    }
}
