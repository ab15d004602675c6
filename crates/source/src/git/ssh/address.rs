//! Where a repository over SSH is: user, host, port and path of `ssh://` URLs and of the `user@host:path` form. Pure.

/// The user name when the URL has none.
const DEFAULT_USER: &str = "git";

/// A repository on an SSH server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// Who logs in.
    pub(crate) user: String,
    /// Host name or address, without brackets.
    pub(crate) host: String,
    /// The port.
    pub(crate) port: u16,
    /// The path as the server's shell is to see it: absolute, or relative to the user's home.
    pub(crate) path: String,
}

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let (authority, path, port_allowed) = match url.strip_prefix("ssh://") {
            Some(rest) => {
                let (authority, path) =
                    rest.split_once('/').ok_or("the SSH URL has no path after the host")?;
                // A home directory is written with a slash before it.
                let path = if path.starts_with('~') { path.to_owned() } else { format!("/{path}") };
                (authority, path, true)
            }
            None => {
                let end = scp_colon(url).ok_or("it is no SSH URL (ssh://host/path or user@host:path)")?;
                (&url[..end], url[end + 1..].to_owned(), false)
            }
        };
        let (user, host) = match authority.rsplit_once('@') {
            // A password in the URL is of no use here; it must not become part of the user's name.
            Some((user, host)) => (user.split(':').next().unwrap_or_default(), host),
            None => ("", authority),
        };
        let (host, port) = split_port(host, port_allowed)?;
        let user = if user.is_empty() { DEFAULT_USER } else { user };
        // What begins with a dash would be an option to somebody on the way.
        for (what, text) in [("user", user), ("host", host), ("path", path.as_str())] {
            if text.starts_with('-') {
                return Err(format!("the {what} of the SSH URL begins with a dash"));
            }
        }
        if host.is_empty() || path.is_empty() || path == "/" {
            return Err("the SSH URL needs a host and a path".to_owned());
        }
        if path.chars().any(char::is_control) {
            return Err("the path of the SSH URL has control characters".to_owned());
        }
        Ok(Self { user: user.to_owned(), host: host.to_lowercase(), port, path })
    }

    /// Host and port as people write them.
    pub(crate) fn place(&self) -> String {
        if self.port == 22 { self.host.clone() } else { format!("[{}]:{}", self.host, self.port) }
    }

    /// The command that runs a Git service on this repository, for the server's shell.
    pub(crate) fn command(&self, service: &str) -> String {
        // A home directory is for the shell to find, so its name stays outside of the quotes.
        let (home, path) = match self.path.split_once('/') {
            Some((home, rest)) if is_home(home) => (format!("{home}/"), rest),
            _ => (String::new(), self.path.as_str()),
        };
        format!("{service} {home}'{}'", path.replace('\'', "'\\''").replace('!', "'\\!'"))
    }
}

/// `~` or `~name` with nothing that a shell would take for more.
fn is_home(text: &str) -> bool {
    text.strip_prefix('~')
        .is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)))
}

/// The colon between host and path of the scp form; colons of an address in brackets do not count.
fn scp_colon(url: &str) -> Option<usize> {
    let from = url.find(']').unwrap_or(0);
    url[from..].find(':').map(|position| from + position)
}

fn split_port(host: &str, port_allowed: bool) -> Result<(&str, u16), String> {
    let (name, rest) = match host.strip_prefix('[') {
        Some(inner) => inner.split_once(']').ok_or("the host's bracket is not closed")?,
        None => match host.find(':') {
            Some(end) if port_allowed => host.split_at(end),
            _ => (host, ""),
        },
    };
    match rest.strip_prefix(':') {
        None | Some("") => Ok((name, 22)),
        Some(port) => {
            let port = port.parse().map_err(|_| format!("{port:?} is no port number"))?;
            Ok((name, port))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read() {
        for (url, expected) in [
            ("git@github.com:org/repo.git", "git github.com 22 org/repo.git"),
            ("github.com:/srv/repo", "git github.com 22 /srv/repo"),
            ("ssh://git@GitHub.com/org/repo", "git github.com 22 /org/repo"),
            ("ssh://me:pw@host:2222/srv/repo", "me host 2222 /srv/repo"),
            ("ssh://host/~me/repo", "git host 22 ~me/repo"),
            ("ssh://[::1]:2222/repo", "git ::1 2222 /repo"),
            ("git@[::1]:repo", "git ::1 22 repo"),
        ] {
            let Address { user, host, port, path } = Address::parse(url).unwrap();
            assert_eq!(format!("{user} {host} {port} {path}"), expected, "{url}");
        }
        for url in [
            "ssh://-oProxyCommand=evil/repo",
            "ssh://host",
            "ssh://host/",
            "git@-host:repo",
            "git@host:-upload",
            "ssh://host:many/repo",
            "git@host:a\nb",
            "nothing",
        ] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn the_path_is_one_word_for_the_shell() {
        for (url, command) in [
            ("host:it's; rm -rf $HOME", "git-upload-pack 'it'\\''s; rm -rf $HOME'"),
            ("ssh://host/~me/a b", "git-upload-pack ~me/'a b'"),
            ("ssh://host/~$(id)/a", "git-upload-pack '~$(id)/a'"),
        ] {
            assert_eq!(Address::parse(url).unwrap().command("git-upload-pack"), command);
        }
    }
}
