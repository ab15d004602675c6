//! `argosy render jsonnet`: the objects that a Jsonnet program makes.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use jsonnet::{Options, Variable};
use serde_json::Value;

use super::folder::{Place, RootOption};
use super::{manifest, pair};

/// Nesting of arrays that a program may return.
const MAX_NESTING: usize = 32;

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
    let value = jsonnet::evaluate(&*place.tree, &place.path, &settings)
        .with_context(|| format!("cannot evaluate {}", place.path))?;
    let mut objects = Vec::new();
    collect(value, 0, &mut objects).with_context(|| format!("what {} returns", place.path))?;
    Ok(objects.iter().map(|object| manifest(place.path.as_str(), object)).collect())
}

/// The objects in what a program has returned: an object, a list of objects, or arrays of them nested in any way.
fn collect(value: Value, depth: usize, found: &mut Vec<Value>) -> Result<()> {
    match value {
        Value::Null => Ok(()),
        Value::Array(_) if depth >= MAX_NESTING => bail!("arrays are nested deeper than {MAX_NESTING}"),
        Value::Array(items) => items.into_iter().try_for_each(|item| collect(item, depth + 1, found)),
        Value::Object(mut fields) => {
            if !fields.get("kind").is_some_and(Value::is_string) {
                bail!("an object has no kind, so it is no object of Kubernetes");
            }
            match fields.remove("items") {
                Some(Value::Array(items)) => found.extend(items),
                Some(items) => {
                    fields.insert("items".to_owned(), items);
                    found.push(Value::Object(fields));
                }
                None => found.push(Value::Object(fields)),
            }
            Ok(())
        }
        _ => bail!("it has to be an object, or an array of objects"),
    }
}

fn variables(texts: &[(String, String)], expressions: &[(String, String)]) -> Vec<Variable> {
    let of = |code: bool| {
        move |(name, value): &(String, String)| Variable { name: name.clone(), value: value.clone(), code }
    };
    texts.iter().map(of(false)).chain(expressions.iter().map(of(true))).collect()
}
