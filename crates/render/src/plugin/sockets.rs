//! Which plugins there are: one socket for each sidecar in the folder of plugins.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// A plugin's socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Socket {
    /// `<metadata.name>[-<spec.version>]`.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// Tells this socket from the one that a restarted sidecar makes, whose plugin may be another version.
    pub(crate) identity: String,
}

/// All sockets in order of their names. A folder that is not there holds none.
///
/// The error tells what cannot be read; to take it for "no plugins" would render what a plugin has to.
pub(crate) fn list(directory: &Path) -> Result<Vec<Socket>, String> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("reading the folder of plugins {}: {error}", directory.display())),
    };
    let mut sockets = Vec::new();
    for entry in entries {
        let entry = entry
            .map_err(|error| format!("reading the folder of plugins {}: {error}", directory.display()))?;
        let file_name = entry.file_name();
        let Some(name) = file_name.to_str().and_then(|name| name.strip_suffix(".sock")) else { continue };
        sockets.extend(socket(name, &entry.path()));
    }
    sockets.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(sockets)
}

/// The socket of a plugin by its name; `None` when there is none.
pub(crate) fn find(directory: &Path, name: &str) -> Option<Socket> {
    // A name is a file's name and nothing else: it comes from an application.
    if name.is_empty() || name.starts_with('.') || name.contains(['/', '\\', '\0']) {
        return None;
    }
    socket(name, &directory.join(format!("{name}.sock")))
}

fn socket(name: &str, path: &Path) -> Option<Socket> {
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.file_type().is_socket() {
        return None;
    }
    let made =
        metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let identity = format!("{name}@{}.{:09}.{}", made.as_secs(), made.subsec_nanos(), metadata.ino());
    Some(Socket { name: name.to_owned(), path: path.to_owned(), identity })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn only_sockets_are_plugins() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(list(&folder.path().join("nothing")).unwrap(), []);
        let _b = UnixListener::bind(folder.path().join("b-v1.sock")).unwrap();
        let _a = UnixListener::bind(folder.path().join("a.sock")).unwrap();
        let _c = UnixListener::bind(folder.path().join("c")).unwrap();
        std::fs::write(folder.path().join("file.sock"), "").unwrap();
        let names: Vec<_> = list(folder.path()).unwrap().into_iter().map(|socket| socket.name).collect();
        assert_eq!(names, ["a", "b-v1"]);
        assert_eq!(find(folder.path(), "b-v1").unwrap().name, "b-v1");
        for name in ["", "b", "file", "../a", "./a", "..", "a/../a"] {
            assert_eq!(find(folder.path(), name), None, "{name}");
        }
        assert!(list(&folder.path().join("file.sock")).unwrap_err().contains("file.sock"));
    }
}
