//! Commits that are not signed as the project demands are not rendered.
#![allow(clippy::unwrap_used)]

mod support;

use std::process::Command;

use render::{Integrity, RenderRequest};
use serde_json::{Value, json};
use source::testing::Repository;
use support::{Fixture, at, config_map, request};

fn demanding(sources: Value, project: &Value) -> RenderRequest {
    let mut request = request("web", sources);
    let project: types::AppProjectSpec = serde_json::from_value(project.clone()).unwrap();
    request.integrity = Integrity::of(&project, &request.sources, Default::default());
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn unsigned_commits_are_refused_before_they_are_rendered() {
    let (one, two) = (Repository::new(), Repository::new());
    let commit = one.commit("unsigned", &[("app/a.yaml", &config_map("a", "1"))]);
    two.commit("unsigned", &[("app/b.yaml", &config_map("b", "1"))]);
    let fixture = Fixture::new();
    let signed = json!({"signatureKeys": [{"keyID": "D56C4FCA57A46444"}]});
    let both = json!([at(&one.url(), "app"), {"repoURL": two.url(), "path": "app", "name": "second"}]);
    let policy = |repository: &str| {
        let policy =
            json!({"repos": [{"url": repository}], "gpg": {"mode": "head", "keys": ["D56C4FCA57A46444"]}});
        json!({"sourceIntegrity": {"git": {"policies": [policy]}}})
    };
    for (sources, project, expected) in [
        (at(&one.url(), "app"), json!({}), None),
        (at(&one.url(), "app"), policy("https://elsewhere/*"), None),
        (
            at(&one.url(), "app"),
            signed.clone(),
            Some(format!("GIT/GPG: Failed verifying revision {commit} by '")),
        ),
        (at(&one.url(), "app"), signed.clone(), Some("unsigned (key_id=)".to_owned())),
        (both.clone(), signed.clone(), Some(format!("source 1 of 2: Failed verifying revision {commit}"))),
        (both.clone(), policy(&two.url()), Some("source second: Failed verifying".to_owned())),
        (at(&one.url(), "app"), policy("["), Some("source integrity policy: repository pattern".to_owned())),
    ] {
        let rendered = fixture.renderer.render(demanding(sources, &project)).await;
        match expected {
            None => assert!(rendered.is_ok(), "{project}: {rendered:?}"),
            Some(expected) => {
                let error = rendered.unwrap_err();
                assert!(error.to_string().contains(&expected), "{project}: {error}");
                assert!(!error.is_transient(), "{error}");
            }
        }
    }
    assert_eq!(
        fixture.renderer.metrics().renders,
        1,
        "what is refused is not rendered, and what was is kept"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permitted_key_passes_and_another_does_not() {
    let keys = tempfile::tempdir().unwrap();
    let file = keys.path().join("key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&file).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: ssh-keygen is not installed");
        return;
    }
    let listed = Command::new("ssh-keygen").arg("-lf").arg(&file).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let fingerprint = listed.split_whitespace().nth(1).unwrap().to_owned();
    let repository = Repository::new();
    repository.write("app/a.yaml", &config_map("a", "1"));
    repository.git(&["add", "-A"]);
    let key = format!("user.signingkey={}", file.display());
    repository.git(&["-c", "gpg.format=ssh", "-c", &key, "commit", "-q", "-S", "-m", "signed"]);
    let fixture = Fixture::new();
    let render = async |key: &str| {
        let policy = json!({"repos": [{"url": "*"}], "gpg": {"mode": "head", "keys": [key]}});
        let project = json!({"sourceIntegrity": {"git": {"policies": [policy]}}});
        fixture.renderer.render(demanding(at(&repository.url(), "app"), &project)).await
    };
    let rendered = render(&fingerprint).await.unwrap();
    let result = rendered.sources[0].integrity.as_ref().unwrap();
    assert_eq!((result.checks[0].name.as_str(), result.checks[0].problems.len()), ("GIT/GPG", 0));
    let error = render("SHA256:another").await.unwrap_err().to_string();
    assert!(error.contains("signed with unallowed key"), "{error}");
}
