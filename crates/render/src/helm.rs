//! Helm sources: an application's Helm options turned into a release and values, and the chart rendered by crate `helm`.
//!
//! Value files are found by `value_files`. Charts are parsed once per content ([`ChartCache`]) and shared by all
//! applications. What a chart lacks of its dependencies is asked of the shell.

use std::collections::HashMap;
use std::sync::Arc;

use helm::{Budget, Chart, Release, Values, ValuesFile};
use parking_lot::Mutex;
use tree::{EntryKind, Tree, TreeError, TreePath};
use types::{ApplicationSourceHelm, HelmParameter};

use crate::documents::Manifests;
use crate::engine::{ChartRequest, Job, application_name, sanitized_kube_version};
use crate::error::Failure;
use crate::overlay::Overlay;
use crate::value_files;

/// Parsed charts that are kept.
const MAX_CHARTS: usize = 512;
/// Directories that are looked through for links before a chart is shared.
const MAX_DIRECTORIES: usize = 2000;

/// Parsed charts by content id.
#[derive(Default)]
pub(crate) struct ChartCache {
    charts: Mutex<HashMap<String, Arc<Chart>>>,
}

impl ChartCache {
    fn get_or_load(
        &self,
        id: String,
        load: impl FnOnce() -> Result<Arc<Chart>, helm::Error>,
    ) -> Result<Arc<Chart>, helm::Error> {
        if let Some(chart) = self.charts.lock().get(&id) {
            return Ok(chart.clone());
        }
        let chart = load()?;
        let mut charts = self.charts.lock();
        if charts.len() >= MAX_CHARTS {
            charts.clear();
        }
        Ok(charts.entry(id).or_insert(chart).clone())
    }
}

/// Renders the chart in `place`, or answers which charts have to be fetched first.
pub(crate) fn render(
    job: &Job,
    place: &TreePath,
    manifests: &mut Manifests,
) -> Result<Option<Vec<ChartRequest>>, Failure> {
    let options = job.source.helm.clone().unwrap_or_default();
    if !matches!(options.version.as_str(), "" | "v3" | "v4") {
        return Err(Failure::Specification(format!("helm version '{}' is not supported", options.version)));
    }
    let mut chart = load(job, place)?;
    let missing = missing_dependencies(job, place, &chart)?;
    if !missing.is_empty() {
        let mut overlay = Overlay::new(job.tree.clone());
        let mut needed = Vec::new();
        for request in missing {
            let Some(tree) = dependency(job, place, &request)? else {
                needed.push(request);
                continue;
            };
            overlay.mount(place.join(&format!("charts/{}", request.name))?, tree);
        }
        if !needed.is_empty() {
            return Ok(Some(needed));
        }
        chart = Chart::load(&overlay, place, &Budget::default()).map_err(failed)?;
    }
    let release = release(job, &options)?;
    let values = values(job, place, &options)?;
    let environment = Arc::new(System);
    let rendered =
        helm::render(&chart, &values, &release, &Budget::default(), environment).map_err(failed)?;
    for document in rendered.documents {
        // Hooks are part of the application: Argo CD runs them in its own way.
        manifests.add(document.value, &document.source, 0)?;
    }
    Ok(None)
}

#[expect(clippy::needless_pass_by_value, reason = "it is passed to map_err")]
fn failed(error: helm::Error) -> Failure {
    Failure::content(error.to_string())
}

fn load(job: &Job, place: &TreePath) -> Result<Arc<Chart>, Failure> {
    let budget = Budget::default();
    let id = match &job.digest {
        Some(digest) => Some(format!("{digest} {place}")),
        None if has_links(&*job.tree, place)? => None,
        // Asking for the entry notes the directory's content as seen, exactly as reading it all would.
        None => job.tree.entry(place)?.map(|entry| entry.oid.to_string()),
    };
    let load = || Chart::load(&*job.tree, place, &budget);
    match id {
        Some(id) => job.charts.get_or_load(id, load),
        None => load(),
    }
    .map_err(failed)
}

/// Whether the directory has links, so that its id does not say all about the chart in it.
fn has_links(tree: &dyn Tree, place: &TreePath) -> Result<bool, TreeError> {
    let mut ahead = vec![place.clone()];
    let mut looked = 0;
    while let Some(directory) = ahead.pop() {
        looked += 1;
        if looked > MAX_DIRECTORIES {
            return Ok(true);
        }
        for (name, entry) in tree.list(&directory)? {
            match entry.kind {
                EntryKind::Symlink | EntryKind::Submodule => return Ok(true),
                EntryKind::Directory => ahead.extend(directory.join(&name)),
                EntryKind::File => {}
            }
        }
    }
    Ok(false)
}

/// The declared dependencies that the chart does not bring, in the versions of its lock file when there is one.
fn missing_dependencies(job: &Job, place: &TreePath, chart: &Chart) -> Result<Vec<ChartRequest>, Failure> {
    let brought = |name: &str| chart.dependencies.iter().any(|dependency| dependency.metadata.name == name);
    let mut missing: Vec<ChartRequest> = Vec::new();
    for declared in &chart.metadata.dependencies {
        if brought(&declared.name) || missing.iter().any(|known| known.name == declared.name) {
            continue;
        }
        missing.push(ChartRequest {
            name: declared.name.clone(),
            repository: declared.repository.clone(),
            version: declared.version.clone(),
        });
    }
    if missing.is_empty() {
        return Ok(missing);
    }
    for name in ["Chart.lock", "requirements.lock"] {
        let file = place.join(name)?;
        if !tree::is_file(&*job.tree, &file)? {
            continue;
        }
        let text = tree::read_text(&*job.tree, &file)?;
        let lock = goyaml::from_str(&text).map_err(|error| Failure::content(format!("{file}: {error}")))?;
        let locked =
            lock.get("dependencies").and_then(|list| list.as_array()).map(Vec::as_slice).unwrap_or_default();
        for request in &mut missing {
            let field = |entry: &serde_json::Value, key: &str| {
                entry.get(key).and_then(|value| value.as_str()).map(str::to_owned)
            };
            let entry = locked.iter().find(|entry| field(entry, "name").as_ref() == Some(&request.name));
            if let Some(version) = entry.and_then(|entry| field(entry, "version")) {
                request.version = version;
            }
        }
        break;
    }
    Ok(missing)
}

/// The files of a dependency: a directory of the same repository, or what the shell has fetched.
fn dependency(job: &Job, place: &TreePath, request: &ChartRequest) -> Result<Option<Arc<dyn Tree>>, Failure> {
    if request.repository.is_empty() {
        return Err(Failure::content(format!(
            "found in Chart.yaml, but missing in charts/ directory: {} (it names no repository to fetch it from)",
            request.name
        )));
    }
    if let Some(path) = request.repository.strip_prefix("file://") {
        let directory = place.join(path)?;
        return Ok(Some(Arc::new(Subtree { tree: job.tree.clone(), directory })));
    }
    let fetched = job.dependencies.iter().find(|(known, _)| known == request);
    Ok(fetched.map(|(_, tree)| tree.clone()))
}

/// A directory of a tree as a tree of its own.
struct Subtree {
    tree: Arc<dyn Tree>,
    directory: TreePath,
}

impl Subtree {
    fn at(&self, path: &TreePath) -> TreePath {
        self.directory.join(path.as_str()).unwrap_or_default()
    }
}

impl Tree for Subtree {
    fn entry(&self, path: &TreePath) -> Result<Option<tree::Entry>, TreeError> {
        self.tree.entry(&self.at(path))
    }

    fn kind(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        self.tree.kind(&self.at(path))
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        self.tree.read(&self.at(path))
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, tree::Entry)>, TreeError> {
        self.tree.list(&self.at(path))
    }
}

fn release(job: &Job, options: &ApplicationSourceHelm) -> Result<Release, Failure> {
    let kustomize = job.source.kustomize.as_ref();
    let first =
        |texts: [&str; 3]| texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default().to_owned();
    let name =
        if options.release_name.is_empty() { application_name(&job.instance) } else { &options.release_name };
    let name = Release::name_from_template(name, Arc::new(System)).map_err(failed)?;
    let namespace = first([
        &options.namespace,
        kustomize.map_or("", |kustomize| &kustomize.namespace),
        &job.destination_namespace,
    ]);
    let kube_version = first([
        &options.kube_version,
        kustomize.map_or("", |kustomize| &kustomize.kube_version),
        &job.kube_version,
    ]);
    let kube_version = sanitized_kube_version(&kube_version)?;
    let mut release = Release::new(&name, &namespace);
    release.kube_version = (!kube_version.is_empty()).then_some(kube_version);
    release.api_versions = if options.api_versions.is_empty() {
        job.api_versions.to_vec()
    } else {
        options.api_versions.clone()
    };
    release.include_crds = !options.skip_crds;
    release.skip_tests = options.skip_tests;
    release.skip_schema_validation = options.skip_schema_validation;
    Ok(release)
}

/// Everything the user sets, merged in Argo CD's order.
fn values(job: &Job, place: &TreePath, options: &ApplicationSourceHelm) -> Result<helm::Table, Failure> {
    let mut values = Values::default();
    for file in value_files::find(job, place, options)? {
        values.files.push(ValuesFile { name: file.name, text: file.text });
    }
    match &options.values_object {
        Some(object) => {
            values.files.push(ValuesFile { name: "valuesObject".into(), text: goyaml::to_string(object) });
        }
        None if !options.values.is_empty() => {
            values.files.push(ValuesFile { name: "values".into(), text: options.values.clone() });
        }
        None => {}
    }
    for parameter in last_of_each(&options.parameters) {
        let setting = format!("{}={}", parameter.name, escaped(&job.variables.expand(&parameter.value)));
        let list = if parameter.force_string { &mut values.set_string } else { &mut values.set };
        list.push(setting);
    }
    for parameter in &options.file_parameters {
        values.set_file.push(format!("{}={}", parameter.name, escaped(&parameter.path)));
    }
    let read_file = |path: &str| value_files::read_parameter(job, place, path);
    values.merge(&read_file).map_err(failed)
}

/// Of parameters with one name and kind only the last counts; their order is otherwise kept.
fn last_of_each(parameters: &[HelmParameter]) -> impl Iterator<Item = &HelmParameter> {
    parameters.iter().enumerate().filter_map(|(index, parameter)| {
        let same = |later: &HelmParameter| {
            later.name == parameter.name && later.force_string == parameter.force_string
        };
        (!parameters[index + 1..].iter().any(same)).then_some(parameter)
    })
}

/// Commas that are part of the value: all that are not escaped already, unless the value is a list in braces.
fn escaped(value: &str) -> String {
    if value.starts_with('{') && value.ends_with('}') {
        return value.to_owned();
    }
    let mut text = String::with_capacity(value.len());
    let mut before = ' ';
    for character in value.chars() {
        if character == ',' && before != '\\' {
            text.push('\\');
        }
        text.push(character);
        before = character;
    }
    text
}

/// The clock and the randomness of this machine, for the template functions that ask for them.
#[derive(Debug, Clone, Copy)]
pub struct System;

impl gotmpl::Environment for System {
    fn now(&self) -> (i64, u32) {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        (i64::try_from(now.as_secs()).unwrap_or(i64::MAX), now.subsec_nanos())
    }

    fn fill(&self, bytes: &mut [u8]) {
        rand::fill(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_are_escaped_once() {
        for (value, expected) in [("a,b", "a\\,b"), ("a\\,b", "a\\,b"), ("{a,b}", "{a,b}"), ("", "")] {
            assert_eq!(escaped(value), expected);
        }
        let parameter = |name: &str, value: &str, force_string| HelmParameter {
            name: name.into(),
            value: value.into(),
            force_string,
        };
        let parameters = [
            parameter("a", "1", false),
            parameter("b", "2", false),
            parameter("a", "3", false),
            parameter("a", "4", true),
        ];
        let values: Vec<_> = last_of_each(&parameters).map(|parameter| parameter.value.as_str()).collect();
        assert_eq!(values, ["2", "3", "4"]);
    }
}
