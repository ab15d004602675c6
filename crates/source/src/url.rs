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

/// Why a Git URL is not used, if so: helpers that run programs (`ext::`), what would be an option to a program, and
/// schemes that Git servers do not have.
pub(crate) fn refused(url: &str) -> Option<String> {
    if url.is_empty() {
        return Some("the repository's URL is empty".to_owned());
    }
    if url.starts_with('-') || url.chars().any(char::is_control) {
        return Some("the URL begins with a dash or has control characters".to_owned());
    }
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    // An IPv6 address has colons, too; what comes before it is still looked at.
    let named = scheme.unwrap_or(url).split('[').next().unwrap_or_default();
    if named.contains("::") {
        return Some("URLs of remote helpers (ext::, fd::) are not used: they run programs".to_owned());
    }
    match scheme {
        None | Some("https" | "http" | "ssh" | "git" | "file") => None,
        Some(other) => Some(format!("the scheme {other:?} is none of https, http, ssh, git and file")),
    }
    .or_else(|| {
        let host = host(url);
        host.starts_with('-').then(|| "the host begins with a dash".to_owned())
    })
}

/// Whether two URLs lead to the same server: scheme, host and port.
pub(crate) fn same_origin(one: &str, other: &str) -> bool {
    let origin = |text: &str| {
        let url = reqwest::Url::parse(text).ok()?;
        Some((url.scheme().to_owned(), url.host_str()?.to_lowercase(), url.port_or_known_default()?))
    };
    origin(one).is_some_and(|origin_of_one| origin(other) == Some(origin_of_one))
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

/// Whether a host is in a list as `no_proxy` has them: names that mean their subdomains too, `*` for all.
pub(crate) fn is_excepted(no_proxy: &str, host: &str) -> bool {
    no_proxy.split(',').map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let name = entry.trim_start_matches("*.").trim_start_matches('.').to_lowercase();
        let host = host.to_lowercase();
        entry == "*" || host == name || host.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.'))
    })
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
    fn dangerous_urls_are_refused() {
        for url in [
            "ext::sh -c touch% /tmp/pwned",
            "ext::https://git.example.com/a",
            "ext::sh -c id [::1]:a",
            "fd::17",
            "--upload-pack=touch /tmp/pwned",
            "ssh://-oProxyCommand=touch/a",
            "ftp://host/a",
            "https://host/a\nb",
            "",
        ] {
            assert!(refused(url).is_some(), "{url:?}");
        }
        for url in [
            "https://host/a",
            "http://[::1]:80/a",
            "ssh://git@host/a",
            "git@[::1]:a",
            "git@host:a",
            "/srv/a",
            "file:///srv/a",
        ] {
            assert_eq!(refused(url), None, "{url}");
        }
        assert!(same_origin("https://host/a", "https://HOST:443/b"));
        for other in ["http://host/a", "https://host:8443/a", "https://host.evil.org/a", "git@host:a"] {
            assert!(!same_origin("https://host/a", other), "{other}");
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
        assert!(
            is_excepted("a.com, .b.com,10.0.0.1", "x.b.com")
                && is_excepted("*", "a")
                && is_excepted("a.com", "a.com")
        );
        assert!(!is_excepted("a.com", "ba.com") && !is_excepted("", "a"));
        assert_eq!(local_path("file://host/a"), None);
        assert_eq!(without_credentials("https://me:pw@host/a"), "https://host/a");
        assert_eq!(without_credentials("ssh://git@host/a"), "ssh://git@host/a");
    }
}
