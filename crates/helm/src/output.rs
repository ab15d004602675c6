//! What templates made, cut into documents: hooks apart from manifests, both in the order of installation, and printed
//! the way `helm template` does.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::error::Error;
use crate::release::Flavor;

/// What a document is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// A custom resource definition out of `crds/`, which no template touched.
    Crd,
    /// An ordinary manifest.
    Manifest,
    /// A hook.
    Hook(Hook),
}

/// When and how a hook runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Its events, such as `pre-install`; never unknown ones.
    pub events: Vec<String>,
    /// Its weight: hooks of a smaller one run first.
    pub weight: i64,
    /// When it is deleted: `before-hook-creation`, `hook-succeeded`, `hook-failed`.
    pub delete_policies: Vec<String>,
}

impl Hook {
    /// Whether it is a test.
    pub fn is_test(&self) -> bool {
        self.events.iter().any(|event| event == "test")
    }
}

/// One document of the output.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The full name of the template or file it comes from, such as `chart/templates/x.yaml`.
    pub source: Arc<str>,
    /// What it is for.
    pub role: Role,
    /// Its text as the template made it.
    pub text: String,
    /// What it says. Null when it is only comments.
    pub value: Json,
}

/// A rendered chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// Everything in the order of installation: definitions out of `crds/`, manifests, hooks.
    pub documents: Vec<Document>,
    /// The chart's own NOTES.txt, if it has one.
    pub notes: Option<String>,
    /// The files of `crds/` as they are, by full path: Helm prints them uncut.
    pub(crate) crd_files: Vec<(Arc<str>, String)>,
}

impl Rendered {
    /// The bytes that `helm template` prints.
    pub fn to_template_output(&self) -> String {
        let (mut manifests, mut hooks) = (String::new(), String::new());
        for (source, text) in &self.crd_files {
            manifests.push_str(&format!("---\n# Source: {source}\n{text}\n"));
        }
        for document in &self.documents {
            let part = match document.role {
                Role::Crd => continue,
                Role::Manifest => &mut manifests,
                Role::Hook(_) => &mut hooks,
            };
            part.push_str(&format!("---\n# Source: {}\n{}\n", document.source, document.text));
        }
        format!("{}\n{hooks}", manifests.trim())
    }
}

/// Kinds in the order of installation.
const INSTALL_ORDER: &[&str] = &[
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

const EVENTS: &[&str] = &[
    "pre-install",
    "post-install",
    "pre-delete",
    "post-delete",
    "pre-upgrade",
    "post-upgrade",
    "pre-rollback",
    "post-rollback",
    "test",
];

/// Known kinds by their place, unknown ones behind them by name.
fn rank(document: &Document) -> (usize, &str) {
    let kind = match document.value.get("kind") {
        Some(Json::String(kind)) => kind,
        // Go reads any scalar into a string.
        Some(Json::Bool(true)) => "true",
        Some(Json::Bool(false)) => "false",
        _ => "",
    };
    match INSTALL_ORDER.iter().position(|known| *known == kind) {
        Some(at) => (at, ""),
        None => (INSTALL_ORDER.len(), kind),
    }
}

/// Sorts rendered files, given by name, into manifests and hooks.
pub(crate) fn assemble(files: &[(Arc<str>, String)], flavor: Flavor) -> Result<Vec<Document>, Error> {
    let (mut manifests, mut hooks) = (Vec::new(), Vec::new());
    for (source, text) in files {
        for piece in pieces(text) {
            // Helm 3 takes the white space around separators as part of them.
            let piece = if flavor == Flavor::Helm3 { piece.trim_end() } else { piece };
            let value = head(source, text, piece)?;
            let role = match hook_of(&value) {
                Found::Nothing => Role::Manifest,
                Found::Hook(hook) => Role::Hook(hook),
                Found::Unknown => continue,
            };
            let target = if role == Role::Manifest { &mut manifests } else { &mut hooks };
            target.push(Document { source: source.clone(), role, text: piece.to_string(), value });
        }
    }
    manifests.sort_by(|a, b| rank(a).cmp(&rank(b)));
    hooks.sort_by(|a, b| rank(a).cmp(&rank(b)));
    manifests.append(&mut hooks);
    Ok(manifests)
}

/// The documents of a file: it is cut wherever a line starts with `---`, whatever follows on that line.
fn pieces(text: &str) -> Vec<&str> {
    let text = text.trim_start();
    let mut found = Vec::new();
    let mut start = 0;
    let mut line_start = 0;
    loop {
        if let Some(rest) = text[line_start..].strip_prefix("---") {
            found.push(&text[start..line_start]);
            start = text.len() - rest.trim_start_matches([' ', '\t']).len();
        }
        // The same line can't start twice, even if the marker was all of it.
        match text[line_start..].find('\n') {
            Some(length) => line_start += length + 1,
            None => break,
        }
    }
    found.push(&text[start.min(text.len())..]);
    found.into_iter().map(str::trim_start).filter(|piece| !piece.is_empty()).collect()
}

/// What a piece says; it must be a map with a readable head.
fn head(source: &Arc<str>, file: &str, piece: &str) -> Result<Json, Error> {
    let offset = (piece.as_ptr() as usize).saturating_sub(file.as_ptr() as usize);
    let before = file.get(..offset).map_or(0, |before| before.matches('\n').count());
    let wrong =
        |message: String, line: usize| Error::Manifest { source_name: source.to_string(), message, line };
    let value = goyaml::from_str(piece).map_err(|error| {
        let line = if error.line == 0 { 0 } else { error.line + before };
        wrong(format!("error converting YAML to JSON: {error}"), line)
    })?;
    let fields = [("apiVersion", value.get("apiVersion")), ("kind", value.get("kind"))];
    let mismatch = |found: &Json, target: &str| {
        let found = match found {
            Json::Null => "null",
            Json::Bool(_) => "bool",
            Json::Number(_) => "number",
            Json::String(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
        };
        let message = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal";
        wrong(format!("{message} {found} into Go {target}"), before + 1)
    };
    if !matches!(value, Json::Object(_) | Json::Null) {
        return Err(mismatch(&value, "value of type util.SimpleHead"));
    }
    for (name, field) in fields {
        if let Some(found @ (Json::Array(_) | Json::Object(_))) = field {
            return Err(mismatch(found, &format!("struct field SimpleHead.{name} of type string")));
        }
    }
    let metadata = match value.get("metadata") {
        None | Some(Json::Null) => return Ok(value),
        Some(Json::Object(metadata)) => metadata,
        Some(found) => return Err(mismatch(found, "struct field SimpleHead.metadata")),
    };
    if let Some(found @ (Json::Array(_) | Json::Object(_))) = metadata.get("name") {
        return Err(mismatch(found, "struct field .metadata.name of type string"));
    }
    match metadata.get("annotations") {
        None | Some(Json::Null) => {}
        Some(Json::Object(annotations)) => {
            let nested = annotations.values().find(|value| matches!(value, Json::Array(_) | Json::Object(_)));
            if let Some(found) = nested {
                return Err(mismatch(found, "struct field .metadata.annotations of type string"));
            }
        }
        Some(found) => {
            return Err(mismatch(found, "struct field .metadata.annotations of type map[string]string"));
        }
    }
    Ok(value)
}

enum Found {
    Nothing,
    Hook(Hook),
    /// A hook of an event that Helm doesn't know: it is no part of the output at all.
    Unknown,
}

fn hook_of(value: &Json) -> Found {
    let Some(Json::Object(annotations)) = value.pointer("/metadata/annotations") else {
        return Found::Nothing;
    };
    let text = |name: &str| match annotations.get(name) {
        None => None,
        Some(Json::String(text)) => Some(text.clone()),
        Some(Json::Null) => Some(String::new()),
        Some(other) => Some(other.to_string()),
    };
    let words = |text: String| text.split(',').map(|word| word.trim().to_lowercase()).collect::<Vec<_>>();
    let Some(events) = text("helm.sh/hook").map(words) else { return Found::Nothing };
    let events: Option<Vec<String>> = events
        .into_iter()
        .map(|event| if event == "test-success" { "test".to_string() } else { event })
        .map(|event| EVENTS.contains(&event.as_str()).then_some(event))
        .collect();
    let Some(events) = events else { return Found::Unknown };
    Found::Hook(Hook {
        events,
        weight: text("helm.sh/hook-weight").and_then(|weight| weight.parse().ok()).unwrap_or(0),
        delete_policies: text("helm.sh/hook-delete-policy").map(words).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_cut_at_lines_that_start_with_three_dashes() {
        for (text, expected) in [
            ("a: 1\n", vec!["a: 1\n"]),
            ("---\na: 1\n---\nb: 2\n", vec!["a: 1\n", "b: 2\n"]),
            ("\n\n---   \n\n  a: 1\n", vec!["a: 1\n"]),
            ("a: |\n  ---\n  x\n---b: 2", vec!["a: |\n  ---\n  x\n", "b: 2"]),
            ("--- # words\na: 1\n", vec!["# words\na: 1\n"]),
            ("---\n---\n", vec![]),
            ("a: 1\n---", vec!["a: 1\n"]),
        ] {
            assert_eq!(pieces(text), expected, "{text:?}");
        }
    }

    #[test]
    fn kinds_come_in_the_order_of_installation_and_files_keep_theirs() {
        let files = [
            (
                Arc::from("c/templates/a.yaml"),
                "kind: Zebra\n---\nkind: Service\n---\nkind: Apple".to_string(),
            ),
            (Arc::from("c/templates/b.yaml"), "kind: Namespace\n---\nkind: Service\nx: 2".to_string()),
        ];
        let kinds: Vec<String> = assemble(&files, Flavor::Helm4)
            .unwrap()
            .into_iter()
            .map(|document| document.text.replace('\n', " "))
            .collect();
        assert_eq!(
            kinds,
            ["kind: Namespace ", "kind: Service ", "kind: Service x: 2", "kind: Apple", "kind: Zebra "]
        );
    }

    #[test]
    fn hooks_are_told_by_their_annotation() {
        let hook = |events: &str| {
            let text =
                format!("metadata: {{annotations: {{helm.sh/hook: '{events}', helm.sh/hook-weight: '-5'}}}}");
            let mut found = assemble(&[(Arc::from("x"), text)], Flavor::Helm4).unwrap();
            found.pop().map(|document| document.role)
        };
        let expected = |events: &[&str]| {
            let events = events.iter().map(|event| (*event).to_string()).collect();
            Some(Role::Hook(Hook { events, weight: -5, delete_policies: Vec::new() }))
        };
        assert_eq!(hook("pre-install, Post-Install"), expected(&["pre-install", "post-install"]));
        assert_eq!(hook("test-success"), expected(&["test"]));
        assert_eq!(hook("pre-install,crd-install"), None);
    }

    #[test]
    fn errors_name_file_and_line() {
        let text = "\n---\na: 1\n---\nb: 1\nc: d: e\n".to_string();
        let error = assemble(&[(Arc::from("chart/templates/x.yaml"), text)], Flavor::Helm4).unwrap_err();
        assert_eq!(
            error.to_string(),
            "YAML parse error on chart/templates/x.yaml: error converting YAML to JSON: yaml: line 2: \
             mapping values are not allowed in this context"
        );
        assert!(matches!(error, Error::Manifest { line: 6, .. }), "{error:?}");
    }
}
