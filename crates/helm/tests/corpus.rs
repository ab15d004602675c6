//! Real charts rendered and held against what Helm 4.3.1 printed for them, byte for byte.
//!
//! The corpus lies beside the checkout (`../shared/corpus`) or where `ARGOSY_CORPUS` says; without it the test says so
//! and passes. `ARGOSY_CASE` picks the cases whose name contains it, and prints what they gave.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that fails should say where"
)]
#![allow(clippy::print_stderr, reason = "the test reports to whoever runs it")]

mod case;

use std::path::{Path, PathBuf};

use case::Case;

fn corpus() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let place = std::env::var_os("ARGOSY_CORPUS").map_or(beside, PathBuf::from);
    place.join("helm").is_dir().then_some(place)
}

#[test]
fn charts_render_to_the_bytes_of_helm() {
    let Some(corpus) = corpus() else {
        eprintln!("skipped: no corpus beside the checkout; set ARGOSY_CORPUS to where it is");
        return;
    };
    let wanted = std::env::var("ARGOSY_CASE").unwrap_or_default();
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir(corpus.join("helm")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    let mut failures = Vec::new();
    let mut count = 0;
    for folder in cases {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        if !name.contains(&wanted) {
            continue;
        }
        let Some(case) = Case::read(folder) else { continue };
        count += 1;
        if let Err(message) = case.judge() {
            failures.push(format!("{name}: {message}"));
        }
    }
    assert!(count > 0, "no case fits {wanted:?}");
    assert!(failures.is_empty(), "{} of {count} cases differ:\n{}", failures.len(), failures.join("\n"));
}
