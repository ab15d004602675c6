//! The key that a repository is opened with, and logging in with it.

use std::sync::Arc;

use russh::client::{AuthResult, Handle};
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, decode_secret_key};

use super::Attempt;
use super::address::Address;
use super::check::Check;
use crate::Error;
use crate::access::{Access, Auth};

/// Keys of an agent that are offered before giving up; servers hang up after about as many.
const MAX_AGENT_KEYS: usize = 5;

/// Who logs in.
pub(super) enum Identity {
    Key(Arc<PrivateKey>),
    /// The keys of the agent.
    Agent,
}

/// Reads the key of the credentials.
pub(super) fn identity(attempt: Attempt<'_>, access: &Access) -> Result<Identity, Error> {
    let text = match &access.auth {
        Auth::SshKey(text) => text,
        _ => return Ok(Identity::Agent),
    };
    // What the parser says of a bad key may quote it.
    let wrong = |reason: &str| attempt.misconfigured(format!("the SSH private key cannot be used: {reason}"));
    let key = decode_secret_key(text.expose().trim(), None).map_err(|error| match error {
        russh::keys::Error::KeyIsEncrypted => encrypted(&wrong),
        _ if text.expose().contains("ENCRYPTED") => encrypted(&wrong),
        russh::keys::Error::UnsupportedKeyType { .. } | russh::keys::Error::UnknownAlgorithm(_) => {
            wrong("its type is none of ed25519, ECDSA and RSA")
        }
        _ => wrong(
            "it is no private key in OpenSSH or PEM form; paste the whole file, with its first and last line",
        ),
    })?;
    if key.is_encrypted() {
        return Err(encrypted(&wrong));
    }
    Ok(Identity::Key(Arc::new(key)))
}

fn encrypted(wrong: &dyn Fn(&str) -> Error) -> Error {
    wrong(
        "it is protected by a passphrase; store it without one (ssh-keygen -p) or make a key for this purpose",
    )
}

/// Logs in, or says why the server does not let us.
pub(super) async fn log_in(
    handle: &mut Handle<Check>,
    address: &Address,
    identity: Identity,
) -> Result<(), String> {
    let broken = |error: russh::Error| format!("{} broke off the login: {error}", address.place());
    let who = format!("{}@{}", address.user, address.place());
    match identity {
        Identity::Key(key) => {
            let shown = describe(&key);
            // RSA keys sign with the best hash that the server says it knows; old servers say nothing.
            let hashes = match handle.best_supported_rsa_hash().await.map_err(broken)? {
                _ if !key.algorithm().is_rsa() => vec![None],
                Some(hash) => vec![hash],
                None => vec![Some(HashAlg::Sha512), None],
            };
            for hash in hashes {
                let key = PrivateKeyWithHashAlg::new(key.clone(), hash);
                let answer =
                    handle.authenticate_publickey(address.user.as_str(), key).await.map_err(broken)?;
                if answer.success() {
                    return Ok(());
                }
            }
            Err(format!(
                "{who} does not take the key {shown}. Add its public half to the server (as a deploy key or to the \
                 user's account), or configure another sshPrivateKey"
            ))
        }
        Identity::Agent => {
            // Servers for everybody let anyone in; the others need the agent.
            let answer = handle.authenticate_none(address.user.as_str()).await.map_err(broken)?;
            if answer.success() {
                return Ok(());
            }
            by_agent(handle, address).await.map_err(|reason| {
                format!(
                    "{who} wants a key, but no sshPrivateKey is configured for this repository ({reason})"
                )
            })
        }
    }
}

async fn by_agent(handle: &mut Handle<Check>, address: &Address) -> Result<(), String> {
    if std::env::var_os("SSH_AUTH_SOCK").is_none() {
        return Err("and there is no SSH agent".to_owned());
    }
    let failed = |error: russh::keys::Error| format!("and the SSH agent failed: {error}");
    let mut agent = AgentClient::connect_env().await.map_err(failed)?;
    let hash = handle.best_supported_rsa_hash().await.ok().flatten().flatten();
    for identity in agent.request_identities().await.map_err(failed)?.into_iter().take(MAX_AGENT_KEYS) {
        let AgentIdentity::PublicKey { key, .. } = identity else { continue };
        let hash = if key.algorithm().is_rsa() { hash } else { None };
        let answer = handle.authenticate_publickey_with(address.user.as_str(), key, hash, &mut agent).await;
        if matches!(answer, Ok(AuthResult::Success)) {
            return Ok(());
        }
    }
    Err("and none of the SSH agent's keys is taken".to_owned())
}

/// The public half of a key as people compare it.
fn describe(key: &PrivateKey) -> String {
    format!("{} ({})", key.fingerprint(HashAlg::Sha256), key.algorithm().as_str())
}
