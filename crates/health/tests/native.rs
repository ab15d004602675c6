//! The rules built in, as tables: what an object says, and what is said of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "a test may fail"
)]

use health::{NoOverrides, Overrides, Script, of};
use object::Object;
use serde_json::{Value, json};

/// Checks each row: an object and what is said of it, as `Code message`; `-` for no health.
#[track_caller]
fn check(rows: &[(Value, &str)]) {
    for (value, expected) in rows {
        let object = Object::from_value(value.clone()).unwrap();
        let said = match of(&object, &NoOverrides).unwrap() {
            None => "-".to_owned(),
            Some(status) => format!("{} {}", status.code, status.message).trim_end().to_owned(),
        };
        assert_eq!(said, *expected, "{value}");
    }
}

fn workload(kind: &str, spec: Value, status: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "web", "generation": 2}, "spec": spec, "status": status})
}

#[test]
fn deployments() {
    let of = |spec: Value, status: Value| workload("Deployment", spec, status);
    check(&[
        (of(json!({"paused": true}), json!({})), "Suspended Deployment is paused"),
        (
            of(json!({}), json!({"observedGeneration": 1})),
            "Progressing Waiting for rollout to finish: observed deployment generation less than desired generation",
        ),
        (
            of(
                json!({}),
                json!({"observedGeneration": 2, "conditions": [
                {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}),
            ),
            "Degraded Deployment \"web\" exceeded its progress deadline",
        ),
        (
            of(json!({"replicas": 3}), json!({"observedGeneration": 2, "updatedReplicas": 1})),
            "Progressing Waiting for rollout to finish: 1 out of 3 new replicas have been updated...",
        ),
        (
            of(json!({"replicas": 3}), json!({"observedGeneration": 2, "updatedReplicas": 3, "replicas": 4})),
            "Progressing Waiting for rollout to finish: 1 old replicas are pending termination...",
        ),
        (
            of(
                json!({"replicas": 3}),
                json!({"observedGeneration": 2, "updatedReplicas": 3, "replicas": 3, "availableReplicas": 2}),
            ),
            "Progressing Waiting for rollout to finish: 2 of 3 updated replicas are available...",
        ),
        (
            of(
                json!({"replicas": 3}),
                json!({"observedGeneration": 2, "updatedReplicas": 3, "replicas": 3, "availableReplicas": 3}),
            ),
            "Healthy",
        ),
        (of(json!({"replicas": null}), json!({"observedGeneration": 2, "conditions": null})), "Healthy"),
        (
            json!({"apiVersion": "apps/v1beta1", "kind": "Deployment", "metadata": {"name": "web"}}),
            "Unknown unsupported Deployment GVK: apps/v1beta1, Kind=Deployment",
        ),
    ]);
    let ill_typed = Object::from_value(of(json!({"replicas": "three"}), json!({}))).unwrap();
    let said = health::of(&ill_typed, &NoOverrides).unwrap().unwrap();
    assert_eq!(said.code, health::HealthCode::Unknown);
    assert!(
        said.message.starts_with("failed to convert unstructured Deployment to typed"),
        "{}",
        said.message
    );
}

#[test]
fn stateful_sets() {
    let of = |spec: Value, status: Value| workload("StatefulSet", spec, status);
    let rolling = |partition: i64| json!({"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}});
    check(&[
        (of(json!({}), json!({})), "Progressing Waiting for statefulset spec update to be observed..."),
        (
            of(json!({"replicas": 3}), json!({"observedGeneration": 2, "readyReplicas": 1})),
            "Progressing Waiting for 2 pods to be ready...",
        ),
        (
            of(rolling(1), json!({"observedGeneration": 2, "readyReplicas": 3, "updatedReplicas": 1})),
            "Progressing Waiting for partitioned roll out to finish: 1 out of 2 new pods have been updated...",
        ),
        (
            of(rolling(0), json!({"observedGeneration": 2, "readyReplicas": 3, "updatedReplicas": 3})),
            "Healthy partitioned roll out complete: 3 new pods have been updated...",
        ),
        (
            of(
                json!({"updateStrategy": {"type": "OnDelete"}}),
                json!({"observedGeneration": 2, "readyReplicas": 3}),
            ),
            "Healthy statefulset has 3 ready pods",
        ),
        (
            of(
                json!({}),
                json!({"observedGeneration": 2, "updatedReplicas": 1, "updateRevision": "b", "currentRevision": "a"}),
            ),
            "Progressing waiting for statefulset rolling update to complete 1 pods at revision b...",
        ),
        (
            of(
                json!({}),
                json!({"observedGeneration": 2, "currentReplicas": 3, "updateRevision": "b", "currentRevision": "b"}),
            ),
            "Healthy statefulset rolling update complete 3 pods at revision b...",
        ),
    ]);
}

#[test]
fn daemon_and_replica_sets() {
    let daemon = |spec: Value, status: Value| workload("DaemonSet", spec, status);
    let replica = |spec: Value, status: Value| workload("ReplicaSet", spec, status);
    check(&[
        (
            daemon(json!({}), json!({"observedGeneration": 1})),
            "Progressing Waiting for rollout to finish: observed daemon set generation less than desired generation",
        ),
        (
            daemon(
                json!({"updateStrategy": {"type": "OnDelete"}}),
                json!({"observedGeneration": 2, "updatedNumberScheduled": 1, "desiredNumberScheduled": 2}),
            ),
            "Healthy daemon set 1 out of 2 new pods have been updated",
        ),
        (
            daemon(
                json!({}),
                json!({"observedGeneration": 2, "updatedNumberScheduled": 1, "desiredNumberScheduled": 2}),
            ),
            "Progressing Waiting for daemon set \"web\" rollout to finish: 1 out of 2 new pods have been updated...",
        ),
        (
            daemon(
                json!({}),
                json!({"observedGeneration": 2, "updatedNumberScheduled": 2, "desiredNumberScheduled": 2, "numberAvailable": 1}),
            ),
            "Progressing Waiting for daemon set \"web\" rollout to finish: 1 of 2 updated pods are available...",
        ),
        (daemon(json!({}), json!({"observedGeneration": 2})), "Healthy"),
        (
            replica(
                json!({}),
                json!({"observedGeneration": 2, "conditions": [
                {"type": "ReplicaFailure", "status": "True", "message": "quota"}]}),
            ),
            "Degraded quota",
        ),
        (
            replica(
                json!({"replicas": 2}),
                json!({"observedGeneration": 2, "availableReplicas": 1, "conditions": [
                {"type": "ReplicaFailure", "status": "False", "message": "quota"}]}),
            ),
            "Progressing Waiting for rollout to finish: 1 out of 2 new replicas are available...",
        ),
        (
            replica(json!({"replicas": 2}), json!({"observedGeneration": 2, "availableReplicas": 2})),
            "Healthy",
        ),
    ]);
}

#[test]
fn pods() {
    let of = |policy: &str, status: Value| json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"restartPolicy": policy}, "status": status});
    let waiting = |reason: &str, message: &str| json!({"name": "c", "state": {"waiting": {"reason": reason, "message": message}}});
    let ended = |fields: Value| json!({"name": "c", "state": {"terminated": fields}});
    let ready = json!([{"type": "Ready", "status": "True"}]);
    let mut ignored = of("Never", json!({"phase": "Running", "conditions": ready}));
    ignored["metadata"]["annotations"] = json!({"argocd.argoproj.io/ignore-restart-policy": "true"});
    let mut hook = ignored.clone();
    hook["metadata"]["annotations"]["argocd.argoproj.io/hook"] = json!("PreSync");
    check(&[
        (
            of(
                "Always",
                json!({"phase": "Pending", "containerStatuses": [
                waiting("ErrImagePull", "no image"), waiting("CrashLoopBackOff", "crash"), waiting("ContainerCreating", "x")]}),
            ),
            "Degraded no image, crash",
        ),
        (
            of(
                "Never",
                json!({"phase": "Pending", "containerStatuses": [waiting("ErrImagePull", "no image")]}),
            ),
            "Progressing",
        ),
        (of("Always", json!({"phase": "Pending", "message": "scheduling"})), "Progressing scheduling"),
        (of("Never", json!({"phase": "Succeeded"})), "Healthy"),
        (of("Never", json!({"phase": "Failed", "message": "evicted"})), "Degraded evicted"),
        (
            of(
                "Never",
                json!({"phase": "Failed", "initContainerStatuses": [ended(json!({"exitCode": 0}))],
                "containerStatuses": [ended(json!({"exitCode": 3}))]}),
            ),
            "Degraded container \"c\" failed with exit code 3",
        ),
        (
            of(
                "Never",
                json!({"phase": "Failed", "containerStatuses": [ended(json!({"exitCode": 137, "reason": "OOMKilled"}))]}),
            ),
            "Degraded OOMKilled",
        ),
        (
            of(
                "Never",
                json!({"phase": "Failed", "containerStatuses": [ended(json!({"exitCode": 1, "message": "bad"}))]}),
            ),
            "Degraded bad",
        ),
        (of("Always", json!({"phase": "Running", "conditions": ready})), "Healthy"),
        (
            of(
                "Always",
                json!({"phase": "Running", "containerStatuses": [{"name": "c", "lastState": {"terminated": {"exitCode": 1}}}]}),
            ),
            "Degraded",
        ),
        (of("Always", json!({"phase": "Running"})), "Progressing"),
        (of("Never", json!({"phase": "Running", "conditions": ready})), "Progressing"),
        (ignored, "Healthy"),
        (hook, "Progressing"),
        (of("Always", json!({"phase": "Odd"})), "Unknown"),
    ]);
}

#[test]
fn jobs_and_cron_jobs() {
    let job = |conditions: Value| json!({"apiVersion": "batch/v1", "kind": "Job", "status": {"conditions": conditions}});
    let cron = |spec: Value, status: Value| json!({"apiVersion": "batch/v1", "kind": "CronJob", "spec": spec, "status": status});
    let (early, late) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
    check(&[
        (job(json!([])), "Progressing"),
        (job(json!([{"type": "Complete", "status": "True", "message": "done"}])), "Healthy done"),
        (
            job(json!([{"type": "Failed", "message": "bad"}, {"type": "Complete", "message": "done"}])),
            "Degraded bad",
        ),
        (job(json!([{"type": "Suspended", "status": "True", "message": "held"}])), "Suspended held"),
        (job(json!([{"type": "Suspended", "status": "False", "message": "resumed"}])), "Healthy resumed"),
        (cron(json!({"suspend": true}), json!({})), "Healthy CronJob is Suspended"),
        (cron(json!({}), Value::Null), "Progressing Waiting for CronJob"),
        (cron(json!({}), json!({})), "Healthy CronJob has not been scheduled yet"),
        (
            cron(json!({}), json!({"lastScheduleTime": late})),
            "Healthy The CronJob never completed successfully. It may not be healthy",
        ),
        (
            cron(json!({}), json!({"lastScheduleTime": late, "lastSuccessfulTime": early, "active": [{}]})),
            "Healthy The job is running. Its last execution may not have been successful",
        ),
        (
            cron(json!({}), json!({"lastScheduleTime": late, "lastSuccessfulTime": early})),
            "Degraded CronJob has not completed its last execution successfully",
        ),
        (
            cron(json!({}), json!({"lastScheduleTime": early, "lastSuccessfulTime": late})),
            "Healthy CronJob has completed its last execution successfully",
        ),
    ]);
}

#[test]
fn what_others_must_bind() {
    let service = |kind: &str, ingress: Value| {
        json!({"apiVersion": "v1", "kind": "Service",
        "spec": {"type": kind}, "status": {"loadBalancer": {"ingress": ingress}}})
    };
    let ingress = |version: &str, ingress: Value| {
        json!({"apiVersion": version, "kind": "Ingress",
        "status": {"loadBalancer": {"ingress": ingress}}})
    };
    let claim = |phase: &str| json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "status": {"phase": phase}});
    check(&[
        (service("ClusterIP", json!(null)), "Healthy"),
        (service("LoadBalancer", json!([])), "Progressing"),
        (service("LoadBalancer", json!([{"ip": "1.2.3.4"}])), "Healthy"),
        (ingress("networking.k8s.io/v1", json!([])), "Progressing"),
        (ingress("extensions/v1beta1", json!([{"hostname": "a"}])), "Healthy"),
        (claim("Bound"), "Healthy"),
        (claim("Pending"), "Progressing"),
        (claim("Lost"), "Degraded"),
        (claim(""), "Unknown"),
    ]);
}

#[test]
fn autoscalers() {
    let of = |conditions: Value| json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "status": {"conditions": conditions}});
    let old = |annotation: &str| {
        json!({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
        "metadata": {"annotations": {"autoscaling.alpha.kubernetes.io/conditions": annotation}}})
    };
    check(&[
        (of(json!([])), "Progressing Waiting to Autoscale"),
        (
            of(json!([{"type": "AbleToScale", "status": "True", "message": "able"},
                {"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric", "message": "no metrics"}])),
            "Degraded no metrics",
        ),
        (of(json!([{"type": "ScalingLimited", "status": "True", "message": "limited"}])), "Healthy limited"),
        (old(""), "Progressing Waiting to Autoscale"),
        (old(r#"[{"type": "AbleToScale", "status": "True", "message": "able"}]"#), "Healthy able"),
        (
            json!({"apiVersion": "autoscaling/v2beta2", "kind": "HorizontalPodAutoscaler"}),
            "Unknown unsupported HorizontalPodAutoscaler GVK: autoscaling/v2beta2, Kind=HorizontalPodAutoscaler",
        ),
    ]);
    let bad = Object::from_value(old("[")).unwrap();
    assert_eq!(health::of(&bad, &NoOverrides).unwrap().unwrap().code, health::HealthCode::Unknown);
}

#[test]
fn extensions_and_argo() {
    let of =
        |api: &str, kind: &str, status: Value| json!({"apiVersion": api, "kind": kind, "status": status});
    let conditions = |api: &str, kind: &str, list: Value| of(api, kind, json!({"conditions": list}));
    let crd = |list: Value| conditions("apiextensions.k8s.io/v1", "CustomResourceDefinition", list);
    let set = |list: Value| conditions("argoproj.io/v1alpha1", "ApplicationSet", list);
    check(&[
        (of("apiregistration.k8s.io/v1", "APIService", json!({})), "Progressing Waiting to be processed"),
        (
            conditions(
                "apiregistration.k8s.io/v1",
                "APIService",
                json!([{"type": "Available", "status": "False", "reason": "Missing", "message": "no service"}]),
            ),
            "Progressing Missing: no service",
        ),
        (crd(json!([])), "Progressing Status conditions not found"),
        (
            crd(json!([{"type": "NamesAccepted", "status": "False", "message": "taken"}])),
            "Degraded CRD names have not been accepted: taken",
        ),
        (
            crd(json!([{"type": "Established", "status": "False", "reason": "Installing"}])),
            "Progressing CRD is being installed",
        ),
        (crd(json!([{"type": "NamesAccepted", "status": "True"}])), "Degraded CRD is not established"),
        (crd(json!([{"type": "Established", "status": "True"}])), "Healthy CRD is healthy"),
        (of("policy/v1", "PodDisruptionBudget", json!({})), "Progressing Waiting for status"),
        (
            conditions(
                "policy/v1",
                "PodDisruptionBudget",
                json!([{"status": "False", "reason": "InsufficientPods"}]),
            ),
            "Healthy PodDisruptionBudget has InsufficientPods",
        ),
        (
            conditions(
                "policy/v1",
                "PodDisruptionBudget",
                json!([{"status": "False", "reason": "SyncFailed"}]),
            ),
            "Degraded PodDisruptionBudget has SyncFailed",
        ),
        (of("argoproj.io/v1alpha1", "Workflow", json!({"phase": "Error", "message": "bad"})), "Degraded bad"),
        (of("argoproj.io/v1alpha1", "Workflow", json!({})), "Progressing"),
        (set(json!([])), "Progressing Waiting for the status to be reported"),
        (
            set(
                json!([{"type": "ResourcesUpToDate", "status": "True", "message": "fine"}, {"type": "ErrorOccurred", "status": "True", "message": "bad"}]),
            ),
            "Degraded bad",
        ),
        (set(json!([{"type": "ResourcesUpToDate", "status": "True", "message": "fine"}])), "Healthy fine"),
        (of("argoproj.io/v1alpha1", "AnalysisRun", json!({"phase": "Inconclusive"})), "Unknown"),
        (
            of("argoproj.io/v1alpha1", "Rollout", json!({"phase": "Paused", "message": "canary"})),
            "Suspended canary",
        ),
        (
            of("argoproj.io/v1alpha1", "Rollout", json!({"phase": "Degraded", "message": "bad"})),
            "Degraded bad",
        ),
        (
            conditions(
                "cert-manager.io/v1",
                "Certificate",
                json!([{"type": "Issuing", "status": "True", "message": "soon"}, {"type": "Ready", "status": "False"}]),
            ),
            "Progressing soon",
        ),
        (
            conditions(
                "cert-manager.io/v1",
                "Certificate",
                json!([{"type": "Ready", "status": "False", "message": "bad"}]),
            ),
            "Degraded bad",
        ),
        (of("cert-manager.io/v1", "Certificate", json!({})), "Progressing Waiting for certificate"),
        (of("v1", "ConfigMap", json!({})), "-"),
        (of("argoproj.io/v1alpha1", "Application", json!({})), "-"),
    ]);
}

#[test]
fn deletion_comes_first() {
    let deleting = |finalizers: Value| {
        json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": finalizers}})
    };
    check(&[
        (deleting(json!(["x"])), "Progressing Pending deletion"),
        (deleting(json!(["argocd.argoproj.io/hook-finalizer"])), "-"),
    ]);
}

struct One(&'static str);

impl Overrides for One {
    fn health_script(&self, _group: &str, kind: &str) -> Option<Script<'_>> {
        (kind == "Deployment").then_some(Script { source: self.0, open_libraries: false })
    }
}

#[test]
fn scripts_come_before_the_rules() {
    let paused = Object::from_value(workload("Deployment", json!({"paused": true}), json!({}))).unwrap();
    let said = of(&paused, &One("return {status = 'Healthy', message = 'by script'}"));
    assert_eq!(said.unwrap().unwrap().message, "by script");
    assert!(health::has_rule("", "Pod", &NoOverrides) && !health::has_rule("", "Secret", &NoOverrides));
}
