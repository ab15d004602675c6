//! How the server is to be run.

use std::net::IpAddr;
use std::time::Duration;

use types::Secret;

/// Who is let in.
#[derive(Debug, Clone)]
pub enum Admission {
    /// Those with a session, as far as the policies go.
    Accounts,
    /// Those who show this token, and nobody else for anything. They may do whatever Kubernetes lets this process do:
    /// it acts for one user, with that user's own credentials. The token has the form of a JWT: three parts with dots
    /// between them.
    Bearer(Secret<String>),
}

/// How the server is to be run.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The address to listen on.
    pub address: IpAddr,
    /// The port to listen on; 0 for any free one.
    pub port: u16,
    /// The port of `/metrics`, without TLS; none for no such port, 0 for any free one.
    pub metrics_port: Option<u16>,
    /// Whether connections are plain rather than TLS.
    pub insecure: bool,
    /// The path below which everything is served, such as `/argocd`; empty for `/`.
    pub root_path: String,
    /// The path that the web page believes to be at; `root_path` when it is empty.
    pub base_href: String,
    /// Who is let in.
    pub admission: Admission,
    /// The longest that a password check is delayed; half of it at the least. Slows guessing down.
    pub login_delay: Duration,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            address: IpAddr::from([0, 0, 0, 0]),
            port: 8080,
            metrics_port: None,
            insecure: false,
            root_path: String::new(),
            base_href: String::new(),
            admission: Admission::Accounts,
            login_delay: Duration::from_secs(1),
        }
    }
}

impl ServerOptions {
    /// The path of cookies and of the page's `<base>`, with a slash at the end.
    pub(crate) fn base(&self) -> String {
        let base = if self.base_href.is_empty() { &self.root_path } else { &self.base_href };
        let trimmed = base.trim_matches('/');
        if trimmed.is_empty() { "/".to_owned() } else { format!("/{trimmed}/") }
    }

    /// The root path as a prefix of paths: empty, or `/x` without a slash at the end.
    pub(crate) fn prefix(&self) -> String {
        let trimmed = self.root_path.trim_matches('/');
        if trimmed.is_empty() { String::new() } else { format!("/{trimmed}") }
    }
}
