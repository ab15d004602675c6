//! Laws that patches and ownership keep for any objects, tried on generated deployments.
#![allow(clippy::unwrap_used, clippy::redundant_clone, reason = "test code")]

use object::schema::{Schema, builtin};
use object::structured::{self, FieldSet, ManagedFields, Writer};
use object::{GroupVersionKind, Object, content_hash, json_patch, merge_patch, strategic};
use proptest::prelude::*;
use serde_json::{Value, json};

fn schema() -> Option<Schema<'static>> {
    builtin().kind(&GroupVersionKind::from("apps/v1", "Deployment"))
}

fn names(pool: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    proptest::sample::subsequence(pool, 0..=pool.len()).prop_shuffle()
}

prop_compose! {
    fn variable()(value in prop_oneof![Just(json!("1")), Just(json!("2"))]) -> Value {
        value
    }
}

prop_compose! {
    fn container(name: &'static str)(
        image in prop_oneof![Just("x:1"), Just("x:2")],
        environment in names(&["A", "B", "C", "D"]),
        values in prop::collection::vec(variable(), 4),
        ports in proptest::sample::subsequence(vec![80, 81, 82], 0..=3),
        limit in prop::option::of(prop_oneof![Just("1"), Just("2")]),
    ) -> Value {
        let env: Vec<Value> =
            environment.iter().zip(values).map(|(name, value)| json!({"name": name, "value": value})).collect();
        let mut container = json!({"name": name, "image": image});
        if !env.is_empty() {
            container["env"] = json!(env);
        }
        if !ports.is_empty() {
            container["ports"] = ports.iter().map(|port| json!({"containerPort": port, "protocol": "TCP"})).collect();
        }
        if let Some(limit) = limit {
            container["resources"] = json!({"limits": {"cpu": limit}});
        }
        container
    }
}

fn deployment() -> impl Strategy<Value = Object> {
    let containers =
        names(&["a", "b", "c"]).prop_flat_map(|names| names.into_iter().map(container).collect::<Vec<_>>());
    (
        containers,
        prop::option::of(0..3_i64),
        names(&["f1", "f2", "f3"]),
        names(&["l1", "l2"]),
        prop_oneof![
            Just(json!({"type": "Recreate"})),
            Just(json!({"rollingUpdate": {"maxSurge": 1}})),
            Just(Value::Null)
        ],
    )
        .prop_map(|(containers, replicas, finalizers, labels, strategy)| {
            let mut value =
                json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {}});
            if !finalizers.is_empty() {
                value["metadata"]["finalizers"] = json!(finalizers);
            }
            for label in labels {
                value["metadata"]["labels"][label] = json!("1");
            }
            if let Some(replicas) = replicas {
                value["spec"]["replicas"] = json!(replicas);
            }
            if !strategy.is_null() {
                value["spec"]["strategy"] = strategy;
            }
            if !containers.is_empty() {
                value["spec"]["template"]["spec"]["containers"] = json!(containers);
            }
            Object::from_value(value).unwrap()
        })
}

fn apply(
    live: Option<&Object>,
    configuration: &Object,
    manager: &str,
    force: bool,
) -> Result<Object, object::Error> {
    let nothing = FieldSet::new();
    let writer = Writer { manager, subresource: "", time: "", reset: &nothing };
    structured::apply(live, configuration, schema(), writer, force).map(|applied| applied.object)
}

fn without_managers(mut object: Object) -> Object {
    object.remove(&["metadata", "managedFields"]);
    object
}

/// Without containers that an earlier apply created and a later one emptied.
fn without_empty(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), without_empty(value)))
            .filter(|(_, value)| {
                !value.is_null() && !value.as_object().is_some_and(serde_json::Map::is_empty)
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(list) => list.iter().map(without_empty).collect(),
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn created_patches_lead_there(from in deployment(), to in deployment()) {
        let (from, to) = (from.as_value(), to.as_value());
        let patch = strategic::create_two_way(from, to, schema()).unwrap();
        prop_assert_eq!(&strategic::apply(from, &patch, schema()).unwrap(), to, "{}", patch);
        prop_assert_eq!(&merge_patch::apply(from, &merge_patch::create(from, to)), to);
        let operations = json_patch::create(from, to);
        prop_assert_eq!(&json_patch::apply(from, &operations, json_patch::Options::default()).unwrap(), to);
    }

    #[test]
    fn three_way_patches_settle(original in deployment(), modified in deployment(), current in deployment()) {
        let (original, modified, current) = (original.as_value(), modified.as_value(), current.as_value());
        let patch = strategic::create_three_way(original, modified, current, schema()).unwrap();
        let result = strategic::apply(current, &patch, schema()).unwrap();
        let again = strategic::create_three_way(modified, modified, &result, schema()).unwrap();
        prop_assert_eq!(strategic::apply(&result, &again, schema()).unwrap(), result);
    }

    #[test]
    fn a_single_applier_gets_what_it_applies(first in deployment(), second in deployment()) {
        let live = apply(None, &first, "one", false).unwrap();
        prop_assert_eq!(without_managers(live.clone()), first.clone());
        prop_assert_eq!(&apply(Some(&live), &first, "one", false).unwrap(), &live);
        let next = apply(Some(&live), &second, "one", false).unwrap();
        prop_assert_eq!(without_empty(without_managers(next.clone()).as_value()), without_empty(second.as_value()));
        // What the first apply has emptied, the second may write in another way.
        let settled = apply(Some(&next), &second, "one", false).unwrap();
        prop_assert_eq!(without_empty(settled.as_value()), without_empty(next.as_value()));
        prop_assert_eq!(apply(Some(&settled), &second, "one", false).unwrap(), settled);
    }

    #[test]
    fn forced_fields_are_what_was_applied(first in deployment(), second in deployment()) {
        let live = apply(None, &first, "one", false).unwrap();
        let both = apply(Some(&live), &second, "two", true).unwrap();
        let fields = ManagedFields::read(&both).unwrap().fields_of("two");
        // Everything that was applied is there, with the applied values.
        let merged = structured::merge(both.as_value(), second.as_value(), schema());
        prop_assert_eq!(structured::compare(&merged, both.as_value(), schema()), structured::Comparison::default());
        // Without force it is a conflict exactly if something of the first had to change.
        let changed = structured::compare(live.as_value(), &structured::merge(live.as_value(), second.as_value(), schema()), schema());
        let owned = ManagedFields::read(&live).unwrap().fields_of("one");
        let conflict = !changed.modified.union(&changed.added).intersection(&owned).is_empty();
        prop_assert_eq!(apply(Some(&live), &second, "two", false).is_err(), conflict);
        prop_assert_eq!(FieldSet::from_fields_v1(&fields.to_fields_v1()).unwrap(), fields);
    }

    #[test]
    fn field_sets_are_sets(a in deployment(), b in deployment()) {
        let (a, b) = (structured::field_set(a.as_value(), schema()), structured::field_set(b.as_value(), schema()));
        prop_assert!(a.difference(&b).intersection(&b).is_empty());
        prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)), a.clone());
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert!(a.recursive_difference(&a).is_empty());
        prop_assert_eq!(FieldSet::from_fields_v1(&a.to_fields_v1()).unwrap(), a);
    }

    #[test]
    fn hashes_tell_equality(a in deployment(), b in deployment()) {
        let same = content_hash(a.as_value(), &[]) == content_hash(b.as_value(), &[]);
        prop_assert_eq!(same, a == b);
    }
}
