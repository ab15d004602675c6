//! The API over REST, as clients and the web page use it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "tests may fail loudly")]

mod common;

use std::time::Duration;

use common::{World, application, read};
use futures::StreamExt;
use reqwest::{Method, StatusCode};
use sandbox::{Fault, FaultRequest, FaultRule};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_members() {
    let world = World::start().await;
    let stranger = async |path: &str| world.call("", Method::GET, path, None).await;

    let (status, version) = stranger("/api/version").await;
    assert_eq!((status.as_u16(), version.as_object().unwrap().len()), (200, 1), "{version}");
    assert_eq!(stranger("/api/v1/session/userinfo").await.1, json!({}));
    let (_, settings) = stranger("/api/v1/settings").await;
    assert_eq!(settings["appLabelKey"], "app.kubernetes.io/instance");
    assert_eq!(settings["kustomizeOptions"], json!({"BinaryPath": "", "BuildOptions": "", "Versions": null}));
    assert_eq!(settings.get("passwordPattern"), None);
    let (status, body) = stranger("/api/v1/applications").await;
    assert_eq!(status, 401);
    assert_eq!(
        body,
        json!({"code": 16, "error": "no session information", "message": "no session information"})
    );

    let (_, user) = world.get("/api/v1/session/userinfo").await;
    assert_eq!(user, json!({"loggedIn": true, "username": "admin", "iss": "argocd"}));
    assert_eq!(world.get("/api/v1/settings").await.1["passwordPattern"], "^.{8,32}$");
    assert!(world.get("/api/version").await.1["HelmVersion"].is_string());

    let (status, body) = world
        .call("", Method::POST, "/api/v1/session", Some(json!({"username": "admin", "password": "no"})))
        .await;
    assert_eq!((status.as_u16(), &body["error"]), (401, &json!("Invalid username or password")));
    // What a broken session finds: the same as a stranger.
    let broken = world.call("a.b.c", Method::GET, "/api/v1/applications", None).await;
    assert_eq!(broken.0, 401);
    assert!(broken.1["error"].as_str().unwrap().starts_with("invalid session: "));
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_and_their_guards() {
    let world = World::start().await;
    assert_eq!(world.get("/api/v1/nothing").await.0, 404);
    assert_eq!(world.call(&world.token, Method::PUT, "/api/v1/projects", None).await.0, 405);
    let form =
        world.request(&world.token, Method::POST, "/api/v1/applications").body("{}").send().await.unwrap();
    assert_eq!(read(form).await, (415.try_into().unwrap(), json!("Invalid content type\n")));
    let (status, body) = world.post("/api/v1/write-repositories", json!({"repo": "x"})).await;
    assert_eq!(status, 501);
    assert!(
        body["error"].as_str().unwrap().contains("repository.RepositoryService/CreateWriteRepository"),
        "{body}"
    );
    let health = world.http.get(format!("{}/healthz?full=true", world.base)).send().await.unwrap();
    assert_eq!(health.text().await.unwrap(), "ok\n");
    let (_, description) = world.get("/swagger.json").await;
    assert!(description["paths"]["/api/v1/applications/{name}"]["get"].is_object());
    let cookie = world
        .http
        .get(format!("{}/api/v1/applications", world.base))
        .header("cookie", format!("argocd.token={}", world.token))
        .send()
        .await
        .unwrap();
    assert_eq!(cookie.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_lives() {
    let world = World::start().await;
    let (status, created) = world.post("/api/v1/applications", application("guestbook")).await;
    assert_eq!(status, 200, "{created}");
    assert_eq!(created["spec"]["project"], "default");
    assert_eq!(created.get("kind"), None, "replies carry no type");

    // Again: unchanged when it is the same, refused when it isn't, changed on demand.
    assert_eq!(world.post("/api/v1/applications", application("guestbook")).await.0, 200);
    let mut other = application("guestbook");
    other["spec"]["source"]["path"] = "other".into();
    let (status, body) = world.post("/api/v1/applications", other.clone()).await;
    assert_eq!(status, 400);
    assert_eq!(
        body["error"],
        "existing application spec is different, use upsert flag to force update: it differs in spec.source.path"
    );
    let (status, body) = world.post("/api/v1/applications?upsert=true", other).await;
    assert_eq!((status.as_u16(), &body["spec"]["source"]["path"]), (200, &json!("other")), "{body}");

    // Specs are checked.
    for (path, value, wanted) in [
        ("/spec/project", json!("nowhere"), "application references project nowhere which does not exist"),
        ("/spec/source/repoURL", json!(""), "spec.source.repoURL is required"),
        (
            "/spec/destination/server",
            json!("https://nowhere"),
            "there are no clusters with this name or server",
        ),
        ("/metadata/name", json!("Bad_Name"), "must consist of lower case letters"),
    ] {
        let mut bad = application("bad");
        bad["spec"]["project"] = "default".into();
        *bad.pointer_mut(path).unwrap() = value;
        let (status, body) = world.post("/api/v1/applications", bad).await;
        assert_eq!(status, 400, "{path} {body}");
        assert!(body["error"].as_str().unwrap().contains(wanted), "{body}");
    }

    // Patch and update.
    let patch = json!({"name": "guestbook", "patchType": "merge", "patch": r#"{"spec":{"source":{"targetRevision":"v2"}}}"#});
    let (status, patched) =
        world.call(&world.token, Method::PATCH, "/api/v1/applications/guestbook", Some(patch)).await;
    assert_eq!(
        (status.as_u16(), &patched["spec"]["source"]["targetRevision"]),
        (200, &json!("v2")),
        "{patched}"
    );
    let spec = json!({"destination": {"name": "in-cluster"}, "source": {"repoURL": "https://example.com/b", "path": "."}, "project": "default"});
    let (status, body) =
        world.call(&world.token, Method::PUT, "/api/v1/applications/guestbook/spec", Some(spec)).await;
    assert_eq!((status.as_u16(), &body["destination"]), (200, &json!({"name": "in-cluster"})), "{body}");

    // Sync sets the operation, once.
    let sync =
        json!({"prune": true, "syncOptions": {"items": ["CreateNamespace=true"]}, "strategy": {"hook": {}}});
    let (status, synced) = world.post("/api/v1/applications/guestbook/sync", sync.clone()).await;
    assert_eq!(status, 200, "{synced}");
    assert_eq!(synced["operation"]["initiatedBy"], json!({"username": "admin"}));
    assert_eq!(synced["operation"]["sync"]["syncOptions"], json!(["CreateNamespace=true"]));
    let (status, body) = world.post("/api/v1/applications/guestbook/sync", sync).await;
    assert_eq!((status.as_u16(), &body["error"]), (400, &json!("another operation is already in progress")));

    // Deleting with cascade leaves the finalizer to the controller.
    let (status, _) =
        world.call(&world.token, Method::DELETE, "/api/v1/applications/guestbook?cascade=true", None).await;
    assert_eq!(status, 200);
    let (_, body) = world.get("/api/v1/applications/guestbook").await;
    assert_eq!(body["metadata"]["finalizers"], json!(["resources-finalizer.argocd.argoproj.io"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_seen_is_not_told() {
    let world = World::start().await;
    for name in ["seen-a", "seen-b", "hidden"] {
        assert_eq!(world.post("/api/v1/applications", application(name)).await.0, 200);
    }
    let alice = world.log_in("alice").await;
    let as_alice = async |path: &str| world.call(&alice, Method::GET, path, None).await;
    let names = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap();
        items.iter().map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&as_alice("/api/v1/applications").await.1), ["seen-a", "seen-b"]);
    assert_eq!(names(&world.get("/api/v1/applications?selector=team%3Da&name=hidden").await.1), ["hidden"]);
    let fields = as_alice("/api/v1/applications?fields=items.metadata.name").await.1;
    assert_eq!(fields["items"][0], json!({"metadata": {"name": "seen-a"}}));
    for path in ["hidden", "missing"] {
        let (status, body) = as_alice(&format!("/api/v1/applications/{path}")).await;
        assert_eq!((status.as_u16(), &body["error"]), (403, &json!("permission denied")), "{path}");
    }
    assert_eq!(world.get("/api/v1/applications/missing").await.0, 403);
    assert_eq!(world.get("/api/v1/applications/missing?project=default").await.0, 404);
    let (status, body) =
        world.call(&alice, Method::POST, "/api/v1/applications/seen-a/sync", Some(json!({}))).await;
    assert_eq!(status, 403, "{body}");
    assert_eq!(as_alice("/api/v1/clusters").await.1["items"], json!([]));
    let can = as_alice("/api/v1/account/can-i/applications/get/default/seen-x").await.1;
    assert_eq!(can, json!({"value": "yes"}));
    let (_, clusters) = world.get("/api/v1/clusters/https%3A%2F%2Fkubernetes.default.svc").await;
    assert_eq!(clusters["name"], "in-cluster");
    assert_eq!(clusters["info"]["applicationsCount"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_and_tokens() {
    let world = World::start().await;
    let (_, list) = world.get("/api/v1/account").await;
    let names: Vec<&str> =
        list["items"].as_array().unwrap().iter().filter_map(|item| item["name"].as_str()).collect();
    assert_eq!(names, ["admin", "alice", "robot"]);
    let (status, made) = world.post("/api/v1/account/robot/token", json!({"id": "ci"})).await;
    assert_eq!(status, 200, "{made}");
    let robot = made["token"].as_str().unwrap().to_owned();
    let who = world.call(&robot, Method::GET, "/api/v1/session/userinfo", None).await.1;
    assert_eq!(who["username"], "robot");
    let (status, _) = world.call(&world.token, Method::DELETE, "/api/v1/account/robot/token/ci", None).await;
    assert_eq!(status, 200);
    assert_eq!(world.call(&robot, Method::GET, "/api/v1/applications", None).await.0, 401);

    let change = |current: &str, new: &str| json!({"currentPassword": current, "newPassword": new});
    let put =
        async |body| world.call(&world.token, Method::PUT, "/api/v1/account/password", Some(body)).await;
    assert_eq!(put(change("wrong", "long enough")).await.0, 400);
    assert_eq!(put(change(common::PASSWORD, "short")).await.0, 500);
    // The new password ends older sessions, at the granularity of a second.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(put(change(common::PASSWORD, "long enough")).await.0, 200);
    let (status, body) = world.get("/api/v1/applications").await;
    assert_eq!(
        (status.as_u16(), &body["error"]),
        (401, &json!("invalid session: account password has changed since token issued"))
    );

    let alice = world.log_in("alice").await;
    let out = world
        .http
        .post(format!("{}/auth/logout", world.base))
        .header("cookie", format!("argocd.token={alice}"))
        .send()
        .await
        .unwrap();
    assert!(
        out.status().is_redirection() || out.status().is_success() || out.status() == 404,
        "{}",
        out.status()
    );
    assert_eq!(world.call(&alice, Method::GET, "/api/v1/applications", None).await.0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_refresh_what_they_touch() {
    let world = World::start().await;
    for name in ["seen-a", "seen-b"] {
        let mut application = application(name);
        application["metadata"]["annotations"] = json!({"argocd.argoproj.io/manifest-generate-paths": "."});
        world.post("/api/v1/applications", application).await;
    }
    let body = json!({
        "ref": "refs/heads/main",
        "repository": {"html_url": "https://example.com/apps", "default_branch": "main"},
        "commits": [{"modified": ["seen-b/deployment.yaml"]}],
    });
    let send = async |signature: &str| {
        let request = world.http.post(format!("{}/api/webhook", world.base)).header("x-github-event", "push");
        request.header("x-hub-signature-256", signature).body(body.to_string()).send().await.unwrap().status()
    };
    assert_eq!(send("sha256=00").await, 400);
    assert_eq!(send(&sign(body.to_string().as_bytes())).await, 200);
    let refreshed = async |name: &str| {
        let application = world.get(&format!("/api/v1/applications/{name}")).await.1;
        application["metadata"]["annotations"].get("argocd.argoproj.io/refresh").is_some()
    };
    let deadline = std::time::Instant::now() + Duration::from_secs(5);
    while !refreshed("seen-b").await {
        assert!(std::time::Instant::now() < deadline, "the refresh is asked for in time");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!refreshed("seen-a").await);
}

/// The signature of a payload with the secret `shared`.
fn sign(payload: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let mut key = [0_u8; 64];
    key[..6].copy_from_slice(b"shared");
    let inner = Sha256::new().chain_update(key.map(|byte| byte ^ 0x36)).chain_update(payload).finalize();
    let outer = Sha256::new().chain_update(key.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize();
    outer.iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_and_the_metrics() {
    let options =
        server::ServerOptions { metrics_port: Some(0), root_path: "/argo".to_owned(), ..Default::default() };
    let world = World::start_with(json!({"accounts.alice": "login"}), json!({}), options).await;
    world.post("/api/v1/applications", application("seen-a")).await;
    let page = world.http.get(format!("{}/applications/seen-a", world.base)).header("accept", "text/html");
    let page = page.send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert_eq!(page.headers()["x-frame-options"], "sameorigin");
    assert!(page.text().await.unwrap().contains("<title>Argosy</title>"));
    let missing = world.http.get(format!("{}/missing.js", world.base)).send().await.unwrap();
    assert_eq!(missing.status(), 404);
    assert_eq!(
        world.http.get(world.base.replace("/argo", "/api/version")).send().await.unwrap().status(),
        404
    );
    assert_eq!(world.http.get(world.base.replace("/argo", "/healthz")).send().await.unwrap().status(), 200);
    let metrics = world.server.metrics_address().unwrap();
    let metrics =
        world.http.get(format!("http://{metrics}/metrics")).send().await.unwrap().text().await.unwrap();
    for line in [
        "argocd_info{version=",
        "argocd_login_request_total{status=\"success\"}",
        "argocd_app_reconcile_count 1",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    // On the API's own port they are for those who may read all applications.
    let alice = world.log_in("alice").await;
    for (token, status) in [("", 401), (alice.as_str(), 403), (world.token.as_str(), 200)] {
        assert_eq!(world.call(token, Method::GET, "/metrics", None).await.0, status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_an_application() {
    let world = World::start().await;
    world.post("/api/v1/applications", application("seen-a")).await;
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "default"},
        "data": {"color": "red"},
    });
    world.sandbox.load([map]).unwrap();
    let base = "/api/v1/applications/seen-a";
    let (_, tree) = world.get(&format!("{base}/resource-tree")).await;
    assert_eq!(tree["nodes"][0]["name"], "settings");
    let (_, managed) =
        world.get(&format!("{base}/managed-resources?kind=ConfigMap&fields=items.name,items.modified")).await;
    assert_eq!(managed, json!({"items": [{"modified": true, "name": "settings"}]}));
    let resource =
        format!("{base}/resource?namespace=default&resourceName=settings&version=v1&group=&kind=ConfigMap");
    let (status, found) = world.get(&resource).await;
    assert_eq!(status, 200, "{found}");
    let found: Value = serde_json::from_str(found["manifest"].as_str().unwrap()).unwrap();
    assert_eq!(found["data"]["color"], "red");
    // Only what is in the tree is reached.
    let (status, body) = world.get(&resource.replace("settings", "other")).await;
    assert_eq!(
        (status.as_u16(), &body["error"]),
        (400, &json!("ConfigMap  other not found as part of application seen-a"))
    );

    let patch = json!(r#"{"data":{"color":"blue"}}"#);
    let path = format!("{resource}&patchType=application%2Fmerge-patch%2Bjson");
    let (status, patched) = world.post(&path, patch.clone()).await;
    assert_eq!(status, 200, "{patched}");
    assert!(patched["manifest"].as_str().unwrap().contains("blue"));
    let alice = world.log_in("alice").await;
    assert_eq!(world.call(&alice, Method::POST, &path, Some(patch)).await.0, 403);
    let actions = resource.replace("/resource?", "/resource/actions?");
    assert_eq!(world.get(&actions).await, (StatusCode::OK, json!({})), "a ConfigMap has no actions");
    let run = json!({
        "namespace": "default", "resourceName": "settings", "version": "v1", "group": "", "kind": "ConfigMap",
        "action": "restart",
    });
    let path = format!("{base}/resource/actions/v2");
    assert_eq!(world.call(&alice, Method::POST, &path, Some(run.clone())).await.0, 403);
    let (status, body) = world.post(&path, run).await;
    assert_eq!(status, 400, "{body}");
    assert_eq!(world.call(&world.token, Method::DELETE, &resource, None).await.0, 200);
    let (_, manifests) = world.get(&format!("{base}/manifests")).await;
    assert!(manifests["manifests"][0].as_str().unwrap().contains("green"), "{manifests}");
    let (status, body) = world.get(&format!("{base}/manifests?revision=other")).await;
    assert_eq!(status, 400, "{body}");
    let (status, events) = world.get(&format!("{base}/events")).await;
    assert_eq!((status.as_u16(), events.get("items").is_some()), (200, true), "{events}");
}

async fn next_record(
    stream: &mut (impl futures::Stream<Item = reqwest::Result<bytes::Bytes>> + Unpin),
) -> String {
    let chunk = tokio::time::timeout(Duration::from_secs(5), stream.next()).await.expect("a record in time");
    String::from_utf8(chunk.unwrap().unwrap().to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn watches_tell_changes() {
    let world = World::start().await;
    world.post("/api/v1/applications", application("seen-a")).await;
    let alice = world.log_in("alice").await;
    let lines = world.request(
        &alice,
        Method::GET,
        "/api/v1/stream/applications?fields=result.type,result.application.metadata.name",
    );
    let mut lines = lines.send().await.unwrap().bytes_stream();
    let event = |kind: &str, name: &str| {
        format!(
            "{{\"result\":{{\"application\":{{\"metadata\":{{\"name\":\"{name}\"}}}},\"type\":\"{kind}\"}}}}"
        )
    };
    assert_eq!(next_record(&mut lines).await, event("ADDED", "seen-a") + "\n");
    let (_, list) = world.call(&alice, Method::GET, "/api/v1/applications", None).await;
    let version = list["metadata"]["resourceVersion"].as_str().unwrap();
    let path = format!(
        "/api/v1/stream/applications?resourceVersion={version}&fields=result.type,result.application.metadata.name"
    );
    let events = world.request(&alice, Method::GET, &path).header("accept", "text/event-stream");
    let mut events = events.send().await.unwrap().bytes_stream();
    for name in ["hidden", "seen-b"] {
        assert_eq!(world.post("/api/v1/applications", application(name)).await.0, 200);
    }
    assert_eq!(next_record(&mut lines).await, event("ADDED", "seen-b") + "\n");
    assert_eq!(next_record(&mut events).await, format!("data: {} \n\n\n", event("ADDED", "seen-b")));
    world.call(&world.token, Method::DELETE, "/api/v1/applications/seen-b?cascade=false", None).await;
    assert_eq!(next_record(&mut lines).await, event("DELETED", "seen-b") + "\n");
}

/// `kubectl apply` and then a command: the control plane's own watch may tell of the application later than that.
#[tokio::test(flavor = "multi_thread")]
async fn an_application_is_there_as_soon_as_it_is_applied() {
    let world = World::start().await;
    let is_watch = |request: &FaultRequest<'_>| request.watch && request.path.ends_with("/applications");
    world.sandbox.faults().add(FaultRule::new(Fault::Drop, is_watch));
    world.sandbox.disconnect_watches();
    let mut applied = application("applied");
    applied["apiVersion"] = json!("argoproj.io/v1alpha1");
    applied["kind"] = json!("Application");
    applied["spec"]["project"] = json!("default");
    let path = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications";
    let request = http::Request::post(path).header("content-type", "application/json");
    let request = request.body(applied.to_string().into_bytes()).unwrap();
    world.control.client().request_text(request).await.unwrap();

    let (status, found) = world.get("/api/v1/applications/applied").await;
    assert_eq!((status.as_u16(), &found["metadata"]["name"]), (200, &json!("applied")), "{found}");
    let stranger = world.log_in("alice").await;
    let hidden = world.call(&stranger, Method::GET, "/api/v1/applications/hidden", None).await;
    assert_eq!(hidden.1["error"], "permission denied");
}

/// Whoever lists and then watches from the list's version misses nothing, though things happen in between.
#[tokio::test(flavor = "multi_thread")]
async fn a_watch_begins_where_the_list_ended() {
    let world = World::start().await;
    for name in ["goes-first", "goes-later", "stays"] {
        assert_eq!(world.post("/api/v1/applications", application(name)).await.0, 200);
    }
    let (_, list) = world.call(&world.token, Method::GET, "/api/v1/applications", None).await;
    let version = list["metadata"]["resourceVersion"].as_str().unwrap();
    let delete = |name: &str| format!("/api/v1/applications/{name}?cascade=false");
    assert_eq!(world.call(&world.token, Method::DELETE, &delete("goes-first"), None).await.0, 200);
    assert_eq!(world.post("/api/v1/applications", application("comes")).await.0, 200);
    // The deletion is told by the control plane's own watch, which may be later than its answer.
    while world.get("/api/v1/applications/goes-first").await.0 == 200 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    let path = format!(
        "/api/v1/stream/applications?resourceVersion={version}&fields=result.type,result.application.metadata.name"
    );
    let mut events = world.request(&world.token, Method::GET, &path).send().await.unwrap().bytes_stream();
    let mut next = async || {
        let record: Value = serde_json::from_str(&next_record(&mut events).await).unwrap();
        let result = &record["result"];
        (result["type"].clone(), result["application"]["metadata"]["name"].clone())
    };
    assert_eq!(next().await, (json!("DELETED"), json!("goes-first")));
    assert_eq!(next().await, (json!("ADDED"), json!("comes")));
    // Its own version is older than the list's; that of its deletion counts.
    assert_eq!(world.call(&world.token, Method::DELETE, &delete("goes-later"), None).await.0, 200);
    assert_eq!(next().await, (json!("DELETED"), json!("goes-later")));
}
