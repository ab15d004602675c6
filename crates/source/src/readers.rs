//! What is read of foreign texts, reachable by itself: for fuzzing, which asserts what must hold of any answer.

use ::tree::TreePath;

pub use crate::git::lfs_pointer;
use crate::git::ssh::{address, known_hosts};
use crate::{git, url};

/// What a text of known hosts says of a host that has shown a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The key is the host's.
    Known,
    /// The key was withdrawn.
    Revoked,
    /// Nothing is said of the key: the host is not known, or by other keys.
    None,
}

/// Whether `text` (of `ssh_known_hosts`) says that `key`, in SSH's wire form, is a host's.
pub fn known_host(text: &str, host: &str, port: u16, key: &[u8]) -> Trust {
    let _ = (known_hosts::key_types(text, host, port), known_hosts::authorities(text, host, port));
    match known_hosts::check(text, host, port, key) {
        known_hosts::Verdict::Known => Trust::Known,
        known_hosts::Verdict::Revoked(_) => Trust::Revoked,
        _ => Trust::None,
    }
}

/// Path and URL of each submodule that a `.gitmodules` file names; the URL as it is asked for when the file is of the
/// repository at `parent`.
///
/// # Errors
/// When the file cannot be read or names something that may not be fetched.
pub fn submodules(parent: &str, text: &[u8]) -> Result<Vec<(TreePath, String)>, String> {
    let modules = git::modules::parse(text)?;
    modules.into_iter().map(|module| Ok((module.path, git::modules::resolve(parent, &module.url)?))).collect()
}

/// Why a Git URL is not used, if so.
pub fn refused_url(url: &str) -> Option<String> {
    url::refused(url)
}

/// The path of the repository that a URL names on this machine.
pub fn local_path(url: &str) -> Option<&str> {
    url::local_path(url)
}

/// The path of the repository behind an SSH URL, and the command that the server is sent to read it.
///
/// # Errors
/// When it is no SSH URL.
pub fn ssh_command(url: &str) -> Result<(String, String), String> {
    let address = address::Address::parse(url)?;
    Ok((address.path.clone(), address.command("git-upload-pack")))
}
