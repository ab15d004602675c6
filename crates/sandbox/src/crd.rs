//! CustomResourceDefinitions: from a definition to the [`Kind`]s it serves, and the conditions it gets.

use std::sync::Arc;

use object::GroupVersionKind;
use object::schema::Schemas;
use serde_json::{Map, Value, json};

use crate::kinds::{Kind, Subresource, api_version};

/// The verbs of custom resources, in the order that discovery lists them.
const VERBS: &[&str] = &["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

/// What one version of a custom resource adds to its [`Kind`].
#[derive(Debug)]
pub(crate) struct CustomVersion {
    /// The structural schema as published.
    pub(crate) schema: Option<Value>,
    /// The schema, read; `None` keeps everything.
    pub(crate) schemas: Option<Schemas>,
    pub(crate) columns: Vec<PrinterColumn>,
    pub(crate) scale: Option<ScalePaths>,
    pub(crate) selectable: Vec<String>,
    pub(crate) preserve_unknown: bool,
    /// Versions are converted by a webhook, which the sandbox doesn't call.
    pub(crate) webhook: bool,
}

/// One of `additionalPrinterColumns`.
#[derive(Debug, Clone)]
pub(crate) struct PrinterColumn {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) format: String,
    pub(crate) description: String,
    pub(crate) priority: i64,
    pub(crate) json_path: String,
}

/// Where the scale subresource reads and writes.
#[derive(Debug, Clone)]
pub(crate) struct ScalePaths {
    pub(crate) spec: String,
    pub(crate) status: String,
    pub(crate) selector: Option<String>,
}

/// The served kinds of a definition.
pub(crate) fn kinds(definition: &Value) -> Vec<Kind> {
    let spec = &definition["spec"];
    let names = &spec["names"];
    let group = text(&spec["group"]);
    let plural = text(&names["plural"]);
    let kind = text(&names["kind"]);
    let versions = spec["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let storage =
        versions.iter().find(|v| v["storage"] == true).map(|v| text(&v["name"])).unwrap_or_default();
    let preserve_unknown = spec["preserveUnknownFields"] == true;
    let webhook = spec["conversion"]["strategy"] == "Webhook";
    versions
        .iter()
        .filter(|version| version["served"] == true)
        .map(|version| Kind {
            version: text(&version["name"]),
            list_kind: or(text(&names["listKind"]), || format!("{kind}List")),
            singular: or(text(&names["singular"]), || kind.to_lowercase()),
            namespaced: spec["scope"] == "Namespaced",
            short_names: texts(&names["shortNames"]),
            categories: texts(&names["categories"]),
            verbs: VERBS.iter().map(|verb| (*verb).to_owned()).collect(),
            subresources: subresources(version, &kind),
            collection: Arc::from(format!("{group}/{plural}")),
            storage_api_version: api_version(&group, &storage),
            custom: Some(Arc::new(custom_version(&group, &kind, version, preserve_unknown, webhook))),
            group: group.clone(),
            kind: kind.clone(),
            plural: plural.clone(),
        })
        .collect()
}

fn subresources(version: &Value, kind: &str) -> Vec<Subresource> {
    let verbs = || vec!["get".to_owned(), "patch".to_owned(), "update".to_owned()];
    let mut list = Vec::new();
    if version["subresources"].get("status").is_some() {
        list.push(Subresource {
            name: "status".into(),
            group_version: None,
            kind: kind.to_owned(),
            verbs: verbs(),
        });
    }
    if version["subresources"].get("scale").is_some() {
        list.push(Subresource {
            name: "scale".into(),
            group_version: Some(("autoscaling".into(), "v1".into())),
            kind: "Scale".into(),
            verbs: verbs(),
        });
    }
    list
}

fn custom_version(
    group: &str,
    kind: &str,
    version: &Value,
    preserve_unknown: bool,
    webhook: bool,
) -> CustomVersion {
    let gvk = GroupVersionKind::new(group, text(&version["name"]), kind);
    let schema = version["schema"].get("openAPIV3Schema");
    let scale = &version["subresources"]["scale"];
    CustomVersion {
        schemas: schema.and_then(|schema| Schemas::from_custom_resource(&gvk, schema).ok()),
        schema: schema.cloned(),
        columns: version["additionalPrinterColumns"]
            .as_array()
            .map(|columns| columns.iter().map(column).collect())
            .unwrap_or_else(default_columns),
        scale: scale.is_object().then(|| ScalePaths {
            spec: text(&scale["specReplicasPath"]),
            status: text(&scale["statusReplicasPath"]),
            selector: scale["labelSelectorPath"].as_str().map(str::to_owned),
        }),
        selectable: version["selectableFields"]
            .as_array()
            .map(|fields| {
                fields
                    .iter()
                    .map(|field| text(&field["jsonPath"]).trim_start_matches('.').to_owned())
                    .collect()
            })
            .unwrap_or_default(),
        preserve_unknown,
        webhook,
    }
}

fn column(value: &Value) -> PrinterColumn {
    PrinterColumn {
        name: text(&value["name"]),
        kind: text(&value["type"]),
        format: text(&value["format"]),
        description: text(&value["description"]),
        priority: value["priority"].as_i64().unwrap_or(0),
        json_path: text(&value["jsonPath"]),
    }
}

fn default_columns() -> Vec<PrinterColumn> {
    vec![PrinterColumn {
        name: "Age".into(),
        kind: "date".into(),
        format: String::new(),
        description: String::new(),
        priority: 0,
        json_path: ".metadata.creationTimestamp".into(),
    }]
}

/// The status a definition gets once its names are taken and its endpoints answer.
pub(crate) fn established_status(definition: &Value, now: &str) -> Value {
    let spec = &definition["spec"];
    let stored: Vec<Value> = spec["versions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|version| version["storage"] == true)
        .map(|version| version["name"].clone())
        .collect();
    let mut stored_versions = definition["status"]["storedVersions"].as_array().cloned().unwrap_or_default();
    stored_versions.extend(stored.into_iter().filter(|version| {
        !definition["status"]["storedVersions"].as_array().is_some_and(|known| known.contains(version))
    }));
    let previous = &definition["status"]["conditions"];
    let condition = |kind: &str, reason: &str, message: &str| {
        let since = previous
            .as_array()
            .and_then(|list| list.iter().find(|c| c["type"] == kind && c["status"] == "True"))
            .map(|c| c["lastTransitionTime"].clone())
            .unwrap_or_else(|| now.into());
        json!({"type": kind, "status": "True", "reason": reason, "message": message,
               "lastTransitionTime": since})
    };
    let mut names = spec["names"].as_object().cloned().unwrap_or_else(Map::new);
    names.retain(|_, value| !value.is_null());
    json!({
        "conditions": [
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ],
        "acceptedNames": names,
        "storedVersions": stored_versions,
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn or(text: String, default: impl FnOnce() -> String) -> String {
    if text.is_empty() { default() } else { text }
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}
