//! Label selectors as texts: `team=a,env!=dev,tier in (web,api),!legacy`.

use types::meta::{LabelSelector, LabelSelectorRequirement};

use crate::status::Status;

/// Reads a selector; an empty text selects everything.
pub(crate) fn parse(text: &str) -> Result<LabelSelector, Status> {
    let mut selector = LabelSelector::default();
    for part in split(text) {
        let part = part.trim();
        if !part.is_empty() {
            let requirement = requirement(part)
                .ok_or_else(|| Status::invalid(format!("selector {text:?}: cannot read {part:?}")))?;
            selector.match_expressions.push(requirement);
        }
    }
    Ok(selector)
}

/// The parts between commas that aren't inside parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (index, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(text.get(start..index).unwrap_or_default());
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

fn requirement(part: &str) -> Option<LabelSelectorRequirement> {
    let made = |key: &str, operator: &str, values: Vec<String>| {
        let key = key.trim();
        (!key.is_empty() && !key.contains(char::is_whitespace)).then(|| LabelSelectorRequirement {
            key: key.to_owned(),
            operator: operator.to_owned(),
            values,
        })
    };
    let one = |value: &str| vec![value.trim().to_owned()];
    if let Some(list) = part.strip_suffix(')') {
        let (head, values) = list.split_once('(')?;
        let values = values.split(',').map(|value| value.trim().to_owned()).collect();
        let mut words = head.split_whitespace();
        return match (words.next()?, words.next()?, words.next()) {
            (key, "in", None) => made(key, "In", values),
            (key, "notin", None) => made(key, "NotIn", values),
            _ => None,
        };
    }
    if let Some((key, value)) = part.split_once("!=") {
        made(key, "NotIn", one(value))
    } else if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        made(key, "In", one(value))
    } else if let Some(key) = part.strip_prefix('!') {
        made(key, "DoesNotExist", Vec::new())
    } else {
        made(part, "Exists", Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::parse;

    #[test]
    fn selectors_are_read() {
        let labels = BTreeMap::from([("team", "a"), ("env", "prod")]);
        let labels = labels.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        for (text, wanted) in [
            ("", true),
            ("team=a", true),
            ("team==a, env = prod", true),
            ("team!=a", false),
            ("other!=a", true),
            ("env in (dev, prod),team", true),
            ("env notin (dev,prod)", false),
            ("!legacy", true),
            ("!team", false),
        ] {
            assert_eq!(parse(text).unwrap().matches(&labels), wanted, "{text}");
        }
        assert_eq!(parse("a b c").unwrap_err().message, "selector \"a b c\": cannot read \"a b c\"");
    }
}
