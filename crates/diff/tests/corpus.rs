//! Real rendered manifests: each equals itself, also after the API server filled in its defaults and after kubectl applied
//! it; and each difference that is made on purpose is seen.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "test code")]

use std::path::{Path, PathBuf};

use diff::{Options, Rules, StatusRule, compare};
use object::defaults::fill_builtin_defaults;
use object::schema::builtin;
use object::{LAST_APPLIED_ANNOTATION, Object};
use serde_json::{Value, json};

fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    std::env::var_os("ARGOSY_CORPUS").map(PathBuf::from).or(Some(beside)).filter(|path| path.is_dir())
}

fn objects() -> Vec<Object> {
    let Some(corpus) = corpus() else {
        eprintln!("skipped: no corpus beside the checkout, and ARGOSY_CORPUS is not set");
        return Vec::new();
    };
    let mut objects = Vec::new();
    for kind in ["helm", "kustomize"] {
        let cases = std::fs::read_dir(corpus.join(kind)).unwrap();
        let mut cases: Vec<PathBuf> = cases.map(|case| case.unwrap().path()).collect();
        cases.sort();
        // Every third is plenty for one run.
        for case in cases.into_iter().step_by(3) {
            let Ok(text) = std::fs::read_to_string(case.join("expected.yaml")) else { continue };
            for document in text.split("\n---") {
                let Ok(value) = goyaml::from_str(document) else { continue };
                objects.extend(Object::from_value(value).ok().filter(|object| !object.kind().is_empty()));
            }
        }
    }
    objects
}

/// The first differing leaf, for the message.
fn leaves(left: &Value, right: &Value) -> String {
    match (left, right) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            let differing = keys.into_iter().find(|key| a.get(*key) != b.get(*key));
            differing.map_or_else(String::new, |key| {
                format!(
                    "/{key}{}",
                    leaves(a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null))
                )
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let differing = (0..a.len()).find(|index| a[*index] != b[*index]);
            differing.map_or_else(String::new, |index| format!("/{index}{}", leaves(&a[index], &b[index])))
        }
        _ => format!(": {left} / {right}"),
    }
}

#[test]
fn objects_equal_themselves() {
    let rules = Rules::compile(&[], &[], StatusRule::All).unwrap();
    let options = Options::new(&rules);
    let server_side = Options { server_side_apply: true, ..options };
    for target in objects() {
        let mut live = target.clone();
        fill_builtin_defaults(&mut live);
        let mut applied = live.clone();
        applied.set_annotation(LAST_APPLIED_ANNOTATION, &target.to_json());
        for (name, live) in [("itself", &target), ("defaulted", &live), ("applied", &applied)] {
            let comparison = compare(Some(&target), Some(live), &options).unwrap();
            let repair = leaves(&comparison.normalized_live, &comparison.predicted_live);
            assert!(!comparison.modified, "{} {name}: {repair}", target.key());
        }
        if builtin().kind(&target.gvk()).is_some()
            && let Ok(comparison) = compare(Some(&target), Some(&live), &server_side)
        {
            let repair = leaves(&comparison.normalized_live, &comparison.predicted_live);
            assert!(!comparison.modified, "{} server-side: {repair}", target.key());
        }
        let mut changed = target.clone();
        changed.set_label("changed", "yes");
        assert!(compare(Some(&changed), Some(&live), &options).unwrap().modified, "{}", target.key());
        let removed = json!({"apiVersion": target.api_version(), "kind": target.kind(), "metadata": {"name": target.name()}});
        let removed = Object::from_value(removed).unwrap();
        let only_identity = target
            .as_map()
            .keys()
            .all(|key| matches!(key.as_str(), "apiVersion" | "kind" | "metadata" | "status"));
        if !only_identity {
            let mut applied = target.clone();
            applied.set_annotation(LAST_APPLIED_ANNOTATION, &target.to_json());
            let comparison = compare(Some(&removed), Some(&applied), &options).unwrap();
            assert!(comparison.modified, "{}: a removal is not seen", target.key());
        }
    }
}
