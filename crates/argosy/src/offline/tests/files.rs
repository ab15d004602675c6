//! What is written into files, under the names that the real tools give them.

use std::fs;

use super::{folder, run};

/// The files below a directory, by path.
fn files(root: &std::path::Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut ahead = vec![root.to_owned()];
    while let Some(directory) = ahead.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                ahead.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_kustomization_goes_into_a_file_or_one_for_each_object() {
    let folder = folder(&[
        ("k/kustomization.yaml", "resources: [r.yaml]\n"),
        (
            "k/r.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: Web.x, namespace: A}\n---\n\
             apiVersion: v1\nkind: Service\nmetadata: {name: web}\n---\n\
             apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: role}\n---\n\
             kind: Bare\nmetadata: {name: bare, namespace: A}\n",
        ),
        ("out/.keep", ""),
    ]);
    let printed = run(&folder, &["kustomize", "@/k"]).unwrap();
    assert_eq!(run(&folder, &["kustomize", "@/k", "-o", "@/one.yaml"]).unwrap(), "");
    assert_eq!(fs::read_to_string(folder.path().join("one.yaml")).unwrap(), printed);
    assert_eq!(run(&folder, &["kustomize", "@/k", "--output", "@/out"]).unwrap(), "");
    let written = files(&folder.path().join("out"));
    let names: Vec<&str> = written.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            ".keep",
            "a_apps_v1_deployment_web.x.yaml",
            "a_bare_bare.yaml",
            "default_v1_service_web.yaml",
            "rbac.authorization.k8s.io_v1_clusterrole_role.yaml",
        ]
    );
    assert_eq!(written[3].1, "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n");
    let error = run(&folder, &["kustomize", "@/k", "-o", "@/none/one.yaml"]).unwrap_err();
    assert!(error.contains("cannot write @/none/one.yaml"), "{error}");
}

#[test]
fn a_chart_goes_into_a_file_for_each_template() {
    let folder = folder(&[
        ("shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("shop/crds/c.yaml", "kind: C\n"),
        ("shop/templates/a.yaml", "kind: A\nname: {{ .Release.Name }}\n---\nkind: B\n"),
        ("shop/templates/h.yaml", "kind: H\nmetadata: {name: h, annotations: {helm.sh/hook: pre-install}}\n"),
    ]);
    let words = ["helm", "rel", "@/shop", "--include-crds", "--output-dir", "@/od"];
    let told = "wrote @/od/shop/crds/c.yaml\nwrote @/od/shop/templates/a.yaml\nwrote @/od/shop/templates/a.yaml\n\
                wrote @/od/shop/templates/h.yaml\n\n";
    let place = folder.path().to_str().unwrap();
    assert_eq!(run(&folder, &words).unwrap().replace(place, "@"), told);
    let text = "---\n# Source: shop/templates/a.yaml\nkind: A\nname: rel\n\n\
                ---\n# Source: shop/templates/a.yaml\nkind: B\n\n";
    let written = files(&folder.path().join("od"));
    assert_eq!(written[1], ("shop/templates/a.yaml".to_owned(), text.to_owned()));
    assert_eq!(written.len(), 3);
    let named = [&words[..5], &["@/od2", "--release-name"]].concat();
    run(&folder, &named).unwrap();
    let names: Vec<String> = files(&folder.path().join("od2")).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["rel/shop/templates/a.yaml", "rel/shop/templates/h.yaml", "shop/crds/c.yaml"]);
}
