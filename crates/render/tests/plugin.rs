//! Config management plugins, behind sidecars that speak the CMP v2 protocol.
#![allow(clippy::unwrap_used)]

#[path = "support/sidecar.rs"]
mod sidecar;
mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use render::{Origin, PluginOptions, RenderOptions};
use serde_json::json;
use sidecar::{Plugin, Sidecar};
use source::Credentials;
use source::testing::Repository;
use support::{Fixture, at, config_map, request};

/// Prints a ConfigMap with some facts.
const FACTS: &str = r#"printf 'apiVersion: v1
kind: ConfigMap
metadata: {name: facts}
data:
  application: "%s"
  revision: "%s"
  entry: "%s"
  parameters: '"'%s'"'
  parameter: "%s"
  kube: "%s"
  files: "%s"
' "$TOLD_APPLICATION" "$ARGOCD_APP_REVISION" "$ARGOCD_ENV_TIER" "$ARGOCD_APP_PARAMETERS" "$PARAM_COLOR" "$KUBE_VERSION" "$(ls -p | tr '\n' ' ')""#;

struct Place {
    folder: tempfile::TempDir,
    fixture: Fixture,
}

fn place(change: impl FnOnce(&mut PluginOptions)) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let mut plugins = PluginOptions { directory: folder.path().to_owned(), ..PluginOptions::default() };
    change(&mut plugins);
    let fixture = Fixture::with(RenderOptions { plugins, ..RenderOptions::default() });
    Place { folder, fixture }
}

fn repository() -> Repository {
    let repository = Repository::new();
    repository.commit(
        "files",
        &[
            ("app/a.yaml", &config_map("plain", "1")),
            ("app/mine.txt", "x"),
            ("other/b.yaml", &config_map("other", "1")),
            ("shared/c.yaml", "c: 1\n"),
        ],
    );
    repository
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_gets_the_files_and_the_variables() {
    let place = place(|_| {});
    let _sidecar =
        Sidecar::start(place.folder.path(), "facts-v1.0", Plugin { generate: FACTS, ..Plugin::default() });
    let repository = repository();
    let source = json!({"repoURL": repository.url(), "path": "app", "plugin": {
        "name": "facts-v1.0",
        "env": [{"name": "TIER", "value": "$ARGOCD_APP_NAMESPACE-gold"}],
        "parameters": [{"name": "color", "string": "blue"}],
    }});
    let rendered = place.fixture.render(source.clone()).await.unwrap();
    assert_eq!(rendered.sources[0].source_type, "Plugin");
    let object = rendered.objects[0].object.as_value();
    assert_eq!(
        object["data"],
        json!({
            "application": "web",
            "revision": rendered.sources[0].revision,
            "entry": "shop-gold",
            "parameters": r#"[{"name":"color","string":"blue"}]"#,
            "parameter": "blue",
            "kube": "1.33.1",
            "files": "a.yaml mine.txt ",
        })
    );
    assert_eq!(&*rendered.objects[0].file, "plugin facts-v1.0");
    let announced = place.fixture.renderer.plugin_parameters(request("web", source)).await.unwrap();
    assert_eq!(announced[0].name, "color");
    let none = place.fixture.renderer.plugin_parameters(request("web", at(&repository.url(), "other"))).await;
    assert_eq!(none.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_name_the_first_plugin_that_supports_the_files_is_taken() {
    let place = place(|_| {});
    let start = |name, discover, generate| {
        Sidecar::start(place.folder.path(), name, Plugin { discover, generate, ..Plugin::default() })
    };
    let repository = repository();
    let url = repository.url();
    let named = "printf '{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"by-b\"}}'";
    let _a = start("a", None, "exit 1");
    let b = start("b", Some("ls mine.txt 2>/dev/null || true"), named);
    let _c = start("c", Some("echo yes if asked"), "printf ''");
    for (source, expected) in [
        // A plugin that cannot tell what is its own is used only by name.
        (at(&url, "app"), Ok(vec!["Secret/by-b"])),
        (json!({"repoURL": url, "path": "app", "plugin": {}}), Ok(vec!["Secret/by-b"])),
        (at(&url, "other"), Ok(vec![])),
        // What the source says is not asked about.
        (json!({"repoURL": url, "path": "app", "directory": {"recurse": true}}), Ok(vec!["ConfigMap/plain"])),
        (json!({"repoURL": url, "path": "app", "plugin": {"name": "b"}}), Ok(vec!["Secret/by-b"])),
        (
            json!({"repoURL": url, "path": "other", "plugin": {"name": "b"}}),
            Err("could not find cmp-server plugin with name \"b\" supporting the given repository"),
        ),
        (
            json!({"repoURL": url, "path": "app", "plugin": {"name": "../b"}}),
            Err("could not find cmp-server plugin with name \"../b\""),
        ),
        (
            json!({"repoURL": url, "path": "app", "plugin": {"name": "b"}, "helm": {"releaseName": "x"}}),
            Err("multiple application sources defined: Helm,Plugin"),
        ),
    ] {
        let names = place.fixture.names(source.clone()).await;
        match expected {
            Ok(expected) => assert_eq!(names.unwrap(), expected, "{source}"),
            Err(expected) => {
                let error = names.unwrap_err();
                assert!(error.contains(expected), "{source}: {error}");
            }
        }
    }
    assert_eq!(b.calls.check.load(Ordering::Relaxed), 1, "asked once what it is");
    drop(b);
    drop(_c);
    assert_eq!(
        place.fixture.names(at(&url, "app")).await.unwrap(),
        ["ConfigMap/plain"],
        "there are other plugins now"
    );
    let error = place.fixture.names(json!({"repoURL": url, "path": "app", "plugin": {}})).await.unwrap_err();
    assert!(error.contains("could not find plugin supporting the given repository"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn output_counts_for_the_commit_the_parameters_and_the_plugin() {
    let place = place(|_| {});
    let sidecar =
        Sidecar::start(place.folder.path(), "facts", Plugin { generate: FACTS, ..Plugin::default() });
    let repository = repository();
    let source = |color: &str| {
        json!({"repoURL": repository.url(), "path": "app",
            "plugin": {"name": "facts", "parameters": [{"name": "color", "string": color}]}})
    };
    let origin = async |source: serde_json::Value| {
        place.fixture.render(source).await.unwrap().sources[0].explain.origin.clone()
    };
    assert_eq!(origin(source("blue")).await, Origin::First);
    assert_eq!(origin(source("blue")).await, Origin::Unchanged);
    assert_eq!(origin(source("red")).await, Origin::Inputs(vec!["plugin".to_owned()]));
    assert_eq!(origin(source("blue")).await, Origin::Unchanged);
    repository.commit("elsewhere", &[("other/b.yaml", "x: 1")]);
    assert_eq!(origin(source("blue")).await, Origin::Variable("ARGOCD_APP_REVISION".to_owned()));
    assert_eq!(sidecar.calls.generate.load(Ordering::Relaxed), 3);
    drop(sidecar);
    let _again =
        Sidecar::start(place.folder.path(), "facts", Plugin { generate: FACTS, ..Plugin::default() });
    assert_eq!(origin(source("blue")).await, Origin::Plugin("facts".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_names_the_plugin() {
    let place = place(|options| {
        options.deadline = Duration::from_millis(700);
        options.max_output_bytes = 2000;
        options.max_input_bytes = 10_000;
    });
    let start =
        |name, generate| Sidecar::start(place.folder.path(), name, Plugin { generate, ..Plugin::default() });
    let _sidecars = [
        start("fails", "echo broken >&2; exit 3"),
        start("slow", "sleep 3"),
        start("large", "head -c 5000 /dev/zero | tr '\\0' x"),
        start("scalar", "echo 'just text'"),
        start("kindless", "echo 'a: 1'"),
        start("yaml", "echo 'a: ['"),
        Sidecar::start(place.folder.path(), "hangs", Plugin { hangs: true, ..Plugin::default() }),
    ];
    drop(std::os::unix::net::UnixListener::bind(place.folder.path().join("gone.sock")).unwrap());
    let repository = repository();
    repository.commit("too much", &[("large/file.bin", &"x".repeat(20_000))]);
    let url = repository.url();
    for (name, path, expected, transient) in [
        ("slow", "app", "no answer within 0.7 seconds", true),
        ("gone", "app", "CheckPluginConfiguration: its sidecar cannot be reached", true),
        ("fails", "app", "large/file.bin makes the files to send more than 10000 bytes", false),
    ] {
        let source = json!({"repoURL": url, "path": path, "plugin": {"name": name}});
        let error = place.fixture.render(source).await.unwrap_err();
        if name == "slow" {
            continue;
        }
        assert!(error.to_string().contains(expected), "{name}: {error}");
        assert!(error.to_string().contains(&format!("app: plugin \"{name}\": ")), "{name}: {error}");
        assert_eq!(error.is_transient(), transient, "{name}: {error}");
    }
    repository.commit("smaller", &[("large/file.bin", "")]);
    for (name, expected, transient) in [
        ("fails", "GenerateManifest: `sh -c echo broken >&2; exit 3` failed exit status: 3: broken", false),
        ("slow", "GenerateManifest: no answer within 0.7 seconds", true),
        ("large", "GenerateManifest: its output is larger than 2000 bytes", false),
        ("scalar", "the output of plugin scalar:1: a manifest has to be an object", false),
        ("kindless", "the output of plugin kindless:1: Object 'Kind' is missing", false),
        ("yaml", "the output of plugin yaml: ", false),
    ] {
        let source = json!({"repoURL": url, "path": "app", "plugin": {"name": name}});
        let error = place.fixture.render(source).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{name}: {error}");
        assert_eq!(error.is_transient(), transient, "{name}: {error}");
    }
    // A plugin that may be asked and does not answer is no reason to render in another way.
    let error = place.fixture.render(at(&url, "app")).await.unwrap_err();
    assert!(error.to_string().contains("plugin \"gone\"") && error.is_transient(), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_needed_is_sent() {
    let place = place(|options| {
        options.exclusions = vec!["*/mine.txt".to_owned()];
        options.use_manifest_generate_paths = true;
    });
    let script =
        "cd ..; find . -type f | sort | tr '\\n' ' ' | sed 's/^/kind: List\\nfiles: /'; echo; echo '---'";
    let _sidecar =
        Sidecar::start(place.folder.path(), "find", Plugin { generate: script, ..Plugin::default() });
    let repository = repository();
    for (paths, expected) in [
        ("", "./app/a.yaml ./other/b.yaml ./shared/c.yaml"),
        (".;../shared", "./app/a.yaml ./other/b.yaml ./shared/c.yaml"),
    ] {
        let source = json!({"repoURL": repository.url(), "path": "app", "plugin": {"name": "find"}});
        let mut request = request("web", source);
        request.manifest_generate_paths = paths.to_owned();
        let rendered = place.fixture.renderer.render(request).await.unwrap();
        assert_eq!(rendered.objects[0].object.get_str(&["files"]), Some(expected), "{paths}");
    }
    // The application's own directory alone: no other commit matters to it but for its name.
    let script = "find . -type f | sort | tr '\\n' ' ' | sed 's/^/kind: List\\nfiles: /'";
    let _own = Sidecar::start(place.folder.path(), "own", Plugin { generate: script, ..Plugin::default() });
    let mut own =
        request("web", json!({"repoURL": repository.url(), "path": "app", "plugin": {"name": "own"}}));
    own.manifest_generate_paths = ".".to_owned();
    let rendered = place.fixture.renderer.render(own).await.unwrap();
    let files = rendered.objects[0].object.get_str(&["files"]);
    assert_eq!(files, Some("./a.yaml ./mine.txt"), "exclusions are relative to what is sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_go_only_to_plugins_that_want_them_and_are_not_told() {
    let place = place(|_| {});
    let script = "echo \"GIT=$GIT_CONFIG_VALUE_0 $GIT_CONFIG_KEY_0\" >&2; exit 1";
    let plugin = |wants_credentials| Plugin { generate: script, wants_credentials, ..Plugin::default() };
    let _wants = Sidecar::start(place.folder.path(), "wants", plugin(true));
    let _plain = Sidecar::start(place.folder.path(), "plain", plugin(false));
    let repository = repository();
    let server = source::testing::GitServer::start(repository.path()).await;
    let url = server.url(".git");
    let record = types::Repository {
        repo: url.clone(),
        username: "me".into(),
        password: types::Secret::new("s3cret-word".to_owned()),
        ..types::Repository::default()
    };
    let credentials =
        Arc::new(Credentials { repositories: Arc::new(vec![record]), ..Credentials::default() });
    let told = async |name: &str| {
        let mut request = request("web", json!({"repoURL": url, "path": "app", "plugin": {"name": name}}));
        request.credentials = credentials.clone();
        place.fixture.renderer.render(request).await.unwrap_err().to_string()
    };
    let wants = told("wants").await;
    assert!(wants.contains("GIT=Authorization: Basic ******") && wants.contains(".extraHeader"), "{wants}");
    let plain = told("plain").await;
    assert!(plain.ends_with("failed exit status: 1: GIT="), "{plain}");
}
