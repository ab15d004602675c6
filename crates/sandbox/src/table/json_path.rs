//! The JSONPath of printer columns: fields, quoted fields, indexes and one equality filter. A path that asks for more
//! finds nothing.

use serde_json::Value;

/// What a path such as `.status.conditions[?(@.type=="Ready")].status` finds first.
pub(super) fn find(value: &Value, path: &str) -> Option<Value> {
    let mut rest = path.trim().trim_start_matches('$');
    let mut at = value;
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix('[') {
            let end = closing(tail)?;
            let inside = tail.get(..end)?.trim();
            rest = tail.get(end + 1..)?;
            at = step(at, inside)?;
            continue;
        }
        let tail = rest.strip_prefix('.').unwrap_or(rest);
        let mut end = tail.len();
        let mut escaped = false;
        for (index, c) in tail.char_indices() {
            match c {
                '\\' => escaped = true,
                '.' | '[' if !escaped => {
                    end = index;
                    break;
                }
                _ => escaped = false,
            }
        }
        let name = tail.get(..end)?.replace('\\', "");
        rest = tail.get(end..)?;
        at = at.get(&name)?;
    }
    Some(at.clone())
}

/// The closing bracket, not one in quotes or parentheses.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0_usize;
    for (index, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ']') if depth == 0 => return Some(index),
            (None, _) => {}
        }
    }
    None
}

fn step<'a>(at: &'a Value, inside: &str) -> Option<&'a Value> {
    if let Some(filter) = inside.strip_prefix("?(") {
        let filter = filter.strip_suffix(')')?;
        let (left, right) = filter.split_once("==")?;
        let field = left.trim().strip_prefix("@.")?;
        let wanted = right.trim().trim_matches(['"', '\'']);
        return at.as_array()?.iter().find(|item| {
            field.split('.').try_fold(*item, |at, step| at.get(step)).is_some_and(|found| match found {
                Value::String(text) => text == wanted,
                other => other.to_string().as_str() == wanted,
            })
        });
    }
    if let Ok(index) = inside.parse::<i64>() {
        let list = at.as_array()?;
        let index = if index < 0 { i64::try_from(list.len()).ok()? + index } else { index };
        return list.get(usize::try_from(index).ok()?);
    }
    if inside == "*" {
        return at.as_array()?.first();
    }
    at.get(inside.trim_matches(['"', '\'']))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_of_printer_columns() {
        let value = json!({
            "a": {"b.c": 1, "list": [{"type": "Ready", "status": "True"}, {"type": "Other", "status": "x"}]},
        });
        for (path, found) in [
            (".a.list[?(@.type==\"Ready\")].status", Some(json!("True"))),
            (".a.list[1].type", Some(json!("Other"))),
            (".a.list[-1].status", Some(json!("x"))),
            (".a['b.c']", Some(json!(1))),
            (".a.b\\.c", Some(json!(1))),
            (".a.none", None),
            (".a.list[", None),
        ] {
            assert_eq!(find(&value, path), found, "{path}");
        }
    }
}
