//! Argo CD's own sidecar (`argocd-cmp-server`, a name of the `argocd` binary) makes manifests for Argosy. Skipped where
//! that binary is not: `ARGOSY_ARGOCD` names one, and the tests of the stock client build one.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use render::{PluginOptions, RenderOptions};
use serde_json::json;
use source::testing::Repository;
use support::{Fixture, at, config_map, request};

const PLUGIN: &str = r#"apiVersion: argoproj.io/v1alpha1
kind: ConfigManagementPlugin
metadata: {name: real}
spec:
  version: v1.0
  preserveFileMode: true
  discover: {fileName: mine.txt}
  init: {command: [sh, -c, 'echo initialized > made.txt']}
  generate:
    command: [sh, -c]
    args:
    - |
      test "$ARGOCD_ENV_FAIL" = yes && { echo 'it is told to fail' >&2; exit 3; }
      test "$ARGOCD_ENV_SLEEP" = yes && sleep 60
      printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {color: %s, made: %s, tool: %s}\n---\n' "$ARGOCD_APP_NAME" "$PARAM_COLOR" "$(cat made.txt)" "$(./tool.sh)"
      cat a.yaml
  parameters:
    static: [{name: color, title: The color, required: true, string: red}]
    dynamic: {command: [sh, -c, 'echo ''[{"name": "found", "collectionType": "map", "map": {"k": "v"}}]''']}
"#;

/// A running sidecar, ended with the test.
struct Sidecar {
    child: Child,
    folder: tempfile::TempDir,
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn binary() -> Option<PathBuf> {
    let named = std::env::var_os("ARGOSY_ARGOCD").map(PathBuf::from);
    let cache = std::env::var_os("ARGOSY_CACHE")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache/argosy")));
    named.or_else(|| cache.map(|cache| cache.join("argocd"))).filter(|path| path.is_file())
}

fn start() -> Option<Sidecar> {
    let program = binary()?;
    let folder = tempfile::tempdir().unwrap();
    let make = |name: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir(&path).unwrap();
        path
    };
    let (config, work, plugins) = (make("config"), make("work"), make("plugins"));
    std::fs::write(config.join("plugin.yaml"), PLUGIN).unwrap();
    let child = Command::new(program)
        .args(["--config-dir-path", config.to_str().unwrap(), "--loglevel", "error"])
        .env("ARGOCD_BINARY_NAME", "argocd-cmp-server")
        .env("ARGOCD_PLUGINSOCKFILEPATH", &plugins)
        .env("ARGOCD_CMP_WORKDIR", &work)
        .env("HOME", folder.path())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let sidecar = Sidecar { child, folder };
    let begun = Instant::now();
    while !plugins.join("real-v1.0.sock").exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the sidecar makes no socket");
        std::thread::sleep(Duration::from_millis(50));
    }
    Some(sidecar)
}

#[tokio::test(flavor = "multi_thread")]
async fn argo_cds_own_sidecar_understands_and_is_understood() {
    let Some(sidecar) = start() else {
        println!("skipped: Argo CD's binary is not built (the tests of the stock client build it)");
        return;
    };
    let directory = sidecar.folder.path().join("plugins");
    let plugins = PluginOptions { directory, deadline: Duration::from_secs(20), ..PluginOptions::default() };
    let fixture = Fixture::with(RenderOptions { plugins, ..RenderOptions::default() });
    let repository = Repository::new();
    repository.write("app/tool.sh", "#!/bin/sh\necho executable\n");
    let tool = repository.path().join("app/tool.sh");
    std::fs::set_permissions(&tool, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    // Large enough for many messages of a stream.
    let large = (0..40_000)
        .map(|number: u32| format!("{:x}\n", number.wrapping_mul(2_654_435_761)))
        .collect::<String>();
    repository.commit(
        "files",
        &[
            ("app/a.yaml", &config_map("plain", "1")),
            ("app/mine.txt", ""),
            ("large.txt", &large),
            ("other/a.yaml", &config_map("other", "1")),
        ],
    );
    let url = repository.url();
    let source = |name: &str, path: &str, env: serde_json::Value| {
        json!({"repoURL": url, "path": path, "plugin": {"name": name, "env": env,
            "parameters": [{"name": "color", "string": "blue"}]}})
    };
    let objects = fixture.objects(source("real-v1.0", "app", json!([]))).await.unwrap();
    assert_eq!(objects[0]["metadata"]["name"], "web");
    assert_eq!(objects[0]["data"], json!({"color": "blue", "made": "initialized", "tool": "executable"}));
    assert_eq!(objects[1]["metadata"]["name"], "plain");
    // Found out by its files.
    let found = fixture.render(at(&url, "app")).await.unwrap();
    assert_eq!((found.sources[0].source_type, found.objects.len()), ("Plugin", 2));
    let other = fixture.render(at(&url, "other")).await.unwrap();
    assert_eq!(other.sources[0].source_type, "Directory", "not the plugin's own");
    let error = fixture.objects(source("real-v1.0", "other", json!([]))).await.unwrap_err();
    assert!(error.contains("could not find cmp-server plugin with name \"real-v1.0\""), "{error}");
    let error = fixture
        .objects(source("real-v1.0", "app", json!([{"name": "FAIL", "value": "yes"}])))
        .await
        .unwrap_err();
    assert!(
        error.contains("plugin \"real-v1.0\": GenerateManifest: ") && error.contains("it is told to fail"),
        "{error}"
    );
    let announced = fixture
        .renderer
        .plugin_parameters(request("web", source("real-v1.0", "app", json!([]))))
        .await
        .unwrap();
    let told: Vec<_> = announced
        .iter()
        .map(|parameter| {
            format!(
                "{} {:?} {} {} {:?}",
                parameter.name, parameter.title, parameter.required, parameter.string, parameter.map
            )
        })
        .collect();
    assert_eq!(told, ["found \"\" false  [(\"k\", \"v\")]", "color \"The color\" true red []"]);
}
