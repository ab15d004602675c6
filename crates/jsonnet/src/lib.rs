//! Jsonnet evaluated over a read-only tree: a thin adapter around the library that knows the language.
//!
//! ```text
//!  Tree + file + variables ──evaluate──▶ serde_json::Value
//!            ▲
//!  import "x" resolves beside the importing file, then in the library paths; nothing outside the tree exists
//! ```
//!
//! - `import`: where imports are found, and the library's call-backs.
//! - `nesting`: programs that nest too deeply are refused before they are parsed.
//! - `error`: errors of the library said in one line with file and line.
//! - `worker`: programs evaluated in another process, which can be limited and ended.
//!
//! The library evaluates without recursion and has a limit of call depth ([`Options::max_stack`]), but no limit of steps
//! or memory: foreign programs belong into a process with limits ([`drive`], [`serve`]). Whatever calls [`evaluate`]
//! needs a stack of [`STACK_BYTES`].
//!
//! Deliberately absent: native functions, imports from URLs or the file system. Known to differ from the `jsonnet` program
//! written in Go (`tests/beside.rs` holds others against it): `std.parseYaml` reads YAML 1.2, so `y` is a text there.

mod error;
mod import;
mod nesting;
mod worker;

use rsjsonnet_lang::arena::Arena;
use rsjsonnet_lang::program::{Program, Thunk};
use serde_json::Value;
use tree::{Tree, TreePath};

pub use error::Error;
use import::Importer;
pub use worker::{drive, serve};

/// The stack that the thread which calls [`evaluate`] needs.
pub const STACK_BYTES: usize = 64 << 20;

/// A value given to a program from outside: an external variable or an argument of its top-level function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// The text, or a Jsonnet expression when `code` is set.
    pub value: String,
    /// Whether the value is an expression.
    pub code: bool,
}

/// What a program is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What `std.extVar` answers.
    pub external_variables: Vec<Variable>,
    /// Arguments of the program's top-level function, when it is one.
    pub arguments: Vec<Variable>,
    /// Directories in which imports are looked for after the importing file's own; the last one first.
    pub library_paths: Vec<TreePath>,
    /// The deepest nesting of calls.
    pub max_stack: usize,
    /// The most bytes of source that are read, imports included.
    pub max_source_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            external_variables: Vec::new(),
            arguments: Vec::new(),
            library_paths: Vec::new(),
            max_stack: 500,
            max_source_bytes: 32 << 20,
        }
    }
}

/// Evaluates the program in `file` to JSON.
///
/// # Errors
/// When a file cannot be read, is no Jsonnet, or fails; the error names file and line.
pub fn evaluate(tree: &dyn Tree, file: &TreePath, options: &Options) -> Result<Value, Error> {
    let arena = Arena::new();
    let mut program = Program::new(&arena);
    program.set_max_stack(options.max_stack);
    let mut importer = Importer::new(tree, &options.library_paths, options.max_source_bytes);
    for (index, variable) in options.external_variables.iter().enumerate() {
        // The library panics on a name that is set twice; the last one counts.
        if options.external_variables[index + 1..].iter().any(|later| later.name == variable.name) {
            continue;
        }
        let thunk = thunk_of(&mut program, &mut importer, variable, "external variable")?;
        let name = program.intern_str(&variable.name);
        program.add_ext_var(name, &thunk);
    }
    let mut arguments = Vec::new();
    for (index, variable) in options.arguments.iter().enumerate() {
        if options.arguments[index + 1..].iter().any(|later| later.name == variable.name) {
            continue;
        }
        let thunk = thunk_of(&mut program, &mut importer, variable, "top-level argument")?;
        arguments.push((program.intern_str(&variable.name), thunk));
    }
    let root =
        importer.load(&mut program, file).map_err(|error| importer.load_error(&program, file, error))?;
    let mut value = program
        .eval_value(&root, &mut importer)
        .map_err(|error| importer.evaluation_error(&program, file, &error))?;
    if value.is_function() {
        value = program
            .eval_call(&root, &[], &arguments, &mut importer)
            .map_err(|error| importer.evaluation_error(&program, file, &error))?;
    }
    let text = program
        .manifest_json(&value, false)
        .map_err(|error| importer.evaluation_error(&program, file, &error))?;
    serde_json::from_str(&text)
        .map_err(|error| Error::Output { file: file.clone(), reason: error.to_string() })
}

fn thunk_of<'p>(
    program: &mut Program<'p>,
    importer: &mut Importer<'p, '_>,
    variable: &Variable,
    kind: &str,
) -> Result<Thunk<'p>, Error> {
    if !variable.code {
        let value = rsjsonnet_lang::program::Value::string(&variable.value);
        return Ok(program.value_to_thunk(&value));
    }
    let name = format!("<{kind} {}>", variable.name);
    importer
        .load_text(program, None, &name, variable.value.as_bytes())
        .map_err(|failure| Error::Variable { name: variable.name.clone(), reason: failure.reason() })
}
