//! Applications that were well and whose sources break: told by a condition, with everything live left alone.

use serde_json::json;
use tests::{Argosy, GitHost, World};
use types::Application;

use crate::{application, automated, config_map, stories};

stories![what_is_live_stays_when_its_source_breaks, a_chart_that_is_not_there_is_named];

fn error_of(application: &Application) -> Option<String> {
    let conditions = &application.status.conditions;
    let error = conditions.iter().find(|condition| condition.r#type == "ComparisonError");
    error.map(|condition| condition.message.clone())
}

/// With pruning on, an error must never look like an empty folder.
async fn what_is_live_stays_when_its_source_breaks(world: &World) {
    let map = config_map("map", "fine");
    let git = GitHost::start(&[("app/map.yaml", &map), ("other/map.yaml", &map)]).await;
    let argosy = Argosy::start(world, "argocd-breaks").await;
    world.apply(&application(argosy.namespace(), "breaks", &git, "app", &automated())).await;
    world.apply(&application(argosy.namespace(), "goes-on", &git, "other", &automated())).await;
    argosy.until_good(world, "breaks").await;
    argosy.until_good(world, "goes-on").await;
    let uid = async || {
        let map = world.get("v1", "ConfigMap", "breaks", "map").await?;
        map["metadata"]["uid"].as_str().map(str::to_owned)
    };
    let before = uid().await.unwrap();

    let broken = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: [map\n";
    let large = config_map("large", &"x".repeat(11_000_000));
    for (what, path, text, words) in [
        ("does not parse", "app/broken.yaml", broken, &["app/broken.yaml", "line"][..]),
        ("is too large", "app/large.yaml", large.as_str(), &["app/large.yaml", "10000000 bytes"]),
    ] {
        let commit = git.commit(&[(path, text), ("other/map.yaml", &config_map("map", what))]);
        argosy.push_event(&git.url(), &commit, &[path, "other/map.yaml"]).await;
        let failing = argosy
            .until(world, "breaks", what, |application| {
                error_of(application).is_some_and(|error| words.iter().all(|word| error.contains(word)))
            })
            .await;
        assert_eq!(failing.status.sync.status, "Unknown", "{what}");
        assert_eq!(uid().await.as_ref(), Some(&before), "{what}: the live object was touched");
        argosy
            .until(world, "goes-on", "goes on", |application| {
                application.status.sync.revision == commit && application.status.sync.status == "Synced"
            })
            .await;
        git.remove(path);
    }

    // The whole folder goes, which is not the same as a folder with nothing in it.
    git.remove("app/map.yaml");
    argosy.waiting_command(&["app", "get", "breaks", "--refresh"]).await;
    let failing =
        argosy.until(world, "breaks", "the path is missing", |found| error_of(found).is_some()).await;
    assert!(error_of(&failing).is_some_and(|error| error.contains("app")), "{:?}", failing.status.conditions);
    assert_eq!(uid().await.as_ref(), Some(&before), "the live object was touched");

    git.commit(&[("app/map.yaml", &config_map("map", "mended"))]);
    argosy.waiting_command(&["app", "get", "breaks", "--refresh"]).await;
    let good = argosy.until_good(world, "breaks").await;
    assert!(good.status.conditions.is_empty(), "{:?}", good.status.conditions);
    assert_eq!(uid().await.as_ref(), Some(&before));
}

async fn a_chart_that_is_not_there_is_named(world: &World) {
    let template =
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map\ndata:\n  value: \"{{ .Chart.Version }}\"\n";
    let charts = source::testing::ChartServer::start(&[(
        "web",
        "1.0.0",
        &[("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"), ("templates/map.yaml", template)],
    )])
    .await;
    let git = GitHost::start(&[]).await;
    let argosy = Argosy::start(world, "argocd-charts").await;
    let chart = |name: &str, chart: &str, version: &str| {
        let mut application = application(argosy.namespace(), name, &git, "", &automated());
        application["spec"]["source"] =
            json!({"repoURL": charts.url(), "chart": chart, "targetRevision": version});
        application
    };
    world.apply(&chart("chart-there", "web", "1.x")).await;
    world.apply(&chart("chart-missing", "nothing", "1.0.0")).await;
    world.apply(&chart("chart-version", "web", "2.x")).await;
    argosy.until_good(world, "chart-there").await;
    let map = world.get("v1", "ConfigMap", "chart-there", "map").await.unwrap();
    assert_eq!(map["data"]["value"], "1.0.0");
    for (name, word) in [("chart-missing", "nothing"), ("chart-version", "2.x")] {
        let failing =
            argosy.until(world, name, "is told", |application| error_of(application).is_some()).await;
        assert!(error_of(&failing).is_some_and(|error| error.contains(word)), "{name}: {failing:?}");
    }
}
