//! What lies elsewhere: other repositories, files behind URLs, charts of repositories and registries, on real servers.

use source::testing::{ChartFiles, ChartServer, GitServer, Registry, Repository};

use super::{folder, run};

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map\n";

/// What the verb prints or says, away from the threads that serve it.
async fn away(files: &[(&str, &str)], words: &[&str]) -> Result<String, String> {
    let folder = folder(files);
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    tokio::task::spawn_blocking(move || run(&folder, &words.iter().map(String::as_str).collect::<Vec<_>>()))
        .await
        .unwrap()
}

async fn kustomize(entry: &str, rest: &str) -> Result<String, String> {
    let file = format!("resources: ['{entry}']\n{rest}");
    let files = [("o/kustomization.yaml", file.as_str())];
    let by_verb = away(&files, &["kustomize", "@/o"]).await;
    assert_eq!(away(&files, &["@/o"]).await, by_verb, "told by what is there");
    by_verb
}

/// A base at a tag, which another one on the branch follows, and one on a branch named like a version constraint.
fn base() -> Repository {
    let repository = Repository::new();
    let files = |prefix: &str| format!("resources: [map.yaml]\nnamePrefix: {prefix}-\n");
    repository.commit("one", &[("dir/kustomization.yaml", &files("one")), ("dir/map.yaml", MAP)]);
    repository.git(&["tag", "v1.0.0"]);
    repository.git(&["branch", "1.x"]);
    repository.commit("two", &[("dir/kustomization.yaml", &files("two"))]);
    repository.git(&["checkout", "--quiet", "1.x"]);
    repository.commit("branch", &[("dir/kustomization.yaml", &files("branch"))]);
    repository.git(&["checkout", "--quiet", "main"]);
    repository
}

#[tokio::test]
async fn bases_of_other_repositories_are_fetched() {
    let base = base();
    let parent = base.path().parent().unwrap();
    let server = GitServer::start(parent).await;
    let name = base.path().file_name().unwrap().to_str().unwrap();
    let commit = base.git(&["rev-parse", "v1.0.0"]);
    for place in [base.url(), server.url(&format!("{name}/.git"))] {
        for (reference, prefix) in
            [("", "two"), ("?ref=v1.0.0", "one"), ("?ref=1.x", "branch"), (&format!("?ref={commit}"), "one")]
        {
            let output = kustomize(&format!("{place}//dir{reference}"), "nameSuffix: -s\n").await.unwrap();
            assert_eq!(output, MAP.replace("map", &format!("{prefix}-map-s")), "{place} {reference}");
        }
    }
    let url = format!("{}//dir?ref=v1.0.0", server.url(&format!("{name}/.git")));
    assert_eq!(away(&[], &["kustomize", &url]).await.unwrap(), MAP.replace("map", "one-map"));
    // A base that has a base elsewhere by itself.
    let middle = Repository::new();
    middle.commit("middle", &[("kustomization.yaml", &format!("resources: ['{url}']\n"))]);
    assert_eq!(kustomize(&middle.url(), "").await.unwrap(), MAP.replace("map", "one-map"));
    for (entry, part) in [
        (format!("{}//dir?ref=nope", base.url()), "unable to resolve 'nope'"),
        (format!("{}//none", base.url()), "the repository has no directory 'none'"),
        (server.url("none.git//x"), "none.git"),
    ] {
        let error = kustomize(&entry, "").await.unwrap_err();
        assert!(error.contains(part) && error.contains("@/o"), "{entry}: {error}");
    }
}

#[tokio::test]
async fn files_behind_urls_are_fetched() {
    let charts = ChartServer::start(&[("web", "1.0.0", WEB)]).await;
    let index = format!("{}/index.yaml", charts.url());
    let generator = format!("configMapGenerator: [{{name: g, files: ['index={index}']}}]\n");
    let output = away(&[("o/kustomization.yaml", &generator)], &["kustomize", "@/o"]).await.unwrap();
    assert!(output.contains("    apiVersion: v1\n    entries:\n"), "{output}");
    let none = format!("{}/a/none.yaml", charts.url());
    let error = kustomize(&none, "").await.unwrap_err();
    for part in ["@/o: kustomization.yaml: accumulating", &none, "404 Not Found", "no repository either"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

const WEB: &[(&str, &str)] = &[
    ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
    ("values.yaml", "a: 1\n"),
    (
        "templates/web.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  a: '{{ .Values.a }} {{ .Chart.Version }}'\n",
    ),
];

/// The versions of a chart.
fn versions() -> [(String, Vec<(&'static str, String)>); 4] {
    ["1.0.0", "1.2.0", "1.2.3+b", "2.0.0-rc1"].map(|version| {
        let files = WEB.iter().map(|(path, text)| (*path, text.replace("1.0.0", version)));
        (version.to_owned(), files.collect())
    })
}

#[tokio::test]
async fn charts_come_out_of_repositories_and_registries() {
    let versions = versions();
    let files: Vec<(&str, Vec<(&str, &str)>)> = versions
        .iter()
        .map(|(version, files)| {
            (version.as_str(), files.iter().map(|(path, text)| (*path, text.as_str())).collect())
        })
        .collect();
    let charts: Vec<ChartFiles<'_>> =
        files.iter().map(|(version, files)| ("web", *version, files.as_slice())).collect();
    let (server, registry) = (ChartServer::start(&charts).await, Registry::start(&charts).await);
    let (url, place) = (server.url(), format!("oci://{}/charts/web", registry.host()));
    let repository = ["helm", "web", "--repo", &url];
    let in_registry = ["helm", &place, "--plain-http"];
    for start in [repository.as_slice(), &in_registry] {
        for (words, version) in [
            (&[][..], "1.2.3+b"),
            (&["--devel"], "2.0.0-rc1"),
            (&["--version", "1.2"], "1.2.3+b"),
            (&["--version", "~1.0"], "1.0.0"),
            (&["--version", "1.2.0"], "1.2.0"),
        ] {
            let output = away(&[], &[start, words].concat()).await.unwrap();
            assert!(output.contains(&format!("  a: '1 {version}'\n")), "{start:?} {words:?}: {output}");
        }
        let error = away(&[], &[start, &["--version", "3"]].concat()).await.unwrap_err();
        assert!(error.contains("cannot find chart web"), "{error}");
    }
    let tagged = format!("{place}:1.2.3_b");
    assert!(away(&[], &["helm", &tagged, "--plain-http"]).await.unwrap().contains("1.2.3+b"));
    let error = away(&[], &["helm", &place]).await.unwrap_err();
    assert!(error.contains("--plain-http"), "{error}");
    let packed = format!("{url}/charts/web-1.0.0.tgz");
    assert!(away(&[], &["helm", &packed]).await.unwrap().contains("  a: '1 1.0.0'\n"));
    // A file of values behind a URL; this one is the index, which has none that the chart knows.
    let values = format!("{url}/index.yaml");
    assert!(away(&[], &["helm", &packed, "-f", &values]).await.unwrap().contains("  a: '1 1.0.0'\n"));
    let set = format!("a={url}/index.yaml");
    assert!(away(&[], &["helm", &packed, "--set-file", &set]).await.unwrap().contains("a: 'apiVersion: v1"));
    let error = away(&[], &["helm", "bitnami/nginx"]).await.unwrap_err();
    assert!(error.contains("nginx --repo URL"), "{error}");
}

#[tokio::test]
async fn kustomizations_have_charts_fetched_and_rendered() {
    let server = ChartServer::start(&[("web", "1.0.0", WEB)]).await;
    let chart = format!(
        "helmCharts: [{{name: web, repo: '{}', version: 1.0.0, releaseName: r, valuesInline: {{a: 7}}}}]\nnamePrefix: p-\n",
        server.url()
    );
    let files = [("o/kustomization.yaml", chart.as_str())];
    let output = away(&files, &["kustomize", "@/o", "--enable-helm"]).await.unwrap();
    assert_eq!(output, "apiVersion: v1\ndata:\n  a: 7 1.0.0\nkind: ConfigMap\nmetadata:\n  name: p-web\n");
    let error = away(&files, &["kustomize", "@/o"]).await.unwrap_err();
    assert!(error.contains("must specify --enable-helm"), "{error}");
}

#[tokio::test]
async fn time_and_randomness_are_those_of_the_machine() {
    let files = [
        ("o/kustomization.yaml", "helmCharts: [{name: web, releaseName: r}]\n"),
        ("o/charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
        (
            "o/charts/web/templates/web.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  a: {{ uuidv4 }}\n  b: {{ now | date \"2006\" }}\n",
        ),
    ];
    let render = || away(&files, &["kustomize", "@/o", "--enable-helm"]);
    let (first, second) = (render().await.unwrap(), render().await.unwrap());
    assert_ne!(first, second);
    assert!(!first.contains("b: \"1970\""), "{first}");
}
