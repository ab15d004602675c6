//! Rules for kinds of objects (`resource.customizations*`, `resource.compareoptions`) and the filter that says which
//! kinds are looked at (`resource.exclusions`, `resource.inclusions`).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Reader, from_yaml, parse};
use crate::glob;
use crate::json::null_is_empty;

/// Everything about kinds of objects.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResourceSettings {
    /// Overrides by `<group>/<Kind>` or, for core kinds, `<Kind>`; both parts may be globs, `*/*` means all.
    pub overrides: BTreeMap<String, ResourceOverride>,
    /// How comparisons are made.
    pub compare: CompareOptions,
    /// Which kinds are looked at.
    pub filter: ResourceFilter,
    /// Whether updates of ignored fields are kept from causing refreshes.
    pub ignore_resource_updates: bool,
    /// Annotation keys of Secrets whose values are masked.
    pub sensitive_annotations: Vec<String>,
    /// Labels copied into the resource tree.
    pub custom_labels: Vec<String>,
    /// Node labels shown in the resource tree.
    pub allowed_node_labels: Vec<String>,
    /// What is done about kinds that the API server refuses to list.
    pub respect_rbac: RespectRbac,
}

/// What is done about kinds that the API server refuses to list (`resource.respectRBAC`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RespectRbac {
    /// A refusal is a trouble that may pass.
    #[default]
    Off,
    /// A kind that may not be listed is left out (`normal`).
    Normal,
    /// It is left out when the API server confirms that it may not be listed (`strict`).
    Strict,
}

/// What is special about a kind.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ResourceOverride {
    /// The Lua text that tells the health.
    #[serde(rename = "health.lua")]
    pub health_lua: String,
    /// Whether that text may use Lua's standard libraries.
    #[serde(rename = "health.lua.useOpenLibs")]
    pub use_open_libs: bool,
    /// The YAML text of the actions.
    pub actions: String,
    /// Fields left out of the comparison.
    #[serde(rename = "ignoreDifferences", deserialize_with = "from_yaml_text")]
    pub ignore_differences: IgnoreFields,
    /// Fields whose changes cause no refresh.
    #[serde(rename = "ignoreResourceUpdates", deserialize_with = "from_yaml_text")]
    pub ignore_resource_updates: IgnoreFields,
    /// Fields that hold a built-in type.
    #[serde(rename = "knownTypeFields", deserialize_with = "null_is_empty")]
    pub known_type_fields: Vec<KnownTypeField>,
}

/// Fields that are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct IgnoreFields {
    /// RFC 6901 pointers.
    #[serde(rename = "jsonPointers", deserialize_with = "null_is_empty")]
    pub json_pointers: Vec<String>,
    /// jq paths.
    #[serde(deserialize_with = "null_is_empty")]
    pub jq_path_expressions: Vec<String>,
    /// Field managers that are trusted.
    #[serde(deserialize_with = "null_is_empty")]
    pub managed_fields_managers: Vec<String>,
}

/// A field of a custom resource that holds a built-in type, such as a `core/v1/PodSpec`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct KnownTypeField {
    /// The field's path, split by dots.
    pub field: String,
    /// The type's name.
    #[serde(rename = "type")]
    pub type_name: String,
}

/// `resource.compareoptions`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompareOptions {
    /// Whether rules of aggregated cluster roles are ignored.
    pub ignore_aggregated_roles: bool,
    /// For which kinds `/status` is ignored.
    pub status_rule: StatusRule,
    /// Whether ignored differences also keep updates from causing refreshes.
    pub ignore_differences_on_updates: bool,
}

/// For which kinds `/status` is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StatusRule {
    /// All kinds.
    #[default]
    All,
    /// Custom resource definitions only.
    CustomResourceDefinitions,
    /// No kind.
    Off,
}

impl Default for CompareOptions {
    fn default() -> Self {
        Self {
            ignore_aggregated_roles: false,
            status_rule: StatusRule::All,
            ignore_differences_on_updates: true,
        }
    }
}

/// Which kinds are looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceFilter {
    exclusions: Vec<FilterEntry>,
    inclusions: Vec<FilterEntry>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct FilterEntry {
    #[serde(deserialize_with = "null_is_empty")]
    api_groups: Vec<String>,
    #[serde(deserialize_with = "null_is_empty")]
    kinds: Vec<String>,
    #[serde(deserialize_with = "null_is_empty")]
    clusters: Vec<String>,
}

impl FilterEntry {
    fn applies_to_cluster(&self, cluster: &str) -> bool {
        self.clusters.is_empty() || self.clusters.iter().any(|pattern| glob::matches(pattern, cluster))
    }

    fn matches(&self, group: &str, kind: &str, cluster: &str) -> bool {
        (self.api_groups.is_empty() || self.api_groups.iter().any(|pattern| glob::matches(pattern, group)))
            && (self.kinds.is_empty() || self.kinds.iter().any(|wanted| wanted == "*" || wanted == kind))
            && self.applies_to_cluster(cluster)
    }
}

impl ResourceFilter {
    /// Whether a kind of a cluster (by its server URL) is looked at.
    pub fn includes(&self, group: &str, kind: &str, cluster: &str) -> bool {
        let always_excluded = matches!(group, "events.k8s.io" | "metrics.k8s.io")
            || (group.is_empty() && kind == "Event")
            || (group == "coordination.k8s.io" && kind == "Lease");
        if always_excluded || self.exclusions.iter().any(|entry| entry.matches(group, kind, cluster)) {
            return false;
        }
        self.inclusions.iter().any(|entry| entry.matches(group, kind, cluster))
            || !self.inclusions.iter().any(|entry| entry.applies_to_cluster(cluster))
    }
}

impl ResourceSettings {
    /// The overrides that apply to a kind: its own, then those whose key is a matching glob.
    pub fn overrides_for<'a>(
        &'a self,
        group: &'a str,
        kind: &'a str,
    ) -> impl Iterator<Item = &'a ResourceOverride> {
        self.overrides.iter().filter(move |(key, _)| key_matches(key, group, kind)).map(|(_, value)| value)
    }
}

fn key_matches(key: &str, group: &str, kind: &str) -> bool {
    match key.split_once('/') {
        Some((group_pattern, kind_pattern)) => {
            glob::matches(group_pattern, group) && glob::matches(kind_pattern, kind)
        }
        None => group.is_empty() && glob::matches(key, kind),
    }
}

/// In the combined form the two rule sets are texts that hold YAML; in newer files they may be plain maps.
fn from_yaml_text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<IgnoreFields, D::Error> {
    use serde::de::Error as _;
    match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Null => Ok(IgnoreFields::default()),
        serde_json::Value::String(text) if text.trim().is_empty() => Ok(IgnoreFields::default()),
        serde_json::Value::String(text) => from_yaml(&text).map_err(D::Error::custom),
        value => serde_json::from_value(value).map_err(D::Error::custom),
    }
}

pub(super) fn parse(reader: &mut Reader<'_>) -> ResourceSettings {
    ResourceSettings {
        overrides: parse_overrides(reader),
        compare: parse_compare_options(reader),
        filter: ResourceFilter {
            exclusions: reader.yaml("resource.exclusions"),
            inclusions: reader.yaml("resource.inclusions"),
        },
        ignore_resource_updates: reader.strict_bool("resource.ignoreResourceUpdatesEnabled", true),
        sensitive_annotations: parse::list(&reader.text("resource.sensitive.mask.annotations")),
        custom_labels: parse::list(&reader.text("resource.customLabels")),
        allowed_node_labels: parse::list(&reader.text("application.allowedNodeLabels")),
        respect_rbac: parse_respect_rbac(reader),
    }
}

fn parse_respect_rbac(reader: &mut Reader<'_>) -> RespectRbac {
    let key = "resource.respectRBAC";
    match reader.text(key).as_str() {
        "" => RespectRbac::Off,
        "normal" => RespectRbac::Normal,
        "strict" => RespectRbac::Strict,
        other => {
            reader.problem(key, format!("{other:?} is none of normal and strict; it is left off"));
            RespectRbac::Off
        }
    }
}

fn parse_compare_options(reader: &mut Reader<'_>) -> CompareOptions {
    #[derive(Deserialize, Default)]
    #[serde(default, rename_all = "camelCase")]
    struct Raw {
        ignore_aggregated_roles: bool,
        ignore_resource_status_field: Option<serde_json::Value>,
        ignore_differences_on_resource_updates: Option<bool>,
    }
    let raw: Raw = reader.yaml("resource.compareoptions");
    let status_rule = match raw.ignore_resource_status_field {
        None => StatusRule::All,
        Some(serde_json::Value::Bool(false)) => StatusRule::Off,
        Some(serde_json::Value::String(text)) => match text.as_str() {
            "none" | "off" | "false" => StatusRule::Off,
            "crd" => StatusRule::CustomResourceDefinitions,
            "all" | "" => StatusRule::All,
            other => {
                let message = format!("unknown ignoreResourceStatusField {other:?}; all is used");
                reader.problem("resource.compareoptions", message);
                StatusRule::All
            }
        },
        Some(_) => StatusRule::All,
    };
    CompareOptions {
        ignore_aggregated_roles: raw.ignore_aggregated_roles,
        status_rule,
        ignore_differences_on_updates: raw.ignore_differences_on_resource_updates.unwrap_or(true),
    }
}

fn parse_overrides(reader: &mut Reader<'_>) -> BTreeMap<String, ResourceOverride> {
    let mut overrides: BTreeMap<String, ResourceOverride> = reader.yaml("resource.customizations");
    let split: Vec<(String, String)> = reader
        .data
        .iter()
        .filter_map(|(key, text)| {
            Some((key.strip_prefix("resource.customizations.")?.to_owned(), text.clone()))
        })
        .collect();
    for (rest, text) in split {
        let key = format!("resource.customizations.{rest}");
        let Some((rule, group_kind)) = rest.split_once('.') else { continue };
        let target = match group_kind.split('_').collect::<Vec<_>>()[..] {
            ["all"] => "*/*".to_owned(),
            [kind] if !kind.is_empty() => kind.to_owned(),
            [group, kind] => format!("{group}/{kind}"),
            _ => {
                reader.problem(&key, "name the kind as <group>_<Kind>");
                continue;
            }
        };
        let entry = overrides.entry(target).or_default();
        let result = match rule {
            "health" => {
                entry.health_lua = text;
                Ok(())
            }
            "useOpenLibs" => match parse::strict_bool(text.trim()) {
                Some(value) => {
                    entry.use_open_libs = value;
                    Ok(())
                }
                None => Err(format!("{text:?} is neither true nor false")),
            },
            "actions" => {
                entry.actions = text;
                Ok(())
            }
            "ignoreDifferences" => from_yaml(&text).map(|fields| entry.ignore_differences = fields),
            "ignoreResourceUpdates" => from_yaml(&text).map(|fields| entry.ignore_resource_updates = fields),
            "knownTypeFields" => from_yaml(&text).map(|fields| entry.known_type_fields = fields),
            other => Err(format!("resource customization type {other} not supported")),
        };
        if let Err(message) = result {
            reader.problem(&key, message);
        }
    }
    overrides
}
