//! Whether spec, project and destination permit an application to be handled at all.

use types::{AppProject, Application, ApplicationCondition, ApplicationSource, Destination};

use super::conditions::{INVALID_SPEC, UNKNOWN, condition};

/// Finds the rules of a project: its own, with those of the global projects that select it.
pub fn effective_project(
    project: &AppProject,
    globals: &[types::settings::GlobalProject],
    find: impl Fn(&str) -> Option<std::sync::Arc<AppProject>>,
) -> AppProject {
    let found: Vec<_> = globals
        .iter()
        .filter(|global| global.project_name != project.metadata.name)
        .filter(|global| global.label_selector.matches(&project.metadata.labels))
        .filter_map(|global| find(&global.project_name))
        .collect();
    let references: Vec<&AppProject> = found.iter().map(AsRef::as_ref).collect();
    project.with_global(&references)
}

/// Everything that forbids to compare or sync the application; nothing when all is well. `destination` is the cluster
/// that the spec names, or why there is none.
pub fn check(
    app: &Application,
    project: Option<&AppProject>,
    destination: Result<&Destination<'_>, &str>,
    control_namespace: &str,
) -> Vec<ApplicationCondition> {
    let name = app.spec.project_name();
    let Some(project) = project else {
        let text = format!("Application referencing project {name} which does not exist");
        return vec![condition(INVALID_SPEC, text)];
    };
    let (namespace, own) = (&app.metadata.namespace, &app.metadata.name);
    if !project.permits_application_namespace(namespace, control_namespace) {
        let text = format!(
            "application '{own}' in namespace '{namespace}' is not permitted to use project '{name}'"
        );
        return vec![condition(UNKNOWN, text)];
    }
    let mut found: Vec<ApplicationCondition> =
        spec_errors(app).into_iter().map(|text| condition(INVALID_SPEC, text)).collect();
    if !found.is_empty() {
        return found;
    }
    found.extend(sources(app).filter(|(_, url)| !url.is_empty() && !project.permits_source(url)).map(
        |(what, url)| condition(INVALID_SPEC, format!("{what} {url} is not permitted in project '{name}'")),
    ));
    match destination {
        Err(text) => found.push(condition(INVALID_SPEC, text)),
        Ok(destination) if !project.permits_destination(destination) => {
            let text = format!(
                "application destination server '{}' and namespace '{}' do not match any of the allowed destinations \
                 in project '{name}'",
                destination.server, destination.namespace
            );
            found.push(condition(INVALID_SPEC, text));
        }
        Ok(_) => {}
    }
    found
}

fn sources(app: &Application) -> impl Iterator<Item = (&'static str, String)> {
    let hydrated = app.spec.source_hydrator.as_ref();
    let dry = hydrated.map(|hydrator| ("application repo", hydrator.dry_source.repo_url.clone()));
    let what = if hydrated.is_some() { "sync source repo" } else { "application repo" };
    dry.into_iter().chain(app.spec.effective_sources().into_iter().map(move |source| (what, source.repo_url)))
}

fn spec_errors(app: &Application) -> Vec<String> {
    if let Some(hydrator) = &app.spec.source_hydrator {
        let missing = [
            ("spec.sourceHydrator.drySource.repoURL", hydrator.dry_source.repo_url.is_empty()),
            ("spec.sourceHydrator.syncSource.targetBranch", hydrator.sync_source.target_branch.is_empty()),
            (
                "spec.sourceHydrator.hydrateTo.targetBranch",
                hydrator.hydrate_to.as_ref().is_some_and(|to| to.target_branch.is_empty()),
            ),
        ];
        let missing = missing.into_iter().filter(|(_, missing)| *missing);
        return missing.map(|(field, _)| format!("{field} is required")).collect();
    }
    let sources = app.spec.effective_sources();
    if sources.is_empty() {
        return vec![
            "spec.source.repoURL and either spec.source.path or spec.source.chart are required".to_owned(),
        ];
    }
    let several = app.spec.has_multiple_sources();
    let place = |index: usize| {
        if several { format!("spec.sources[{index}]") } else { "spec.source".to_owned() }
    };
    sources
        .iter()
        .enumerate()
        .filter_map(|(index, source)| source_error(source, &place(index), several))
        .collect()
}

fn source_error(source: &ApplicationSource, place: &str, several: bool) -> Option<String> {
    let reference = several && !source.r#ref.is_empty();
    if source.repo_url.is_empty() || (source.path.is_empty() && source.chart.is_empty() && !reference) {
        return Some(format!("{place}.repoURL and either {place}.path or {place}.chart are required"));
    }
    if !source.chart.is_empty() && source.target_revision.is_empty() {
        return Some(format!("{place}.targetRevision is required if the manifest source is a helm chart"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::ApplicationDestination;

    fn app() -> Application {
        let mut app = Application::default();
        app.metadata.namespace = "argocd".into();
        app.metadata.name = "web".into();
        app.spec.source = Some(ApplicationSource {
            repo_url: "https://git/repo".into(),
            path: "web".into(),
            ..ApplicationSource::default()
        });
        app
    }

    fn project() -> AppProject {
        let mut project = AppProject::default();
        project.metadata.name = "default".into();
        project.spec.source_repos = vec!["*".into()];
        project.spec.destinations = vec![ApplicationDestination {
            server: "*".into(),
            namespace: "prod".into(),
            name: String::new(),
        }];
        project
    }

    const PROD: Destination<'_> =
        Destination { server: "https://one", name: "one", namespace: "prod", cluster_project: "" };

    #[test]
    fn refusals() {
        type Change = fn(&mut Application, &mut AppProject);
        let cases: &[(Change, &[&str])] = &[
            (|_, _| {}, &[]),
            (
                |app, _| app.metadata.namespace = "team".into(),
                &[
                    "UnknownError application 'web' in namespace 'team' is not permitted to use project 'default'",
                ],
            ),
            (
                |app, project| {
                    app.metadata.namespace = "team".into();
                    project.spec.source_namespaces = vec!["te*".into()];
                },
                &[],
            ),
            (
                |app, _| app.spec.source.as_mut().unwrap().path.clear(),
                &[
                    "InvalidSpecError spec.source.repoURL and either spec.source.path or spec.source.chart are required",
                ],
            ),
            (
                |app, _| {
                    let source = app.spec.source.as_mut().unwrap();
                    source.chart = "nginx".into();
                },
                &[
                    "InvalidSpecError spec.source.targetRevision is required if the manifest source is a helm chart",
                ],
            ),
            (
                |_, project| project.spec.source_repos = vec!["https://other/*".into()],
                &["InvalidSpecError application repo https://git/repo is not permitted in project 'default'"],
            ),
            (
                |_, project| project.spec.destinations.clear(),
                &[
                    "InvalidSpecError application destination server 'https://one' and namespace 'prod' do not match \
                   any of the allowed destinations in project 'default'",
                ],
            ),
        ];
        for (number, (change, wanted)) in cases.iter().enumerate() {
            let (mut app, mut project) = (app(), project());
            change(&mut app, &mut project);
            let found = check(&app, Some(&project), Ok(&PROD), "argocd");
            let found: Vec<String> =
                found.iter().map(|condition| format!("{} {}", condition.r#type, condition.message)).collect();
            assert_eq!(found, *wanted, "case {number}");
        }
    }

    #[test]
    fn missing_project_and_destination() {
        let found = check(&app(), None, Ok(&PROD), "argocd");
        assert_eq!(found[0].message, "Application referencing project default which does not exist");
        let found = check(&app(), Some(&project()), Err("no such cluster"), "argocd");
        assert_eq!((found[0].r#type.as_str(), found[0].message.as_str()), (INVALID_SPEC, "no such cluster"));
    }

    #[test]
    fn global_projects_add_their_rules() {
        let mut global = AppProject::default();
        global.metadata.name = "global".into();
        global.spec.source_repos = vec!["https://global/*".into()];
        let selects = types::settings::GlobalProject { project_name: "global".into(), ..Default::default() };
        let found = effective_project(&project(), &[selects], |name| {
            (name == "global").then(|| std::sync::Arc::new(global.clone()))
        });
        assert_eq!(found.spec.source_repos, ["*", "https://global/*"]);
    }
}
