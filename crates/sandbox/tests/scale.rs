//! Thousands of objects: creating, listing and watching them stays quick. The limits are generous, so that a busy
//! machine passes and a scan per event doesn't.

use std::time::{Duration, Instant};

use futures::StreamExt;
use http_body_util::{BodyExt, Full};
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use tower::ServiceExt as _;

#[expect(clippy::unwrap_used, reason = "a step that fails ends the test")]
async fn ask(sandbox: &Sandbox, method: &str, path: &str, body: Value) -> (u16, Vec<u8>) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let request =
        http::Request::builder().method(method).uri(path).header("content-type", "application/json");
    let request = request.body(Full::new(bytes::Bytes::from(body))).unwrap();
    let response = sandbox.service().oneshot(request).await.unwrap();
    let code = response.status().as_u16();
    (code, response.into_body().collect().await.unwrap().to_bytes().to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_objects() {
    const COUNT: usize = 5_000;
    let sandbox = Sandbox::start(Options { simulate_workloads: false, ..Options::fast() });
    let path = "/api/v1/namespaces/default/configmaps";
    let watch = http::Request::get(format!("{path}?watch=1&resourceVersion={}", sandbox.resource_version()));
    let response =
        sandbox.service().oneshot(watch.body(Full::<bytes::Bytes>::default()).unwrap()).await.unwrap();
    let watching = tokio::spawn(async move {
        let mut body = response.into_body().into_data_stream();
        let mut lines = 0;
        while lines < COUNT {
            let piece = body.next().await.unwrap().unwrap();
            lines += piece.iter().filter(|byte| **byte == b'\n').count();
        }
    });
    let start = Instant::now();
    for index in 0..COUNT {
        let map = json!({"metadata": {"name": format!("map-{index}"), "labels": {"app": format!("app-{}", index / 5)}},
            "data": {"key": "value", "index": index.to_string()}});
        assert_eq!(ask(&sandbox, "POST", path, map).await.0, 201);
    }
    tokio::time::timeout(Duration::from_secs(30), watching).await.unwrap().unwrap();
    let created = start.elapsed();
    let start = Instant::now();
    let (_, list) = ask(&sandbox, "GET", path, Value::Null).await;
    let listed = start.elapsed();
    let list: Value = serde_json::from_slice(&list).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), COUNT + 1);
    println!("created and watched {COUNT} in {created:?}, listed them in {listed:?}");
    assert!(created < Duration::from_secs(40), "{created:?}");
    assert!(listed < Duration::from_secs(2), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_applications_become_available() {
    const COUNT: usize = 150;
    let sandbox = Sandbox::start(Options::fast());
    let start = Instant::now();
    for index in 0..COUNT {
        let name = format!("app-{index}");
        let labels = json!({"app": name});
        let deployment = json!({"metadata": {"name": name}, "spec": {"selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}}}});
        let path = "/apis/apps/v1/namespaces/default/deployments";
        assert_eq!(ask(&sandbox, "POST", path, deployment).await.0, 201);
        let service =
            json!({"metadata": {"name": name}, "spec": {"selector": labels, "ports": [{"port": 80}]}});
        assert_eq!(ask(&sandbox, "POST", "/api/v1/namespaces/default/services", service).await.0, 201);
    }
    let path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
    for _ in 0..1000 {
        let (_, list) = ask(&sandbox, "GET", path, Value::Null).await;
        let list: Value = serde_json::from_slice(&list).unwrap();
        let ready = list["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|slice| slice["endpoints"][0]["conditions"]["ready"] == true);
        if ready.count() == COUNT {
            println!("{COUNT} Deployments with Services are ready after {:?}", start.elapsed());
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not ready after {:?}", start.elapsed());
}
