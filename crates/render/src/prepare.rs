//! What has to be known before a source can be rendered: which sources render at all, and what they refer to. Pure.

use std::collections::BTreeMap;

use types::ApplicationSource;

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
    if request.files.is_some() && request.sources.len() > 1 {
        return wrong(format!(
            "given files stand in for one source, and the application has {}",
            request.sources.len()
        ));
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
