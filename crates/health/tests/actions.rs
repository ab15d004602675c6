//! The built-in actions: which there are, and what they do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value, reason = "a test may fail")]

use health::actions::{Effect, Invocation, discover, run};
use object::Object;
use serde_json::{Value, json};

fn object(api: &str, kind: &str, rest: Value) -> Object {
    let mut value =
        json!({"apiVersion": api, "kind": kind, "metadata": {"name": "x", "namespace": "n", "uid": "u"}});
    value.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    Object::from_value(value).unwrap()
}

/// The actions as a text; disabled ones in parentheses.
fn offered(object: &Object) -> String {
    let name = |action: health::actions::Action| {
        if action.disabled { format!("({})", action.name) } else { action.name }
    };
    discover(object, None).unwrap().into_iter().map(name).collect::<Vec<_>>().join(" ")
}

/// The merge patch of an action, or the object that it creates.
fn effect(object: &Object, action: &str) -> Value {
    let invocation = Invocation {
        now: "2026-01-02T03:04:05Z".to_owned(),
        seconds: 1_767_323_045,
        parameters: [("replicas".to_owned(), "4".to_owned())].into(),
    };
    match &run(object, action, &invocation, None).unwrap()[..] {
        [Effect::Patch(after)] => object::merge_patch::create(object.as_value(), after.as_value()),
        [Effect::Create(created)] => created.as_value().clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn actions_are_offered_by_kind_and_state() {
    for (object, expected) in [
        (object("apps/v1", "Deployment", json!({})), "restart pause (resume) scale"),
        (object("apps/v1", "Deployment", json!({"spec": {"paused": true}})), "restart (pause) resume scale"),
        (object("apps/v1", "DaemonSet", json!({})), "restart"),
        (object("apps/v1", "StatefulSet", json!({})), "restart scale"),
        (object("batch/v1", "CronJob", json!({"spec": {"suspend": true}})), "create-job (suspend) resume"),
        (object("batch/v1", "Job", json!({})), "suspend (resume) terminate"),
        (
            object(
                "batch/v1",
                "Job",
                json!({"status": {"conditions": [{"type": "Complete", "status": "True"}]}}),
            ),
            "(suspend) (resume) (terminate)",
        ),
        (
            object(
                "argoproj.io/v1alpha1",
                "Rollout",
                json!({"status": {"currentPodHash": "b", "stableRS": "a"}}),
            ),
            "restart (resume) pause abort (retry) promote-full (skip-current-step)",
        ),
        (object("helm.toolkit.fluxcd.io/v2", "HelmRelease", json!({})), "suspend (resume) reconcile"),
        (object("v1", "Secret", json!({})), ""),
    ] {
        assert_eq!(offered(&object), expected, "{}", object.to_json());
    }
}

#[test]
fn actions_do_what_they_say() {
    let deployment = object("apps/v1", "Deployment", json!({"spec": {"replicas": 1}}));
    let restarted = json!({"kubectl.kubernetes.io/restartedAt": "2026-01-02T03:04:05Z"});
    let template = json!({"spec": {"template": {"metadata": {"annotations": restarted}}}});
    assert_eq!(effect(&deployment, "restart"), template);
    assert_eq!(effect(&deployment, "scale"), json!({"spec": {"replicas": 4}}));
    let error = run(&deployment, "scale", &Invocation::default(), None).unwrap_err();
    assert!(error.to_string().contains("whole number"), "{error}");
    let error = run(&deployment, "explode", &Invocation::default(), None).unwrap_err();
    assert!(error.to_string().contains("restart, pause, resume, scale"), "{error}");

    let cron = object(
        "batch/v1",
        "CronJob",
        json!({"spec": {"jobTemplate": {
        "metadata": {"labels": {"a": "b"}}, "spec": {"parallelism": 2}}}}),
    );
    let job = effect(&cron, "create-job");
    assert_eq!(job["metadata"]["name"], "x-1767323045");
    assert_eq!(job["metadata"]["labels"], json!({"a": "b"}));
    assert_eq!(job["metadata"]["ownerReferences"][0]["uid"], "u");
    assert_eq!(job["spec"], json!({"parallelism": 2}));

    let held = object(
        "argoproj.io/v1alpha1",
        "Rollout",
        json!({"status": {"pauseConditions": [{"reason": "CanaryPauseStep"}]}}),
    );
    assert_eq!(effect(&held, "resume"), json!({"status": {"pauseConditions": null}}));
    let application =
        object("argoproj.io/v1alpha1", "Application", json!({"spec": {"syncPolicy": {"automated": {}}}}));
    assert_eq!(
        effect(&application, "toggle-auto-sync")["spec"]["syncPolicy"]["automated"],
        json!({"enabled": false})
    );
}
