//! `helm template` in few lines: renders a chart's folder and prints it. For comparing with Helm by hand:
//!
//! ```text
//! cargo run -p argosy-helm --example template -- NAME FOLDER [NAMESPACE] [-f FILE]... [--set X=Y]... [--kube-version V]
//! ```

#![allow(clippy::print_stdout, reason = "that is its purpose")]

use std::path::Path;
use std::sync::Arc;

use helm::{Budget, Chart, Release, Values, ValuesFile};
use tree::{MemoryTree, TreePath};

type Failure = Box<dyn std::error::Error>;

fn load(tree: &mut MemoryTree, folder: &Path, below: &str) -> Result<(), Failure> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.path().is_dir() {
            load(tree, &entry.path(), &path)?;
        } else {
            tree.insert(&path, std::fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

fn main() -> Result<(), Failure> {
    let mut release = Release::new("", "");
    let mut values = Values::default();
    let mut words = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut next = || arguments.next().ok_or(format!("{argument} wants an argument"));
        match argument.as_str() {
            "-f" => {
                let name = next()?;
                values.files.push(ValuesFile { text: std::fs::read_to_string(&name)?, name });
            }
            "--set" => values.set.push(next()?),
            "--kube-version" => release.kube_version = Some(next()?),
            "--api-versions" => release.api_versions.extend(next()?.split(',').map(str::to_string)),
            "--include-crds" => release.include_crds = true,
            "--skip-schema-validation" => release.skip_schema_validation = true,
            _ => words.push(argument),
        }
    }
    let [name, folder, rest @ ..] = words.as_slice() else { return Err("want NAME FOLDER".into()) };
    release.name.clone_from(name);
    release.namespace = rest.first().cloned().unwrap_or_default();
    let mut tree = MemoryTree::new();
    load(&mut tree, Path::new(folder), "")?;
    let budget = Budget::default();
    let chart = Chart::load(&tree, &TreePath::root(), &budget)?;
    let table = values.merge(&|path| std::fs::read_to_string(path).map_err(|error| error.to_string()))?;
    let environment = Arc::new(gotmpl::FixedEnvironment::new(1_760_000_000, 1));
    let rendered = helm::render(&chart, &table, &release, &budget, environment)?;
    print!("{}", rendered.to_template_output());
    Ok(())
}
