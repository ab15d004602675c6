//! Repository URLs: which kind of repository one names, and when two name the same.

/// The form in which two URLs of one repository are equal: lower case, without `.git`, scp form as `ssh`, without
/// the `ssh://` itself. Used to match credentials, never to connect.
pub fn normalize(url: &str) -> String {
    let mut text = url.trim().to_lowercase();
    if !text.contains("://")
        && !text.starts_with('/')
        && let Some((host, path)) = text.split_once(':')
        && host.contains('@')
    {
        text = format!("ssh://{host}/{}", path.trim_start_matches('/'));
    }
    let text = text.strip_suffix('/').unwrap_or(&text);
    let text = text.strip_suffix(".git").unwrap_or(text);
    text.strip_prefix("ssh://").unwrap_or(text).to_owned()
}

/// Whether the URL names a repository on this machine's own file system.
pub(crate) fn local_path(url: &str) -> Option<&str> {
    if url.starts_with('/') {
        Some(url)
    } else {
        url.strip_prefix("file://").filter(|rest| rest.starts_with('/'))
    }
}

/// Whether the URL is reached over SSH.
pub(crate) fn is_ssh(url: &str) -> bool {
    url.starts_with("ssh://") || (!url.contains("://") && !url.starts_with('/') && url.contains(':'))
}

/// The host without port and user, in lower case; empty when there is none.
pub fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    if let Some(address) = host.strip_prefix('[') {
        return address.split(']').next().unwrap_or_default().to_lowercase();
    }
    host.split(':').next().unwrap_or_default().to_lowercase()
}

/// `url` without a user's name and password, fit for messages.
pub fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    match authority.rsplit_once('@') {
        Some((user, host)) if user.contains(':') => format!("{scheme}://{host}{path}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_repositories_have_one_normal_form() {
        for (url, normal) in [
            ("https://GitHub.com/Org/Repo.git", "https://github.com/org/repo"),
            ("git@github.com:org/repo.git", "git@github.com/org/repo"),
            ("ssh://git@github.com/org/repo", "git@github.com/org/repo"),
            (" https://x/y/ ", "https://x/y"),
            ("/srv/git/repo.git", "/srv/git/repo"),
        ] {
            assert_eq!(normalize(url), normal, "{url}");
        }
    }

    #[test]
    fn hosts_and_schemes_are_told_apart() {
        assert_eq!(host("https://user@git.example.com:8443/a"), "git.example.com");
        assert_eq!(host("git@github.com:a/b"), "github.com");
        assert_eq!(host("https://[::1]:80/a"), "::1");
        assert!(
            is_ssh("git@host:a/b") && is_ssh("ssh://host/a") && !is_ssh("https://host/a") && !is_ssh("/a:b")
        );
        assert_eq!(local_path("file:///srv/a"), Some("/srv/a"));
        assert_eq!(local_path("file://host/a"), None);
        assert_eq!(without_credentials("https://me:pw@host/a"), "https://host/a");
        assert_eq!(without_credentials("ssh://git@host/a"), "ssh://git@host/a");
    }
}
