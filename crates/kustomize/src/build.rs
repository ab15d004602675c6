//! The order of a build: what a kustomization accumulates, and what the root does with it at the end.

use std::sync::Arc;

use object::schema::Schemas;
use serde_json::Value;
use tree::{Tree, TreePath};

use crate::builtin::Place;
use crate::error::Error;
use crate::fieldspec::{FieldSpec, Specs, from_definitions, merge};
use crate::file::{self, GeneratorOptions, Kustomization, Labels, Replacement, Variable};
use crate::generate::{self, Kind};
use crate::load::{Entry, Loader, objects};
use crate::merge::Types;
use crate::resource::{Resource, append};
use crate::transform::{self, SubjectRule};
use crate::{Options, builtin, hash, order, patch, references, variables};

/// Bases inside bases; the real tool's limit is the stack.
const MAX_DEPTH: usize = 64;

/// Objects in one build.
const MAX_RESOURCES: usize = 50_000;

/// What a kustomization has come to so far.
#[derive(Default)]
struct Accumulated {
    list: Vec<Resource>,
    /// The root's own `openapi`, else the first of its bases'.
    types: Option<Arc<Schemas>>,
    specs: Specs,
    variables: Vec<Variable>,
}

/// Builds a kustomization as the root: with hashes, references, variables and order.
pub(crate) fn build_root(
    tree: &dyn Tree,
    directory: &TreePath,
    options: &Options,
) -> Result<Vec<Resource>, Error> {
    let builder = Builder { loader: Loader { tree, unrestricted: options.unrestricted } };
    let place = match tree::resolve(tree, directory)? {
        Some((place, _)) => place,
        None => return Err(Error::NoKustomization { directory: directory.clone() }),
    };
    let mut accumulated = Accumulated { specs: Specs::builtin(), ..Accumulated::default() };
    let (root, file) = builder.accumulate(&place, &mut accumulated, &mut Vec::new(), false)?;
    let Accumulated { mut list, specs, variables, .. } = accumulated;
    let failed = |step: &'static str, message: String| Error::step(&file, step, message);

    for resource in list.iter_mut().filter(|resource| resource.hashed) {
        let suffix = hash::suffix(resource);
        resource.remember();
        let name = format!("{}-{suffix}", resource.name());
        resource.set_name(&name);
    }
    references::fix(&mut list, &specs.name_reference).map_err(|message| failed("nameReference", message))?;
    variables::substitute(&mut list, &variables, &specs.var_reference)
        .map_err(|message| failed("vars", message))?;
    let is_local = |resource: &Resource| {
        let mark = resource.annotations().and_then(|map| map.get("config.kubernetes.io/local-config"));
        mark.is_some_and(|value| value.as_str() != Some("false"))
    };
    list.retain(|resource| !is_local(resource));
    order::sort(&mut list, root.sort_options.as_ref()).map_err(|message| failed("sortOptions", message))?;
    if root.build_metadata.iter().any(|entry| entry == "managedByLabel") {
        for resource in &mut list {
            let labels =
                resource.metadata().entry("labels").or_insert_with(|| Value::Object(serde_json::Map::new()));
            if let Some(labels) = labels.as_object_mut() {
                labels.insert("app.kubernetes.io/managed-by".to_owned(), "kustomize-v5.8.2".into());
            }
        }
    }
    list.iter_mut().for_each(strip_internal);
    Ok(list)
}

/// Annotations that tools leave for themselves are not part of the output.
fn strip_internal(resource: &mut Resource) {
    let Some(metadata) = resource.value.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    let Some(annotations) = metadata.get_mut("annotations") else { return };
    let Some(annotations) = annotations.as_object_mut() else {
        metadata.remove("annotations");
        return;
    };
    annotations.retain(|key, _| {
        !key.starts_with("internal.config.kubernetes.io/")
            && !matches!(
                key.as_str(),
                "config.kubernetes.io/index"
                    | "config.kubernetes.io/path"
                    | "config.kubernetes.io/id"
                    | "config.k8s.io/id"
            )
    });
    if annotations.is_empty() {
        metadata.remove("annotations");
    }
}

struct Builder<'a> {
    loader: Loader<'a>,
}

impl Builder<'_> {
    /// Adds what a directory's kustomization makes of itself and of what is there already.
    fn accumulate(
        &self,
        directory: &TreePath,
        accumulated: &mut Accumulated,
        visited: &mut Vec<TreePath>,
        as_component: bool,
    ) -> Result<(Kustomization, TreePath), Error> {
        let (kustomization, file) = file::read(self.loader.tree, directory)?;
        if let Some(above) = visited.iter().find(|above| above.below(directory).is_some()) {
            return Err(Error::file(
                &file,
                format!("cycle detected: candidate root '{directory}' contains visited root '{above}'"),
            ));
        }
        if visited.len() >= MAX_DEPTH {
            return Err(Error::Budget { file, what: "depth of bases", limit: MAX_DEPTH });
        }
        if kustomization.is_component() != as_component {
            let (is, wanted) =
                if as_component { ("Kustomization", "Component") } else { ("Component", "Kustomization") };
            return Err(Error::file(&file, format!("expected kind '{wanted}' but got kind '{is}'")));
        }
        self.refuse_unsupported(&kustomization, &file)?;
        visited.push(directory.clone());
        self.add_resources(&kustomization, directory, &file, accumulated, visited)?;
        self.merge_specs(&kustomization, directory, &file, accumulated)?;
        self.read_types(&kustomization, directory, &file, accumulated)?;
        self.generate(&kustomization, directory, &file, &mut accumulated.list)?;
        let place = Place { loader: self.loader, directory, file: &file };
        for config in self.configured(&kustomization.generators, directory, &file, visited)? {
            builtin::generate(&config, &mut accumulated.list, place)?;
        }
        for component in &kustomization.components {
            match self.loader.find(directory, &file, component)? {
                Entry::Directory(place) => drop(self.accumulate(&place, accumulated, visited, true)?),
                Entry::File(path) => {
                    return Err(Error::file(
                        &file,
                        format!("components: '{path}' is a file; expected a directory"),
                    ));
                }
            }
        }
        self.transform(&kustomization, directory, &file, accumulated)?;
        let types = accumulated.types.clone();
        for config in self.configured(&kustomization.transformers, directory, &file, visited)? {
            builtin::transform(&config, &mut accumulated.list, place, Types { own: types.as_deref() })?;
        }
        visited.pop();
        if accumulated.list.len() > MAX_RESOURCES {
            return Err(Error::Budget { file, what: "number of objects", limit: MAX_RESOURCES });
        }
        let vars = variables::bind(&accumulated.list, &kustomization.vars);
        variables::add(&mut accumulated.variables, vars)
            .map_err(|message| Error::step(&file, "vars", message))?;
        Ok((kustomization, file))
    }

    fn refuse_unsupported(&self, kustomization: &Kustomization, file: &TreePath) -> Result<(), Error> {
        let refuse = |feature: &str, hint: &'static str| {
            Err(Error::Unsupported { file: file.clone(), feature: feature.to_owned(), hint })
        };
        if !kustomization.helm_charts.is_empty() || kustomization.helm_globals.is_some() {
            return refuse("helmCharts", "make the chart a source of its own");
        }
        Ok(())
    }

    fn add_resources(
        &self,
        kustomization: &Kustomization,
        directory: &TreePath,
        file: &TreePath,
        accumulated: &mut Accumulated,
        visited: &mut Vec<TreePath>,
    ) -> Result<(), Error> {
        for entry in &kustomization.resources {
            match self.loader.find(directory, file, entry)? {
                Entry::File(path) => {
                    for resource in self.loader.resources(&path)? {
                        append(&mut accumulated.list, resource)
                            .map_err(|message| Error::step(file, "resources", message))?;
                    }
                }
                Entry::Directory(place) => {
                    // A base brings its own configuration, and is finished before it is added.
                    let mut base = Accumulated { specs: Specs::builtin(), ..Accumulated::default() };
                    self.accumulate(&place, &mut base, visited, false)?;
                    for resource in base.list {
                        append(&mut accumulated.list, resource).map_err(|message| {
                            Error::step(
                                file,
                                "resources",
                                format!("merging resources from '{entry}': {message}"),
                            )
                        })?;
                    }
                    accumulated
                        .specs
                        .merge(base.specs)
                        .map_err(|message| Error::step(file, "configurations", message))?;
                    variables::add(&mut accumulated.variables, base.variables)
                        .map_err(|message| Error::step(file, "vars", message))?;
                }
            }
        }
        Ok(())
    }

    fn merge_specs(
        &self,
        kustomization: &Kustomization,
        directory: &TreePath,
        file: &TreePath,
        accumulated: &mut Accumulated,
    ) -> Result<(), Error> {
        let failed =
            |name: &str, message: String| Error::step(file, "configurations", format!("'{name}': {message}"));
        for name in &kustomization.configurations {
            let text = self.loader.text(directory, file, name)?;
            let value = goyaml::from_str(&text).map_err(|error| failed(name, error.to_string()))?;
            let specs: Specs = file::decode(value).map_err(|message| failed(name, message))?;
            accumulated.specs.merge(specs).map_err(|message| failed(name, message))?;
        }
        for name in &kustomization.crds {
            let text = self.loader.text(directory, file, name)?;
            let value = goyaml::from_str(&text).map_err(|error| failed(name, error.to_string()))?;
            if let Some(definitions) = value.as_object() {
                let definitions =
                    definitions.get("definitions").and_then(Value::as_object).unwrap_or(definitions);
                accumulated
                    .specs
                    .merge(from_definitions(definitions))
                    .map_err(|message| failed(name, message))?;
            }
        }
        Ok(())
    }

    fn read_types(
        &self,
        kustomization: &Kustomization,
        directory: &TreePath,
        file: &TreePath,
        accumulated: &mut Accumulated,
    ) -> Result<(), Error> {
        let Some(openapi) = &kustomization.openapi else { return Ok(()) };
        match (openapi.get("path"), openapi.get("version")) {
            (Some(_), Some(_)) => Err(Error::step(
                file,
                "openapi",
                "builtin version and custom schema provided, cannot use both",
            )),
            (Some(path), None) => {
                // Documents of OpenAPI 2 and 3 differ, for our purposes, in where references point to.
                let text = self
                    .loader
                    .text(directory, file, path)?
                    .replace("#/definitions/", "#/components/schemas/");
                let document =
                    goyaml::from_str(&text).map_err(|error| Error::step(file, "openapi", error))?;
                let definitions =
                    document.get("definitions").and_then(Value::as_object).cloned().unwrap_or_default();
                let schemas = Schemas::from_definitions(&definitions)
                    .map_err(|error| Error::step(file, "openapi", error))?;
                accumulated.types = Some(Arc::new(schemas));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The objects that entries of `generators` or `transformers` are: inline, in files, or built from directories.
    fn configured(
        &self,
        entries: &[String],
        directory: &TreePath,
        file: &TreePath,
        visited: &mut Vec<TreePath>,
    ) -> Result<Vec<Resource>, Error> {
        let mut configs = Vec::new();
        for entry in entries {
            if entry.contains('\n') {
                let values = objects(entry).map_err(|message| Error::step(file, "transformers", message))?;
                configs.extend(values.into_iter().map(|value| Resource::new(value, file.as_str().into())));
                continue;
            }
            match self.loader.find(directory, file, entry)? {
                Entry::File(path) => configs.extend(self.loader.resources(&path)?),
                Entry::Directory(place) => {
                    let mut inner = Accumulated { specs: Specs::builtin(), ..Accumulated::default() };
                    self.accumulate(&place, &mut inner, visited, false)?;
                    configs.extend(inner.list);
                }
            }
        }
        Ok(configs)
    }

    fn generate(
        &self,
        kustomization: &Kustomization,
        directory: &TreePath,
        file: &TreePath,
        list: &mut Vec<Resource>,
    ) -> Result<(), Error> {
        let global: Option<&GeneratorOptions> = kustomization.generator_options.as_ref();
        let config_maps =
            kustomization.config_map_generator.iter().map(|generator| (Kind::ConfigMap, generator));
        let secrets = kustomization.secret_generator.iter().map(|generator| (Kind::Secret, generator));
        for (kind, generator) in config_maps.chain(secrets) {
            let generated = generate::generate(kind, generator, global, self.loader, directory, file)?;
            generate::absorb(list, generated).map_err(|message| Error::step(file, "generators", message))?;
        }
        Ok(())
    }

    fn transform(
        &self,
        kustomization: &Kustomization,
        directory: &TreePath,
        file: &TreePath,
        accumulated: &mut Accumulated,
    ) -> Result<(), Error> {
        let Accumulated { list, specs, types, .. } = accumulated;
        let types = Types { own: types.as_deref() };
        let at = |step: &'static str| move |message: String| Error::step(file, step, message);
        for entry in &kustomization.patches_strategic_merge {
            let text =
                if looks_inline(entry) { entry.clone() } else { self.loader.text(directory, file, entry)? };
            patch::apply_strategic(list, &text, entry, types).map_err(at("patchesStrategicMerge"))?;
        }
        for entry in &kustomization.patches {
            let text = self.patch_text(entry, directory, file)?;
            patch::apply(list, entry, &text, types).map_err(at("patches"))?;
        }
        if !kustomization.namespace.is_empty() {
            let namespace = &kustomization.namespace;
            transform::set_namespace(list, namespace, &specs.namespace, SubjectRule::DefaultOnly, false)
                .map_err(at("namespace"))?;
        }
        if !kustomization.name_prefix.is_empty() {
            transform::add_prefix(list, &kustomization.name_prefix, &specs.name_prefix)
                .map_err(at("namePrefix"))?;
        }
        if !kustomization.name_suffix.is_empty() {
            transform::add_suffix(list, &kustomization.name_suffix, &specs.name_suffix)
                .map_err(at("nameSuffix"))?;
        }
        for labels in &kustomization.labels {
            let label_specs = specs_for(labels, specs).map_err(at("labels"))?;
            transform::add_labels(list, &labels.pairs, &label_specs).map_err(at("labels"))?;
        }
        transform::add_labels(list, &kustomization.common_labels, &specs.common_labels)
            .map_err(at("commonLabels"))?;
        transform::add_annotations(list, &kustomization.common_annotations, &specs.common_annotations)
            .map_err(at("commonAnnotations"))?;
        for entry in &kustomization.patches_json6902 {
            let text = self.patch_text(entry, directory, file)?;
            patch::apply(list, entry, &text, types).map_err(at("patchesJson6902"))?;
        }
        for replica in &kustomization.replicas {
            transform::set_replicas(list, replica, &specs.replicas).map_err(at("replicas"))?;
        }
        for image in &kustomization.images {
            transform::set_images(list, image, &specs.images).map_err(at("images"))?;
        }
        for replacement in self.replacements(kustomization, directory, file)? {
            transform::replace(list, &replacement).map_err(at("replacements"))?;
        }
        Ok(())
    }

    fn patch_text(
        &self,
        patch: &file::Patch,
        directory: &TreePath,
        file: &TreePath,
    ) -> Result<String, Error> {
        match (patch.path.is_empty(), patch.patch.is_empty()) {
            (true, false) => Ok(patch.patch.clone()),
            (false, true) => self.loader.text(directory, file, &patch.path),
            (true, true) => Err(Error::step(file, "patches", "must specify one of patch and path")),
            (false, false) => {
                Err(Error::step(file, "patches", "patch and path can't be set at the same time"))
            }
        }
    }

    fn replacements(
        &self,
        kustomization: &Kustomization,
        directory: &TreePath,
        file: &TreePath,
    ) -> Result<Vec<Replacement>, Error> {
        let mut all = Vec::new();
        for entry in &kustomization.replacements {
            if entry.path.is_empty() {
                all.push(entry.inline.clone());
                continue;
            }
            let failed =
                |message: String| Error::step(file, "replacements", format!("'{}': {message}", entry.path));
            let text = self.loader.text(directory, file, &entry.path)?;
            let value = goyaml::from_str(&text).map_err(|error| failed(error.to_string()))?;
            if value.is_array() {
                all.extend(file::decode::<Vec<Replacement>>(value).map_err(failed)?);
            } else {
                all.push(file::decode(value).map_err(failed)?);
            }
        }
        Ok(all)
    }
}

/// An entry of `patchesStrategicMerge` is a text when it cannot be a path.
fn looks_inline(entry: &str) -> bool {
    entry.contains('\n') || entry.trim_start().starts_with('{') || entry.contains(": ")
}

/// The fields that an entry of `labels` means.
fn specs_for(labels: &Labels, specs: &Specs) -> Result<Vec<FieldSpec>, String> {
    let mut chosen = Vec::new();
    merge(&mut chosen, labels.fields.clone())?;
    if labels.include_selectors {
        merge(&mut chosen, specs.common_labels.clone())?;
        return Ok(chosen);
    }
    if labels.include_templates {
        merge(&mut chosen, specs.template_labels.clone())?;
    }
    if labels.include_volume_claim_templates {
        merge(&mut chosen, specs.volume_claim_template_labels.clone())?;
    }
    merge(&mut chosen, specs.labels.clone())?;
    merge(&mut chosen, vec![FieldSpec::new("", "metadata/labels", true)])?;
    Ok(chosen)
}
