//! Who sends a webhook, by its headers in a fixed order, and what its payload says. A secret is asked for only when
//! one is configured.

use http::HeaderMap;
use serde_json::Value;

use super::signature::{is_basic, is_hex_hmac, same};
use super::{Event, Push, Refusal};

/// Looks a webhook's secret up, by its key in `argocd-secret`.
type Secrets<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Reads a webhook.
pub(super) fn read(headers: &HeaderMap, body: &[u8], secret: &Secrets<'_>) -> Result<Event, Refusal> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let payload = || serde_json::from_slice::<Value>(body).map_err(|_| Refusal::Unreadable);
    let hmac = |name: &str, prefix: &str, key: &str| match secret(key) {
        None => Ok(()),
        Some(secret) if is_hex_hmac(header(name).unwrap_or_default(), prefix, &secret, body) => Ok(()),
        Some(_) => Err(Refusal::Untrusted),
    };
    let equal = |name: &str, key: &str| match secret(key) {
        None => Ok(()),
        Some(secret) if same(header(name).unwrap_or_default().as_bytes(), secret.as_bytes()) => Ok(()),
        Some(_) => Err(Refusal::Untrusted),
    };
    if header("X-Vss-Activityid").is_some() {
        let (user, password) =
            (secret("webhook.azuredevops.username"), secret("webhook.azuredevops.password"));
        if user.is_some() || password.is_some() {
            let (user, password) = (user.unwrap_or_default(), password.unwrap_or_default());
            if !is_basic(header("Authorization").unwrap_or_default(), &user, &password) {
                return Err(Refusal::Untrusted);
            }
        }
        return azure(&payload()?);
    }
    if let Some(event) = header("X-Gogs-Event") {
        hmac("X-Gogs-Signature", "", "webhook.gogs.secret")?;
        return if event == "push" {
            Ok(push(&payload()?, "repository.html_url"))
        } else {
            Err(Refusal::Unsupported)
        };
    }
    if let Some(event) = header("X-GitHub-Event") {
        let trusted = hmac("X-Hub-Signature-256", "sha256=", "webhook.github.secret");
        return match event {
            "package" => {
                trusted.map_err(|_| Refusal::UntrustedRegistry)?;
                Ok(github_package(&payload()?))
            }
            "push" => trusted.and_then(|()| Ok(push(&payload()?, "repository.html_url"))),
            "ping" => trusted.map(|()| Event::Nothing),
            _ => Err(Refusal::Unsupported),
        };
    }
    if header("X-Gitlab-Event").is_some() {
        equal("X-Gitlab-Token", "webhook.gitlab.secret")?;
        let payload = payload()?;
        return match text(&payload, "object_kind") {
            "push" | "tag_push" => Ok(push(&payload, "project.web_url")),
            _ => Err(Refusal::Unsupported),
        };
    }
    if header("X-Hook-UUID").is_some() {
        equal("X-Hook-UUID", "webhook.bitbucket.uuid")?;
        return if header("X-Event-Key") == Some("repo:push") {
            Ok(bitbucket_cloud(&payload()?))
        } else {
            Err(Refusal::Unsupported)
        };
    }
    if let Some(event) = header("X-Event-Key") {
        hmac("X-Hub-Signature", "sha256=", "webhook.bitbucketserver.secret")?;
        return match event {
            "diagnostics:ping" => Ok(Event::Nothing),
            "repo:refs_changed" => Ok(bitbucket_server(&payload()?)),
            _ => Err(Refusal::Unsupported),
        };
    }
    match (secret("webhook.harbor.secret"), header("Authorization")) {
        (Some(secret), Some(sent)) if same(sent.as_bytes(), secret.as_bytes()) => Ok(harbor(&payload()?)),
        _ => Err(Refusal::Unknown),
    }
}

/// The value at a dotted path.
fn at<'a>(payload: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(payload, |value, part| match part.parse::<usize>() {
        Ok(index) => value.get(index),
        Err(_) => value.get(part),
    })
}

fn text<'a>(payload: &'a Value, path: &str) -> &'a str {
    at(payload, path).and_then(Value::as_str).unwrap_or_default()
}

/// A ref without its first two parts: `refs/heads/a/b` is `a/b`.
fn short(reference: &str) -> String {
    reference.splitn(3, '/').nth(2).unwrap_or_default().to_owned()
}

/// The form of GitHub, which GitLab, Gogs and Gitea share.
fn push(payload: &Value, url: &str) -> Event {
    let owner = url.split('.').next().unwrap_or_default();
    let revision = short(text(payload, "ref"));
    let commits = at(payload, "commits").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let files = commits
        .iter()
        .flat_map(|commit| ["added", "modified", "removed"].map(|kind| commit.get(kind)))
        .flatten()
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    Event::Push(Push {
        urls: vec![text(payload, url).to_owned()],
        head: text(payload, &format!("{owner}.default_branch")) == revision,
        revision,
        files,
    })
}

fn azure(payload: &Value) -> Result<Event, Refusal> {
    if text(payload, "eventType") != "git.push" {
        return Err(Refusal::Unsupported);
    }
    let reference = text(payload, "resource.refUpdates.0.name");
    Ok(Event::Push(Push {
        urls: vec![text(payload, "resource.repository.remoteUrl").to_owned()],
        revision: short(reference),
        head: text(payload, "resource.repository.defaultBranch") == reference,
        files: Vec::new(),
    }))
}

fn bitbucket_cloud(payload: &Value) -> Event {
    Event::Push(Push {
        urls: vec![text(payload, "repository.links.html.href").to_owned()],
        revision: text(payload, "push.changes.0.new.name").to_owned(),
        head: true,
        files: Vec::new(),
    })
}

fn bitbucket_server(payload: &Value) -> Event {
    let links = at(payload, "repository.links.clone")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    Event::Push(Push {
        urls: links.iter().map(|link| text(link, "href").to_owned()).collect(),
        revision: short(text(payload, "changes.0.ref.id")),
        head: true,
        files: Vec::new(),
    })
}

fn github_package(payload: &Value) -> Event {
    let tag = text(payload, "package.package_version.container_metadata.tag.name");
    let container = text(payload, "package.package_type").eq_ignore_ascii_case("container");
    if text(payload, "action") != "published" || !container || tag.is_empty() {
        return Event::Nothing;
    }
    let path = format!("{}/{}", text(payload, "package.owner.login"), text(payload, "package.name"));
    Event::Registry { url: format!("oci://ghcr.io/{path}"), tag: tag.to_owned() }
}

fn harbor(payload: &Value) -> Event {
    let resource = text(payload, "event_data.resources.0.resource_url");
    let tag = text(payload, "event_data.resources.0.tag");
    // `host/path:tag`, or `host/path@digest`.
    let path = resource.split('@').next().unwrap_or_default();
    let path = path.strip_suffix(&format!(":{tag}")).unwrap_or(path);
    if text(payload, "type") != "PUSH_ARTIFACT" || path.is_empty() {
        return Event::Nothing;
    }
    Event::Registry { url: format!("oci://{path}"), tag: tag.to_owned() }
}
