//! One small kustomization for each feature, with what `kustomize build` (v5.8.2) makes of it.
//!
//! A file of `golden` has the directory to build and the flags at its top, then the files behind `-- PATH --`, and last
//! the output behind `-- OUTPUT --`; with `-- ERROR --` the build has to fail, as it does there. When the program is
//! there (`KUSTOMIZE` names it), the goldens are held against it, too.
#![allow(clippy::print_stdout, reason = "a skipped test says so")]
#![allow(clippy::unwrap_used, reason = "a failing test ends at once")]

use std::path::{Path, PathBuf};
use std::process::Command;

use kustomize::Options;
use tree::{MemoryTree, TreePath};

struct Case {
    name: String,
    directory: String,
    flags: Vec<String>,
    files: Vec<(String, String)>,
    /// `None` when the build has to fail.
    output: Option<String>,
}

fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().map(|path| parse(path)).collect()
}

fn parse(path: &Path) -> Case {
    let text = std::fs::read_to_string(path).unwrap();
    let mut sections: Vec<(String, String)> = vec![(String::new(), String::new())];
    for line in text.split_inclusive('\n') {
        match line.trim_end().strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --")) {
            Some(name) => sections.push((name.to_owned(), String::new())),
            None => sections.last_mut().unwrap().1.push_str(line),
        }
    }
    let head = sections.remove(0).1;
    let value = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
    let (last, output) = sections.pop().unwrap();
    Case {
        name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
        directory: value("dir:").to_owned(),
        flags: value("flags:").split_whitespace().map(str::to_owned).collect(),
        files: sections,
        output: (last == "OUTPUT").then_some(output),
    }
}

fn build(case: &Case) -> Result<String, String> {
    let mut tree = MemoryTree::new();
    for (path, text) in &case.files {
        tree.insert_text(path, text).unwrap();
    }
    let unrestricted = case.flags.iter().any(|flag| flag == "LoadRestrictionsNone");
    let options = Options { unrestricted, ..Options::default() };
    let documents = kustomize::build(&tree, &TreePath::new(&case.directory).unwrap(), &options);
    documents.map(|documents| kustomize::to_output(&documents)).map_err(|error| error.to_string())
}

fn differences(case: &Case, result: Result<String, String>) -> Option<String> {
    let name = &case.name;
    match (result, &case.output) {
        (Err(_), None) => None,
        (Ok(_), None) => Some(format!("{name}: should have failed")),
        (Err(error), Some(_)) => Some(format!("{name}: {error}")),
        (Ok(actual), Some(expected)) if actual == *expected => None,
        (Ok(actual), Some(expected)) => {
            let line = expected.lines().zip(actual.lines()).position(|(one, other)| one != other);
            let show =
                |text: &str| line.and_then(|line| text.lines().nth(line)).unwrap_or("(end)").to_owned();
            Some(format!("{name}: line {line:?}: expected {:?}, got {:?}", show(expected), show(&actual)))
        }
    }
}

#[test]
fn every_feature_gives_what_kustomize_gives() {
    let cases = cases();
    assert!(cases.len() > 50, "the goldens are missing");
    let failures: Vec<String> = cases.iter().filter_map(|case| differences(case, build(case))).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_goldens_are_those_of_the_real_tool() {
    let Some(program) = std::env::var_os("KUSTOMIZE") else {
        println!("skipped: KUSTOMIZE does not name the program");
        return;
    };
    let mut failures = Vec::new();
    for case in cases() {
        let folder =
            std::env::temp_dir().join(format!("kustomize-golden-{}-{}", std::process::id(), case.name));
        for (path, text) in &case.files {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let output = Command::new(&program)
            .args(["build", &case.directory])
            .args(&case.flags)
            .current_dir(&folder)
            .output()
            .unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        failures
            .extend(differences(&case, if output.status.success() { Ok(text) } else { Err(String::new()) }));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
