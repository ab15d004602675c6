//! Helm charts among the generators: found in the chart home or fetched, given their values, and rendered by crate
//! `helm`.

use helm::{Budget, Chart, Release, Values, ValuesFile};
use serde_json::Value;
use tree::{EntryKind, Tree, TreePath};

use crate::Options;
use crate::error::Error;
use crate::file::{HelmChart, HelmGlobals};
use crate::merge;
use crate::place::{Place, objects_of};
use crate::remote::{Answer, Need};
use crate::resource::Resource;
use crate::shapes::Shapes;

/// Where charts are unless the kustomization says otherwise.
const CHART_HOME: &str = "charts";

/// A chart's files.
struct Files<'a> {
    tree: &'a dyn Tree,
    directory: TreePath,
}

/// Renders an entry of `helmCharts`.
pub(crate) fn inflate(
    entry: &HelmChart,
    globals: Option<&HelmGlobals>,
    namespace: &str,
    place: &Place<'_>,
    options: &Options,
) -> Result<Vec<Resource>, Error> {
    let failed = |message: String| place.failed("helmCharts", format!("{}: {message}", entry.name));
    check(entry, options).map_err(|message| place.failed("helmCharts", message))?;
    let files = find(entry, globals, place)?;
    let budget = Budget::default();
    let chart =
        Chart::load(files.tree, &files.directory, &budget).map_err(|error| failed(error.to_string()))?;
    let environment = place.session.outside.environment.clone();
    let values = values(entry, &files, place)?
        .merge(&|path| Err(format!("{path}: no file can be read here")))
        .map_err(|error| failed(error.to_string()))?;
    let name = if !entry.name_template.is_empty() {
        Release::name_from_template(&entry.name_template, environment.clone())
            .map_err(|error| failed(error.to_string()))?
    } else if entry.release_name.is_empty() {
        format!("{}-{}", entry.name, environment.now().0)
    } else {
        entry.release_name.clone()
    };
    let namespace = if entry.namespace.is_empty() { namespace } else { &entry.namespace };
    let kube_version = crate::identity::or(&entry.kube_version, &options.kube_version);
    let api_versions =
        if entry.api_versions.is_empty() { &options.api_versions } else { &entry.api_versions };
    let release = Release {
        kube_version: (!kube_version.is_empty()).then(|| kube_version.to_owned()),
        api_versions: api_versions.clone(),
        include_crds: entry.include_crds,
        skip_tests: entry.skip_tests,
        no_hooks: entry.skip_hooks,
        ..Release::new(&name, namespace)
    };
    let rendered = helm::render(&chart, &values, &release, &budget, environment)
        .map_err(|error| failed(error.to_string()))?;
    let mut resources = objects_of(&rendered.to_template_output(), &place.file.as_str().into())
        .map_err(|message| failed(format!("could not read the chart's output: {message}")))?;
    resources.iter_mut().for_each(|resource| resource.from_helm = true);
    Ok(resources)
}

fn check(entry: &HelmChart, options: &Options) -> Result<(), String> {
    if !options.enable_helm {
        return Err("must specify --enable-helm".to_owned());
    }
    if entry.name.is_empty() {
        return Err("chart name cannot be empty".to_owned());
    }
    for (what, name) in [("releaseName", &entry.release_name), ("chart name", &entry.name)] {
        if name.starts_with('-') {
            return Err(format!("{what} must not start with '-', got \"{name}\""));
        }
    }
    match entry.values_merge.as_str() {
        "" | "merge" | "override" | "replace" => Ok(()),
        _ => Err("valuesMerge must be one of [merge override replace]".to_owned()),
    }
}

/// The chart in the chart home; when it is not there, the one of its repository.
fn find<'a>(entry: &HelmChart, globals: Option<&HelmGlobals>, place: &Place<'a>) -> Result<Files<'a>, Error> {
    let mut home =
        globals.map_or(CHART_HOME, |globals| crate::identity::or(&globals.chart_home, CHART_HOME)).to_owned();
    if !entry.version.is_empty() && !entry.repo.is_empty() {
        home.push_str(&format!("/{}-{}", entry.name, entry.version));
    }
    let path = place.directory.join(&format!("{home}/{}", entry.name)).map_err(|error| place.error(error))?;
    if let Some((directory, EntryKind::Directory)) = tree::resolve(place.tree, &path)? {
        return Ok(Files { tree: place.tree, directory });
    }
    if entry.repo.is_empty() {
        let message = format!("no repo specified for pull, no chart found at '{path}'");
        return Err(place.failed("helmCharts", message));
    }
    let need = Need::Chart {
        repository: entry.repo.clone(),
        name: entry.name.clone(),
        version: entry.version.clone(),
        devel: entry.devel,
    };
    match place.session.get(&place.file, &need)? {
        Answer::Tree(tree) => Ok(Files { tree: &**tree, directory: TreePath::root() }),
        Answer::Failed(reason) => Err(place.failed("helmCharts", format!("{}: {reason}", entry.name))),
        Answer::Bytes(_) => Err(place.failed("helmCharts", "expected a chart")),
    }
}

/// The values that Helm gets: a values file (the chart's own unless another is named) joined with those in the entry,
/// and then the additional files.
fn values(entry: &HelmChart, files: &Files<'_>, place: &Place<'_>) -> Result<Values, Error> {
    let failed = |message: String| place.failed("helmCharts", format!("{}: {message}", entry.name));
    let text = if entry.values_merge == "replace" && !entry.values_inline.is_empty() {
        String::new()
    } else if entry.values_file.is_empty() {
        let path = files.directory.join("values.yaml").map_err(|error| place.error(error))?;
        if tree::is_file(files.tree, &path)? { tree::read_text(files.tree, &path)? } else { String::new() }
    } else {
        place.text(&entry.values_file)?
    };
    let text = if entry.values_inline.is_empty() {
        text
    } else {
        goyaml::to_string(&joined(entry, &text).map_err(failed)?)
    };
    let mut all =
        vec![ValuesFile { name: crate::identity::or(&entry.values_file, "values.yaml").to_owned(), text }];
    for name in &entry.additional_values_files {
        all.push(ValuesFile { name: name.clone(), text: place.text(name)? });
    }
    Ok(Values { files: all, ..Values::default() })
}

/// The values in the entry and those of the file: which of both win is said by `valuesMerge`.
fn joined(entry: &HelmChart, text: &str) -> Result<Value, String> {
    let inline = Value::Object(entry.values_inline.clone());
    if entry.values_merge == "replace" {
        return Ok(inline);
    }
    let file =
        crate::yaml::documents(text).map_err(|error| format!("could not parse values file: {error}"))?;
    let (file, blanks) = match file.into_iter().next() {
        Some(document) => (document.value, document.blanks),
        None => (Value::Null, Vec::new()),
    };
    let (mut below, mut blanks, above) =
        if entry.values_merge == "merge" { (inline, Vec::new(), file) } else { (file, blanks, inline) };
    if above.is_null() {
        return Ok(below);
    }
    if below.is_null() {
        below = Value::Object(serde_json::Map::new());
    }
    merge::merge(&mut below, &mut blanks, &above, &Shapes::default())
        .map_err(|error| format!("could not merge values: {error}"))?;
    Ok(below)
}
