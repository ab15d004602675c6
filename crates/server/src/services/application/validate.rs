//! What the spec of an application must be like before it is stored.

use types::Destination;
use types::{AppProject, Application, ApplicationSource, names};

use super::effective_project;
use crate::core::Core;
use crate::status::Status;

/// Refuses names that Kubernetes would refuse, and namespaces that no application may be in.
pub(super) fn identity(core: &Core, application: &Application) -> Result<(), Status> {
    let namespace = &application.metadata.namespace;
    if namespace != core.control.namespace() {
        let settings = core.control.settings();
        let patterns = settings.parameter("application.namespaces").unwrap_or_default();
        if !patterns.split(',').map(str::trim).any(|pattern| types::glob::matches(pattern, namespace)) {
            return Err(Status::denied(format!(
                "namespace '{namespace}' is not permitted: add it to application.namespaces in {}",
                names::PARAMS_CONFIG_MAP
            )));
        }
    }
    let name = &application.metadata.name;
    let fine = !name.is_empty()
        && name.len() <= 253
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte))
        && !name.starts_with(['-', '.'])
        && !name.ends_with(['-', '.']);
    if fine {
        Ok(())
    } else {
        Err(Status::invalid(format!(
            "application name {name:?} must consist of lower case letters, digits, '-' and '.', and begin and end with a letter or digit"
        )))
    }
}

/// Checks that the spec is complete and that its project permits it.
pub(super) fn spec(core: &Core, application: &Application) -> Result<(), Status> {
    let spec = &application.spec;
    let name = &application.metadata.name;
    let invalid = |reason: String| {
        Status::invalid(format!("application spec for {name} is invalid: InvalidSpecError: {reason}"))
    };
    let project = effective_project(core, spec.project_name()).ok_or_else(|| {
        Status::invalid(format!(
            "application references project {} which does not exist",
            spec.project_name()
        ))
    })?;
    if !project.permits_application_namespace(&application.metadata.namespace, core.control.namespace()) {
        return Err(invalid(format!(
            "application '{name}' in namespace '{}' is not permitted to use project '{}'",
            application.metadata.namespace,
            spec.project_name()
        )));
    }
    let sources = spec.effective_sources();
    if sources.is_empty() {
        return Err(invalid(
            "spec.source.repoURL and either spec.source.path or spec.source.chart are required".to_owned(),
        ));
    }
    let several = spec.has_multiple_sources();
    for source in &sources {
        check_source(source, several).map_err(&invalid)?;
        if !project.permits_source(&source.repo_url) {
            return Err(invalid(format!(
                "application repo {} is not permitted in project '{}'",
                source.repo_url,
                spec.project_name()
            )));
        }
    }
    check_destination(core, application, &project).map_err(invalid)
}

fn check_source(source: &ApplicationSource, several: bool) -> Result<(), String> {
    if source.repo_url.is_empty() {
        return Err("spec.source.repoURL is required".to_owned());
    }
    let only_referred_to = several && !source.r#ref.is_empty();
    if source.path.is_empty() && source.chart.is_empty() && !only_referred_to {
        let message = "spec.source.repoURL and either spec.source.path or spec.source.chart are required";
        return Err(message.to_owned());
    }
    if !source.chart.is_empty() && source.target_revision.is_empty() {
        return Err(
            "spec.source.targetRevision is required if the manifest source is a helm chart".to_owned()
        );
    }
    Ok(())
}

fn check_destination(core: &Core, application: &Application, project: &AppProject) -> Result<(), String> {
    let destination = &application.spec.destination;
    match (destination.server.is_empty(), destination.name.is_empty()) {
        (true, true) => return Err("Destination server missing from app spec".to_owned()),
        (false, false) => {
            return Err(format!(
                "application destination can't have both name and server defined: {} {}",
                destination.name, destination.server
            ));
        }
        _ => {}
    }
    let clusters = core.control.clusters();
    let known = clusters.iter().find(|cluster| {
        let same_server = cluster.server.trim_end_matches('/') == destination.server.trim_end_matches('/');
        if destination.server.is_empty() { cluster.name == destination.name } else { same_server }
    });
    let Some(cluster) = known else {
        return Err(format!(
            "there are no clusters with this name or server: {}",
            destination.cluster_text()
        ));
    };
    let permitted = project.permits_destination(&Destination {
        server: &cluster.server,
        name: &cluster.name,
        namespace: &destination.namespace,
        cluster_project: &cluster.project,
    });
    if permitted {
        Ok(())
    } else {
        Err(format!(
            "application destination server '{}' and namespace '{}' do not match any of the allowed destinations in project '{}'",
            destination.cluster_text(),
            destination.namespace,
            application.spec.project_name()
        ))
    }
}
