//! Hides what Secrets hold before an object is told to anybody.

use object::{LAST_APPLIED_ANNOTATION, Object};
use serde_json::Value;

/// What stands for a value that isn't told.
const HIDDEN: &str = "++++++++";

/// An object without the values of a Secret. Other kinds stay as they are.
pub(super) fn hide_secrets(mut object: Object) -> Object {
    if object.kind() != "Secret" || !object.group().is_empty() {
        return object;
    }
    for part in ["data", "stringData"] {
        if let Some(Value::Object(values)) = object.get_mut(&[part]) {
            for value in values.values_mut() {
                *value = HIDDEN.into();
            }
        }
    }
    // It repeats the values.
    object.remove_annotation(LAST_APPLIED_ANNOTATION);
    object
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_of_secrets_are_hidden() {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "a", "annotations": {LAST_APPLIED_ANNOTATION: "{\"data\":{\"x\":\"cGFzcw==\"}}", "b": "c"}},
            "data": {"x": "cGFzcw=="}, "stringData": {"y": "pass"},
        });
        let hidden = hide_secrets(Object::from_value(secret).unwrap()).into_value();
        assert_eq!(hidden["data"]["x"], HIDDEN);
        assert_eq!(hidden["stringData"]["y"], HIDDEN);
        assert_eq!(hidden["metadata"]["annotations"], json!({"b": "c"}));
    }
}
