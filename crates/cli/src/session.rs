//! Which server to talk to, and as whom: flags over environment over the local configuration.

use std::path::PathBuf;

use clap::Args;
use types::Secret;

use crate::client::{Client, Connection};
use crate::config::{self, LocalConfig};
use crate::core::CoreMode;
use crate::error::Error;

/// Flags that every client verb takes.
#[derive(Debug, Clone, Default, Args)]
pub struct GlobalOptions {
    /// The API server, as HOST[:PORT].
    #[arg(long, global = true, env = "ARGOCD_SERVER", hide_env_values = true, help_heading = "Connection")]
    pub server: Option<String>,
    /// A token to use instead of the one that login has stored.
    #[arg(
        long,
        global = true,
        env = "ARGOCD_AUTH_TOKEN",
        hide_env_values = true,
        help_heading = "Connection"
    )]
    pub auth_token: Option<String>,
    /// The context of the local configuration to use.
    #[arg(long = "argocd-context", global = true, help_heading = "Connection")]
    pub context: Option<String>,
    /// The local configuration file.
    #[arg(long, global = true, help_heading = "Connection")]
    pub config: Option<PathBuf>,
    /// Do not check the server's certificate.
    #[arg(long, global = true, help_heading = "Connection")]
    pub insecure: bool,
    /// Talk plain HTTP.
    #[arg(long, global = true, help_heading = "Connection")]
    pub plaintext: bool,
    /// A file of certificates (PEM) to trust besides the system's.
    #[arg(long = "server-crt", global = true, help_heading = "Connection")]
    pub server_certificate: Option<PathBuf>,
    /// Talk to Kubernetes directly, with the kubeconfig's user and current namespace, and without an API server.
    #[arg(long, global = true, help_heading = "Connection")]
    pub core: bool,
    /// The context of the kubeconfig to use with --core.
    #[arg(long, global = true, help_heading = "Connection")]
    pub kube_context: Option<String>,
    /// Accepted for scripts written for argocd: this client always speaks plain HTTP requests.
    #[arg(long = "grpc-web", global = true, hide = true)]
    pub grpc_web: bool,
    /// A path below which the API is served.
    #[arg(long = "grpc-web-root-path", global = true, help_heading = "Connection", default_value = "")]
    pub root_path: String,
}

impl GlobalOptions {
    /// Where the local configuration is.
    pub(crate) fn config_path(&self) -> Result<PathBuf, Error> {
        self.config.clone().or_else(config::default_path).ok_or_else(|| Error::Config {
            path: "the local configuration".into(),
            reason: "set HOME, or give --config FILE".into(),
        })
    }

    pub(crate) fn extra_certificates(&self) -> Result<Vec<u8>, Error> {
        let Some(path) = &self.server_certificate else { return Ok(Vec::new()) };
        std::fs::read(path)
            .map_err(|error| Error::Config { path: path.display().to_string(), reason: error.to_string() })
    }
}

/// A client for the server that the options and the local configuration name; with `--core`, or in a context that was
/// made with it, for one that is started here.
pub(crate) async fn connect(options: &GlobalOptions, core: &dyn CoreMode) -> Result<Client, Error> {
    let local = config::read(&options.config_path()?)?;
    if !is_core(options, &local) {
        return Client::new(connection(options, &local)?);
    }
    let failed = |reason| Error::Connect { server: "Kubernetes".into(), reason };
    let server = core.start(options.kube_context.as_deref()).await.map_err(failed)?;
    let connection = Connection {
        server: server.address.clone(),
        token: Some(server.token.clone()),
        plaintext: true,
        ..Connection::default()
    };
    Ok(Client::new(connection)?.with_core(server))
}

/// Whether there is no server to talk to but the one that this process starts.
fn is_core(options: &GlobalOptions, local: &LocalConfig) -> bool {
    let stored = local.resolve(options.context.as_deref());
    options.core || (options.server.is_none() && stored.is_some_and(|(server, _)| server.core))
}

fn connection(options: &GlobalOptions, local: &LocalConfig) -> Result<Connection, Error> {
    let stored = local.resolve(options.context.as_deref());
    if options.context.is_some() && stored.is_none() {
        let known: Vec<_> = local.contexts.iter().map(|context| context.name.as_str()).collect();
        return Err(Error::Usage(format!(
            "no context {:?} in the local configuration; known: {}",
            options.context.as_deref().unwrap_or_default(),
            if known.is_empty() { "none".to_owned() } else { known.join(", ") }
        )));
    }
    let stored_server = stored.map(|(server, _)| server);
    let server = match (&options.server, stored_server) {
        (Some(server), _) => server.clone(),
        (None, Some(stored)) => stored.server.clone(),
        (None, None) => return Err(Error::NoServer),
    };
    // What is stored for another server says nothing about this one.
    let stored_server = stored_server.filter(|stored| stored.server == server);
    let stored_token = stored.filter(|(stored, _)| stored.server == server).and_then(|(_, user)| user);
    let token = match &options.auth_token {
        Some(token) => Some(Secret::new(token.clone())),
        None => stored_token.map(|user| user.auth_token.clone()).filter(|token| !token.is_empty()),
    };
    Ok(Connection {
        insecure: options.insecure || stored_server.is_some_and(|stored| stored.insecure),
        plaintext: options.plaintext || stored_server.is_some_and(|stored| stored.plain_text),
        root_path: if options.root_path.is_empty() {
            stored_server.map(|stored| stored.grpc_web_root_path.clone()).unwrap_or_default()
        } else {
            options.root_path.clone()
        },
        certificates: options.extra_certificates()?,
        server,
        token,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Context, Server, User};

    fn local() -> LocalConfig {
        let mut local = LocalConfig::default();
        local.upsert(
            Context { name: "prod".into(), server: "prod:443".into(), user: "prod".into() },
            Server { server: "prod:443".into(), insecure: true, ..Server::default() },
            User { name: "prod".into(), auth_token: Secret::new("stored".into()), ..User::default() },
        );
        local
    }

    #[test]
    fn flags_win_over_the_stored_context() {
        let stored = connection(&GlobalOptions::default(), &local()).unwrap();
        assert_eq!(
            (stored.server.as_str(), stored.insecure, stored.token.unwrap().expose().as_str()),
            ("prod:443", true, "stored")
        );
        let options = GlobalOptions { auth_token: Some("flag".into()), ..GlobalOptions::default() };
        assert_eq!(connection(&options, &local()).unwrap().token.unwrap().expose(), "flag");
    }

    #[test]
    fn a_token_is_never_sent_to_another_server() {
        let options = GlobalOptions { server: Some("other:443".into()), ..GlobalOptions::default() };
        let connection = connection(&options, &local()).unwrap();
        assert!(connection.token.is_none() && !connection.insecure);
    }

    #[test]
    fn core_is_for_whoever_asks_or_has_logged_in_so() {
        let mut local = local();
        assert!(!is_core(&GlobalOptions::default(), &local));
        assert!(is_core(&GlobalOptions { core: true, ..GlobalOptions::default() }, &local));
        local.upsert(
            Context { name: "k".into(), server: "kubernetes".into(), user: "k".into() },
            Server { server: "kubernetes".into(), core: true, ..Server::default() },
            User { name: "k".into(), ..User::default() },
        );
        assert!(is_core(&GlobalOptions::default(), &local));
        assert!(!is_core(
            &GlobalOptions { server: Some("prod:443".into()), ..GlobalOptions::default() },
            &local
        ));
        assert!(!is_core(
            &GlobalOptions { context: Some("prod".into()), ..GlobalOptions::default() },
            &local
        ));
    }

    #[test]
    fn without_any_server_the_error_says_what_to_do() {
        let error = connection(&GlobalOptions::default(), &LocalConfig::default()).unwrap_err();
        assert!(error.to_string().contains("argosy login SERVER"), "{error}");
        let options = GlobalOptions { context: Some("dev".into()), ..GlobalOptions::default() };
        assert!(connection(&options, &local()).unwrap_err().to_string().contains("known: prod"));
    }
}
