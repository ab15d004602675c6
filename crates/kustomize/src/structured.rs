//! Texts inside objects that hold JSON or YAML, such as configuration files in ConfigMaps: changed without losing
//! their form.

use serde_json::Value;

use crate::fieldpath::{self, Make, Spot};
use crate::file::scalar_text;
use crate::{rewrite, yaml};

/// Changes the places of a path that lead into a text; `false` when the path leads into none, or to nothing in it.
pub(crate) fn visit(
    object: &mut Value,
    steps: &[String],
    make: Make,
    change: &mut dyn FnMut(Spot<'_>) -> Result<(), String>,
) -> bool {
    let text = (1..steps.len()).find_map(|length| {
        let found = fieldpath::lookup(object, &steps[..length]).ok().flatten()?;
        let is_scalar = !found.is_object() && !found.is_array();
        let text = scalar_text(found);
        (is_scalar && yaml::value(&text).is_ok()).then_some((length, text))
    });
    let Some((length, text)) = text else { return false };
    let Some(written) = changed(&text, &steps[length..], make, change) else { return false };
    if let Some(place) = fieldpath::lookup_mut(object, &steps[..length]) {
        *place = Value::String(written);
    }
    true
}

/// The text with its places changed.
fn changed(
    text: &str,
    steps: &[String],
    make: Make,
    change: &mut dyn FnMut(Spot<'_>) -> Result<(), String>,
) -> Option<String> {
    let mut inside = yaml::value(text).ok()?;
    let before = inside.clone();
    if fieldpath::visit(&mut inside, steps, make, change).ok()? == 0 {
        return None;
    }
    if text.trim_start().starts_with(['{', '[']) {
        let is_pretty = text.contains('\n') && text.contains("  ");
        let written =
            if is_pretty { serde_json::to_string_pretty(&inside) } else { serde_json::to_string(&inside) };
        return written.ok().map(|json| crate::hash::escaped_as_go(&json));
    }
    let written = rewrite::rewritten(text, &before, &inside);
    Some(written.unwrap_or_else(|| goyaml::to_string(&inside).trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(text: &str, path: &str) -> Option<String> {
        let mut object = json!({"data": {"file": text}});
        let steps = fieldpath::split(&format!("data.file.{path}"));
        let found = visit(&mut object, &steps, Make::Nothing, &mut |spot| {
            *spot.value = json!("<new>");
            Ok(())
        });
        found.then(|| object["data"]["file"].as_str().unwrap().to_owned())
    }

    #[test]
    fn texts_keep_their_form() {
        assert_eq!(set("{\"a\":{\"b\":1}}", "a.b").unwrap(), "{\"a\":{\"b\":\"\\u003cnew\\u003e\"}}");
        assert_eq!(set("{\n  \"a\": 1\n}", "a").unwrap(), "{\n  \"a\": \"\\u003cnew\\u003e\"\n}");
        assert_eq!(set("a:\n  b: x # y\n", "a.b").unwrap(), "a:\n  b: <new> # y");
        assert_eq!(set("z: 1\na: [b, 'c']\n", "a.1").unwrap(), "z: 1\na: [b, '<new>']");
        assert_eq!(set("words", "a"), None);
        assert_eq!(set("a: 1", "b"), None);
    }
}
