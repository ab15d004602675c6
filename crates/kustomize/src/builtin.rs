//! Built-in generators and transformers configured as objects: the entries of `generators` and `transformers`.
//!
//! They have no field specs of their own; what they touch is said in `fieldSpecs`. Anything but `apiVersion: builtin`
//! would be a program to run, which is refused.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use tree::TreePath;

use crate::error::Error;
use crate::fieldspec::FieldSpec;
use crate::file::{
    self, Generator, Image, Patch, Replacement, ReplacementField, Replica, Selector, nullable,
};
use crate::generate::{self, Kind};
use crate::load::Loader;
use crate::merge::Types;
use crate::resource::Resource;
use crate::transform::{self, SubjectRule};
use crate::{hash, patch};

/// All fields that built-in transformers have.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Config {
    #[serde(deserialize_with = "nullable")]
    field_specs: Vec<FieldSpec>,
    prefix: String,
    suffix: String,
    #[serde(deserialize_with = "nullable")]
    labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "nullable")]
    annotations: BTreeMap<String, String>,
    image_tag: Option<Image>,
    replica: Option<Replica>,
    #[serde(deserialize_with = "nullable")]
    replacements: Vec<ReplacementField>,
    patch: String,
    path: String,
    json_op: String,
    target: Option<Selector>,
    #[serde(deserialize_with = "nullable")]
    options: BTreeMap<String, Value>,
    #[serde(deserialize_with = "nullable")]
    paths: Vec<String>,
    patches: String,
    unset_only: bool,
    set_role_binding_subjects: String,
}

/// Where a configured step stands.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) loader: Loader<'a>,
    pub(crate) directory: &'a TreePath,
    pub(crate) file: &'a TreePath,
}

fn check(config: &Resource, place: Place<'_>) -> Result<(), Error> {
    if config.api_version() == "builtin" {
        return Ok(());
    }
    Err(Error::Unsupported {
        file: place.file.clone(),
        feature: format!("the external plugin '{}' {}", config.api_version(), config.kind()),
        hint: "external plugins disabled; a renderer runs no programs",
    })
}

/// Makes what a configured generator says.
pub(crate) fn generate(config: &Resource, list: &mut Vec<Resource>, place: Place<'_>) -> Result<(), Error> {
    check(config, place)?;
    let failed =
        |message: String| Error::step(place.file, "generators", format!("{}: {message}", config.name()));
    let kind = match config.kind() {
        "ConfigMapGenerator" => Kind::ConfigMap,
        "SecretGenerator" => Kind::Secret,
        other => {
            return Err(Error::Unsupported {
                file: place.file.clone(),
                feature: format!("the generator {other}"),
                hint: "use ConfigMapGenerator or SecretGenerator",
            });
        }
    };
    let mut fields = config.value.clone();
    let (name, namespace) = (config.name().to_owned(), config.namespace().to_owned());
    if let Some(map) = fields.as_object_mut() {
        for own in ["apiVersion", "kind", "metadata"] {
            map.remove(own);
        }
        map.insert("name".to_owned(), name.into());
        map.insert("namespace".to_owned(), namespace.into());
    }
    let generator: Generator = file::decode(fields).map_err(failed)?;
    let generated = generate::generate(kind, &generator, None, place.loader, place.directory, place.file)?;
    generate::absorb(list, generated).map_err(failed)
}

/// Does what a configured transformer says.
pub(crate) fn transform(
    config: &Resource,
    list: &mut Vec<Resource>,
    place: Place<'_>,
    types: Types<'_>,
) -> Result<(), Error> {
    check(config, place)?;
    let failed =
        |message: String| Error::step(place.file, "transformers", format!("{}: {message}", config.name()));
    let fields: Config = file::decode(config.value.clone()).map_err(failed)?;
    let specs = &fields.field_specs;
    let result = match config.kind() {
        "PrefixTransformer" => transform::add_prefix(list, &fields.prefix, specs),
        "SuffixTransformer" => transform::add_suffix(list, &fields.suffix, specs),
        "PrefixSuffixTransformer" => transform::add_prefix(list, &fields.prefix, specs)
            .and_then(|()| transform::add_suffix(list, &fields.suffix, specs)),
        "LabelTransformer" => transform::add_labels(list, &fields.labels, specs),
        "AnnotationsTransformer" => transform::add_annotations(list, &fields.annotations, specs),
        "NamespaceTransformer" => {
            let subjects = match fields.set_role_binding_subjects.as_str() {
                "" | "defaultOnly" => SubjectRule::DefaultOnly,
                "allServiceAccounts" => SubjectRule::AllServiceAccounts,
                "none" => SubjectRule::None,
                other => return Err(failed(format!("setRoleBindingSubjects: invalid value {other:?}"))),
            };
            transform::set_namespace(list, config.namespace(), specs, subjects, fields.unset_only)
        }
        "ImageTagTransformer" => transform::set_images(list, &fields.image_tag.unwrap_or_default(), specs),
        "ReplicaCountTransformer" => {
            transform::set_replicas(list, &fields.replica.unwrap_or_default(), specs)
        }
        "ReplacementTransformer" => {
            let replacements: Vec<Replacement> =
                fields.replacements.into_iter().map(|entry| entry.inline).collect();
            replacements.iter().try_for_each(|replacement| transform::replace(list, replacement))
        }
        "HashTransformer" => {
            for resource in list.iter_mut().filter(|resource| resource.hashed) {
                let name = format!("{}-{}", resource.name(), hash::suffix(resource));
                resource.remember();
                resource.set_name(&name);
                resource.hashed = false;
            }
            Ok(())
        }
        "PatchTransformer" | "PatchJson6902Transformer" => {
            let inline = if fields.patch.is_empty() { fields.json_op } else { fields.patch };
            let text = if inline.is_empty() {
                place.loader.text(place.directory, place.file, &fields.path)?
            } else {
                inline
            };
            let options =
                fields.options.iter().map(|(name, value)| (name.clone(), value.as_bool() == Some(true)));
            let entry = Patch {
                path: fields.path.clone(),
                patch: text.clone(),
                target: fields.target,
                options: options.collect(),
            };
            patch::apply(list, &entry, &text, types)
        }
        "PatchStrategicMergeTransformer" => {
            for path in &fields.paths {
                let text = place.loader.text(place.directory, place.file, path)?;
                patch::apply_strategic(list, &text, path, types).map_err(failed)?;
            }
            if fields.patches.is_empty() {
                Ok(())
            } else {
                patch::apply_strategic(list, &fields.patches, config.name(), types)
            }
        }
        other => {
            return Err(Error::Unsupported {
                file: place.file.clone(),
                feature: format!("the transformer {other}"),
                hint: "use the fields of the kustomization (labels, images, patches …)",
            });
        }
    };
    result.map_err(failed)
}
