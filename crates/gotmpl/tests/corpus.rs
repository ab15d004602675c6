//! Every template of the corpus of real charts parses. Rendering them is the business of the crate `helm`.
#![expect(clippy::expect_used, reason = "a test stops where the corpus can't be read")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gotmpl::{Functions, Options, Signature, TemplateSet, Type, Value};

fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let folder = std::env::var_os("ARGOSY_CORPUS").map_or(beside, PathBuf::from);
    folder.join("charts").is_dir().then_some(folder)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.components().any(|part| part.as_os_str() == "templates") {
            files.push(path);
        }
    }
}

#[test]
fn all_templates_parse() {
    let Some(corpus) = corpus() else {
        eprintln!("skipped: no corpus beside the checkout and ARGOSY_CORPUS is not set");
        return;
    };
    let mut functions = Functions::sprig();
    for name in [
        "include",
        "tpl",
        "required",
        "lookup",
        "toYaml",
        "mustToYaml",
        "toYamlPretty",
        "fromYaml",
        "fromYamlArray",
        "fromJsonArray",
        "toToml",
        "mustToToml",
        "fromToml",
        "mustToDuration",
        "durationSeconds",
        "durationMinutes",
        "durationHours",
        "durationDays",
        "durationWeeks",
        "durationRoundTo",
        "durationTruncateTo",
        "durationMilliseconds",
        "durationMicroseconds",
        "durationNanoseconds",
    ] {
        functions.register(name, Signature::variadic(&[], Type::Any), |_, _| Ok(Value::Nil));
    }
    let mut set = TemplateSet::new("corpus", Arc::new(functions), Options::default());
    let mut files = Vec::new();
    collect(&corpus.join("charts"), &mut files);
    let mut wrong = Vec::new();
    for file in &files {
        let bytes = std::fs::read(file).expect("a file");
        if let Err(error) = set.parse(file.to_string_lossy(), &String::from_utf8_lossy(&bytes)) {
            wrong.push(error.to_string());
        }
    }
    assert!(files.len() > 500, "only {} templates found", files.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
