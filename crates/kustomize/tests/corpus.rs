//! Every kustomization of the corpus, byte for byte against what `kustomize build` printed.
#![allow(clippy::print_stdout, reason = "a skipped test says so")]
#![allow(clippy::unwrap_used, reason = "a failing test ends at once")]

use std::path::{Path, PathBuf};

use tree::{MemoryTree, TreePath};

fn corpus() -> Option<PathBuf> {
    let folder = std::env::var_os("ARGOSY_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"), PathBuf::from);
    let folder = folder.join("kustomize");
    folder.is_dir().then_some(folder)
}

fn load(folder: &Path) -> MemoryTree {
    let mut tree = MemoryTree::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(here) = ahead.pop() {
        for entry in std::fs::read_dir(&here).unwrap().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            if path.is_symlink() {
                tree.insert_link(&name, std::fs::read_link(&path).unwrap().to_str().unwrap()).unwrap();
            } else if path.is_dir() {
                ahead.push(path);
            } else {
                tree.insert(&name, std::fs::read(&path).unwrap()).unwrap();
            }
        }
    }
    tree
}

#[test]
fn the_corpus_is_built_to_the_same_bytes() {
    let Some(corpus) = corpus() else {
        println!("skipped: no corpus beside the checkout (set ARGOSY_CORPUS)");
        return;
    };
    let mut failures = Vec::new();
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir(&corpus).unwrap().flatten().map(|entry| entry.path()).collect();
    cases.sort();
    for case in &cases {
        let description =
            goyaml::from_str(&std::fs::read_to_string(case.join("case.yaml")).unwrap()).unwrap();
        let name = case.file_name().unwrap().to_str().unwrap();
        let directory = TreePath::new(description["dir"].as_str().unwrap()).unwrap();
        let flags = description["flags"].to_string();
        let options = kustomize::Options {
            enable_helm: flags.contains("--enable-helm"),
            unrestricted: flags.contains("LoadRestrictionsNone"),
            ..kustomize::Options::default()
        };
        let built = kustomize::build(&load(case), &directory, &options);
        let expects_error = description["expect"] == "error";
        match (built, expects_error) {
            (Err(_), true) => {}
            (Ok(_), true) => failures.push(format!("{name}: should have failed")),
            (Err(error), false) => failures.push(format!("{name}: {error}")),
            (Ok(documents), false) => {
                let expected = std::fs::read_to_string(case.join("expected.yaml")).unwrap();
                let actual = kustomize::to_output(&documents);
                if expected != actual {
                    let line = expected.lines().zip(actual.lines()).position(|(one, other)| one != other);
                    let show = |text: &str| {
                        line.and_then(|line| text.lines().nth(line)).unwrap_or("(end)").to_owned()
                    };
                    failures.push(format!(
                        "{name}: line {line:?}: expected {:?}, got {:?}",
                        show(&expected),
                        show(&actual)
                    ));
                }
            }
        }
    }
    println!("{} of {} cases equal", cases.len() - failures.len(), cases.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
