//! Submodules: what `.gitmodules` says, and where a submodule's repository is. Pure; opening them is done by [`super::Git`].

use tree::TreePath;

use crate::url;

/// A submodule as its repository names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Module {
    /// Where it is to stand.
    pub(crate) path: TreePath,
    /// Its repository, as written: absolute, or relative to the repository it is named in.
    pub(crate) url: String,
}

/// Reads a `.gitmodules` file. Submodules that are switched off (`update = none`) are left out.
///
/// # Errors
/// When it is no Git configuration, or a path leads out of the repository.
pub(crate) fn parse(text: &[u8]) -> Result<Vec<Module>, String> {
    let metadata = gix::config::file::Metadata::api();
    let file = gix::config::File::from_bytes_no_includes(text, metadata, Default::default())
        .map_err(|error| format!(".gitmodules cannot be read: {error}"))?;
    let mut modules = Vec::new();
    for section in file.sections_by_name("submodule").into_iter().flatten() {
        let value = |key: &str| section.value(key).map(|value| value.to_string());
        let (Some(path), Some(url)) = (value("path"), value("url")) else { continue };
        if value("update").is_some_and(|update| update == "none") {
            continue;
        }
        let path = TreePath::new(&path).ok().filter(|path| !path.is_root());
        let path =
            path.ok_or_else(|| format!(".gitmodules names a path outside of the repository for {url}"))?;
        modules.push(Module { path, url });
    }
    Ok(modules)
}

/// The URL of a submodule of the repository at `parent`. Relative URLs are resolved as Git does: each `../` takes away
/// the last segment.
///
/// # Errors
/// When the URL climbs above the host, is none that is used, or leads from a server to this machine's own files.
pub(crate) fn resolve(parent: &str, written: &str) -> Result<String, String> {
    let resolved = if written.starts_with("./") || written.starts_with("../") {
        relative(parent, written)?
    } else {
        written.to_owned()
    };
    if let Some(reason) = url::refused(&resolved) {
        return Err(reason);
    }
    if url::local_path(&resolved).is_some() && url::local_path(parent).is_none() {
        return Err("a repository of a server may not name files of this machine".to_owned());
    }
    Ok(resolved)
}

fn relative(parent: &str, written: &str) -> Result<String, String> {
    let mut base = parent.trim_end_matches('/').to_owned();
    let mut rest = written;
    loop {
        if let Some(after) = rest.strip_prefix("./") {
            rest = after;
        } else if let Some(after) = rest.strip_prefix("../") {
            rest = after;
            let host_end = base.find("://").map_or(0, |start| start + 3);
            let cut = base[host_end..].rfind('/').map(|cut| cut + host_end);
            // The scp form has its first segment behind a colon.
            let scp = || base.rfind(':').filter(|_| host_end == 0);
            match cut {
                Some(cut) => base.truncate(cut),
                None => match scp() {
                    Some(colon) if colon + 1 < base.len() => base.truncate(colon + 1),
                    _ => return Err(format!("{written:?} climbs above the server of its repository")),
                },
            }
        } else {
            break;
        }
    }
    let separator = if base.ends_with(':') { "" } else { "/" };
    Ok(format!("{base}{separator}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_read() {
        let text = b"[submodule \"lib\"]\n\tpath = vendor/lib\n\turl = ../lib.git\n\
            [submodule \"off\"]\n\tpath = off\n\turl = ../off.git\n\tupdate = none\n";
        let modules = parse(text).unwrap();
        assert_eq!(
            modules,
            [Module { path: TreePath::new("vendor/lib").unwrap(), url: "../lib.git".into() }]
        );
        assert!(parse(b"[submodule \"x\"]\npath = ../../etc\nurl = a").is_err());
        assert!(parse(b"[submodule").is_err());
    }

    #[test]
    fn urls_are_resolved_as_git_does() {
        for (parent, written, expected) in [
            ("https://host/team/app.git", "../lib.git", Some("https://host/team/lib.git")),
            ("https://host/team/app.git/", "../../other/lib", Some("https://host/other/lib")),
            ("https://host/team/app", "./nested", Some("https://host/team/app/nested")),
            ("git@host:team/app.git", "../lib.git", Some("git@host:team/lib.git")),
            ("git@host:app.git", "../lib.git", Some("git@host:lib.git")),
            ("ssh://git@host:2222/app", "../lib", Some("ssh://git@host:2222/lib")),
            ("/srv/app", "../lib", Some("/srv/lib")),
            ("https://host/app", "git@other:lib", Some("git@other:lib")),
            ("https://host/app", "../../../lib", None),
            ("https://host/app", "file:///etc", None),
            ("https://host/app", "/etc/repository", None),
            ("https://host/app", "ext::sh -c id", None),
            ("https://host/app", "--upload-pack=id", None),
        ] {
            assert_eq!(resolve(parent, written).ok().as_deref(), expected, "{written} of {parent}");
        }
    }
}
