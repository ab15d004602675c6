//! What is read as a directory: kustomizations, Jsonnet programs, and the tree itself.

use kustomize::Options;
use tree::{EntryKind, Tree, TreePath};
use types::ApplicationSource;

use crate::bundle;

/// Stands in a file that no restricted build may read.
const CANARY: &str = "c4nary-0utside";

/// A kustomization in `app/`, with whatever else the input puts beside it.
pub(super) fn kustomization(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    if text.contains(CANARY) {
        return;
    }
    let files = bundle::files(text);
    let mut tree = bundle::tree(&files);
    let _ = tree.insert_text(
        "secret/outside.yaml",
        &format!("kind: Secret\nmetadata: {{name: {CANARY}}}\na: {CANARY}\n"),
    );
    let Ok(place) = TreePath::new("app") else { return };
    let options = Options { enable_helm: true, ..Options::default() };
    let Ok(documents) = kustomize::build(&tree, &place, &options) else { return };
    let output = kustomize::to_output(&documents);
    // A kustomization in `secret/` may read its own files, and then others may build on it.
    let has_door = ["kustomization.yaml", "kustomization.yml", "Kustomization"].iter().any(|name| {
        TreePath::new("secret")
            .and_then(|place| place.join(name))
            .is_ok_and(|path| tree::exists(&tree, &path).unwrap_or(true))
    });
    let has_link = files.iter().any(|file| file.link.is_some());
    assert!(
        has_door || has_link || !output.contains(CANARY),
        "a file outside of the kustomization was read:\n{output}"
    );
    match goyaml::documents(&output) {
        Ok(read) => {
            assert!(read.len() <= documents.len(), "{} documents became {}", documents.len(), read.len())
        }
        Err(error) => panic!("the output is no YAML: {error}\n{output}"),
    }
    let again = kustomize::build(&tree, &place, &options).map(|documents| kustomize::to_output(&documents));
    assert!(again.is_ok_and(|again| again == output), "a build depends on more than it is given");
}

/// Paths and links: one path a line, then files and links in the form of a bundle.
pub(super) fn tree(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let files = bundle::files(text);
    let tree = bundle::tree(&files);
    let names = bundle::text_of(&files, "").lines().chain(files.iter().map(|file| file.name));
    for name in names {
        let Ok(path) = TreePath::new(name) else { continue };
        assert!(
            !path.names().any(|name| name == ".." || name == "." || name.contains(['\\', '\0'])),
            "{path:?} from {name:?}"
        );
        assert!(!path.as_str().starts_with('/') && !path.as_str().ends_with('/'), "{path:?} from {name:?}");
        assert_eq!(
            TreePath::new(path.as_str()).ok().as_ref(),
            Some(&path),
            "reading a path again changed it"
        );
        if let Some(parent) = path.parent() {
            let below = path.below(&parent).map(str::to_owned);
            assert_eq!(
                parent.join(&below.unwrap_or_default()).ok().as_ref(),
                Some(&path),
                "parent and child"
            );
        }
        if let Ok(Some((place, kind))) = tree::resolve(&tree, &path) {
            assert_ne!(kind, EntryKind::Symlink, "{path} leads to a link");
            assert_eq!(
                tree.kind(&place).ok().flatten(),
                Some(kind),
                "{path} leads to {place}, where that is not"
            );
        }
        let _ = (tree::read(&tree, &path), tree::exists(&tree, &path));
        let _ = tree::walk(&tree, &path);
    }
}

/// A Jsonnet program with its libraries. There is no budget of steps inside the library: a program that does not end is
/// ended by the render's deadline. Here, loops are kept out of the input.
pub(super) fn jsonnet(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let endless = [
        "tailstrict",
        "range",
        "repeat",
        "makeArray",
        "fold",
        "std.join",
        "std.mod",
        "gcd",
        "while",
        "*",
        "lines",
        "flat",
    ];
    if endless.iter().any(|word| text.contains(word)) {
        return;
    }
    let files = bundle::files(text);
    let tree = bundle::tree(&files);
    let Ok(main) = TreePath::new("main.jsonnet") else { return };
    let options =
        jsonnet::Options { max_stack: 100, max_source_bytes: 1 << 20, ..jsonnet::Options::default() };
    std::thread::scope(|scope| {
        let run = std::thread::Builder::new().stack_size(jsonnet::STACK_BYTES).spawn_scoped(scope, || {
            let _ = jsonnet::evaluate(&tree, &main, &options);
        });
        if let Ok(run) = run {
            let _ = run.join();
        }
    });
}

/// Overrides beside an application's files, `-- source --` the source that they change.
pub(super) fn overrides(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let files = bundle::files(text);
    let source = goyaml::from_str(bundle::text_of(&files, "source")).unwrap_or_default();
    let source: ApplicationSource = serde_json::from_value(source).unwrap_or_default();
    let tree = bundle::tree(&files);
    let Ok(changed) = render::readers::overridden(&source, &tree, &TreePath::root(), "web") else { return };
    let place = |source: &ApplicationSource| {
        [&source.repo_url, &source.chart, &source.path, &source.target_revision].map(String::clone)
    };
    assert_eq!(place(&changed), place(&source), "an override leads elsewhere");
    let again = render::readers::overridden(&changed, &tree, &TreePath::root(), "web");
    assert_eq!(again, Ok(changed), "overridden twice");
}

/// Files of a directory application: `-- NAME --`; without a name it is what a Jsonnet program has come to.
pub(super) fn manifests(data: &[u8]) {
    for path in ["a.yaml", "a.json"] {
        let Ok(path) = TreePath::new(path) else { continue };
        if let Ok(objects) = render::readers::manifests(&path, data) {
            assert!(objects.len() <= data.len(), "more objects than bytes");
        }
    }
    if let Ok(value) = serde_json::from_slice(data) {
        let _ = render::readers::program_output(value);
    }
}
