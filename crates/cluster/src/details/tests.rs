//! What is shown of objects, as tables.

use object::Object;
use serde_json::{Value, json};
use types::ResourceNetworkingInfo;
use types::settings::ResourceSettings;

use crate::cache::{Details, Interner};

fn details(value: Value) -> Details {
    super::read(&Object::from_value(value).unwrap(), &ResourceSettings::default(), &Interner::default())
}

fn networking(value: Value) -> ResourceNetworkingInfo {
    match details(value) {
        Details::Other(other) => other.networking.unwrap_or_default(),
        _ => ResourceNetworkingInfo::default(),
    }
}

/// The summary of a Pod: `reason ready/containers restarts`.
fn pod(spec: &Value, status: &Value, metadata: &Value) -> String {
    let value =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status});
    match details(value) {
        Details::Pod(pod) => {
            format!(
                "{} {}/{} {}",
                pod.reason.as_deref().unwrap_or("-"),
                pod.ready,
                pod.containers,
                pod.restarts
            )
        }
        _ => "no Pod".to_owned(),
    }
}

#[test]
fn pods_are_summed_up_as_kubectl_does() {
    let two = json!({"containers": [{"name": "a"}, {"name": "b"}]});
    let with_init = json!({"initContainers": [{"name": "i"}, {"name": "j"}], "containers": [{"name": "a"}]});
    let with_sidecar =
        json!({"initContainers": [{"name": "s", "restartPolicy": "Always"}], "containers": [{"name": "a"}]});
    let running =
        |name: &str| json!({"name": name, "ready": true, "restartCount": 1, "state": {"running": {}}});
    let ended = |name: &str, fields: Value| json!({"name": name, "state": {"terminated": fields}});
    let waiting = |name: &str, reason: &str| json!({"name": name, "restartCount": 7, "state": {"waiting": {"reason": reason}}});
    let none = json!({});
    for (spec, status, metadata, expected) in [
        (&two, json!({"phase": "Pending"}), &none, "Pending 0/2 0"),
        (&two, json!({"phase": "Failed", "reason": "Evicted"}), &none, "Evicted 0/2 0"),
        (
            &two,
            json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "reason": "SchedulingGated"}]}),
            &none,
            "SchedulingGated 0/2 0",
        ),
        (
            &two,
            json!({"phase": "Running", "containerStatuses": [running("a"), running("b")]}),
            &none,
            "Running 2/2 2",
        ),
        (
            &two,
            json!({"phase": "Running", "containerStatuses": [running("a"), waiting("b", "CrashLoopBackOff")]}),
            &none,
            "CrashLoopBackOff 1/2 8",
        ),
        (
            &two,
            json!({"phase": "Running", "containerStatuses": [ended("a", json!({"reason": "Completed"})), running("b")]}),
            &none,
            "Running 1/2 1",
        ),
        (
            &two,
            json!({"phase": "Failed", "containerStatuses": [ended("a", json!({"exitCode": 3}))]}),
            &none,
            "ExitCode:3 0/2 0",
        ),
        (
            &two,
            json!({"phase": "Failed", "containerStatuses": [ended("a", json!({"signal": 9}))]}),
            &none,
            "Signal:9 0/2 0",
        ),
        (
            &with_init,
            json!({"phase": "Pending", "initContainerStatuses": [ended("i", json!({"exitCode": 0})), waiting("j", "PodInitializing")]}),
            &none,
            "Init:1/2 0/1 7",
        ),
        (
            &with_init,
            json!({"phase": "Pending", "initContainerStatuses": [waiting("i", "ImagePullBackOff")]}),
            &none,
            "Init:ImagePullBackOff 0/1 7",
        ),
        (
            &with_init,
            json!({"phase": "Pending", "initContainerStatuses": [ended("i", json!({"exitCode": 1, "reason": "Error"}))]}),
            &none,
            "Init:Error 0/1 0",
        ),
        (
            &with_sidecar,
            json!({"phase": "Running", "containerStatuses": [running("a")], "initContainerStatuses": [
                {"name": "s", "started": true, "ready": true, "restartCount": 2, "state": {"running": {}}}]}),
            &none,
            "Running 2/2 3",
        ),
        (
            &two,
            json!({"phase": "Running"}),
            &json!({"deletionTimestamp": "2026-01-01T00:00:00Z"}),
            "Terminating 0/2 0",
        ),
        (
            &two,
            json!({"phase": "Running", "reason": "NodeLost"}),
            &json!({"deletionTimestamp": "2026-01-01T00:00:00Z"}),
            "Unknown 0/2 0",
        ),
    ] {
        assert_eq!(pod(spec, &status, metadata), expected, "{status}");
    }
}

#[test]
fn requests_are_what_the_scheduler_reserves() {
    let asks = |cpu: &str, policy: &str| json!({"restartPolicy": policy, "resources": {"requests": {"cpu": cpu, "memory": "1Ki"}}});
    let value = json!({"apiVersion": "v1", "kind": "Pod", "spec": {
        "initContainers": [asks("100m", "Always"), asks("2", "")],
        "containers": [asks("500m", ""), asks("0.25", "")],
        "overhead": {"cpu": "50m"},
    }});
    let Details::Pod(pod) = details(value) else { panic!("no Pod") };
    assert_eq!((pod.requests.cpu, pod.requests.memory), (2150, 3 * 1_024_000));
}

#[test]
fn ingresses_lead_to_services_and_urls() {
    let rules = json!([
        {"host": "a.example.com", "http": {"paths": [
            {"path": "/app/*", "backend": {"service": {"name": "one"}}},
            {"path": "/", "backend": {"service": {"name": "two"}}},
        ]}},
        {"http": {"paths": [{"path": "/x", "backend": {"serviceName": "one"}}]}},
    ]);
    let of = |tls: Value, annotations: Value| {
        networking(json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"namespace": "n", "annotations": annotations},
            "spec": {"tls": tls, "rules": rules},
            "status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}},
        }))
    };
    let plain = of(json!([]), json!({}));
    assert_eq!(
        plain.external_urls,
        ["http://1.2.3.4/x", "http://a.example.com/", "http://a.example.com/app/"]
    );
    let names: Vec<&str> = plain.target_refs.iter().map(|target| target.name.as_str()).collect();
    assert_eq!((names, plain.ingress[0].ip.as_str()), (vec!["one", "two"], "1.2.3.4"));
    let one_host = of(json!([{"hosts": ["a.example.com"]}]), json!({}));
    assert_eq!(
        one_host.external_urls,
        ["http://1.2.3.4/x", "https://a.example.com/", "https://a.example.com/app/"]
    );
    let any = of(json!([{"secretName": "s", "hosts": ["other"]}]), json!({}));
    assert!(any.external_urls.iter().all(|url| url.starts_with("https://")), "{:?}", any.external_urls);
    let links = json!({"argocd.argoproj.io/ignore-default-links": "true", "link.argocd.argoproj.io/a": "Docs|https://docs",
        "link.argocd.argoproj.io/b": "javascript:alert(1)"});
    assert_eq!(of(json!([]), links).external_urls, ["Docs|https://docs"]);
}

#[test]
fn gateways_routes_and_meshes() {
    let gateway = networking(json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
        "spec": {"listeners": [
            {"protocol": "HTTPS", "port": 443, "hostname": "a.example.com"},
            {"protocol": "HTTP", "port": 8080},
            {"protocol": "UDP", "port": 53},
        ]},
        "status": {"addresses": [{"type": "IPAddress", "value": "1.2.3.4"}]},
    }));
    assert_eq!(gateway.external_urls, ["http://1.2.3.4:8080", "https://a.example.com"]);
    let targets = |value: Value| {
        let targets = networking(value).target_refs;
        targets
            .iter()
            .map(|target| format!("{}/{}/{}/{}", target.group, target.kind, target.namespace, target.name))
            .collect::<Vec<_>>()
    };
    let route = targets(json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"namespace": "n"},
        "spec": {"parentRefs": [{"name": "gw", "namespace": "infra"}], "rules": [{"backendRefs": [{"name": "svc"}]}]},
    }));
    assert_eq!(route, ["/Service/n/svc", "gateway.networking.k8s.io/Gateway/infra/gw"]);
    let mesh = targets(json!({
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"namespace": "n"},
        "spec": {"http": [{"route": [{"destination": {"host": "a"}}, {"destination": {"host": "b.other.svc.cluster.local"}}]}]},
    }));
    assert_eq!(mesh, ["/Service/n/a", "/Service/other/b"]);
    let service =
        networking(json!({"apiVersion": "v1", "kind": "Service", "spec": {"selector": {"app": "x"}}}));
    assert_eq!(service.target_labels["app"], "x");
}
