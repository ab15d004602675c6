//! Discovery documents: the legacy lists (`/api`, `/apis`, a group, a version) and the aggregated form (v2), both
//! made from the [`KindTable`].

use serde_json::{Map, Value, json};

use crate::kinds::{Kind, KindTable, Subresource, VersionKinds, api_version};

/// `/version`: the Kubernetes release whose API this imitates.
pub(crate) fn version() -> Value {
    json!({
        "major": "1",
        "minor": "36",
        "gitVersion": "v1.36.3+argosy-sandbox",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "none",
        "compiler": "rustc",
        "platform": "sandbox",
        "emulationMajor": "1",
        "emulationMinor": "36",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35",
    })
}

/// `/api`
pub(crate) fn core_versions() -> Value {
    json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:443"}],
    })
}

/// `/apis`
pub(crate) fn groups(table: &KindTable) -> Value {
    let groups: Vec<Value> = table
        .groups()
        .filter(|(name, _)| !name.is_empty())
        .map(|(name, versions)| group_value(name, versions))
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/GROUP`
pub(crate) fn group(table: &KindTable, name: &str) -> Option<Value> {
    let mut value = group_value(name, table.group(name)?);
    if let Some(map) = value.as_object_mut() {
        map.insert("kind".into(), "APIGroup".into());
        map.insert("apiVersion".into(), "v1".into());
    }
    Some(value)
}

fn group_value(name: &str, versions: &[VersionKinds]) -> Value {
    let list: Vec<Value> = versions
        .iter()
        .map(|v| json!({"groupVersion": api_version(name, &v.version), "version": v.version}))
        .collect();
    json!({"name": name, "versions": list, "preferredVersion": list.first()})
}

/// `/api/v1`, `/apis/GROUP/VERSION`
pub(crate) fn resources(table: &KindTable, group: &str, version: &str) -> Option<Value> {
    let found = table.group(group)?.iter().find(|v| v.version == version)?;
    let mut resources = Vec::new();
    for kind in found.kinds.values() {
        resources.push(resource(kind));
        let mut subs: Vec<&Subresource> = kind.subresources.iter().collect();
        if kind.custom.is_none() {
            subs.sort_by(|a, b| a.name.cmp(&b.name));
        }
        resources.extend(subs.into_iter().map(|sub| subresource(kind, sub)));
    }
    Some(json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": api_version(group, version),
        "resources": resources,
    }))
}

fn resource(kind: &Kind) -> Value {
    let mut value = json!({
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": kind.verbs,
    });
    if let Some(map) = value.as_object_mut() {
        insert_names(map, kind);
        if kind.has_verb("list") {
            map.insert("storageVersionHash".into(), storage_hash(kind).into());
        }
    }
    value
}

fn insert_names(map: &mut Map<String, Value>, kind: &Kind) {
    if !kind.short_names.is_empty() {
        map.insert("shortNames".into(), kind.short_names.clone().into());
    }
    if !kind.categories.is_empty() {
        map.insert("categories".into(), kind.categories.clone().into());
    }
}

/// A short stable text that changes with the storage version; clients only compare it.
fn storage_hash(kind: &Kind) -> String {
    use base64::Engine as _;
    let text = format!("{}/{}/{}", kind.collection, kind.storage_api_version, kind.kind);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    base64::engine::general_purpose::STANDARD.encode(hash.to_be_bytes())
}

fn subresource(kind: &Kind, sub: &Subresource) -> Value {
    let mut value = json!({
        "name": format!("{}/{}", kind.plural, sub.name),
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": sub.kind,
        "verbs": sub.verbs,
    });
    if let (Some((group, version)), Some(map)) = (&sub.group_version, value.as_object_mut()) {
        map.insert("group".into(), group.clone().into());
        map.insert("version".into(), version.clone().into());
    }
    value
}

/// Aggregated discovery of `/api` (`core`) or of `/apis`.
pub(crate) fn aggregated(table: &KindTable, core: bool, api: &str) -> Value {
    let items: Vec<Value> = table
        .groups()
        .filter(|(name, _)| name.is_empty() == core)
        .map(|(name, versions)| {
            let versions: Vec<Value> = versions.iter().map(|v| aggregated_version(name, v)).collect();
            let metadata = if name.is_empty() {
                json!({"creationTimestamp": null})
            } else {
                json!({"name": name, "creationTimestamp": null})
            };
            json!({"metadata": metadata, "versions": versions})
        })
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": format!("apidiscovery.k8s.io/{api}"),
        "metadata": {},
        "items": items,
    })
}

fn aggregated_version(group: &str, version: &VersionKinds) -> Value {
    let resources: Vec<Value> = version
        .kinds
        .values()
        .map(|kind| {
            let mut map = Map::new();
            map.insert("resource".into(), kind.plural.clone().into());
            map.insert("responseKind".into(), response_kind(group, &version.version, &kind.kind, kind));
            map.insert("scope".into(), if kind.namespaced { "Namespaced" } else { "Cluster" }.into());
            map.insert("singularResource".into(), kind.singular.clone().into());
            map.insert("verbs".into(), kind.verbs.clone().into());
            insert_names(&mut map, kind);
            if !kind.subresources.is_empty() {
                let subs: Vec<Value> = kind
                    .subresources
                    .iter()
                    .map(|sub| {
                        let response_kind = match &sub.group_version {
                            Some((g, v)) => json!({"group": g, "version": v, "kind": sub.kind}),
                            None => response_kind(group, &version.version, &sub.kind, kind),
                        };
                        json!({"subresource": sub.name, "responseKind": response_kind, "verbs": sub.verbs})
                    })
                    .collect();
                map.insert("subresources".into(), subs.into());
            }
            Value::Object(map)
        })
        .collect();
    json!({"version": version.version, "freshness": "Current", "resources": resources})
}

/// Built-in kinds leave group and version to the surrounding entry; custom ones repeat them.
fn response_kind(group: &str, version: &str, name: &str, kind: &Kind) -> Value {
    if kind.custom.is_some() {
        json!({"group": group, "version": version, "kind": name})
    } else {
        json!({"group": "", "version": "", "kind": name})
    }
}
