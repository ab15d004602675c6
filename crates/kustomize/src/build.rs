//! What a kustomization accumulates: its resources and bases, what it generates, its components, what it transforms.
//! The transformers of its fields are in `steps`; what only the root does at the end is in `finish`.

use std::sync::Arc;

use serde_json::Value;
use tree::{Tree, TreePath};

use crate::Options;
use crate::absorb::absorb;
use crate::budget;
use crate::charts;
use crate::error::Error;
use crate::file::{self, Kustomization, Variable};
use crate::generate::{self, Kind};
use crate::origin::{Configuration, Origin};
use crate::place::{Entry, Place, Session, objects_of};
use crate::plugin::{self, Setting};
use crate::remote::{Need, Outside};
use crate::resource::{Resource, append, refuse_conflicts};
use crate::specs::{Specs, from_definitions};
use crate::types::Types;
use crate::{finish, variables};

/// Bases inside bases; the real tool's limit is the stack.
const MAX_DEPTH: usize = 64;

/// What a kustomization has come to so far.
#[derive(Default)]
pub(crate) struct Accumulated {
    pub(crate) list: Vec<Resource>,
    /// Those of bases; later those of the kustomization, too.
    pub(crate) specs: Option<Arc<Specs>>,
    pub(crate) variables: Vec<Variable>,
}

impl Accumulated {
    /// The field specs that hold here.
    pub(crate) fn specs(&self) -> Arc<Specs> {
        self.specs.clone().unwrap_or_else(Specs::builtin)
    }
}

/// What a kustomization is told by the one that names it.
#[derive(Clone, Default)]
struct Inherited {
    /// Where it is, when somebody wants to know.
    origin: Option<Origin>,
    /// The namespace of the nearest kustomization above that has one: that of charts.
    namespace: String,
}

/// What came of a build.
pub(crate) enum Built {
    Done(Vec<Resource>),
    Needs(Vec<(Need, TreePath)>),
}

/// Builds a kustomization as the root: with hashes, references, variables and order.
pub(crate) fn build_root(
    tree: &dyn Tree,
    directory: &TreePath,
    options: &Options,
    outside: &Outside,
) -> Result<Built, Error> {
    let session = Session::new(outside);
    let result = build_within(tree, directory, options, &session);
    match (session.into_missing(), result) {
        (missing, _) if !missing.is_empty() => Ok(Built::Needs(missing)),
        (_, result) => result.map(Built::Done),
    }
}

fn build_within(
    tree: &dyn Tree,
    directory: &TreePath,
    options: &Options,
    session: &Session<'_>,
) -> Result<Vec<Resource>, Error> {
    let place = Place::root(tree, directory, options.unrestricted, session)?;
    let (root, file) = file::read(&place)?;
    let place = place.with_file(file);
    let types = Types::default();
    types.decide(&root, &place)?;
    let builder = Builder { options, types };
    let origin = (!root.build_metadata.is_empty()).then(Origin::default);
    let mut accumulated = Accumulated::default();
    builder.accumulate(&root, &place, &mut accumulated, Inherited { origin, namespace: String::new() })?;
    finish::finish(&root, &place, accumulated, options)
}

struct Builder<'a> {
    options: &'a Options,
    types: Types,
}

impl Builder<'_> {
    /// Adds what another directory makes of itself and, if it is a component, of what is there already.
    fn accumulate_directory(
        &self,
        place: Place<'_>,
        accumulated: &mut Accumulated,
        inherited: Inherited,
        as_component: bool,
    ) -> Result<(), Error> {
        let (kustomization, file) = file::read(&place)?;
        let place = place.with_file(file);
        place.session.spent.kustomization(&place.file)?;
        if place.depth() >= MAX_DEPTH {
            let file = place.file.clone();
            return Err(Error::Budget { file, what: "depth of bases", limit: MAX_DEPTH });
        }
        self.types.decide(&kustomization, &place)?;
        match (as_component, kustomization.is_component()) {
            (true, false) => Err(place.error("expected kind 'Component' but got 'Kustomization'")),
            (false, true) => Err(place.error("expected kind != 'Component'; list it under `components`")),
            _ => self.accumulate(&kustomization, &place, accumulated, inherited),
        }
    }

    /// Does what a kustomization says, in Kustomize's order.
    fn accumulate(
        &self,
        kustomization: &Kustomization,
        place: &Place<'_>,
        accumulated: &mut Accumulated,
        inherited: Inherited,
    ) -> Result<(), Error> {
        self.add_resources(kustomization, &kustomization.resources, place, accumulated, &inherited)?;
        self.merge_specs(kustomization, place, accumulated)?;
        self.generate(kustomization, place, accumulated, &inherited)?;
        for component in &kustomization.components {
            let directory = match place.directory(component) {
                // What else is missing is asked for at the same time.
                Err(Error::Unavailable { .. }) => continue,
                directory => directory?,
            };
            let inherited = inherited.below(kustomization, component);
            self.accumulate_directory(directory, accumulated, inherited, true)?;
            refuse_conflicts(&mut accumulated.list).map_err(|message| place.failed("components", message))?;
        }
        self.transform(kustomization, place, accumulated, &inherited)?;
        budget::objects(&accumulated.list, &place.file)?;
        let failed = |message: String| place.failed("vars", message);
        variables::bind(&mut accumulated.list, &kustomization.vars).map_err(failed)?;
        variables::add(&mut accumulated.variables, kustomization.vars.clone()).map_err(failed)
    }

    /// Adds what entries name: objects of files, and what other kustomizations come to.
    fn add_resources(
        &self,
        kustomization: &Kustomization,
        entries: &[String],
        place: &Place<'_>,
        accumulated: &mut Accumulated,
        inherited: &Inherited,
    ) -> Result<(), Error> {
        for entry in entries {
            match place.find(entry) {
                // What else is missing is asked for at the same time.
                Err(Error::Unavailable { .. }) => {}
                Err(error) => return Err(error),
                Ok(Entry::Objects(mut resources)) => {
                    if let Some(origin) = &inherited.origin {
                        let origin = origin.append(entry);
                        resources.iter_mut().for_each(|resource| resource.origin = Some(origin.clone()));
                    }
                    self.types.note(&resources);
                    append(&mut accumulated.list, resources).map_err(|message| {
                        place.failed("resources", format!("merging resources from '{entry}': {message}"))
                    })?;
                }
                Ok(Entry::Directory(directory)) => {
                    // A base brings its own configuration, and is finished before it is added.
                    let mut base = Accumulated::default();
                    let inherited = inherited.below(kustomization, entry);
                    self.accumulate_directory(directory, &mut base, inherited, false)?;
                    let specs = base.specs();
                    append(&mut accumulated.list, base.list).map_err(|message| {
                        place.failed("resources", format!("recursed merging from path '{entry}': {message}"))
                    })?;
                    budget::objects(&accumulated.list, &place.file)?;
                    Specs::merge(&mut accumulated.specs, &specs)
                        .map_err(|message| place.failed("configurations", message))?;
                    variables::add(&mut accumulated.variables, base.variables)
                        .map_err(|message| place.failed("vars", message))?;
                }
            }
        }
        Ok(())
    }

    fn merge_specs(
        &self,
        kustomization: &Kustomization,
        place: &Place<'_>,
        accumulated: &mut Accumulated,
    ) -> Result<(), Error> {
        let mut own = Specs::default();
        for name in &kustomization.configurations {
            let failed = |message: String| place.failed("configurations", format!("'{name}': {message}"));
            let value = goyaml::from_str(&place.text(name)?).map_err(|error| failed(error.to_string()))?;
            let value = if value.is_null() { Value::Object(serde_json::Map::new()) } else { value };
            let specs: Specs = file::decode_loosely(value).map_err(failed)?;
            own = own.merged(&specs).map_err(failed)?;
        }
        let failed = |message: String| place.failed("configurations", message);
        let own = if kustomization.configurations.is_empty() {
            Specs::builtin()
        } else {
            Arc::new(Specs::builtin().merged(&own).map_err(failed)?)
        };
        Specs::merge(&mut accumulated.specs, &own).map_err(failed)?;
        for name in &kustomization.crds {
            let failed = |message: String| {
                place.failed("crds", format!("unable to parse open API definition from '{name}': {message}"))
            };
            let value = goyaml::from_str(&place.text(name)?).map_err(|error| failed(error.to_string()))?;
            let definitions = match value {
                Value::Object(definitions)
                    if definitions.values().all(|one| one.is_object() || one.is_null()) =>
                {
                    definitions
                }
                Value::Null => continue,
                _ => {
                    let wanted = "expected a map of OpenAPI definitions, each with its Schema";
                    return Err(failed(wanted.to_owned()));
                }
            };
            let specs = from_definitions(&definitions).map_err(failed)?;
            Specs::merge(&mut accumulated.specs, &Arc::new(specs)).map_err(failed)?;
        }
        Ok(())
    }

    fn generate(
        &self,
        kustomization: &Kustomization,
        place: &Place<'_>,
        accumulated: &mut Accumulated,
        inherited: &Inherited,
    ) -> Result<(), Error> {
        let list = &mut accumulated.list;
        let failed = |message: String| place.failed("generators", message);
        let origin_of = |kind: &str| {
            let file_name = place.file.name().unwrap_or_default();
            inherited.origin.as_ref().map(|origin| origin.of_builtin(file_name, kind))
        };
        let global = kustomization.generator_options.as_ref();
        let config_maps =
            kustomization.config_map_generator.iter().map(|generator| (Kind::ConfigMap, generator));
        let secrets = kustomization.secret_generator.iter().map(|generator| (Kind::Secret, generator));
        for (kind, generator) in config_maps.chain(secrets) {
            let mut generated = match generate::generate(kind, generator, global, place) {
                Err(Error::Unavailable { .. }) => continue,
                generated => generated?,
            };
            generated.origin = origin_of(kind.generator());
            absorb(list, generated).map_err(failed)?;
        }
        let namespace = inherited.below(kustomization, ".").namespace;
        for chart in &kustomization.helm_charts {
            let globals = kustomization.helm_globals.as_ref();
            let resources = match charts::inflate(chart, globals, &namespace, place, self.options) {
                Err(Error::Unavailable { .. }) => continue,
                resources => resources?,
            };
            self.types.note(&resources);
            let origin = origin_of("HelmChartInflationGenerator");
            for mut resource in resources {
                resource.origin.clone_from(&origin);
                absorb(list, resource).map_err(failed)?;
            }
        }
        let configs = self.configured(kustomization, &kustomization.generators, place, inherited)?;
        for config in configs {
            let resources = plugin::generate(&config, &self.setting(place))?;
            self.types.note(&resources);
            let origin = config_origin(&config);
            for mut resource in resources {
                resource.origin.clone_from(&origin);
                absorb(list, resource).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Applies the kustomization's own fields, then the objects of `transformers` and `validators`.
    fn transform(
        &self,
        kustomization: &Kustomization,
        place: &Place<'_>,
        accumulated: &mut Accumulated,
        inherited: &Inherited,
    ) -> Result<(), Error> {
        let file_name = place.file.name().unwrap_or_default();
        let note = |list: &mut Vec<Resource>, kind: &str| {
            if let Some(origin) = &inherited.origin {
                note_transformation(list, &origin.of_builtin(file_name, kind));
            }
        };
        crate::steps::transform(kustomization, place, accumulated, &self.types, &note)?;
        let configs = self.configured(kustomization, &kustomization.transformers, place, inherited)?;
        for config in configs {
            plugin::transform(&config, &mut accumulated.list, &self.setting(place))?;
            if let Some(origin) = config_origin(&config) {
                note_transformation(&mut accumulated.list, &origin);
            }
        }
        let configs = self.configured(kustomization, &kustomization.validators, place, inherited)?;
        for config in configs {
            let mut validated = accumulated.list.clone();
            plugin::transform(&config, &mut validated, &self.setting(place))?;
            refuse_changes(&accumulated.list, &validated)
                .map_err(|message| place.failed("validators", format!("{}: {message}", config.name())))?;
            accumulated.list = validated;
        }
        Ok(())
    }

    fn setting<'b>(&'b self, place: &'b Place<'b>) -> Setting<'b> {
        Setting { place, options: self.options, types: &self.types }
    }

    /// The objects that entries of `generators`, `transformers` or `validators` are: inline, in files, or built from
    /// directories.
    fn configured(
        &self,
        kustomization: &Kustomization,
        entries: &[String],
        place: &Place<'_>,
        inherited: &Inherited,
    ) -> Result<Vec<Resource>, Error> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let mut configs = Accumulated::default();
        let mut paths = Vec::new();
        for entry in entries {
            let Ok(mut inline) = objects_of(entry, &place.file.as_str().into()) else {
                paths.push(entry.clone());
                continue;
            };
            if let Some(origin) = &inherited.origin {
                let origin = origin.append(place.file.name().unwrap_or_default());
                inline.iter_mut().for_each(|config| config.origin = Some(origin.clone()));
            }
            append(&mut configs.list, inline).map_err(|message| place.failed("transformers", message))?;
        }
        self.add_resources(kustomization, &paths, place, &mut configs, inherited)?;
        Ok(configs.list)
    }
}

impl Inherited {
    /// What an entry of a kustomization is told.
    fn below(&self, kustomization: &Kustomization, entry: &str) -> Self {
        let namespace = crate::identity::or(&kustomization.namespace, &self.namespace).to_owned();
        Self { origin: self.origin.as_ref().map(|origin| origin.append(entry)), namespace }
    }
}

/// The origin of what a configured generator or transformer makes.
fn config_origin(config: &Resource) -> Option<Origin> {
    let configuration = Configuration {
        api_version: config.api_version().to_owned(),
        kind: config.kind().to_owned(),
        name: config.name().to_owned(),
        namespace: config.namespace().to_owned(),
    };
    config.origin.as_ref().map(|origin| origin.of_configured(configuration))
}

/// Notes that a transformer has gone over all objects; those that came of nowhere came of it.
fn note_transformation(list: &mut [Resource], by: &Origin) {
    for resource in list.iter_mut() {
        match resource.origin {
            None => resource.origin = Some(by.clone()),
            Some(_) => resource.transformations.push(by.clone()),
        }
    }
}

/// A validator may mark objects with a label of its own, and change nothing else.
fn refuse_changes(before: &[Resource], after: &[Resource]) -> Result<(), String> {
    let unmarked = |resource: &Resource| {
        let mut value = resource.value.clone();
        if let Some(labels) = value.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
            labels.remove("validated-by");
            if labels.is_empty()
                && let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut)
            {
                metadata.remove("labels");
            }
        }
        value
    };
    if before.len() == after.len()
        && before.iter().zip(after).all(|(before, after)| unmarked(before) == unmarked(after))
    {
        return Ok(());
    }
    Err("validator shouldn't modify the resource map".to_owned())
}
