//! Comparisons as tables: target, live, and what is seen.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "test code")]

use diff::{
    IgnoreRule, Options, Override, Rules, StatusRule, Tracking, compare, compare_dry_run, prepare_dry_run,
};
use object::schema::Schemas;
use object::{GroupVersionKind, LAST_APPLIED_ANNOTATION, Object};
use serde_json::{Value, json};

fn object(value: Value) -> Object {
    Object::from_value(value).unwrap()
}

/// The live object as if `original` had been applied with kubectl before.
fn applied(mut live: Value, original: &Value) -> Value {
    live["metadata"]["annotations"][LAST_APPLIED_ANNOTATION] = json!(original.to_string());
    live
}

fn no_rules() -> Rules {
    Rules::compile(&[], &[], StatusRule::All).unwrap()
}

fn deployment(spec: Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "namespace": "n"}, "spec": spec})
}

fn with_container(container: Value) -> Value {
    deployment(json!({"selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}}}))
}

fn custom(spec: Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "n"}, "spec": spec})
}

#[track_caller]
fn check(target: Value, live: Value, modified: bool) {
    let rules = no_rules();
    let comparison = compare(Some(&object(target)), Some(&object(live)), &Options::new(&rules)).unwrap();
    assert_eq!(
        comparison.modified,
        modified,
        "{:#?}",
        object::json_patch::create(&comparison.normalized_live, &comparison.predicted_live)
    );
}

#[test]
fn built_in_kinds_without_last_applied() {
    let target = with_container(json!({"name": "a", "image": "x:1"}));
    check(target.clone(), target.clone(), false);
    // Defaults and fields that others added are no difference.
    let mut live = target.clone();
    live["spec"]["replicas"] = json!(1);
    live["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = json!("IfNotPresent");
    live["spec"]["template"]["spec"]["restartPolicy"] = json!("Always");
    live["metadata"]["labels"] = json!({"foreign": "1"});
    live["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
    live["status"] = json!({"replicas": 1});
    check(target.clone(), live.clone(), false);
    // A default that was changed in the cluster is not seen unless the target says it.
    live["spec"]["replicas"] = json!(5);
    check(target.clone(), live.clone(), false);
    let mut scaled = target.clone();
    scaled["spec"]["replicas"] = json!(1);
    check(scaled, live, true);
    let mut other = target.clone();
    other["spec"]["template"]["spec"]["containers"][0]["image"] = json!("x:2");
    check(target.clone(), other, true);
    // An extra container is somebody else's, a missing one is not.
    let mut sidecar = target.clone();
    sidecar["spec"]["template"]["spec"]["containers"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "side", "image": "s"}));
    check(target.clone(), sidecar.clone(), false);
    check(sidecar, target, true);
}

#[test]
fn spelling_of_built_in_values() {
    let limits = |cpu: Value| with_container(json!({"name": "a", "resources": {"limits": {"cpu": cpu}}}));
    check(limits(json!("1000m")), limits(json!("1")), false);
    check(limits(json!(0.5)), limits(json!("500m")), false);
    check(limits(json!("2")), limits(json!("1")), true);
    check(
        with_container(json!({"name": "a", "tty": false, "args": []})),
        with_container(json!({"name": "a"})),
        false,
    );
    check(
        with_container(json!({"name": "a", "securityContext": {"privileged": false}})),
        with_container(json!({"name": "a", "securityContext": {}})),
        true,
    );
    // One unknown field switches the rewriting off for the whole object.
    let mut misspelled = limits(json!("1000m"));
    misspelled["spec"]["replicass"] = json!(1);
    let mut live = limits(json!("1"));
    live["spec"]["replicass"] = json!(1);
    check(misspelled, live, true);
    let claim = |class: Value| json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "p"}, "spec": {"storageClassName": class}});
    check(claim(json!("")), claim(json!("standard")), true);
}

#[test]
fn last_applied_shows_removals() {
    let original = with_container(json!({"name": "a", "image": "x", "workingDir": "/w"}));
    let target = with_container(json!({"name": "a", "image": "x"}));
    check(target.clone(), applied(original.clone(), &original), true);
    // Removed from the manifest and gone in the cluster already.
    check(target.clone(), applied(target.clone(), &original), false);
    // Without the annotation nobody can tell.
    check(target.clone(), original.clone(), false);
    // An annotation that cannot be read is no annotation.
    let mut unreadable = original;
    unreadable["metadata"]["annotations"][LAST_APPLIED_ANNOTATION] = json!("{");
    check(target, unreadable, false);
}

#[test]
fn custom_resources() {
    let target = custom(json!({"list": [{"a": 1}], "map": {"x": 1}}));
    check(
        target.clone(),
        custom(json!({"list": [{"a": 1}], "map": {"x": 1, "foreign": 1}, "other": 1})),
        false,
    );
    // Lists are one value: what the server added to an item is not seen, another order or a surplus item is.
    check(target.clone(), custom(json!({"list": [{"a": 1, "default": true}], "map": {"x": 1}})), false);
    check(target, custom(json!({"list": [{"a": 1}, {"b": 1}], "map": {"x": 1}})), true);
    check(custom(json!({"list": [1, 2]})), custom(json!({"list": [2, 1]})), true);
    check(custom(json!({"cpu": "1000m"})), custom(json!({"cpu": "1"})), true);
    check(custom(json!({"n": 1.0})), custom(json!({"n": 1})), false);
    // Null removes what was applied before; as a statement of its own it means nothing.
    let original = custom(json!({"gone": 1}));
    check(custom(json!({"gone": null})), applied(custom(json!({"gone": 1})), &original), true);
    check(custom(json!({"gone": null})), custom(json!({"gone": 1})), false);
    check(custom(json!({"gone": null})), custom(json!({})), false);
    let original = custom(json!({"a": 1, "b": 1}));
    check(custom(json!({"a": 1})), applied(custom(json!({"a": 1, "b": 1})), &original), true);
}

#[test]
fn special_kinds() {
    let secret = |fields: Value| {
        let mut value = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}});
        value.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        value
    };
    check(
        secret(json!({"stringData": {"a": "x"}})),
        secret(json!({"data": {"a": "eA=="}, "type": "Opaque"})),
        false,
    );
    check(secret(json!({"data": {"a": null}})), secret(json!({"data": {"a": ""}})), false);
    check(secret(json!({"stringData": {"a": "y"}})), secret(json!({"data": {"a": "eA=="}})), true);
    let role = |rules: Value| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}, "aggregationRule": {"clusterRoleSelectors": []}, "rules": rules});
    let some = json!([{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]);
    check(role(json!([])), role(Value::Null), false);
    check(role(json!([])), role(some.clone()), true);
    let rules = no_rules();
    let options = Options { ignore_aggregated_roles: true, ..Options::new(&rules) };
    assert!(!compare(Some(&object(role(json!([])))), Some(&object(role(some))), &options).unwrap().modified);
    let endpoints = |first: &str, second: &str| {
        json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "e"},
        "subsets": [{"addresses": [{"ip": first}, {"ip": second}], "ports": [{"port": 80}]}]})
    };
    check(endpoints("10.0.0.1", "10.0.0.2"), endpoints("10.0.0.2", "10.0.0.1"), false);
    let stateful = |template: Value| {
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s"},
        "spec": {"selector": {}, "serviceName": "s", "template": {"spec": {"containers": []}}, "volumeClaimTemplates": [template]}})
    };
    check(
        stateful(json!({"metadata": {"name": "v"}, "spec": {"accessModes": ["ReadWriteOnce"]}})),
        stateful(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "v"},
            "spec": {"accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem"}, "status": {"phase": "Pending"}})),
        false,
    );
}

#[test]
fn one_side_only() {
    let rules = no_rules();
    let options = Options::new(&rules);
    let some = object(custom(json!({})));
    let missing = compare(Some(&some), None, &options).unwrap();
    assert!(
        missing.modified && missing.normalized_live.is_null() && missing.predicted_live == *some.as_value()
    );
    let extra = compare(None, Some(&some), &options).unwrap();
    assert!(!extra.modified && extra.predicted_live.is_null() && extra.normalized_live == *some.as_value());
    assert!(!compare(None, None, &options).unwrap().modified);
}

#[test]
fn ignored_differences_apply_to_all_three_objects() {
    let rule = IgnoreRule {
        group: "apps".to_owned(),
        kind: "Deployment".to_owned(),
        json_pointers: vec!["/spec/replicas".to_owned()],
        jq_path_expressions: vec![".spec.template.spec.containers[] | select(.name == \"side\")".to_owned()],
        ..IgnoreRule::default()
    };
    let rules = Rules::compile(&[rule], &[], StatusRule::All).unwrap();
    let mut target = with_container(json!({"name": "a", "image": "x"}));
    target["spec"]["replicas"] = json!(1);
    let original = target.clone();
    let mut live = target.clone();
    live["spec"]["replicas"] = json!(9);
    let live = applied(live, &original);
    let comparison = compare(Some(&object(target)), Some(&object(live)), &Options::new(&rules)).unwrap();
    assert!(!comparison.modified);
}

#[test]
fn trusted_managers() {
    let rule = IgnoreRule {
        group: "apps".to_owned(),
        kind: "*".to_owned(),
        managed_fields_managers: vec!["autoscaler".to_owned()],
        ..IgnoreRule::default()
    };
    let application = Rules::compile(&[rule], &[], StatusRule::All).unwrap();
    let system = |key: &str| {
        let rule = Override {
            key: key.to_owned(),
            managed_fields_managers: vec!["autoscaler".to_owned()],
            ..Override::default()
        };
        Rules::compile(&[], &[rule], StatusRule::All).unwrap()
    };
    let mut target = with_container(json!({"name": "a", "image": "x:1"}));
    target["spec"]["replicas"] = json!(1);
    let mut live = target.clone();
    live["spec"]["replicas"] = json!(4);
    live["metadata"]["managedFields"] = json!([{"manager": "autoscaler", "operation": "Update", "apiVersion": "apps/v1",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:replicas": {}}}}]);
    let modified = |rules: &Rules, live: &Value| {
        compare(Some(&object(target.clone())), Some(&object(live.clone())), &Options::new(rules))
            .unwrap()
            .modified
    };
    assert!(modified(&no_rules(), &live));
    assert!(!modified(&application, &live));
    assert!(!modified(&system("apps/Deployment"), &live));
    assert!(!modified(&system("*/*"), &live));
    // System rules trust managers by the exact key only.
    assert!(modified(&system("apps/*"), &live));
    // What the manager does not own counts.
    live["spec"]["template"]["spec"]["containers"][0]["image"] = json!("x:2");
    assert!(modified(&application, &live));
}

#[test]
fn tracking_migration() {
    let rules = no_rules();
    let tracking = Tracking { label: "app.kubernetes.io/instance", by_label_only: false };
    let options = Options { tracking, ..Options::new(&rules) };
    let mut target = custom(json!({}));
    target["metadata"]["annotations"] = json!({"argocd.argoproj.io/tracking-id": "a:example.com/Widget:n/w"});
    let mut live = custom(json!({}));
    live["metadata"]["labels"] = json!({"app.kubernetes.io/instance": "a"});
    let modified = |options: &Options<'_>| {
        compare(Some(&object(target.clone())), Some(&object(live.clone())), options).unwrap().modified
    };
    assert!(!modified(&options));
    assert!(modified(&Options { tracking: Tracking { by_label_only: true, ..tracking }, ..options }));
}

#[test]
fn structured_merge() {
    let rules = no_rules();
    let options = Options { server_side_apply: true, ..Options::new(&rules) };
    let modified = |target: &Value, live: &Value| {
        compare(Some(&object(target.clone())), Some(&object(live.clone())), &options)
            .map(|result| result.modified)
    };
    let target = with_container(json!({"name": "a", "image": "x"}));
    let mut live = target.clone();
    live["spec"]["replicas"] = json!(3);
    live["metadata"]["managedFields"] = json!([{"manager": "argocd-controller", "operation": "Apply", "apiVersion": "apps/v1",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {"f:replicas": {}, "f:selector": {},
            "f:template": {"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:containers": {"k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:image": {}}}}}}}}]);
    // We applied the replicas before and no longer do: they would be reset to the default.
    assert!(modified(&target, &live).unwrap());
    live["metadata"]["managedFields"][0]["manager"] = json!("other");
    assert!(!modified(&target, &live).unwrap());
    let mut by_annotation = target;
    by_annotation["metadata"]["annotations"] =
        json!({"argocd.argoproj.io/sync-options": "Prune=false, ServerSideApply=true"});
    let comparison =
        compare(Some(&object(by_annotation)), Some(&object(live)), &Options::new(&rules)).unwrap();
    assert!(comparison.predicted_live.pointer("/metadata/managedFields").is_none());
    // Kinds that nobody described cannot be compared this way.
    assert!(modified(&custom(json!({})), &custom(json!({}))).unwrap_err().to_string().contains("no schema"));
    let gvk = GroupVersionKind::new("example.com", "v1", "Widget");
    let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}});
    let schemas = Schemas::from_custom_resource(&gvk, &schema).unwrap();
    let options = Options { schemas: &schemas, ..options };
    assert!(
        !compare(
            Some(&object(custom(json!({"a": 1})))),
            Some(&object(custom(json!({"a": 1, "b": 1})))),
            &options
        )
        .unwrap()
        .modified
    );
}

#[test]
fn server_side() {
    let rules = no_rules();
    let options = Options::new(&rules);
    let target = object(with_container(json!({"name": "a", "image": "x:1"})));
    let mut live = with_container(json!({"name": "a", "image": "x:1", "imagePullPolicy": "IfNotPresent"}));
    live["metadata"]["resourceVersion"] = json!("1");
    let fields = json!({"f:spec": {"f:selector": {}, "f:template": {"f:metadata": {"f:labels": {"f:a": {}}},
        "f:spec": {"f:containers": {"k:{\"name\":\"a\"}": {".": {}, "f:name": {}, "f:image": {}}}}}}});
    let managed = json!([{"manager": "argocd-controller", "operation": "Apply", "apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": fields}]);
    live["metadata"]["managedFields"] = managed;
    let (_, normalized) = prepare_dry_run(&target, &object(live.clone()), &options);
    let mut dry_run = live.clone();
    dry_run["metadata"]["resourceVersion"] = json!("2");
    let judge = |dry_run: &Value, webhooks| {
        compare_dry_run(&normalized, &object(dry_run.clone()), &options, "argocd-controller", webhooks)
            .map(|result| result.modified)
    };
    assert!(!judge(&dry_run, false).unwrap());
    // A webhook's change counts only when asked for.
    dry_run["spec"]["template"]["spec"]["hostNetwork"] = json!(true);
    assert!(!judge(&dry_run, false).unwrap());
    assert!(judge(&dry_run, true).unwrap());
    // Our own change counts.
    dry_run["spec"]["template"]["spec"]["containers"][0]["image"] = json!("x:2");
    assert!(judge(&dry_run, false).unwrap());
    // As does a removal.
    let mut removed = live.clone();
    removed["spec"]["template"]["spec"]["containers"][0].as_object_mut().unwrap().remove("image");
    removed["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"]["k:{\"name\":\"a\"}"]
        .as_object_mut().unwrap().remove("f:image");
    assert!(judge(&removed, false).unwrap());
    removed["metadata"].as_object_mut().unwrap().remove("managedFields");
    assert!(judge(&removed, false).is_err());
}
