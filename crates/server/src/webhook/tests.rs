//! Payloads of each provider, and the applications they touch.

use std::sync::Arc;

use expect_test::expect;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use types::Application;

use super::{affected, provider, signature};

fn read(headers: &[(&str, &str)], body: &Value, secret: &str) -> String {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let secrets = |_: &str| Some(secret.to_owned()).filter(|secret| !secret.is_empty());
    match provider::read(&map, body.to_string().as_bytes(), &secrets) {
        Ok(event) => format!("{event:?}"),
        Err(refusal) => format!("{refusal:?}"),
    }
}

fn github() -> Value {
    json!({
        "ref": "refs/heads/main",
        "repository": {"html_url": "https://github.com/acme/apps", "default_branch": "main"},
        "commits": [{"added": ["a/x.yaml"], "modified": ["b/y.yaml"], "removed": []}],
    })
}

#[test]
fn hmac_is_that_of_the_standard() {
    // RFC 4231, test cases 2 and 6.
    let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(
        hex(signature::hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
    assert_eq!(
        hex(signature::hmac_sha256(&[0xaa; 131], b"Test Using Larger Than Block-Size Key - Hash Key First")),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    );
}

#[test]
fn providers() {
    expect![[r#"Push(Push { urls: ["https://github.com/acme/apps"], revision: "main", head: true, files: ["a/x.yaml", "b/y.yaml"] })"#]]
        .assert_eq(&read(&[("X-GitHub-Event", "push")], &github(), ""));
    let body = github().to_string();
    let signed: String =
        signature::hmac_sha256(b"shared", body.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let good = format!("sha256={signed}");
    assert!(
        read(&[("X-GitHub-Event", "push"), ("X-Hub-Signature-256", &good)], &github(), "shared")
            .starts_with("Push")
    );
    assert_eq!(
        read(&[("X-GitHub-Event", "push"), ("X-Hub-Signature-256", &good)], &github(), "other"),
        "Untrusted"
    );
    assert_eq!(
        read(&[("X-GitHub-Event", "push"), ("X-Hub-Signature", "sha1=x")], &github(), "shared"),
        "Untrusted"
    );
    assert_eq!(read(&[("X-GitHub-Event", "package")], &github(), "shared"), "UntrustedRegistry");
    assert_eq!(read(&[("X-GitHub-Event", "ping")], &json!({}), ""), "Nothing");
    assert_eq!(read(&[("X-GitHub-Event", "issues")], &json!({}), ""), "Unsupported");
    assert_eq!(read(&[], &json!({}), ""), "Unknown");
    expect![[r#"Push(Push { urls: ["https://gitlab.com/acme/apps"], revision: "v1.2.0", head: false, files: [] })"#]]
        .assert_eq(&read(
            &[("X-Gitlab-Event", "Tag Push Hook"), ("X-Gitlab-Token", "shared")],
            &json!({"object_kind": "tag_push", "ref": "refs/tags/v1.2.0", "project": {"web_url": "https://gitlab.com/acme/apps", "default_branch": "main"}}),
            "shared",
        ));
    expect![[r#"Push(Push { urls: ["https://bitbucket.example.com/scm/acme/apps.git", "ssh://git@bitbucket.example.com:7999/acme/apps.git"], revision: "a/b", head: true, files: [] })"#]]
        .assert_eq(&read(
            &[("X-Event-Key", "repo:refs_changed")],
            &json!({
                "changes": [{"ref": {"id": "refs/heads/a/b"}}],
                "repository": {"links": {"clone": [
                    {"href": "https://bitbucket.example.com/scm/acme/apps.git"},
                    {"href": "ssh://git@bitbucket.example.com:7999/acme/apps.git"},
                ]}},
            }),
            "",
        ));
    expect![[r#"Registry { url: "oci://harbor.example.com/charts/app", tag: "1.0.1" }"#]].assert_eq(&read(
        &[("Authorization", "shared")],
        &json!({"type": "PUSH_ARTIFACT", "event_data": {"resources": [{"tag": "1.0.1", "resource_url": "harbor.example.com/charts/app:1.0.1"}]}}),
        "shared",
    ));
}

fn application(url: &str, revision: &str, path: &str, reads: &str) -> Application {
    serde_json::from_value(json!({
        "metadata": {"name": "a", "namespace": "argocd", "annotations": {"argocd.argoproj.io/manifest-generate-paths": reads}},
        "spec": {"source": {"repoURL": url, "targetRevision": revision, "path": path}},
    }))
    .unwrap()
}

#[test]
fn applications_are_touched_by_repository_revision_and_files() {
    let push = |revision: &str, head: bool| {
        super::Event::Push(super::Push {
            urls: vec!["https://github.com:8443/acme/apps".to_owned()],
            revision: revision.to_owned(),
            head,
            files: vec!["envs/prod/app.yaml".to_owned()],
        })
    };
    let touched = |event: &super::Event, application: Application| {
        !affected::by(event, &[Arc::new(application)]).is_empty()
    };
    for (url, wanted) in [
        ("https://github.com/acme/apps", true),
        ("https://GitHub.com/Acme/Apps.git", true),
        ("git@github.com:acme/apps.git", true),
        ("ssh://git@ssh.github.com:443/acme/apps", true),
        ("https://user$@altssh.github.com/acme/apps", true),
        ("https://github.com/acme/apps2", false),
        ("https://evil.com/github.com/acme/apps", false),
        ("https://githubXcom/acme/apps", false),
    ] {
        assert_eq!(touched(&push("main", true), application(url, "", ".", "")), wanted, "{url}");
    }
    let at = |revision: &str| application("https://github.com/acme/apps", revision, ".", "");
    for (pushed, head, target, wanted) in [
        ("main", true, "HEAD", true),
        ("dev", false, "HEAD", false),
        ("dev", false, "dev", true),
        ("dev", false, "refs/heads/dev", true),
        ("v1.4.2", false, "^1.2", true),
        ("v2.0.0", false, "^1.2", false),
        ("v1.4.2", false, "v1.4.1", false),
    ] {
        assert_eq!(touched(&push(pushed, head), at(target)), wanted, "{pushed} {target}");
    }
    for (path, reads, wanted) in [
        ("envs/prod", ".", true),
        ("envs/dev", ".", false),
        ("envs/dev", ".;../prod", true),
        ("envs/dev", "/envs/*/app.yaml", true),
        ("envs/dev", "/envs/*.yaml", false),
        ("envs/dev", "", true),
    ] {
        let application = application("https://github.com/acme/apps", "", path, reads);
        assert_eq!(touched(&push("main", true), application), wanted, "{path} {reads}");
    }
}

#[test]
fn applications_whose_folders_are_touched_come_first() {
    let event = super::Event::Push(super::Push {
        urls: vec!["https://github.com/acme/apps".to_owned()],
        revision: "main".to_owned(),
        head: true,
        files: vec!["envs/prod/app.yaml".to_owned()],
    });
    let application = |path: &str| {
        let mut application = Application::default();
        application.metadata.name = path.replace('/', "-");
        application.spec.source = Some(types::ApplicationSource {
            repo_url: "https://github.com/acme/apps.git".into(),
            path: path.to_owned(),
            ..types::ApplicationSource::default()
        });
        Arc::new(application)
    };
    let applications = ["envs/other", "envs/pro", "envs/prod", "envs/prod/"].map(application);
    let order: Vec<String> = affected::by(&event, &applications).into_iter().map(|key| key.name).collect();
    assert_eq!(order, ["envs-prod", "envs-prod-", "envs-other", "envs-pro"]);
}
