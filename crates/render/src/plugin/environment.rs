//! The environment variables that a plugin's commands get.

use serde_json::{Map, Value};
use types::{ApplicationSourcePlugin, ApplicationSourcePluginParameter};

use crate::engine::sanitized_kube_version;
use crate::error::Failure;
use crate::variables::Variables;

/// The build variables, the cluster's version and APIs, and what the plugin's block in the source says: entries as
/// `ARGOCD_ENV_<name>`, parameters as `ARGOCD_APP_PARAMETERS` (all, as JSON) and `PARAM_<NAME>` (each).
pub(crate) fn environment(
    variables: &Variables,
    kube_version: &str,
    api_versions: &[String],
    plugin: Option<&ApplicationSourcePlugin>,
) -> Result<Vec<(String, String)>, Failure> {
    let mut all: Vec<(String, String)> =
        variables.all().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    all.push(("KUBE_VERSION".to_owned(), sanitized_kube_version(kube_version)?));
    all.push(("KUBE_API_VERSIONS".to_owned(), api_versions.join(",")));
    let Some(plugin) = plugin else { return Ok(all) };
    for entry in &plugin.env {
        all.push((format!("ARGOCD_ENV_{}", entry.name), variables.expand(&entry.value)));
    }
    // A list that is not there is `null` for plugins, as Go writes it.
    let parameters = if plugin.parameters.is_empty() {
        Value::Null
    } else {
        plugin.parameters.iter().map(parameter_json).collect()
    };
    all.push(("ARGOCD_APP_PARAMETERS".to_owned(), parameters.to_string()));
    for parameter in &plugin.parameters {
        let name = format!("PARAM_{}", escaped(&parameter.name));
        if let Some(text) = &parameter.string {
            all.push((name.clone(), text.clone()));
        }
        for (key, value) in parameter.map.iter().flatten() {
            all.push((format!("{name}_{}", escaped(key)), value.clone()));
        }
        for (index, value) in parameter.array.iter().flatten().enumerate() {
            all.push((format!("{name}_{index}"), value.clone()));
        }
    }
    Ok(all)
}

fn parameter_json(parameter: &ApplicationSourcePluginParameter) -> Value {
    // In the order of the keys, whatever the map keeps.
    let mut map = Map::new();
    if let Some(array) = &parameter.array {
        map.insert("array".to_owned(), array.clone().into());
    }
    if let Some(entries) = &parameter.map {
        map.insert(
            "map".to_owned(),
            entries.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect(),
        );
    }
    map.insert("name".to_owned(), parameter.name.as_str().into());
    if let Some(text) = &parameter.string {
        map.insert("string".to_owned(), text.as_str().into());
    }
    Value::Object(map)
}

/// Upper case, with everything that a variable's name may not have replaced by `_`.
fn escaped(name: &str) -> String {
    let allowed = |character: char| match character.to_ascii_uppercase() {
        character @ ('A'..='Z' | '0'..='9' | '_') => character,
        _ => '_',
    };
    name.chars().map(allowed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variables::Facts;
    use serde_json::json;

    #[test]
    fn parameters_and_entries_become_variables() {
        let variables = Variables::new(&Facts::example());
        let plugin = json!({
            "env": [{"name": "TIER", "value": "$ARGOCD_APP_NAME-$HOME"}],
            "parameters": [
                {"name": "my-name", "string": "x"},
                {"name": "labels", "map": {"a.b": "1"}},
                {"name": "args", "array": ["p", "q"]},
                {"name": "none", "array": []},
            ],
        });
        let plugin: ApplicationSourcePlugin = serde_json::from_value(plugin).unwrap();
        let apis = ["v1".to_owned(), "apps/v1".to_owned()];
        let all = environment(&variables, "v1.33.1-eks-1", &apis, Some(&plugin)).unwrap();
        let text: Vec<_> = all.iter().map(|(name, value)| format!("{name}={value}")).collect();
        expect_test::expect![[r#"
            ARGOCD_APP_NAME=web
            ARGOCD_APP_NAMESPACE=shop
            ARGOCD_APP_PROJECT_NAME=default
            ARGOCD_APP_REVISION=0123456789abcdef
            ARGOCD_APP_REVISION_SHORT=0123456
            ARGOCD_APP_REVISION_SHORT_8=01234567
            ARGOCD_APP_SOURCE_PATH=apps/web
            ARGOCD_APP_SOURCE_REPO_URL=https://example.com/r
            ARGOCD_APP_SOURCE_TARGET_REVISION=main
            KUBE_VERSION=1.33.1
            KUBE_API_VERSIONS=v1,apps/v1
            ARGOCD_ENV_TIER=web-
            ARGOCD_APP_PARAMETERS=[{"name":"my-name","string":"x"},{"map":{"a.b":"1"},"name":"labels"},{"array":["p","q"],"name":"args"},{"array":[],"name":"none"}]
            PARAM_MY_NAME=x
            PARAM_LABELS_A_B=1
            PARAM_ARGS_0=p
            PARAM_ARGS_1=q"#]]
        .assert_eq(&text.join("\n"));
        assert_eq!(variables.used().len(), 9, "a plugin may use any of them");
        let without = environment(&variables, "", &[], Some(&ApplicationSourcePlugin::default())).unwrap();
        assert_eq!(without.last().unwrap(), &("ARGOCD_APP_PARAMETERS".to_owned(), "null".to_owned()));
        assert_eq!(environment(&variables, "", &[], None).unwrap().len(), 11);
    }
}
