//! The transformers that a kustomization's own fields are, in their fixed order.

use crate::budget;
use crate::build::Accumulated;
use crate::error::Error;
use crate::fieldspec::FieldSpec;
use crate::file::{self, Kustomization, Labels, Replacement, ReplacementField};
use crate::patch;
use crate::place::{Place, objects_of};
use crate::resource::Resource;
use crate::specs::{Specs, merge};
use crate::transform::{self, SubjectRule};
use crate::types::Types;

/// Is told after each transformer what it was.
type Note<'a> = &'a dyn Fn(&mut Vec<Resource>, &str);

/// Applies all transformers.
pub(crate) fn transform(
    kustomization: &Kustomization,
    place: &Place<'_>,
    accumulated: &mut Accumulated,
    types: &Types,
    note: Note<'_>,
) -> Result<(), Error> {
    let specs = accumulated.specs();
    let list = &mut accumulated.list;
    let at = |step: &'static str| move |message: String| place.failed(step, message);
    if !kustomization.patches_strategic_merge.is_empty() {
        let patches = strategic_patches(&kustomization.patches_strategic_merge, place)?;
        types
            .with(|shapes| patch::apply_strategic(list, &patches, shapes))
            .map_err(at("patchesStrategicMerge"))?;
        note(list, "PatchStrategicMergeTransformer");
    }
    for entry in &kustomization.patches {
        apply_patch(entry, place, list, types)?;
        note(list, "PatchTransformer");
    }
    let namespace = &kustomization.namespace;
    if !namespace.is_empty() {
        transform::set_namespace(list, namespace, &specs.namespace, SubjectRule::DefaultOnly, false)
            .map_err(at("namespace"))?;
        note(list, "NamespaceTransformer");
    }
    if !kustomization.name_prefix.is_empty() {
        transform::add_prefix(list, &kustomization.name_prefix, &specs.name_prefix)
            .map_err(at("namePrefix"))?;
        note(list, "PrefixTransformer");
    }
    if !kustomization.name_suffix.is_empty() {
        transform::add_suffix(list, &kustomization.name_suffix, &specs.name_suffix)
            .map_err(at("nameSuffix"))?;
        note(list, "SuffixTransformer");
    }
    if !kustomization.labels.is_empty() || !kustomization.common_labels.is_empty() {
        for labels in &kustomization.labels {
            let label_specs = specs_for(labels, &specs).map_err(at("labels"))?;
            transform::add_entries(list, &labels.pairs, &label_specs).map_err(at("labels"))?;
            note(list, "LabelTransformer");
        }
        transform::add_entries(list, &kustomization.common_labels, &specs.common_labels)
            .map_err(at("commonLabels"))?;
        note(list, "LabelTransformer");
    }
    if !kustomization.common_annotations.is_empty() {
        transform::add_entries(list, &kustomization.common_annotations, &specs.common_annotations)
            .map_err(at("commonAnnotations"))?;
        note(list, "AnnotationsTransformer");
    }
    for entry in &kustomization.patches_json6902 {
        apply_json_patch(entry, place, list)?;
        note(list, "PatchJson6902Transformer");
    }
    for replica in &kustomization.replicas {
        transform::set_replicas(list, replica, &specs.replicas).map_err(at("replicas"))?;
        note(list, "ReplicaCountTransformer");
    }
    for image in &kustomization.images {
        transform::set_images(list, image, &specs.images).map_err(at("images"))?;
        note(list, "ImageTagTransformer");
    }
    if !kustomization.replacements.is_empty() {
        for replacement in replacements(&kustomization.replacements, place)? {
            transform::replace(list, &replacement).map_err(at("replacements"))?;
            budget::objects(list, &place.file)?;
        }
        note(list, "ReplacementTransformer");
    }
    Ok(())
}

/// The patches of entries that are texts, or else files.
pub(crate) fn strategic_patches(entries: &[String], place: &Place<'_>) -> Result<Vec<Resource>, Error> {
    let mut patches = Vec::new();
    for entry in entries {
        match objects_of(entry, &"".into()) {
            Ok(inline) => patches.extend(inline),
            Err(_) => {
                let text = place.text(entry)?;
                let objects = objects_of(&text, &"".into());
                patches.extend(objects.map_err(|message| {
                    place.failed("patchesStrategicMerge", format!("'{entry}': {message}"))
                })?);
            }
        }
    }
    if patches.is_empty() {
        let message = format!("patch appears to be empty; files={entries:?}");
        return Err(place.failed("patchesStrategicMerge", message));
    }
    Ok(patches)
}

/// Applies an entry of `patches`.
pub(crate) fn apply_patch(
    entry: &file::Patch,
    place: &Place<'_>,
    list: &mut Vec<Resource>,
    types: &Types,
) -> Result<(), Error> {
    let failed = |message: String| place.failed("patches", message);
    let inline = entry.patch.trim();
    let loaded;
    let text = match (entry.path.is_empty(), inline.is_empty()) {
        (true, true) => return Err(failed("must specify one of patch and path".to_owned())),
        (false, false) => return Err(failed("patch and path can't be set at the same time".to_owned())),
        (true, false) => inline,
        (false, true) => {
            loaded = place.text(&entry.path)?;
            &loaded
        }
    };
    let patch = patch::Patch {
        text,
        path: &entry.path,
        target: entry.target.as_ref(),
        options: entry.options.unwrap_or_default(),
    };
    types.with(|shapes| patch.apply(list, shapes)).map_err(failed)
}

/// Applies an entry of `patchesJson6902`.
pub(crate) fn apply_json_patch(
    entry: &file::Patch,
    place: &Place<'_>,
    list: &mut [Resource],
) -> Result<(), Error> {
    let failed = |message: String| place.failed("patchesJson6902", message);
    let loaded;
    let text = match (entry.path.is_empty(), entry.patch.is_empty()) {
        (true, true) => return Err(failed("empty file path and empty jsonOp".to_owned())),
        (false, false) => return Err(failed("must specify a file path or jsonOp, not both".to_owned())),
        (true, false) => &entry.patch,
        (false, true) => {
            loaded = place.text(&entry.path)?;
            &loaded
        }
    };
    let target = entry.target.as_ref();
    let target = target.ok_or_else(|| failed(format!("must specify a target for patch {text}")))?;
    patch::apply_json(list, target, text).map_err(failed)
}

/// The replacements of entries that are inline, or files with one or several.
pub(crate) fn replacements(
    entries: &[ReplacementField],
    place: &Place<'_>,
) -> Result<Vec<Replacement>, Error> {
    let mut all = Vec::new();
    for entry in entries {
        if entry.path.is_empty() {
            all.push(entry.clone().into_inline());
            continue;
        }
        let failed = |message: String| place.failed("replacements", format!("'{}': {message}", entry.path));
        if entry.is_inline() {
            return Err(failed("cannot specify both path and inline replacement".to_owned()));
        }
        let value = goyaml::from_str(&place.text(&entry.path)?).map_err(|error| failed(error.to_string()))?;
        match value {
            value if value.is_array() => {
                all.extend(file::decode_loosely::<Vec<Replacement>>(value).map_err(failed)?);
            }
            value if value.is_object() => all.push(file::decode_loosely(value).map_err(failed)?),
            _ => return Err(failed("unsupported replacement type: expected one or a list".to_owned())),
        }
    }
    Ok(all)
}

/// The fields that an entry of `labels` means.
fn specs_for(labels: &Labels, specs: &Specs) -> Result<Vec<FieldSpec>, String> {
    let mut chosen = labels.fields.clone();
    merge(&mut chosen, specs.labels.clone(), "labels")?;
    if labels.include_selectors {
        merge(&mut chosen, specs.common_labels.clone(), "labels")?;
        return Ok(chosen);
    }
    if labels.include_templates {
        merge(&mut chosen, specs.template_labels.clone(), "template")?;
    }
    if labels.include_volume_claim_templates {
        merge(&mut chosen, specs.volume_claim_template_labels.clone(), "volumeClaimTemplate")?;
    }
    let own = FieldSpec::new(("", "", ""), "metadata/labels", true);
    merge(&mut chosen, vec![own], "labels")?;
    Ok(chosen)
}
