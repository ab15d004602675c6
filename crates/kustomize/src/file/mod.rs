//! The kustomization file: its fields (`fields`), read strictly (`decode`), with old spellings folded into the present
//! ones.

mod decode;
mod fields;

use serde_json::{Map, Value};
use tree::TreePath;

use crate::error::Error;
use crate::place::Place;

pub(crate) use decode::{decode, decode_loosely, nullable, scalar_text};
pub(crate) use fields::{
    FieldOptions, Generator, GeneratorOptions, HelmChart, HelmGlobals, Image, Kustomization, Labels, Patch,
    PatchOptions, Replacement, ReplacementField, ReplacementSource, Replica, Selector, SortOptions, Variable,
};

/// The names a kustomization file may have.
const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Reads the kustomization of a directory; answers it with the path of its file.
pub(crate) fn read(place: &Place<'_>) -> Result<(Kustomization, TreePath), Error> {
    let directory = &place.directory;
    let mut found: Option<TreePath> = None;
    for name in FILE_NAMES {
        let path = directory.join(name).map_err(|error| Error::file(directory, error))?;
        if tree::is_file(place.tree, &path)? {
            if found.is_some() {
                let message = format!("Found multiple kustomization files under: {directory}");
                return Err(Error::file(directory, message));
            }
            found = Some(path);
        }
    }
    let file = found.ok_or_else(|| Error::NoKustomization { directory: directory.clone() })?;
    let text = tree::read_text(place.tree, &file)?;
    let kustomization = parse(&text).map_err(|message| Error::file(&file, message))?;
    Ok((kustomization, file))
}

fn parse(text: &str) -> Result<Kustomization, String> {
    let value = goyaml::from_str(text).map_err(|error| format!("invalid Kustomization: {error}"))?;
    let fields = match value {
        Value::Null => Map::new(),
        Value::Object(fields) => fields,
        _ => return Err("invalid Kustomization: expected a map of fields".to_owned()),
    };
    let is_empty = |(name, value): (&String, &Value)| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty() || matches!(name.as_str(), "apiVersion" | "kind"),
        // Old lists leave nothing when they are folded into the new ones.
        Value::Array(items) => {
            items.is_empty() && matches!(name.as_str(), "bases" | "imageTags" | "helmChartInflationGenerator")
        }
        _ => false,
    };
    if fields.iter().all(is_empty) {
        return Err("kustomization.yaml is empty".to_owned());
    }
    let mut kustomization: Kustomization =
        decode(Value::Object(fields)).map_err(|message| format!("invalid Kustomization: {message}"))?;
    kustomization.fold_old_fields();
    kustomization.check()?;
    Ok(kustomization)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_strictly() {
        for (text, message) in [
            ("", "kustomization.yaml is empty"),
            ("kind: Kustomization\nnamePrefix: ''\n", "kustomization.yaml is empty"),
            ("resorces: [a]\n", "unknown field \"resorces\""),
            ("patches: [{path: a}, {pth: b}]\n", "unknown field \"pth\" (patches[1].pth)"),
            ("kind: Deployment\nresources: [a]\n", "kind should be"),
            ("kind: Component\napiVersion: v1\nresources: [a]\n", "apiVersion for Component should be"),
            ("commonLabels: {a: 1}\n", "commonLabels.a: json: cannot take integer `1`, expected a string"),
            ("images: [{name: a, newTag: 1.5}]\n", "images[0].newTag: json: cannot take"),
            (
                "helmCharts: [{name: x, releaseName: y}]\n",
                "helmCharts[0].releaseName: json: cannot take boolean",
            ),
            ("- a\n", "expected a map"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(message), "{text:?}: {error}");
        }
    }

    #[test]
    fn old_fields_are_folded_and_names_match_in_any_case() {
        let text = "Resources: [a]\nbases: [b]\nimageTags:\n- name: x\n  newtag: '1.5'\n  digest:\n\
                    configMapGenerator:\n- name: c\n  env: e\n";
        let kustomization = parse(text).unwrap();
        assert_eq!(kustomization.resources, ["a", "b"]);
        assert_eq!(kustomization.images[0].new_tag, "1.5");
        assert_eq!(kustomization.config_map_generator[0].envs, ["e"]);
    }

    #[test]
    fn charts_of_the_old_field_become_helm_charts() {
        let text = "helmChartInflationGenerator:\n- chartName: c\n  chartHome: h\n  values: v.yaml\n";
        let kustomization = parse(text).unwrap();
        assert_eq!(
            (&*kustomization.helm_charts[0].name, &*kustomization.helm_charts[0].values_file),
            ("c", "v.yaml")
        );
        assert_eq!(kustomization.helm_globals.unwrap().chart_home, "h");
    }
}
