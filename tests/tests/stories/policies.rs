//! What settings change: differences that are ignored, whom a sync is made as, and what a kind's health and actions are.

use serde_json::{Value, json};
use tests::{Argosy, GitHost, Kind, World, eventually};
use types::Application;

use crate::{application, automated, config_map, deployment, manual, stories, tell};

stories![
    ignored_differences_are_kept_by_a_sync_that_respects_them,
    scripts_of_the_settings_tell_health_and_act,
];

async fn ignored_differences_are_kept_by_a_sync_that_respects_them(world: &World) {
    let git = GitHost::start(&[("app/web.yaml", &deployment("web", 1))]).await;
    let argosy = Argosy::start(world, "argocd-respect").await;
    let mut respectful = application(argosy.namespace(), "respect", &git, "app", &automated());
    respectful["spec"]["ignoreDifferences"] =
        json!([{"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/replicas"]}]);
    respectful["spec"]["syncPolicy"]["syncOptions"] =
        json!(["CreateNamespace=true", "RespectIgnoreDifferences=true"]);
    world.apply(&respectful).await;
    argosy.until_good(world, "respect").await;

    world.merge("apps/v1", "Deployment", "respect", "web", &json!({"spec": {"replicas": 3}})).await;
    let commit = git.commit(&[("app/web.yaml", &deployment("web", 1).replace("nginx:1.29", "nginx:1.30"))]);
    argosy.push_event(&git.url(), &commit, &["app/web.yaml"]).await;
    eventually("the new image is there", async || {
        let live = world.get("apps/v1", "Deployment", "respect", "web").await.unwrap_or_default();
        match live.pointer("/spec/template/spec/containers/0/image").and_then(Value::as_str) {
            Some("nginx:1.30") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    argosy.until_good(world, "respect").await;
    let live = world.get("apps/v1", "Deployment", "respect", "web").await.unwrap();
    assert_eq!(live.pointer("/spec/replicas"), Some(&json!(3)), "the ignored field was overwritten");
}

/// The scripts are run by the program as it ships.
async fn scripts_of_the_settings_tell_health_and_act(world: &World) {
    let git = GitHost::start(&[("app/map.yaml", &config_map("map", "low"))]).await;
    let argosy = Argosy::start(world, "argocd-lua").await;
    let health = "
        if obj.data.value == 'low' then
          return {status = 'Degraded', message = 'the level is ' .. obj.data.value}
        end
        return {status = 'Healthy'}";
    let actions = "
discovery.lua: |
  return {[\"refill\"] = {disabled = obj.data.value ~= 'low'}}
definitions:
- name: refill
  action.lua: |
    obj.data.value = 'full'
    return obj";
    let settings = json!({"data": {
        "resource.customizations.health.ConfigMap": health,
        "resource.customizations.actions.ConfigMap": actions,
    }});
    world.merge("v1", "ConfigMap", argosy.namespace(), "argocd-cm", &settings).await;
    world.apply(&application(argosy.namespace(), "scripts", &git, "app", &manual())).await;
    // A sync that ends with a degraded object may well say so.
    argosy.waiting_command(&["app", "sync", "scripts", "--timeout", "60"]).await;
    let low = |app: &Application| app.status.health.status == "Degraded";
    argosy.until(world, "scripts", "Degraded by the script", low).await;
    let shown = argosy.command(&["app", "get", "scripts", "-o", "tree"]).ok();
    assert!(shown.stdout.contains("the level is low"), "{shown:?}");

    let listed = argosy.command(&["app", "actions", "list", "scripts", "--kind", "ConfigMap"]).ok();
    assert!(listed.stdout.contains("refill"), "{listed:?}");
    argosy.command(&["app", "actions", "run", "scripts", "refill", "--kind", "ConfigMap"]).ok();
    let full =
        |app: &Application| app.status.health.status == "Healthy" && app.status.sync.status == "OutOfSync";
    argosy.until(world, "scripts", "Healthy after the action", full).await;
    let live = world.get("v1", "ConfigMap", "scripts", "map").await.unwrap();
    assert_eq!(live.pointer("/data/value"), Some(&json!("full")));
}

/// With impersonation a sync may do what the project's service account may do, and nothing else. The sandbox lets
/// everybody do everything, so that this is told on the real control plane only.
#[test]
fn a_sync_may_do_what_its_service_account_may() {
    tell(Kind::Real, async |world| {
        let git = GitHost::start(&[("app/map.yaml", &config_map("map", "x"))]).await;
        let argosy = Argosy::start(&world, "argocd-as").await;
        let control = argosy.namespace().to_owned();
        let object = |kind: &str, name: &str, namespace: &str| {
            let api_version = if kind == "RoleBinding" { "rbac.authorization.k8s.io/v1" } else { "v1" };
            json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": namespace}})
        };
        world.apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "as-team"}})).await;
        world.apply(&object("ServiceAccount", "deployer", "as-team")).await;
        let on = json!({"data": {"application.sync.impersonation.enabled": "true"}});
        world.merge("v1", "ConfigMap", &control, "argocd-cm", &on).await;
        let accounts = json!({"spec": {"destinationServiceAccounts": [{
            "server": "*", "namespace": "as-team", "defaultServiceAccount": "deployer",
        }]}});
        world.merge("argoproj.io/v1alpha1", "AppProject", &control, "default", &accounts).await;
        let mut team = application(&control, "as-team", &git, "app", &manual());
        team["spec"]["syncPolicy"] = json!({});
        world.apply(&team).await;
        argosy
            .until(&world, "as-team", "compared", |application| application.status.sync.status == "OutOfSync")
            .await;

        let refused = argosy.waiting_command(&["app", "sync", "as-team", "--timeout", "60"]).await;
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.stdout.contains("system:serviceaccount:as-team:deployer"), "{}", refused.stdout);
        assert!(world.get("v1", "ConfigMap", "as-team", "map").await.is_none());

        let mut binding = object("RoleBinding", "deployer", "as-team");
        binding["roleRef"] =
            json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"});
        binding["subjects"] = json!([{"kind": "ServiceAccount", "name": "deployer", "namespace": "as-team"}]);
        world.apply(&binding).await;
        argosy.waiting_command(&["app", "sync", "as-team", "--timeout", "60"]).await.ok();
        assert!(world.get("v1", "ConfigMap", "as-team", "map").await.is_some());
    });
}
