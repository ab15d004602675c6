//! The way from a chart and values to documents.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use gotmpl::{Compiled, Environment, MissingKey, Options, State, TemplateSet, Value};

use crate::budget::Budget;
use crate::capabilities::Capabilities;
use crate::chart::Chart;
use crate::common_values;
use crate::context::{self, Job};
use crate::error::Error;
use crate::functions::{self, IncludeDepths, without_missing};
use crate::output::{self, Document, Rendered, Role};
use crate::release::{Flavor, Release};
use crate::values::{Table, coalesce};
use crate::{dependencies, schema, trace, version};

/// Renders a chart: what `helm template` does, without cluster, network and files.
///
/// `values` are the user's, merged ([`crate::Values::merge`]); `environment` is the clock and the randomness that
/// functions such as `now` and `genCA` ask for.
///
/// # Errors
/// The chart can't be rendered by itself, misses dependencies, refuses the values, or a template fails.
pub fn render(
    chart: &Arc<Chart>,
    values: &Table,
    release: &Release,
    budget: &Budget,
    environment: Arc<dyn Environment>,
) -> Result<Rendered, Error> {
    let mut rendered = print(chart, values, release, budget, environment)?;
    if !rendered.crd_files.is_empty() {
        let mut documents = Vec::new();
        for (source, text) in &rendered.crd_files {
            crd_documents(source, text, &mut documents)?;
        }
        documents.append(&mut rendered.documents);
        rendered.documents = documents;
    }
    Ok(rendered)
}

/// Renders a chart to be printed: as [`render`], but the files of `crds/` are not read as YAML and are no documents of the
/// result. Helm prints them as they are, whatever they hold.
///
/// # Errors
/// As for [`render`].
pub fn print(
    chart: &Arc<Chart>,
    values: &Table,
    release: &Release,
    budget: &Budget,
    environment: Arc<dyn Environment>,
) -> Result<Rendered, Error> {
    release.check_name()?;
    chart.check_installable()?;
    let instance = dependencies::process(chart, values, release.flavor)?;
    let capabilities = Capabilities::new(release.kube_version.as_deref(), &release.api_versions)?;
    let values = coalesce::coalesce(&instance, values, release.flavor.nulls())?;
    if !release.skip_schema_validation {
        schema::validate(&instance, &values)?;
    }
    let wanted = &chart.metadata.kube_version;
    if !wanted.is_empty() && !version::satisfies(&capabilities.kube_version.normalized, wanted) {
        let found = capabilities.kube_version.full;
        return Err(Error::IncompatibleKubeVersion { wanted: wanted.clone(), found });
    }

    let jobs = context::jobs(&instance, &values, release, &capabilities);
    let mut files = execute(chart, &jobs, release.flavor, budget, environment)?;
    // A template may have put a context into itself; such rings would never be freed.
    for job in &jobs {
        job.context.clear();
    }

    let notes_name = format!("{}/templates/NOTES.txt", chart.metadata.name);
    let notes = files.remove(notes_name.as_str());
    let files: Vec<(Arc<str>, String)> = files
        .into_iter()
        .filter(|(name, text)| !name.ends_with("NOTES.txt") && !text.trim().is_empty())
        .collect();
    let crd_files: Vec<(Arc<str>, String)> =
        if release.include_crds { context::crds(&instance) } else { Vec::new() };
    let mut documents = output::assemble(&files, release.flavor)?;
    documents.retain(|document| match &document.role {
        Role::Hook(hook) => !(release.no_hooks || release.skip_tests && hook.is_test()),
        Role::Crd | Role::Manifest => true,
    });
    Ok(Rendered { documents, notes, crd_files })
}

/// Adds the documents of one file of `crds/`.
fn crd_documents(source: &Arc<str>, text: &str, found: &mut Vec<Document>) -> Result<(), Error> {
    let documents = goyaml::documents(text).map_err(|error| Error::Manifest {
        source_name: source.to_string(),
        message: error.to_string(),
        line: error.line,
    })?;
    found.extend(documents.into_iter().map(|document| Document {
        source: source.clone(),
        role: Role::Crd,
        text: text.get(document.range).unwrap_or_default().to_string(),
        value: document.value,
    }));
    Ok(())
}

/// Parses all templates, then executes those that aren't partials: the outputs by full name.
fn execute(
    chart: &Chart,
    jobs: &[Job],
    flavor: Flavor,
    budget: &Budget,
    environment: Arc<dyn Environment>,
) -> Result<BTreeMap<Arc<str>, String>, Error> {
    let options = Options { missing_key: MissingKey::Zero };
    let mut set = TemplateSet::new("gotpl", functions::all(flavor), options);
    for job in jobs {
        set.add(&compiled(chart, &set, job, flavor)?);
    }
    let mut state =
        State::new(Arc::new(set), environment, budget.templates.clone()).with_host(IncludeDepths::default());
    let mut outputs = BTreeMap::new();
    for job in jobs.iter().filter(|job| !job.is_partial()) {
        let template =
            [("Name", Value::String(job.name.clone())), ("BasePath", Value::String(job.base_path.clone()))];
        let template = common_values::named(&template.into_iter().collect(), flavor);
        job.context.insert("Template", Value::Map(template));
        let output = state
            .execute(&job.name, &Value::Map(job.context.clone()))
            .map_err(|error| trace::execution_error(&error, flavor))?;
        outputs.insert(job.name.clone(), without_missing(output));
    }
    Ok(outputs)
}

/// The parsed template, from an earlier render if there was one.
fn compiled(chart: &Chart, set: &TemplateSet, job: &Job, flavor: Flavor) -> Result<Compiled, Error> {
    // The functions of another flavor may be others.
    if flavor != Flavor::default() {
        return set
            .compile(job.name.clone(), &job.text)
            .map_err(|error| trace::parse_error(&job.name, &error));
    }
    let mut parsed = chart.parsed.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((text, compiled)) = parsed.get(&job.name)
        && Arc::ptr_eq(text, &job.text)
    {
        return Ok(compiled.clone());
    }
    let compiled =
        set.compile(job.name.clone(), &job.text).map_err(|error| trace::parse_error(&job.name, &error))?;
    parsed.insert(job.name.clone(), (job.text.clone(), compiled.clone()));
    Ok(compiled)
}
