//! `RespectIgnoreDifferences`: targets that keep what is live wherever differences are ignored.
//!
//! The caller normalizes both sides with the ignore rules first (crate `diff`); what the rules ignore is then exactly
//! what normalizing took away.

use object::schema::Schema;
use object::{Error, Object, strategic};
use serde_json::{Map, Value};

/// A target with the ignored parts of its live object put in, and everything else as it was rendered.
///
/// With a schema, items of lists that have a merge key keep their ignored parts too; other lists stay as rendered.
///
/// # Errors
/// When the difference between the two live objects cannot be computed or applied.
pub fn with_live_values(
    target: &Object,
    live: &Object,
    normalized_target: &Object,
    normalized_live: &Object,
    schema: Option<Schema<'_>>,
) -> Result<Object, Error> {
    let without_status = |object: &Object| {
        let mut object = object.clone();
        object.remove(&["status"]);
        object.into_value()
    };
    let ignored = strategic::create_two_way(&without_status(normalized_live), &without_status(live), schema)?;
    let mut patched = strategic::apply(normalized_target.as_value(), &ignored, schema)?;
    if let Value::Object(patched) = &mut patched {
        restore(patched, target.as_map(), normalized_target.as_map(), schema);
    }
    Object::from_value(patched)
}

/// Gives every field that normalizing left alone its rendered value back.
fn restore(
    patched: &mut Map<String, Value>,
    target: &Map<String, Value>,
    normalized: &Map<String, Value>,
    schema: Option<Schema<'_>>,
) {
    for (key, value) in target {
        let field = schema.and_then(|schema| schema.field(key));
        match (value, normalized.get(key), patched.get_mut(key)) {
            (Value::Object(target), Some(Value::Object(normalized)), Some(Value::Object(patched))) => {
                restore(patched, target, normalized, field);
            }
            // What items of merged lists carry over was already put in item by item.
            (Value::Array(_), Some(_), Some(_))
                if field.is_some_and(|field| field.node().patch_strategy.merge) => {}
            (_, Some(_), _) => {
                patched.insert(key.clone(), value.clone());
            }
            (_, None, _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::schema::builtin;
    use serde_json::json;

    fn object(spec: &Value) -> Object {
        let value =
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": spec});
        Object::from_value(value).unwrap()
    }

    fn without(object: &Object, pointers: &[&str]) -> Object {
        let mut value = object.clone().into_value();
        for pointer in pointers {
            object::json_patch::remove_pointer(&mut value, pointer);
        }
        Object::from_value(value).unwrap()
    }

    #[expect(clippy::needless_pass_by_value, reason = "literals are shorter without references")]
    fn check(target: Value, live: Value, ignored: &[&str], wanted: Value) {
        let (target, live) = (object(&target), object(&live));
        let schema = builtin().kind(&target.gvk());
        assert!(schema.is_some());
        let result =
            with_live_values(&target, &live, &without(&target, ignored), &without(&live, ignored), schema)
                .unwrap();
        assert_eq!(result.get(&["spec"]), Some(&wanted));
    }

    #[test]
    fn ignored_fields_keep_their_live_values() {
        let ignored = &["/spec/replicas"];
        check(
            json!({"replicas": 1, "paused": true}),
            json!({"replicas": 5}),
            ignored,
            json!({"replicas": 5, "paused": true}),
        );
        check(
            json!({"paused": true}),
            json!({"replicas": 5}),
            ignored,
            json!({"replicas": 5, "paused": true}),
        );
        check(
            json!({"replicas": 1}),
            json!({"replicas": 5, "paused": true}),
            ignored,
            json!({"replicas": 5}),
        );
        check(json!({"replicas": 1}), json!({"replicas": 5}), &[], json!({"replicas": 1}));
    }

    #[test]
    fn items_of_merged_lists_keep_theirs() {
        let containers = |image: &str, command: &str| json!({"template": {"spec": {"containers": [{"name": "a", "image": image, "command": [command]}]}}});
        check(
            containers("new", "run"),
            containers("live", "old"),
            &["/spec/template/spec/containers/0/image"],
            containers("live", "run"),
        );
    }

    #[test]
    fn other_lists_stay_as_rendered() {
        let args =
            |args: &[&str]| json!({"template": {"metadata": {"finalizers": args}}, "strategy": {"x": args}});
        check(args(&["a"]), args(&["b"]), &[], args(&["a"]));
    }
}
