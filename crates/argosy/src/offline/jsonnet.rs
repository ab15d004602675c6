//! `argosy render jsonnet`: the objects that a Jsonnet program makes.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use jsonnet::{Options, Variable};
use serde_json::Value;
use tree::TreePath;

use super::directory::Output;
use super::folder::{Place, RootOption};
use super::pair;

const EXAMPLES: &str = "\
Examples:
  argosy render jsonnet main.jsonnet --ext-str region=eu
  argosy render jsonnet main.jsonnet --jpath vendor --tla-str name=shop --tla-code 'replicas=1 + 2'";

/// What a program is given, in the words of the `jsonnet` program.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct JsonnetOptions {
    /// The program.
    file: PathBuf,
    /// An external variable that is a text.
    #[arg(long, value_name = "NAME=TEXT", value_parser = pair)]
    ext_str: Vec<(String, String)>,
    /// An external variable that is an expression.
    #[arg(long, value_name = "NAME=CODE", value_parser = pair)]
    ext_code: Vec<(String, String)>,
    /// A top-level argument that is a text.
    #[arg(long, short = 'A', value_name = "NAME=TEXT", value_parser = pair)]
    tla_str: Vec<(String, String)>,
    /// A top-level argument that is an expression.
    #[arg(long, value_name = "NAME=CODE", value_parser = pair)]
    tla_code: Vec<(String, String)>,
    /// A directory in which imports are looked for, too; the last one first.
    #[arg(long, short = 'J', value_name = "DIR")]
    jpath: Vec<PathBuf>,
    #[command(flatten)]
    root: RootOption,
}

/// Evaluates the program and writes its objects as YAML.
pub(super) fn evaluate(options: &JsonnetOptions) -> Result<String> {
    let place = Place::open(&options.file, &options.root)?;
    let library_paths = options.jpath.iter().map(|path| place.path_of(path)).collect::<Result<_>>()?;
    let settings = Options {
        external_variables: variables(&options.ext_str, &options.ext_code),
        arguments: variables(&options.tla_str, &options.tla_code),
        library_paths,
        ..Options::default()
    };
    let mut output = Output::default();
    output.nested(&place.path, value(&place, &place.path, &settings)?)?;
    Ok(output.finish())
}

/// The value of the program in a file; imports are also looked for in its own directory.
pub(super) fn value(place: &Place, file: &TreePath, options: &Options) -> Result<Value> {
    jsonnet::evaluate(&place.tree, file, options).with_context(|| format!("cannot evaluate {file}"))
}

fn variables(texts: &[(String, String)], expressions: &[(String, String)]) -> Vec<Variable> {
    let of = |code: bool| {
        move |(name, value): &(String, String)| Variable { name: name.clone(), value: value.clone(), code }
    };
    texts.iter().map(of(false)).chain(expressions.iter().map(of(true))).collect()
}
