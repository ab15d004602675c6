//! Every field of a source and of a request that can change a result changes the key, and no other does. The source
//! below is written out without defaults: a new field does not compile until it is here, and then has to matter or be
//! named among those that do not.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use types::*;

use super::*;

/// Fields of a source that do not change what is rendered: where it lies is told by trees and build variables.
const WITHOUT_EFFECT: [&str; 5] = ["/repoURL", "/targetRevision", "/tagPrefix", "/ref", "/name"];

fn s(text: &str) -> String {
    text.to_owned()
}

fn pairs(key: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(s(key), s("1"))])
}

fn source() -> ApplicationSource {
    ApplicationSource {
        repo_url: s("https://example.com/r"),
        path: s("app"),
        target_revision: s("main"),
        chart: s("web"),
        r#ref: s("values"),
        name: s("first"),
        tag_prefix: s("web-"),
        helm: Some(Box::new(ApplicationSourceHelm {
            value_files: vec![s("a.yaml")],
            parameters: vec![HelmParameter { name: s("a"), value: s("b"), force_string: true }],
            release_name: s("r"),
            values: s("a: 1"),
            file_parameters: vec![HelmFileParameter { name: s("f"), path: s("g") }],
            version: s("v3"),
            pass_credentials: true,
            ignore_missing_value_files: true,
            skip_crds: true,
            values_object: Some(serde_json::json!({"deep": {"list": [1, true]}})),
            namespace: s("n"),
            kube_version: s("1.30"),
            api_versions: vec![s("v1")],
            skip_tests: true,
            skip_schema_validation: true,
        })),
        kustomize: Some(Box::new(ApplicationSourceKustomize {
            name_prefix: s("p-"),
            name_suffix: s("-s"),
            images: vec![s("a:1")],
            common_labels: pairs("l"),
            version: s("v5"),
            common_annotations: pairs("a"),
            force_common_labels: true,
            force_common_annotations: true,
            namespace: s("n"),
            common_annotations_envsubst: true,
            replicas: vec![KustomizeReplica {
                name: s("web"),
                count: serde_json::from_value(3.into()).unwrap(),
            }],
            patches: vec![KustomizePatch {
                path: s("p.yaml"),
                patch: s("x"),
                target: Some(KustomizeSelector {
                    res_id: KustomizeResId {
                        gvk: KustomizeGvk { group: s("apps"), version: s("v1"), kind: s("Deployment") },
                        name: s("web"),
                        namespace: s("n"),
                    },
                    annotation_selector: s("a=b"),
                    label_selector: s("c=d"),
                }),
                options: BTreeMap::from([(s("allowNameChange"), true)]),
            }],
            components: vec![s("../c")],
            ignore_missing_components: true,
            label_without_selector: true,
            kube_version: s("1.30"),
            api_versions: vec![s("v1")],
            label_include_templates: true,
        })),
        directory: Some(Box::new(ApplicationSourceDirectory {
            recurse: true,
            jsonnet: ApplicationSourceJsonnet {
                ext_vars: vec![JsonnetVar { name: s("e"), value: s("1"), code: true }],
                tlas: vec![JsonnetVar { name: s("t"), value: s("1"), code: true }],
                libs: vec![s("vendor")],
            },
            exclude: s("x*"),
            include: s("y*"),
            disable_extension_filter: true,
        })),
        plugin: Some(Box::new(ApplicationSourcePlugin {
            name: s("p"),
            env: vec![EnvEntry { name: s("A"), value: s("b") }],
            parameters: vec![ApplicationSourcePluginParameter {
                name: s("q"),
                string: Some(s("x")),
                map: Some(pairs("k")),
                array: Some(vec![s("i")]),
            }],
        })),
    }
}

fn request() -> RenderRequest {
    RenderRequest {
        kube_version: s("v1.33.1"),
        api_versions: Arc::from([s("v1")]),
        destination_namespace: s("shop"),
        ..RenderRequest::new(AppKey::new("argocd", "web"), vec![source()])
    }
}

fn key_of(request: &RenderRequest, source: &ApplicationSource) -> Key {
    Inputs::of(request, source, None, &BTreeMap::new()).key()
}

/// The pointers to all values that hold no others.
fn leaves(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| leaves(value, &format!("{pointer}/{key}"), found));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| leaves(item, &format!("{pointer}/{index}"), found));
        }
        _ => found.push(pointer.to_owned()),
    }
}

#[test]
fn every_field_of_a_source_is_an_input_or_known_to_be_none() {
    let (request, source) = (request(), source());
    let written = serde_json::to_value(&source).unwrap();
    let key = key_of(&request, &source);
    let mut pointers = Vec::new();
    leaves(&written, "", &mut pointers);
    assert!(pointers.len() > 70, "{pointers:?}");
    for pointer in pointers {
        let mut changed = written.clone();
        let value = changed.pointer_mut(&pointer).unwrap();
        *value = match &*value {
            Value::Bool(flag) => (!flag).into(),
            Value::Number(number) => (number.as_i64().unwrap() + 1).into(),
            Value::String(text) => format!("{text}-changed").into(),
            other => panic!("{pointer}: {other}"),
        };
        let changed: ApplicationSource = serde_json::from_value(changed).unwrap();
        assert_ne!(changed, source, "{pointer} was not changed");
        let same = key_of(&request, &changed) == key;
        assert_eq!(same, WITHOUT_EFFECT.contains(&pointer.as_str()), "{pointer}");
    }
}

/// A change of a request, and the input that it changes.
type Change = (Option<&'static str>, fn(&mut RenderRequest));

#[test]
fn every_field_of_a_request_is_an_input_or_known_to_be_none() {
    // Taken apart so that a new field has to be given a line here.
    let RenderRequest {
        app: _,
        instance: _,
        project: _,
        sources: _,
        revisions: _,
        files: _,
        destination_namespace: _,
        kube_version: _,
        api_versions: _,
        tracking: _,
        credentials: _,
        settings:
            RenderingSettings {
                kustomize: _,
                helm: _,
                directory: _,
                kustomize_build_options: _,
                kustomize_versions: _,
                helm_value_file_schemes: _,
            },
        manifest_generate_paths: _,
        integrity: _,
        refresh_revisions: _,
        no_cache: _,
    } = request();
    let changes: [Change; 21] = [
        (None, |request| request.app = AppKey::new("elsewhere", "x")),
        (Some("application"), |request| request.instance.push('x')),
        (Some("project"), |request| request.project.push('x')),
        (None, |request| request.sources.clear()),
        (None, |request| request.revisions = vec![Some(s("v2"))]),
        (None, |request| request.files = source::Opened::archive(b"", 0).ok()),
        (Some("namespace"), |request| request.destination_namespace.push('x')),
        (Some("kubeVersion"), |request| request.kube_version.push('1')),
        (Some("apiVersions"), |request| request.api_versions = Arc::from([s("v1"), s("v1/Pod")])),
        (None, |request| request.tracking.label.push('x')),
        (None, |request| request.credentials = Arc::default()),
        (Some("kustomize.enable"), |request| request.settings.kustomize = false),
        (Some("helm.enable"), |request| request.settings.helm = false),
        (Some("jsonnet.enable"), |request| request.settings.directory = false),
        (Some("kustomize.buildOptions"), |request| request.settings.kustomize_build_options.push('x')),
        (Some("kustomize.version"), |request| request.settings.kustomize_versions.push(s("v4"))),
        (Some("helm.valuesFileSchemes"), |request| request.settings.helm_value_file_schemes.clear()),
        (Some("manifest-generate-paths"), |request| request.manifest_generate_paths.push('.')),
        (None, |request| request.integrity.requirements.push(source::integrity::Requirement::Nothing)),
        (None, |request| request.refresh_revisions = !request.refresh_revisions),
        (None, |request| request.no_cache = !request.no_cache),
    ];
    let source = source();
    let of = |request: &RenderRequest| Inputs::of(request, &source, None, &BTreeMap::new());
    let before = of(&request());
    for (index, (expected, change)) in changes.into_iter().enumerate() {
        let mut changed = request();
        change(&mut changed);
        let after = of(&changed);
        assert_eq!(before.differences(&after), expected.into_iter().collect::<Vec<_>>(), "change {index}");
        assert_eq!(before.key() == after.key(), expected.is_none(), "change {index}");
    }
}

#[test]
fn digests_of_archives_are_inputs() {
    let (request, source) = (request(), source());
    let of = |digest: Option<&str>, reference: Option<&str>| {
        let references = BTreeMap::from([(s("values"), reference.map(s))]);
        Inputs::of(&request, &source, digest, &references)
    };
    let before = of(Some("sha256:a"), None);
    assert_eq!(before.differences(&of(Some("sha256:b"), None)), ["digest"]);
    assert_eq!(before.differences(&of(Some("sha256:a"), Some("sha256:c"))), ["references"]);
    assert_eq!(before.key(), of(Some("sha256:a"), None).key());
    let shown: Vec<_> =
        before.shown().into_iter().map(|input| format!("{} {}", input.name, input.value)).collect();
    assert!(shown.contains(&s("kubeVersion v1.33.1")) && shown.contains(&s("digest sha256:a")), "{shown:?}");
    assert!(!shown.iter().any(|line| line.starts_with("manifest-generate-paths")), "{shown:?}");
}
