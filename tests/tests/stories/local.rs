//! `--local`: files that are not pushed yet, compared, rendered and synced; and what a comparison by the client ignores.

use serde_json::json;
use tests::{Argosy, GitHost, Output, World, finish};

use crate::{application, both_ways, config_map, manual, stories};

stories![local_files_stand_in_for_the_repository, a_comparison_by_the_client_ignores_what_the_settings_say,];

/// `local.yaml` with a chart beside it, as somebody has them on the disk.
fn files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("app/map.yaml", config_map("map", "local")),
        ("app/not-a-manifest.txt", "text".to_owned()),
        ("chart/Chart.yaml", "apiVersion: v2\nname: chart\nversion: 1.0.0\n".to_owned()),
        (
            "chart/templates/map.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}'}\ndata:\n  served: '{{ .Capabilities.APIVersions.Has \"apps/v1/Deployment\" }}'\n"
                .to_owned(),
        ),
    ] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

async fn local_files_stand_in_for_the_repository(world: &World) {
    let git = GitHost::start(&[("app/map.yaml", &config_map("map", "pushed"))]).await;
    let argosy = Argosy::start(world, "argocd-local").await;
    world.apply(&application(argosy.namespace(), "local", &git, "app", &manual())).await;
    argosy.waiting_command(&["app", "sync", "local", "--timeout", "60"]).await.ok();

    let folder = files();
    let place = |path: &str| folder.path().join(path).display().to_string();
    let (root, app, chart) = (place(""), place("app"), place("chart"));
    both_ways(world, &argosy, async |command, _| {
        let shown = finish(command(&["app", "diff", "local", "--local", &app])).await;
        assert_eq!(shown.code, 1, "{shown:?}");
        assert!(shown.stdout.contains("<   value: pushed\n---\n>   value: local"), "{shown:?}");
        let by_server = ["app", "diff", "local", "--local", &root, "--server-side-generate"];
        assert_eq!(finish(command(&by_server)).await.stdout, shown.stdout);
        let nothing_sent = [&by_server[..], &["--local-include", "*.none"]].concat();
        let nothing_sent = finish(command(&nothing_sent)).await;
        assert_eq!(nothing_sent.code, 20, "{nothing_sent:?}");
        assert!(nothing_sent.stderr.contains("no files to send"), "{nothing_sent:?}");

        let manifests = ["app", "manifests", "local", "--local", &chart, "--local-repo-root", &root];
        let manifests = finish(command(&manifests)).await.ok();
        assert!(manifests.stdout.contains("name: local"), "{manifests:?}");
        // What the cluster serves is known, and whose objects they are is said.
        assert!(manifests.stdout.contains("served: \"true\""), "{manifests:?}");
        assert!(manifests.stdout.contains("tracking-id: local:/ConfigMap:local/local"), "{manifests:?}");
        let outside = ["app", "manifests", "local", "--local", &app, "--local-repo-root", &chart];
        let outside = finish(command(&outside)).await;
        assert_eq!(outside.code, 20, "{outside:?}");

        let dry = ["app", "sync", "local", "--local", &app, "--dry-run", "--timeout", "60"];
        finish(command(&dry)).await.ok();
        assert_eq!(value(world).await, "pushed");
        let synced = finish(command(&["app", "sync", "local", "--local", &app, "--timeout", "60"])).await;
        ended_well(&synced);
        assert_eq!(value(world).await, "local");
        assert_eq!(finish(command(&["app", "diff", "local", "--local", &app])).await.ok().stdout, "");
        // The repository still says something else.
        assert_eq!(finish(command(&["app", "diff", "local"])).await.code, 1);
        finish(command(&["app", "sync", "local", "--timeout", "60"])).await.ok();
        assert_eq!(value(world).await, "pushed");
    })
    .await;
    let automated = json!({"spec": {"syncPolicy": {"automated": {}}}});
    world.merge("argoproj.io/v1alpha1", "Application", argosy.namespace(), "local", &automated).await;
    let refused = argosy.waiting_command(&["app", "sync", "local", "--local", &app]).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("Automatic Sync Policy"), "{refused:?}");
}

/// Git still says something else after a local sync, which is no failure.
fn ended_well(output: &Output) {
    assert_eq!(output.code, 0, "{output:?}");
    assert!(output.stdout.contains("Phase:              Succeeded"), "{output:?}");
}

async fn value(world: &World) -> String {
    let map = world.get("v1", "ConfigMap", "local", "map").await.unwrap();
    map["data"]["value"].as_str().unwrap().to_owned()
}

async fn a_comparison_by_the_client_ignores_what_the_settings_say(world: &World) {
    let map = |value: &str, ignored: &str| format!("{}  ignored: \"{ignored}\"\n", config_map("map", value));
    let git = GitHost::start(&[("app/map.yaml", &map("one", "one"))]).await;
    let first = git.repository().git(&["rev-parse", "HEAD"]);
    let argosy = Argosy::start(world, "argocd-ignored").await;
    world.apply(&application(argosy.namespace(), "ignored", &git, "app", &manual())).await;
    argosy.waiting_command(&["app", "sync", "ignored", "--timeout", "60"]).await.ok();
    git.commit(&[("app/map.yaml", &map("one", "two"))]);
    let second = git.repository().git(&["rev-parse", "HEAD"]);

    let at = |revision: &str| {
        let command = ["app", "diff", "ignored", "--revision", revision];
        argosy.prepared(&command)
    };
    let differs = finish(at(&second)).await;
    assert_eq!(differs.code, 1, "{differs:?}");
    assert!(differs.stdout.contains(">   ignored: two"), "{differs:?}");
    let rule = json!({"data": {"resource.customizations.ignoreDifferences.ConfigMap": "jsonPointers: [/data/ignored]"}});
    world.merge("v1", "ConfigMap", argosy.namespace(), "argocd-cm", &rule).await;
    let same = finish(at(&second)).await;
    assert_eq!((same.code, same.stdout.as_str()), (0, ""), "{same:?}");
    assert_eq!(finish(at(&first)).await.code, 0);

    git.commit(&[("app/map.yaml", &map("three", "three"))]);
    // The exit code is what is asked for, and another program may show the difference.
    let refreshed = ["app", "diff", "ignored", "--hard-refresh"];
    let mut external = argosy.prepared(&refreshed);
    external.env("KUBECTL_EXTERNAL_DIFF", "diff -u");
    let external = finish(external).await;
    assert_eq!(external.code, 1, "{external:?}");
    assert!(external.stdout.contains("\n+  value: three"), "{external:?}");
    let code = |further: &[&str]| {
        let command = [&["app", "diff"], further].concat();
        finish(argosy.prepared(&command))
    };
    assert_eq!(code(&["ignored", "--exit-code=false"]).await.code, 0);
    assert_eq!(code(&["ignored", "--diff-exit-code", "7"]).await.code, 7);
    assert_eq!(code(&[]).await.code, 2);
    assert_eq!(code(&["ignored", "other"]).await.code, 2);
    assert_eq!(code(&["none"]).await.code, 20);
    let mut broken = argosy.prepared(&["app", "diff", "ignored"]);
    broken.env("KUBECTL_EXTERNAL_DIFF", "no-such-program");
    let broken = finish(broken).await;
    assert!(broken.stderr.contains("KUBECTL_EXTERNAL_DIFF: no-such-program"), "{broken:?}");
}
