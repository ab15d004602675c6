//! The local configuration file: contexts, servers and users, in the format and place of the `argocd` command line.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use types::Secret;

use crate::error::Error;

/// The whole file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct LocalConfig {
    pub(crate) contexts: Vec<Context>,
    pub(crate) current_context: String,
    pub(crate) prompts_enabled: bool,
    pub(crate) servers: Vec<Server>,
    pub(crate) users: Vec<User>,
}

/// A server and a user under one name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Context {
    pub(crate) name: String,
    pub(crate) server: String,
    pub(crate) user: String,
}

/// How to reach a server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct Server {
    pub(crate) server: String,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) grpc_web: bool,
    pub(crate) grpc_web_root_path: String,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) insecure: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) plain_text: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) core: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) certificate_authority_data: String,
}

/// A user's token at a server.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) auth_token: Secret<String>,
    pub(crate) refresh_token: Secret<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// The file's place: `$ARGOCD_CONFIG_DIR`, an existing `~/.argocd`, `$XDG_CONFIG_HOME/argocd`, `~/.config/argocd`.
pub(crate) fn default_path() -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = variable("ARGOCD_CONFIG_DIR") {
        return Some(folder.join("config"));
    }
    let home = variable("HOME");
    if let Some(legacy) = home.as_ref().map(|home| home.join(".argocd")).filter(|folder| folder.is_dir()) {
        return Some(legacy.join("config"));
    }
    let parent = variable("XDG_CONFIG_HOME").or_else(|| home.map(|home| home.join(".config")))?;
    Some(parent.join("argocd/config"))
}

fn failed(path: &Path, reason: impl ToString) -> Error {
    Error::Config { path: path.display().to_string(), reason: reason.to_string() }
}

/// Reads the file; an absent one is empty. Others must not be able to read it, for it holds tokens.
pub(crate) fn read(path: &Path) -> Result<LocalConfig, Error> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(LocalConfig::default()),
        Err(error) => return Err(failed(path, error)),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path).map_err(|error| failed(path, error))?.permissions().mode() & 0o777;
        if mode != 0o600 && mode != 0o400 {
            return Err(failed(path, format!("its mode is {mode:o}, but it holds tokens: chmod 600 it")));
        }
    }
    let value = goyaml::from_str(&text).map_err(|error| failed(path, error))?;
    if value.is_null() {
        return Ok(LocalConfig::default());
    }
    serde_json::from_value(value).map_err(|error| failed(path, error))
}

/// Writes the file for its owner alone, beside its place first, so that it is never half written.
pub(crate) fn write(path: &Path, config: &LocalConfig) -> Result<(), Error> {
    use std::io::Write as _;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    }
    // The one place where tokens leave their type: the user's own file.
    let users: Vec<_> = config
        .users
        .iter()
        .map(|user| {
            let mut entry = serde_json::json!({"name": user.name});
            if !user.auth_token.is_empty() {
                entry["auth-token"] = user.auth_token.expose().as_str().into();
            }
            if !user.refresh_token.is_empty() {
                entry["refresh-token"] = user.refresh_token.expose().as_str().into();
            }
            entry
        })
        .collect();
    let value = serde_json::json!({
        "contexts": config.contexts,
        "current-context": config.current_context,
        "prompts-enabled": config.prompts_enabled,
        "servers": config.servers,
        "users": users,
    });
    let unfinished = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&unfinished).map_err(|error| failed(&unfinished, error))?;
    file.write_all(goyaml::to_string(&value).as_bytes()).map_err(|error| failed(&unfinished, error))?;
    std::fs::rename(&unfinished, path).map_err(|error| failed(path, error))
}

impl LocalConfig {
    /// The server and user of a context (the current one when none is named).
    pub(crate) fn resolve(&self, context: Option<&str>) -> Option<(&Server, Option<&User>)> {
        let name = context.unwrap_or(&self.current_context);
        let context = self.contexts.iter().find(|context| context.name == name)?;
        let server = self.servers.iter().find(|server| server.server == context.server)?;
        Some((server, self.users.iter().find(|user| user.name == context.user)))
    }

    /// Puts a context with its server and user in place of those with the same names, and makes it current.
    pub(crate) fn upsert(&mut self, context: Context, server: Server, user: User) {
        self.current_context.clone_from(&context.name);
        self.contexts.retain(|other| other.name != context.name);
        self.servers.retain(|other| other.server != server.server);
        self.users.retain(|other| other.name != user.name);
        self.contexts.push(context);
        self.servers.push(server);
        self.users.push(user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("argocd/config");
        let mut config = LocalConfig::default();
        let server = Server { server: "localhost:8080".into(), insecure: true, ..Server::default() };
        let user = User { name: "local".into(), auth_token: Secret::new("a.b.c".into()), ..User::default() };
        let context = Context { name: "local".into(), server: "localhost:8080".into(), user: "local".into() };
        config.upsert(context.clone(), server.clone(), user.clone());
        config.upsert(context, server, user);
        write(&path, &config).unwrap();

        let read_again = read(&path).unwrap();
        assert_eq!((read_again.contexts.len(), read_again.users.len()), (1, 1), "upsert replaces");
        let (server, user) = read_again.resolve(None).unwrap();
        assert!(server.insecure);
        assert_eq!(user.unwrap().auth_token.expose(), "a.b.c");

        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("chmod 600"));
    }

    #[test]
    fn an_absent_file_is_empty() {
        assert!(read(Path::new("/nonexistent/argocd/config")).unwrap().contexts.is_empty());
    }
}
