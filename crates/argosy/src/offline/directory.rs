//! Plain manifests: every YAML, JSON and Jsonnet file of a directory, as the control plane takes them.

use anyhow::{Result, anyhow, bail};
use render::{Local, RenderError};
use types::ApplicationSourceDirectory;

use super::folder::Place;
use super::manifest;

/// Renders the files of a directory.
pub(super) fn render(place: &Place, recurse: bool) -> Result<String> {
    let options = ApplicationSourceDirectory { recurse, ..ApplicationSourceDirectory::default() };
    let text = rendered(place, place.path.as_str(), options)?;
    if text.is_empty() {
        bail!(
            "there are no manifests here: no kustomization, no Chart.yaml, and no .yaml, .yml, .json or .jsonnet file \
             with an object in it{}",
            if recurse { "" } else { " (--recurse looks into directories below)" }
        );
    }
    Ok(text)
}

/// Renders one file, whatever its name ends in.
pub(super) fn file(place: &Place) -> Result<String> {
    let path = &place.path;
    let directory = path.parent().unwrap_or_default();
    let options = ApplicationSourceDirectory {
        include: escaped(path.name().unwrap_or_default()),
        disable_extension_filter: true,
        ..ApplicationSourceDirectory::default()
    };
    let text = rendered(place, directory.as_str(), options)?;
    if text.is_empty() {
        // In a directory such a file would be passed over; one that was named is not.
        let content = tree::read_text(&*place.tree, path)?;
        if let Err(error) = goyaml::documents(&content) {
            bail!("{path}: {error}");
        }
        bail!(
            "{path}: there is no object of Kubernetes in it (with apiVersion, kind and metadata), or it is marked to be \
             passed over (+argocd:skip-file-rendering)"
        );
    }
    Ok(text)
}

fn rendered(place: &Place, directory: &str, options: ApplicationSourceDirectory) -> Result<String> {
    let mut local = Local::new(place.tree.clone(), directory, "");
    local.source.directory = Some(Box::new(options));
    let rendered = local.render().map_err(|error| match error {
        // Which repository and directory that is, nobody has to be told here.
        RenderError::Manifests { reason, .. } => anyhow!(reason),
        other => other.into(),
    })?;
    let objects = rendered.objects.iter();
    Ok(objects.map(|object| manifest(&object.file, object.object.as_value())).collect())
}

/// A pattern that matches nothing but the name.
fn escaped(name: &str) -> String {
    let special = |character: char| "*?[]{}!,\\".contains(character);
    let mut pattern = String::new();
    for character in name.chars() {
        if special(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}
