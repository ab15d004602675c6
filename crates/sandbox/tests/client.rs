//! The sandbox through kube's client, in process: typed objects, discovery, watches, faults.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a step that fails ends the test")]

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod};
use kube::api::{
    Api, DeleteParams, ListParams, ObjectMeta, Patch, PatchParams, PostParams, PropagationPolicy, WatchEvent,
    WatchParams,
};
use kube::runtime::watcher;
use kube::{Client, ResourceExt};
use sandbox::{Fault, FaultRule, Options, Sandbox};
use serde_json::json;

fn start() -> (Sandbox, Client) {
    let sandbox = Sandbox::start(Options::fast());
    let client = Client::new(sandbox.service(), "default");
    (sandbox, client)
}

fn config_map(name: &str) -> ConfigMap {
    ConfigMap { metadata: ObjectMeta { name: Some(name.into()), ..Default::default() }, ..Default::default() }
}

fn deployment(name: &str, image: &str) -> Deployment {
    serde_json::from_value(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "replicas": 2, "progressDeadlineSeconds": 1, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": image}]}},
        },
    }))
    .unwrap()
}

async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut probe: impl FnMut() -> F) -> T {
    for _ in 0..500 {
        if let Some(found) = probe().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never happened: {what}");
}

#[tokio::test]
async fn discovery_lists_built_in_and_custom_kinds() {
    let (sandbox, client) = start();
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}]},
    });
    sandbox.load([definition]).unwrap();
    for discovery in [
        kube::discovery::Discovery::new(client.clone()).run().await.unwrap(),
        kube::discovery::Discovery::new(client).run_aggregated().await.unwrap(),
    ] {
        let kinds: Vec<String> = discovery
            .groups()
            .flat_map(|group| group.recommended_resources())
            .map(|(resource, _)| format!("{}/{}", resource.api_version, resource.kind))
            .collect();
        for kind in [
            "v1/Pod",
            "apps/v1/Deployment",
            "autoscaling/v2/HorizontalPodAutoscaler",
            "example.com/v1/Widget",
        ] {
            assert!(kinds.iter().any(|known| known == kind), "{kind} in {kinds:?}");
        }
    }
}

#[tokio::test]
async fn a_deployment_becomes_available_rolls_and_goes() {
    let (_sandbox, client) = start();
    let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
    let pods: Api<Pod> = Api::default_namespaced(client);
    deployments.create(&PostParams::default(), &deployment("web", "nginx:1")).await.unwrap();
    let available = |revision: &'static str| {
        let deployments = deployments.clone();
        move || {
            let deployments = deployments.clone();
            async move {
                let web = deployments.get("web").await.unwrap();
                let status = web.status.clone().unwrap_or_default();
                let right =
                    web.annotations().get("deployment.kubernetes.io/revision").is_some_and(|r| r == revision);
                (right
                    && status.available_replicas == Some(2)
                    && status.replicas == Some(2)
                    && status.observed_generation == web.metadata.generation)
                    .then_some(status)
            }
        }
    };
    let status = until("availability", available("1")).await;
    let condition = |kind: &str| {
        status
            .conditions
            .iter()
            .flatten()
            .find(|c| c.type_.as_deref() == Some(kind))
            .map(|c| (c.status.clone(), c.reason.clone().unwrap()))
    };
    assert_eq!(condition("Available"), Some((Some("True".into()), "MinimumReplicasAvailable".into())));

    let image = json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "nginx:2"}]}}}});
    deployments.patch("web", &PatchParams::default(), &Patch::Strategic(image)).await.unwrap();
    until("the new revision", available("2")).await;
    until("only new pods", || async {
        let list = pods.list(&ListParams::default().labels("app=web")).await.unwrap();
        let images: Vec<_> =
            list.iter().filter_map(|pod| pod.spec.as_ref()?.containers[0].image.clone()).collect();
        (images == ["nginx:2", "nginx:2"]).then_some(())
    })
    .await;

    let foreground =
        DeleteParams { propagation_policy: Some(PropagationPolicy::Foreground), ..Default::default() };
    deployments.delete("web", &foreground).await.unwrap();
    until("nothing left", || async {
        let gone = deployments.get_opt("web").await.unwrap().is_none();
        (gone && pods.list(&ListParams::default()).await.unwrap().items.is_empty()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn trouble_on_purpose() {
    let (_sandbox, client) = start();
    let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
    let pods: Api<Pod> = Api::default_namespaced(client);
    for (name, image, reason) in
        [("pull", "nginx:does-not-exist", "ImagePullBackOff"), ("crash", "app:crashes", "CrashLoopBackOff")]
    {
        deployments.create(&PostParams::default(), &deployment(name, image)).await.unwrap();
        until(reason, || async {
            let list = pods.list(&ListParams::default().labels(&format!("app={name}"))).await.unwrap();
            let status = list.items.first()?.status.clone()?.container_statuses?.first()?.state.clone()?;
            (status.waiting?.reason? == reason).then_some(())
        })
        .await;
        let status = deployments.get(name).await.unwrap().status.unwrap();
        assert_eq!(status.available_replicas, None, "{name}");
        until("the deadline to pass", || async {
            let status = deployments.get(name).await.unwrap().status?;
            let reason =
                status.conditions?.into_iter().find(|c| c.type_.as_deref() == Some("Progressing"))?.reason;
            (reason.as_deref() == Some("ProgressDeadlineExceeded")).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_watcher_survives_breaks_and_forgotten_history() {
    let (sandbox, client) = start();
    let maps: Api<ConfigMap> = Api::default_namespaced(client);
    maps.create(&PostParams::default(), &config_map("one")).await.unwrap();
    for strategy in [watcher::InitialListStrategy::ListWatch, watcher::InitialListStrategy::StreamingList] {
        let config = watcher::Config { initial_list_strategy: strategy, ..watcher::Config::default() };
        let mut events = watcher(maps.clone(), config).boxed();
        let mut next = async |what: &str, wanted: &dyn Fn(&watcher::Event<ConfigMap>) -> bool| {
            tokio::time::timeout(Duration::from_secs(20), async {
                loop {
                    match events.next().await {
                        Some(Ok(event)) if wanted(&event) => return,
                        Some(_) => {}
                        None => panic!("the watcher ended"),
                    }
                }
            })
            .await
            .unwrap_or_else(|_| panic!("no {what}"));
        };
        next("first list", &|event| matches!(event, watcher::Event::InitDone)).await;
        let labels = json!({"metadata": {"labels": {"round": format!("{}", sandbox.resource_version())}}});
        maps.patch("one", &PatchParams::default(), &Patch::Merge(&labels)).await.unwrap();
        next("change", &|event| matches!(event, watcher::Event::Apply(map) if map.name_any() == "one")).await;
        sandbox.forget_history("configmaps");
        sandbox.disconnect_watches();
        maps.patch(
            "one",
            &PatchParams::default(),
            &Patch::Merge(json!({"data": {"a": format!("{}", sandbox.resource_version())}})),
        )
        .await
        .unwrap();
        next("change after the break", &|event| {
            matches!(event, watcher::Event::Apply(map) | watcher::Event::InitApply(map) if map.data.is_some())
        })
        .await;
    }
}

#[tokio::test]
async fn an_old_version_is_gone() {
    let (sandbox, client) = start();
    let maps: Api<ConfigMap> = Api::default_namespaced(client);
    let first = maps.create(&PostParams::default(), &config_map("one")).await.unwrap();
    maps.create(&PostParams::default(), &config_map("two")).await.unwrap();
    sandbox.forget_history("configmaps");
    let version = first.resource_version().unwrap();
    let events: Vec<_> =
        maps.watch(&WatchParams::default(), &version).await.unwrap().boxed().try_collect().await.unwrap();
    match events.as_slice() {
        [WatchEvent::Error(status)] => assert_eq!((status.code, status.reason.as_str()), (410, "Expired")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn faults_happen_as_asked() {
    let (sandbox, client) = start();
    let maps: Api<ConfigMap> = Api::default_namespaced(client);
    let create = |name: &'static str| {
        let maps = maps.clone();
        async move { maps.create(&PostParams::default(), &config_map(name)).await }
    };
    sandbox.faults().add(FaultRule::new(Fault::Status(409), |r| r.method == "POST").times(1));
    match create("one").await.unwrap_err() {
        kube::Error::Api(status) => assert_eq!((status.code, status.reason.as_str()), (409, "Conflict")),
        other => panic!("{other}"),
    }
    create("one").await.unwrap();

    sandbox
        .faults()
        .add(FaultRule::new(Fault::Drop, |r| r.path.ends_with("/two") && r.method == "GET").times(1));
    create("two").await.unwrap();
    assert!(maps.get("two").await.is_err());
    maps.get("two").await.unwrap();

    sandbox.faults().add(FaultRule::new(Fault::WatchError(410), |r| r.watch).times(1));
    sandbox
        .faults()
        .add(FaultRule::new(Fault::WatchBreak(1), |r| r.watch && r.query.contains("timeoutSeconds=7")));
    let now = sandbox.resource_version().to_string();
    let events: Vec<_> = maps.watch(&WatchParams::default(), &now).await.unwrap().boxed().collect().await;
    assert!(matches!(events.as_slice(), [Ok(WatchEvent::Error(status))] if status.code == 410), "{events:?}");
    let events: Vec<_> =
        maps.watch(&WatchParams::default().timeout(7), "0").await.unwrap().boxed().collect().await;
    assert!(matches!(events.as_slice(), [Ok(WatchEvent::Added(_)), Err(_)]), "{events:?}");
}

#[tokio::test]
async fn owners_and_their_dependents() {
    let (_sandbox, client) = start();
    let maps: Api<ConfigMap> = Api::default_namespaced(client);
    let child = |name: &str, owner: &ConfigMap| {
        let mut child = config_map(name);
        child.metadata.owner_references = Some(vec![serde_json::from_value(json!({
            "apiVersion": "v1", "kind": "ConfigMap", "name": owner.name_any(), "uid": owner.uid().unwrap(), "blockOwnerDeletion": true,
        })).unwrap()]);
        child
    };
    for (policy, child_stays) in [
        (PropagationPolicy::Background, false),
        (PropagationPolicy::Foreground, false),
        (PropagationPolicy::Orphan, true),
    ] {
        let owner = maps.create(&PostParams::default(), &config_map("owner")).await.unwrap();
        maps.create(&PostParams::default(), &child("child", &owner)).await.unwrap();
        let params = DeleteParams { propagation_policy: Some(policy.clone()), ..Default::default() };
        maps.delete("owner", &params).await.unwrap();
        until("the owner to go", || async { maps.get_opt("owner").await.unwrap().is_none().then_some(()) })
            .await;
        if child_stays {
            let left = maps.get("child").await.unwrap();
            assert!(left.metadata.owner_references.unwrap_or_default().is_empty(), "{policy:?}");
            maps.delete("child", &DeleteParams::default()).await.unwrap();
        } else {
            until("the child to go", || async {
                maps.get_opt("child").await.unwrap().is_none().then_some(())
            })
            .await;
        }
    }
    // An owner that never was.
    let mut ghost = config_map("ghost");
    ghost.metadata.uid = Some("00000000-0000-4000-8000-000000000000".into());
    maps.create(&PostParams::default(), &child("child", &ghost)).await.unwrap();
    until("the orphan of a ghost to go", || async {
        maps.get_opt("child").await.unwrap().is_none().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_namespace_takes_its_content_with_it() {
    let (sandbox, client) = start();
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let mut held = serde_json::to_value(config_map("held")).unwrap();
    held["apiVersion"] = "v1".into();
    held["kind"] = "ConfigMap".into();
    held["metadata"]["namespace"] = "team".into();
    held["metadata"]["finalizers"] = json!(["example.com/hold"]);
    let mut web = serde_json::to_value(deployment("web", "nginx:1")).unwrap();
    web["apiVersion"] = "apps/v1".into();
    web["kind"] = "Deployment".into();
    web["metadata"]["namespace"] = "team".into();
    sandbox.load([held, web]).unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(client, "team");
    until("kube-root-ca.crt", || async { maps.get_opt("kube-root-ca.crt").await.unwrap() }).await;

    namespaces.delete("team", &DeleteParams::default()).await.unwrap();
    until("only what is held", || async {
        let left: Vec<String> =
            maps.list(&ListParams::default()).await.unwrap().iter().map(ResourceExt::name_any).collect();
        (left == ["held"]).then_some(())
    })
    .await;
    let phase = namespaces.get("team").await.unwrap().status.unwrap().phase;
    assert_eq!(phase.as_deref(), Some("Terminating"));
    match maps.create(&PostParams::default(), &config_map("late")).await.unwrap_err() {
        kube::Error::Api(status) => assert_eq!(status.code, 403),
        other => panic!("{other}"),
    }
    maps.patch("held", &PatchParams::default(), &Patch::Merge(json!({"metadata": {"finalizers": null}})))
        .await
        .unwrap();
    until("the namespace to go", || async {
        namespaces.get_opt("team").await.unwrap().is_none().then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_the_sandbox_lacks_is_refused_by_name() {
    let (sandbox, client) = start();
    sandbox
        .load([json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})])
        .unwrap();
    let request =
        http::Request::post("/api/v1/namespaces/default/pods/p/exec?command=ls").body(Vec::new()).unwrap();
    match client.request::<serde_json::Value>(request).await.unwrap_err() {
        kube::Error::Api(status) => {
            assert_eq!(
                (status.code, status.message.as_str()),
                (501, "the Argosy sandbox doesn't do exec of pods")
            );
        }
        other => panic!("{other}"),
    }
}
