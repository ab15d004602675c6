//! Sources that are wrong, and all the ways to write manifests.

use serde_json::json;
use tests::{Argosy, GitHost, World};

use crate::{application, automated, config_map, stories};

stories![what_is_wrong_is_named_and_others_go_on, helm_kustomize_and_jsonnet_are_rendered];

async fn what_is_wrong_is_named_and_others_go_on(world: &World) {
    let git = GitHost::start(&[
        ("good/map.yaml", &config_map("map", "fine")),
        ("bad/fine.yaml", &config_map("map", "fine")),
        ("bad/broken.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n   namespace: b\n"),
        ("chart/Chart.yaml", "apiVersion: v2\nname: broken\nversion: 1.0.0\n"),
        ("chart/templates/a.yaml", "value: {{ .Values.nothing.here }}\n"),
    ])
    .await;
    let argosy = Argosy::start(world, "argocd-wrong").await;
    let namespace = argosy.namespace().to_owned();
    let with = |name: &str, field: &str, value: &str| {
        let mut application = application(&namespace, name, &git, "good", &automated());
        application["spec"]["source"][field] = json!(value);
        application
    };
    world.apply(&with("wrong-manifest", "path", "bad")).await;
    world.apply(&with("wrong-chart", "path", "chart")).await;
    world.apply(&with("wrong-path", "path", "nowhere")).await;
    world.apply(&with("wrong-revision", "targetRevision", "no-such-branch")).await;
    world.apply(&with("wrong-repository", "repoURL", &git.url().replace(".git", "-absent.git"))).await;
    world.apply(&with("wrong-project", "path", "good")).await;
    world
        .merge(
            "argoproj.io/v1alpha1",
            "Application",
            &namespace,
            "wrong-project",
            &json!({"spec": {"project": "none"}}),
        )
        .await;
    world.apply(&application(&namespace, "right", &git, "good", &automated())).await;

    argosy.until_good(world, "right").await;
    for (name, kind, words) in [
        ("wrong-manifest", "ComparisonError", &["bad/broken.yaml", "line 5"][..]),
        ("wrong-chart", "ComparisonError", &["broken/templates/a.yaml:1:17", "nil pointer evaluating"]),
        ("wrong-path", "ComparisonError", &["nowhere"]),
        ("wrong-revision", "ComparisonError", &["no-such-branch"]),
        ("wrong-repository", "ComparisonError", &["-absent"]),
        ("wrong-project", "InvalidSpecError", &["project none which does not exist"]),
    ] {
        let application = argosy
            .until(world, name, "a condition names what is wrong", |application| {
                application.status.conditions.iter().any(|condition| condition.r#type == kind)
            })
            .await;
        let condition =
            application.status.conditions.iter().find(|condition| condition.r#type == kind).unwrap();
        for word in words {
            assert!(condition.message.contains(word), "{name}: {word:?} is not in {:?}", condition.message);
        }
        assert_eq!(application.status.sync.status, "Unknown", "{name}");
    }
}

async fn helm_kustomize_and_jsonnet_are_rendered(world: &World) {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map\ndata:\n  value: base\n";
    let git = GitHost::start(&[
        ("helm/Chart.yaml", "apiVersion: v2\nname: helm\nversion: 1.0.0\n"),
        ("helm/values.yaml", "value: default\n"),
        ("helm/templates/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  value: {{ .Values.value | quote }}\n"),
        ("kustomize/base/map.yaml", map),
        ("kustomize/base/kustomization.yaml", "resources: [map.yaml]\n"),
        ("kustomize/overlay/kustomization.yaml", "namePrefix: prod-\nresources: [../base]\n"),
        ("jsonnet/map.jsonnet", "function(value='none') {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'map'}, data: {value: value}}"),
    ])
    .await;
    let argosy = Argosy::start(world, "argocd-kinds").await;
    let namespace = argosy.namespace().to_owned();
    let mut helm = application(&namespace, "kinds-helm", &git, "helm", &automated());
    helm["spec"]["source"]["helm"] = json!({"parameters": [{"name": "value", "value": "given"}]});
    let kustomize = application(&namespace, "kinds-kustomize", &git, "kustomize/overlay", &automated());
    let mut jsonnet = application(&namespace, "kinds-jsonnet", &git, "jsonnet", &automated());
    jsonnet["spec"]["source"]["directory"] =
        json!({"jsonnet": {"tlas": [{"name": "value", "value": "given"}]}});
    for (application, name, kind, map, value) in [
        (&helm, "kinds-helm", "Helm", "kinds-helm", "given"),
        (&kustomize, "kinds-kustomize", "Kustomize", "prod-map", "base"),
        (&jsonnet, "kinds-jsonnet", "Directory", "map", "given"),
    ] {
        world.apply(application).await;
        let application = argosy.until_good(world, name).await;
        assert_eq!(application.status.source_type, kind);
        let live = world.get("v1", "ConfigMap", name, map).await.unwrap();
        assert_eq!(live.pointer("/data/value"), Some(&json!(value)), "{name}");
    }
}
