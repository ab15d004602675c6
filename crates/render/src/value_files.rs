//! Where a Helm source's value files and file parameters are: beside the chart, in another source (`$ref/…`), or at a URL
//! that the shell has fetched.

use std::collections::BTreeSet;
use std::sync::Arc;

use tree::{Tree, TreePath};
use types::ApplicationSourceHelm;

use crate::engine::{Job, Reference};
use crate::error::Failure;
use crate::globs;

/// A value file with its text.
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// What an entry names, once references and variables are replaced.
enum Place {
    Url(String),
    /// A path or pattern in a tree; the text tells the tree in messages.
    Path(Arc<dyn Tree>, String, TreePath),
}

/// Whether an entry is a URL, which cannot be said of Windows-like drive letters.
pub(crate) fn scheme(entry: &str) -> Option<&str> {
    let (scheme, _) = entry.split_once("://")?;
    let valid = |character: char| character.is_ascii_alphanumeric() || matches!(character, '+' | '-' | '.');
    (!scheme.is_empty() && scheme.chars().all(valid)).then_some(scheme)
}

/// The name of the source that an entry refers to (`$name/…`).
pub(crate) fn reference(entry: &str) -> Option<&str> {
    let first = entry.split('/').next()?;
    let name = first.strip_prefix('$')?;
    let valid = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
    (!name.is_empty() && name.chars().all(valid)).then_some(name)
}

/// All value files in order, each once.
pub(crate) fn find(
    job: &Job,
    chart: &TreePath,
    options: &ApplicationSourceHelm,
) -> Result<Vec<Found>, Failure> {
    let mut places = Vec::new();
    for entry in &options.value_files {
        places.push((entry, place_of(job, chart, entry)?));
    }
    // A file that is named by itself keeps its own position and is left out of patterns.
    let named: BTreeSet<String> = places
        .iter()
        .filter_map(|(_, place)| match place {
            Place::Path(_, source, path) if !globs::is_pattern(path.as_str()) => {
                Some(format!("{source}{path}"))
            }
            _ => None,
        })
        .collect();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (entry, place) in &places {
        match place {
            Place::Url(url) => {
                if seen.insert(url.clone()) {
                    let text = job.remote_files.get(url).cloned().ok_or_else(|| {
                        Failure::content(format!(
                            "value file {url:?} was not fetched: URLs have to be named by the application itself"
                        ))
                    })?;
                    found.push(Found { name: url.clone(), text });
                }
            }
            Place::Path(tree, source, path) if globs::is_pattern(path.as_str()) => {
                let matched = globs::find(&**tree, path)?;
                if matched.is_empty() && !options.ignore_missing_value_files {
                    return Err(Failure::content(format!("values file glob {entry:?} matched no files")));
                }
                for path in matched {
                    let name = format!("{source}{path}");
                    if !named.contains(&name) && seen.insert(name.clone()) {
                        found.push(Found { name, text: tree::read_text(&**tree, &path)? });
                    }
                }
            }
            Place::Path(tree, source, path) => {
                let name = format!("{source}{path}");
                if !tree::is_file(&**tree, path)? {
                    if options.ignore_missing_value_files {
                        continue;
                    }
                    return Err(Failure::content(format!(
                        "value file {entry:?}: open {name}: no such file or directory"
                    )));
                }
                if seen.insert(name.clone()) {
                    found.push(Found { name, text: tree::read_text(&**tree, path)? });
                }
            }
        }
    }
    Ok(found)
}

fn place_of(job: &Job, chart: &TreePath, entry: &str) -> Result<Place, Failure> {
    if let Some(name) = reference(entry)
        && (job.references.contains_key(name) || job.variables.peek(name).is_none())
    {
        let tree = referenced(job, name)?;
        let rest = entry.split_once('/').map_or("", |(_, rest)| rest);
        let path = TreePath::new(job.variables.expand(rest).trim_start_matches('/'))?;
        return Ok(Place::Path(tree, format!("${name}/"), path));
    }
    let expanded = job.variables.expand(entry);
    if let Some(scheme) = scheme(&expanded) {
        let allowed = &job.settings.helm_value_file_schemes;
        if !allowed.iter().any(|known| known.eq_ignore_ascii_case(scheme)) {
            return Err(Failure::Specification(format!("the URL scheme '{scheme}' is not allowed")));
        }
        return Ok(Place::Url(expanded));
    }
    let path = match expanded.strip_prefix('/') {
        Some(from_root) => TreePath::new(from_root),
        None => chart.join(&expanded),
    };
    let path = path.map_err(|error| Failure::content(format!("value file {entry:?}: {error}")))?;
    if path.is_root() {
        return Err(Failure::content(format!("value file {entry:?} is the repository's root")));
    }
    Ok(Place::Path(job.tree.clone(), String::new(), path))
}

fn referenced(job: &Job, name: &str) -> Result<Arc<dyn Tree>, Failure> {
    match job.references.get(name) {
        Some(Reference::Files(tree)) => Ok(tree.clone()),
        Some(Reference::Chart) => Err(Failure::Specification(format!(
            "source referenced \"${name}\", but that source is a chart; only repositories can be referred to"
        ))),
        None if job.references.is_empty() => Err(Failure::Specification(format!(
            "source referenced \"${name}\", but no source has a 'ref' field defined"
        ))),
        None => {
            let known: Vec<_> = job.references.keys().map(|name| format!("${name}")).collect();
            Err(Failure::Specification(format!(
                "source referenced \"${name}\", which is not one of the available sources ({})",
                known.join(", ")
            )))
        }
    }
}

/// The content of a file parameter.
pub(crate) fn read_parameter(job: &Job, chart: &TreePath, path: &str) -> Result<String, String> {
    let words = |failure: Failure| match failure {
        Failure::Path(text) | Failure::Content(text) | Failure::Specification(text) => text,
    };
    match place_of(job, chart, path).map_err(words)? {
        Place::Path(tree, _, path) => tree::read_text(&*tree, &path).map_err(|error| error.to_string()),
        Place::Url(url) => {
            job.remote_files.get(&url).cloned().ok_or_else(|| format!("{url:?} was not fetched"))
        }
    }
}
