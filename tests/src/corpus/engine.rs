//! Renders a case: with the engines in this process, or with the `argosy` program.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use gotmpl::FixedEnvironment;
use helm::{Budget, Chart, Release, Values, ValuesFile};
use source::Folder;
use tree::{EntryKind, MemoryTree, Tree, TreePath};

use super::case::{Case, Tool};

/// The stack of a render's thread, as in the control plane.
const STACK_BYTES: usize = 64 << 20;
/// The time that templates see: any will do, for what shows it is listed as random.
const TIME: i64 = 1_760_000_000;

/// Who renders.
#[derive(Debug, Clone)]
pub enum Way {
    /// This process.
    InProcess,
    /// The `argosy` program.
    Program(PathBuf),
}

/// The output.
///
/// # Errors
/// What went wrong.
pub fn render(case: &Case, way: &Way) -> Result<String, String> {
    match way {
        Way::InProcess => std::thread::scope(|scope| {
            let work = || Loaded::in_place(case)?.render();
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
            let thread = thread.map_err(|error| error.to_string())?;
            thread.join().map_err(|_| "the engine panicked".to_owned())?
        }),
        Way::Program(program) => run(case, program),
    }
}

/// The command with which `argosy` renders a case.
pub fn ours(case: &Case, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(&case.folder).args(["render", case.tool.name(), &here(case)]);
    if case.tool == Tool::Helm {
        command.args(["--name", &case.release]);
    }
    common(case, &mut command);
    command
}

/// The command with which the real tool renders a case.
pub fn theirs(case: &Case) -> Command {
    let mut command = Command::new(case.tool.name());
    command.current_dir(&case.folder).env("TZ", "UTC");
    match case.tool {
        Tool::Helm => command.args(["template", &case.release, &here(case)]),
        Tool::Kustomize => command.args(["build", &here(case)]),
    };
    common(case, &mut command);
    command
}

/// The path as one that cannot be taken for a URL, which `github.com/…` would be.
fn here(case: &Case) -> String {
    format!("./{}", case.path)
}

fn common(case: &Case, command: &mut Command) {
    if case.tool == Tool::Helm {
        command.args(["--namespace", &case.namespace]);
        if !case.kube_version.is_empty() {
            command.args(["--kube-version", &case.kube_version]);
        }
        for file in &case.values {
            command.args(["-f", file]);
        }
    }
    command.args(&case.flags);
}

fn run(case: &Case, program: &Path) -> Result<String, String> {
    let output = ours(case, program).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        String::from_utf8(output.stdout).map_err(|error| error.to_string())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

/// Reads a folder of the machine whole.
fn load(folder: &Path) -> Result<MemoryTree, String> {
    let mut tree = MemoryTree::new();
    copy(&Folder::new(folder.to_owned()), &TreePath::root(), &mut tree)
        .map(|()| tree)
        .map_err(|reason| format!("{}: {reason}", folder.display()))
}

fn copy(folder: &Folder, directory: &TreePath, tree: &mut MemoryTree) -> Result<(), String> {
    for (name, entry) in folder.list(directory).map_err(|error| error.to_string())? {
        let path = directory.join(&name).map_err(|error| error.to_string())?;
        let content = || folder.read(&path).map_err(|error| error.to_string());
        let outcome = match entry.kind {
            EntryKind::Directory if name == ".git" => continue,
            EntryKind::Directory => {
                copy(folder, &path, tree)?;
                continue;
            }
            EntryKind::Symlink => tree.insert_link(path.as_str(), &String::from_utf8_lossy(&content()?)),
            EntryKind::File => tree.insert(path.as_str(), content()?),
            EntryKind::Submodule => continue,
        };
        outcome.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// A case with everything read, to be rendered any number of times: a chart is parsed once, as in the control plane.
pub enum Loaded {
    /// A chart, the values that are set for it, the release and the files that values name.
    Chart(Arc<Chart>, Values, Release, PathBuf),
    /// A tree, the kustomization's directory in it and the options.
    Kustomization(Box<dyn Tree + Send>, TreePath, kustomize::Options),
}

impl Loaded {
    /// Reads a case's files.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn new(case: &Case) -> Result<Self, String> {
        match case.tool {
            Tool::Helm => chart(case),
            Tool::Kustomize => kustomization(case, Box::new(load(&case.folder)?)),
        }
    }

    /// Reads no more of a kustomization's folder than is asked for: there may be much beside it.
    ///
    /// # Errors
    /// What cannot be read.
    fn in_place(case: &Case) -> Result<Self, String> {
        match case.tool {
            Tool::Helm => chart(case),
            Tool::Kustomize => kustomization(case, Box::new(Folder::new(case.folder.clone()))),
        }
    }

    /// Renders the case.
    ///
    /// # Errors
    /// Why it cannot be rendered.
    pub fn render(&self) -> Result<String, String> {
        match self {
            Self::Chart(chart, values, release, folder) => {
                let read = |path: &str| {
                    std::fs::read_to_string(folder.join(path)).map_err(|error| format!("{path}: {error}"))
                };
                let table = values.merge(&read).map_err(|error| error.to_string())?;
                let environment = Arc::new(FixedEnvironment::new(TIME, 1));
                let rendered = helm::print(chart, &table, release, &Budget::default(), environment);
                Ok(rendered.map_err(|error| error.to_string())?.to_template_output())
            }
            Self::Kustomization(tree, directory, options) => {
                let documents =
                    kustomize::build(&**tree, directory, options).map_err(|error| error.to_string())?;
                Ok(kustomize::to_output(&documents))
            }
        }
    }
}

fn kustomization(case: &Case, tree: Box<dyn Tree + Send>) -> Result<Loaded, String> {
    let mut options = kustomize::Options::default();
    for (flag, value) in flags(case)? {
        match flag {
            "--enable-helm" => options.enable_helm = true,
            "--enable-managedby-label" => options.managed_by_label = true,
            "--reorder" => options.keep_order = value == "none",
            "--load-restrictor" => options.unrestricted = value == "LoadRestrictionsNone",
            other => return Err(format!("flag {other} is unknown")),
        }
    }
    let directory = TreePath::new(&case.path).map_err(|error| error.to_string())?;
    Ok(Loaded::Kustomization(tree, directory, options))
}

fn chart(case: &Case) -> Result<Loaded, String> {
    let budget = Budget::default();
    let tree = load(&case.folder.join(&case.path))?;
    let chart = Chart::load(&tree, &TreePath::root(), &budget).map_err(|error| error.to_string())?;
    let read = |path: &str| {
        std::fs::read_to_string(case.folder.join(path)).map_err(|error| format!("{path}: {error}"))
    };
    let mut release = Release::new(&case.release, &case.namespace);
    release.kube_version = (!case.kube_version.is_empty()).then(|| case.kube_version.clone());
    let mut values = Values::default();
    for name in &case.values {
        values.files.push(ValuesFile { name: name.clone(), text: read(name)? });
    }
    for (flag, value) in flags(case)? {
        let value = value.to_owned();
        match flag {
            "--include-crds" => release.include_crds = true,
            "--skip-tests" => release.skip_tests = true,
            "--no-hooks" => release.no_hooks = true,
            "--is-upgrade" => release.is_upgrade = true,
            "--skip-schema-validation" => release.skip_schema_validation = true,
            "--set" => values.set.push(value),
            "--set-string" => values.set_string.push(value),
            "--set-json" => values.set_json.push(value),
            "--set-file" => values.set_file.push(value),
            "--set-literal" => values.set_literal.push(value),
            "--api-versions" => release.api_versions.extend(value.split(',').map(str::to_owned)),
            other => return Err(format!("flag {other} is unknown")),
        }
    }
    Ok(Loaded::Chart(chart, values, release, case.folder.clone()))
}

/// Flags that take a value.
const WITH_VALUE: &[&str] = &[
    "--set",
    "--set-string",
    "--set-json",
    "--set-file",
    "--set-literal",
    "--api-versions",
    "--load-restrictor",
    "--reorder",
];

/// The flags of a case, each with its value or an empty text.
fn flags(case: &Case) -> Result<Vec<(&str, &str)>, String> {
    let mut words = case.flags.iter().map(String::as_str);
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        let (flag, value) = word.split_once('=').unwrap_or((word, ""));
        if !WITH_VALUE.contains(&flag) || word.contains('=') {
            found.push((flag, value));
            continue;
        }
        let value = words.next().ok_or_else(|| format!("flag {flag} needs a value"))?;
        found.push((flag, value));
    }
    Ok(found)
}
