//! Jsonnet programs of a directory application: what they are given, and where they find libraries.

use serde_json::Value;
use tree::TreePath;
use types::{ApplicationSourceJsonnet, JsonnetVar};

use crate::engine::Job;
use crate::error::Failure;

/// Evaluates one program.
pub(crate) fn evaluate(
    job: &Job,
    place: &TreePath,
    file: &TreePath,
    settings: &ApplicationSourceJsonnet,
) -> Result<Value, Failure> {
    let mut library_paths = vec![place.clone()];
    for library in &settings.libs {
        // A leading slash means the repository's root, too.
        let path = TreePath::new(library.trim_start_matches('/'))
            .map_err(|error| Failure::Specification(error.to_string()))?;
        library_paths.push(path);
    }
    let options = jsonnet::Options {
        external_variables: variables(job, &settings.ext_vars),
        arguments: variables(job, &settings.tlas),
        library_paths,
        ..jsonnet::Options::default()
    };
    jsonnet::evaluate(&*job.tree, file, &options).map_err(|error| Failure::content(error.to_string()))
}

fn variables(job: &Job, variables: &[JsonnetVar]) -> Vec<jsonnet::Variable> {
    let of = |variable: &JsonnetVar| jsonnet::Variable {
        name: variable.name.clone(),
        value: job.variables.expand(&variable.value),
        code: variable.code,
    };
    variables.iter().map(of).collect()
}
