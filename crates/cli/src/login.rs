//! Logging in and out.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use clap::Args;
use serde_json::{Value, json};
use types::Secret;

use crate::client::{Client, Connection};
use crate::config::{self, Context, Server, User};
use crate::core::CoreMode;
use crate::error::Error;
use crate::session::GlobalOptions;

/// What `login` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy login localhost:8080 --insecure\n  argosy login cd.example.com --username admin\n  argosy login --core    # no server: verbs talk to Kubernetes"
)]
pub struct LoginOptions {
    /// The API server, as HOST[:PORT].
    #[arg(value_name = "SERVER")]
    address: Option<String>,
    /// The user name; asked for when not given.
    #[arg(long)]
    username: Option<String>,
    /// The password; asked for when not given.
    // Made passwords may begin with a hyphen.
    #[arg(long, allow_hyphen_values = true)]
    password: Option<String>,
    /// The name of the context; the server's address when not given.
    #[arg(long)]
    name: Option<String>,
    /// Accepted for scripts written for argocd.
    #[arg(long, hide = true)]
    skip_test_tls: bool,
}

/// What `logout` takes.
#[derive(Debug, Args)]
pub struct LogoutOptions {
    /// The context to log out from.
    context: String,
}

pub(crate) async fn login(login: &LoginOptions, options: &GlobalOptions) -> Result<(), Error> {
    if options.core {
        return remember_core(login, options);
    }
    let address = login.address.as_ref().ok_or_else(|| {
        Error::Usage("name the server as HOST[:PORT], or give --core to do without one".into())
    })?;
    let server = with_port(address)?;
    let connection = Connection {
        server: server.clone(),
        insecure: options.insecure,
        plaintext: options.plaintext,
        root_path: options.root_path.clone(),
        certificates: options.extra_certificates()?,
        token: None,
    };
    let client = Client::new(connection.clone())?;
    let _: Value = client.get("/api/version", &[]).await?;
    let username = match &login.username {
        Some(username) => username.clone(),
        None => ask("Username: ")?,
    };
    let password = match &login.password {
        Some(password) => password.clone(),
        None => ask_hidden("Password: ")?,
    };
    let answer: Value =
        client.post("/api/v1/session", &json!({"username": username, "password": password})).await?;
    let token = answer["token"].as_str().ok_or_else(|| Error::Format("the server gave no token".into()))?;
    println!("'{username}:login' logged in successfully");

    let name = login.name.clone().unwrap_or_else(|| server.clone());
    let path = options.config_path()?;
    let mut local = config::read(&path)?;
    local.upsert(
        Context { name: name.clone(), server: server.clone(), user: name.clone() },
        Server {
            server,
            insecure: options.insecure,
            plain_text: options.plaintext,
            grpc_web_root_path: options.root_path.clone(),
            ..Server::default()
        },
        User { name: name.clone(), auth_token: Secret::new(token.to_owned()), ..User::default() },
    );
    config::write(&path, &local)?;
    println!("Context '{name}' updated");
    Ok(())
}

/// The name of the server that is none: verbs start one for themselves.
const CORE_SERVER: &str = "kubernetes";

/// Remembers that verbs talk to Kubernetes. There is nobody to log in to.
fn remember_core(login: &LoginOptions, options: &GlobalOptions) -> Result<(), Error> {
    let name = login.name.clone().unwrap_or_else(|| CORE_SERVER.to_owned());
    let path = options.config_path()?;
    let mut local = config::read(&path)?;
    local.upsert(
        Context { name: name.clone(), server: CORE_SERVER.to_owned(), user: name.clone() },
        Server { server: CORE_SERVER.to_owned(), core: true, ..Server::default() },
        User { name: name.clone(), ..User::default() },
    );
    config::write(&path, &local)?;
    println!("Context '{name}' updated");
    Ok(())
}

pub(crate) async fn logout(
    logout: &LogoutOptions,
    options: &GlobalOptions,
    core: &dyn CoreMode,
) -> Result<(), Error> {
    let path = options.config_path()?;
    let mut local = config::read(&path)?;
    let Some(context) = local.contexts.iter().find(|context| context.name == logout.context).cloned() else {
        return Err(Error::Usage(format!("no context {:?} in {}", logout.context, path.display())));
    };
    let mut scoped = options.clone();
    scoped.context = Some(context.name.clone());
    let has_token = local.users.iter().any(|user| user.name == context.user && !user.auth_token.is_empty());
    if has_token && let Ok(client) = crate::session::connect(&scoped, core).await {
        // The token is forgotten here even when the server cannot be told.
        let _ = client.delete("/api/v1/session", &[]).await;
    }
    for user in local.users.iter_mut().filter(|user| user.name == context.user) {
        user.auth_token = Secret::default();
        user.refresh_token = Secret::default();
    }
    config::write(&path, &local)?;
    println!("Logged out from '{}'", logout.context);
    Ok(())
}

fn with_port(address: &str) -> Result<String, Error> {
    if address.contains("://") {
        return Err(Error::Usage(format!("give the server as HOST[:PORT], without a scheme: {address:?}")));
    }
    let address = address.trim_end_matches('/');
    let has_port = address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    Ok(if has_port { address.to_owned() } else { format!("{address}:443") })
}

fn ask(question: &str) -> Result<String, Error> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::Usage("there is no terminal to ask for the user name: give --username".into()));
    }
    print!("{question}");
    std::io::stdout().flush().ok();
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(|error| Error::Usage(error.to_string()))?;
    Ok(answer.trim().to_owned())
}

fn ask_hidden(question: &str) -> Result<String, Error> {
    if !std::io::stdin().is_terminal() {
        return Err(Error::Usage("there is no terminal to ask for the password: give --password".into()));
    }
    rpassword::prompt_password(question).map_err(|error| Error::Usage(error.to_string()))
}

/// Asks a yes-or-no question; without a terminal the answer is yes, as scripts expect.
pub(crate) fn confirm(question: &str) -> Result<bool, Error> {
    if !std::io::stdin().is_terminal() {
        return Ok(true);
    }
    Ok(matches!(ask(&format!("{question} (y/n) "))?.to_lowercase().as_str(), "y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_get_a_port_and_no_scheme() {
        assert_eq!(with_port("cd.example.com").unwrap(), "cd.example.com:443");
        assert_eq!(with_port("localhost:8080/").unwrap(), "localhost:8080");
        assert!(with_port("https://cd.example.com").is_err());
    }
}
