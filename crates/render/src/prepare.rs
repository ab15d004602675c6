//! What has to be known before a source can be rendered: which sources render at all, what they refer to, and the key
//! under which the result is kept. Pure.

use std::collections::BTreeMap;

use serde_json::json;
use sha2::{Digest as _, Sha256};
use types::ApplicationSource;

use crate::cache::Key;
use crate::error::RenderError;
use crate::request::RenderRequest;

/// Whether the source makes objects, or is there for others to refer to.
pub(crate) fn renders(source: &ApplicationSource, of_several: bool) -> bool {
    let nowhere = source.path.is_empty() && source.chart.is_empty() && !source.repo_url.starts_with("oci://");
    !(of_several && nowhere)
}

/// Checks what can be checked without asking anybody.
pub(crate) fn check(request: &RenderRequest) -> Result<(), RenderError> {
    let wrong = |reason: String| Err(RenderError::Specification { reason });
    if request.sources.is_empty() {
        return wrong("the application has no source".to_owned());
    }
    let mut names: Vec<&str> = Vec::new();
    for source in &request.sources {
        if source.repo_url.is_empty() {
            return wrong("a source has no repoURL".to_owned());
        }
        if !source.chart.is_empty() && source.target_revision.is_empty() {
            return wrong(format!("the chart {:?} needs a targetRevision", source.chart));
        }
        if source.r#ref.is_empty() {
            continue;
        }
        let valid = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
        if !source.r#ref.chars().all(valid) {
            return wrong(format!(
                "sources.ref {:?} may have letters, digits, '_' and '-' only",
                source.r#ref
            ));
        }
        if names.contains(&source.r#ref.as_str()) {
            return wrong("invalid sources: multiple sources had the same `ref` key".to_owned());
        }
        names.push(&source.r#ref);
    }
    Ok(())
}

/// The names of the other sources that a source's Helm options refer to.
pub(crate) fn referred(source: &ApplicationSource, known: &BTreeMap<String, usize>) -> Vec<String> {
    let Some(helm) = &source.helm else { return Vec::new() };
    let entries = helm.value_files.iter().chain(helm.file_parameters.iter().map(|parameter| &parameter.path));
    let mut names: Vec<String> = entries
        .filter_map(|entry| crate::value_files::reference(entry))
        .filter(|name| known.contains_key(*name))
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Refuses references to one repository at several commits, which could not be told apart.
pub(crate) fn check_references(
    own: (&ApplicationSource, &str),
    names: &[String],
    sources: &[ApplicationSource],
    revisions: &[String],
    known: &BTreeMap<String, usize>,
) -> Result<(), RenderError> {
    let wrong = |reason: String| Err(RenderError::Specification { reason });
    let mut seen: Vec<(String, &str)> = Vec::new();
    for name in names {
        let Some(&index) = known.get(name) else { continue };
        let (Some(source), Some(revision)) = (sources.get(index), revisions.get(index)) else { continue };
        let repository = source::url::normalize(&source.repo_url);
        if repository == source::url::normalize(&own.0.repo_url)
            && own.0.chart.is_empty()
            && revision != own.1
        {
            return wrong(format!(
                "cannot reference a different revision of the same repository ($ {name} references {revision}, while \
                 the application references {})",
                own.1
            ));
        }
        let other = seen.iter().find(|(known, at)| *known == repository && at != revision);
        if other.is_some() {
            return wrong(format!(
                "cannot reference multiple revisions for the same repository ({})",
                source.repo_url
            ));
        }
        seen.push((repository, revision));
    }
    Ok(())
}

/// The key of a render: every input except the contents of trees.
pub(crate) fn key(
    request: &RenderRequest,
    source: &ApplicationSource,
    digest: Option<&str>,
    references: &BTreeMap<String, Option<String>>,
) -> Key {
    // Where it is does not matter, only what is there; the variables that tell are part of the proof.
    let mut source = source.clone();
    source.repo_url = if source.repo_url.starts_with("oci://") { "oci://".to_owned() } else { String::new() };
    source.target_revision.clear();
    let settings = &request.settings;
    let inputs = json!({
        "source": source,
        "digest": digest,
        "references": references,
        "instance": request.instance,
        "namespace": request.destination_namespace,
        "project": request.project,
        "kubeVersion": request.kube_version,
        "apiVersions": request.api_versions.iter().collect::<Vec<_>>(),
        "tools": [settings.kustomize, settings.helm, settings.directory],
        "buildOptions": settings.kustomize_build_options,
        "schemes": settings.helm_value_file_schemes,
    });
    let mut hasher = Sha256::new();
    hasher.update(inputs.to_string());
    hasher.finalize().into()
}
