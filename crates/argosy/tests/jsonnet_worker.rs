//! Jsonnet programs in a process of their own: the same results, and an end to those that never end.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Instant;

use render::{JsonnetWorker, Local};
use tree::MemoryTree;

fn local(program: &str, max_seconds: u64, max_bytes: u64) -> Local {
    let mut tree = MemoryTree::new();
    tree.insert_text("app/a.jsonnet", program).unwrap();
    tree.insert_text("app/b.jsonnet", "import 'lib.libsonnet'").unwrap();
    tree.insert_text("app/lib.libsonnet", "{kind: 'B', metadata: {name: 'b'}}").unwrap();
    let mut local = Local::new(Arc::new(tree), "app", "web");
    local.jsonnet_worker = Some(JsonnetWorker {
        program: env!("CARGO_BIN_EXE_argosy").into(),
        arguments: vec!["jsonnet-worker".to_owned()],
        environment: vec![("MIMALLOC_ARENA_RESERVE".to_owned(), "0".to_owned())],
        max_seconds,
        max_bytes,
    });
    local
}

#[test]
fn programs_are_evaluated_elsewhere_and_given_up_there() {
    let started = Instant::now();
    let rendered = local("{kind: 'A', metadata: {name: 'a'}}", 30, 1 << 30).render().unwrap();
    println!("two programs in a process of their own: {:?}", started.elapsed());
    let names: Vec<_> = rendered.objects.iter().map(|object| object.object.name().to_owned()).collect();
    assert_eq!(names, ["a", "b"]);
    for (what, program, max_seconds, max_bytes, expected) in [
        ("an error", "{\n  a: error 'no' }", 30, 1 << 30, "app/a.jsonnet:2: RUNTIME ERROR: no"),
        (
            "a program without end",
            "local f(n) = if n < 0 then n else f(n + 1) tailstrict; f(0)",
            1,
            1 << 30,
            "app/a.jsonnet: the program was given up: it took more than 1 seconds of processor time",
        ),
        (
            "a program that fills the memory",
            "std.length(std.foldl(function(text, _) text + text, std.range(1, 36), 'x'))",
            30,
            256 << 20,
            "app/a.jsonnet: the program was given up: it needed more than 256 MiB of memory",
        ),
    ] {
        let error = local(program, max_seconds, max_bytes).render().unwrap_err().to_string();
        assert!(error.contains(expected), "{what}: {error}");
    }
    let mut missing = local("{}", 1, 1 << 30);
    missing.jsonnet_worker.as_mut().unwrap().program = "/nothing/argosy".into();
    assert!(missing.render().unwrap_err().to_string().contains("/nothing/argosy cannot be started"));
}
