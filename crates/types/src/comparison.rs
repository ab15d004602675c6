//! Which differences a comparison is to ignore, as applications and settings say it, in the terms of crate `diff`.

use std::collections::BTreeMap;

use diff::{Error, IgnoreRule, KnownTypeField, Override, Rules};

use crate::Application;
use crate::settings::{ResourceOverride, StatusRule};

/// The rules for an application: its own `ignoreDifferences`, the overrides of the settings by kind, and for which kinds
/// `/status` is ignored.
///
/// # Errors
/// When a jq expression among them does not compile.
pub fn rules(
    application: &Application,
    overrides: &BTreeMap<String, ResourceOverride>,
    status: StatusRule,
) -> Result<Rules, Error> {
    let own: Vec<IgnoreRule> = application
        .spec
        .ignore_differences
        .iter()
        .map(|rule| IgnoreRule {
            group: rule.group.clone(),
            kind: rule.kind.clone(),
            name: rule.name.clone(),
            namespace: rule.namespace.clone(),
            json_pointers: rule.json_pointers.clone(),
            jq_path_expressions: rule.jq_path_expressions.clone(),
            managed_fields_managers: rule.managed_fields_managers.clone(),
        })
        .collect();
    let of_system: Vec<Override> = overrides
        .iter()
        .map(|(key, rule)| Override {
            key: key.clone(),
            json_pointers: rule.ignore_differences.json_pointers.clone(),
            jq_path_expressions: rule.ignore_differences.jq_path_expressions.clone(),
            managed_fields_managers: rule.ignore_differences.managed_fields_managers.clone(),
            known_type_fields: rule
                .known_type_fields
                .iter()
                .map(|known| KnownTypeField {
                    field: known.field.clone(),
                    type_name: known.type_name.clone(),
                })
                .collect(),
        })
        .collect();
    let status = match status {
        StatusRule::All => diff::StatusRule::All,
        StatusRule::CustomResourceDefinitions => diff::StatusRule::Definitions,
        StatusRule::Off => diff::StatusRule::None,
    };
    Rules::compile(&own, &of_system, status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use diff::Options;
    use object::Object;
    use serde_json::json;

    #[test]
    fn differences_are_ignored_as_the_application_and_the_settings_say() {
        let application: Application = serde_json::from_value(json!({"spec": {"ignoreDifferences": [
            {"kind": "ConfigMap", "jsonPointers": ["/data/own"]},
        ]}}))
        .unwrap();
        let overrides: BTreeMap<String, ResourceOverride> = serde_json::from_value(json!({
            "ConfigMap": {"ignoreDifferences": "jqPathExpressions: ['.data.system']"},
        }))
        .unwrap();
        let map = |field: &str, value: &str| -> Object {
            let mut map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"},
                "data": {"own": "1", "system": "1", "other": "1"}, "status": {"s": "1"}});
            if let Some(place) = map.pointer_mut(field) {
                *place = value.into();
            }
            Object::from_value(map).unwrap()
        };
        let differs = |field: &str, status: StatusRule| {
            let rules = rules(&application, &overrides, status).unwrap();
            let (wanted, live) = (map(field, "2"), map(field, "1"));
            diff::compare(Some(&wanted), Some(&live), &Options::new(&rules)).unwrap().modified
        };
        assert!(!differs("/data/own", StatusRule::All));
        assert!(!differs("/data/system", StatusRule::All));
        assert!(differs("/data/other", StatusRule::All));
        assert!(!differs("/status/s", StatusRule::All));
        assert!(differs("/status/s", StatusRule::Off));
    }
}
