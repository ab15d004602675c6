//! A comparison folded into an application's status.

use std::collections::BTreeSet;

use object::Object;
use types::{
    AppHealthStatus, Application, ApplicationCondition, ApplicationSummary, ComparedTo, ResourceNode, Time,
};

use crate::compare::Compared;
use crate::decision::conditions::{COMPARISON, OF_COMPARISON, condition, replace};
use crate::decision::refresh::CompareLevel;
use crate::ports::Rendering;

/// The annotation prefix of links.
const LINK_PREFIX: &str = "link.argocd.argoproj.io/";

/// Writes a comparison's results into the status.
pub(crate) fn fold(
    app: &mut Application,
    compared: &Compared,
    rendering: &Rendering,
    level: CompareLevel,
    inline_health: bool,
    now: Time,
) {
    let mut conditions = compared.conditions.clone();
    match compared.health(app) {
        Ok((status, message)) => set_health(app, &status, &message, inline_health, now),
        Err(error) => {
            let text = format!("error setting app health: {error}");
            conditions.push(condition(COMPARISON, text));
            set_health(app, "Unknown", "", inline_health, now);
        }
    }
    replace(app, OF_COMPARISON, conditions, now);
    compared.sync_status.clone_into(&mut app.status.sync.status);
    set_revisions(app, &rendering.revisions);
    app.status.sync.compared_to = compared_to(app);
    app.status.resources = compared.resources(inline_health);
    let source = if inline_health { "" } else { "appTree" };
    source.clone_into(&mut app.status.resource_health_source);
    if app.spec.has_multiple_sources() {
        app.status.source_types.clone_from(&rendering.source_types);
        app.status.source_type.clear();
    } else {
        app.status.source_type = rendering.source_types.first().cloned().unwrap_or_default();
        app.status.source_types.clear();
    }
    if app.status.reconciled_at.is_none() || level >= CompareLevel::Latest {
        app.status.reconciled_at = Some(now);
    }
}

fn set_revisions(app: &mut Application, revisions: &[String]) {
    if app.spec.has_multiple_sources() {
        app.status.sync.revisions = revisions.to_vec();
        app.status.sync.revision.clear();
    } else {
        app.status.sync.revision = revisions.first().cloned().unwrap_or_default();
        app.status.sync.revisions.clear();
    }
}

/// What a comparison of the spec as it is now is made of.
pub(crate) fn compared_to(app: &Application) -> ComparedTo {
    let spec = &app.spec;
    let mut compared = ComparedTo {
        destination: spec.destination.clone(),
        ignore_differences: spec.ignore_differences.clone(),
        ..ComparedTo::default()
    };
    if spec.has_multiple_sources() {
        compared.sources.clone_from(&spec.sources);
    } else {
        compared.source = spec.effective_sources().into_iter().next().unwrap_or_default();
    }
    compared
}

fn set_health(app: &mut Application, status: &str, message: &str, inline: bool, now: Time) {
    let old = std::mem::take(&mut app.status.health);
    app.status.health = if old.status == status {
        // While health itself stays, a changing list of causes is no reason to write.
        let message = if inline { message.to_owned() } else { old.message };
        AppHealthStatus { message, ..old }
    } else {
        AppHealthStatus {
            status: status.to_owned(),
            message: message.to_owned(),
            last_transition_time: Some(now),
        }
    };
}

/// The status of an application of which nothing can be said, and why.
pub(crate) fn fold_unknown(
    app: &mut Application,
    evaluated: &[&str],
    found: Vec<ApplicationCondition>,
    now: Time,
) {
    replace(app, evaluated, found, now);
    "Unknown".clone_into(&mut app.status.sync.status);
    app.status.sync.compared_to = compared_to(app);
    if app.status.health.status != "Unknown" {
        app.status.health.last_transition_time = Some(now);
    }
    "Unknown".clone_into(&mut app.status.health.status);
    app.status.health.message.clear();
    for resource in &mut app.status.resources {
        if !resource.status.is_empty() {
            "Unknown".clone_into(&mut resource.status);
        }
    }
}

/// What is gathered over all nodes of the tree.
pub(crate) fn summarize(app: &mut Application, nodes: &[ResourceNode]) {
    let images: BTreeSet<&String> = nodes.iter().flat_map(|node| &node.images).collect();
    let links = app.metadata.annotations.iter().filter(|(key, _)| key.starts_with(LINK_PREFIX));
    let mut urls: BTreeSet<String> = links.map(|(_, url)| url.clone()).collect();
    for networking in nodes.iter().filter_map(|node| node.networking_info.as_ref()) {
        urls.extend(networking.external_urls.iter().cloned());
    }
    let is_app_of_apps = nodes.iter().any(|node| {
        node.resource_ref.group == types::names::GROUP && node.resource_ref.kind == "Application"
    });
    app.status.summary = ApplicationSummary {
        images: images.into_iter().cloned().collect(),
        external_urls: urls.into_iter().collect(),
        is_app_of_apps,
    };
}

/// Which delete hooks are among rendered hooks: before the deletion, after it.
pub(crate) fn delete_hooks<'a>(hooks: impl Iterator<Item = &'a Object>) -> (bool, bool) {
    hooks.fold((false, false), |(pre, post), hook| {
        let types = sync::hook_types(hook);
        (
            pre || types.contains(&sync::HookType::PreDelete),
            post || types.contains(&sync::HookType::PostDelete),
        )
    })
}

/// Brings a spec into the form in which it is stored: no empty parts, a named project.
pub(crate) fn normalize_spec(app: &mut Application) {
    if app.spec.project.is_empty() {
        "default".clone_into(&mut app.spec.project);
    }
    if app.spec.sync_policy.as_ref().is_some_and(|policy| *policy == Default::default()) {
        app.spec.sync_policy = None;
    }
    for source in app.spec.source.iter_mut().chain(&mut app.spec.sources) {
        if source.kustomize.as_ref().is_some_and(|part| *part == Default::default()) {
            source.kustomize = None;
        }
        if source.helm.as_ref().is_some_and(|part| *part == Default::default()) {
            source.helm = None;
        }
        if source.directory.as_ref().is_some_and(|part| *part == Default::default()) {
            source.directory = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use types::{ResourceNetworkingInfo, ResourceRef, SyncPolicy};

    fn at(seconds: i64) -> Time {
        Time(Timestamp::from_second(seconds).unwrap())
    }

    #[test]
    fn health_keeps_its_time_and_message_while_it_stays() {
        let mut app = Application::default();
        set_health(&mut app, "Degraded", "a", false, at(1));
        set_health(&mut app, "Degraded", "b", false, at(2));
        let health = &app.status.health;
        assert_eq!((health.message.as_str(), health.last_transition_time), ("a", Some(at(1))));
        set_health(&mut app, "Degraded", "b", true, at(3));
        assert_eq!(app.status.health.message, "b");
        set_health(&mut app, "Healthy", "", false, at(4));
        let health = &app.status.health;
        assert_eq!((health.message.as_str(), health.last_transition_time), ("", Some(at(4))));
    }

    #[test]
    fn summaries_are_sorted_and_distinct() {
        let mut app = Application::default();
        app.metadata.annotations.insert("link.argocd.argoproj.io/docs".into(), "https://b".into());
        let node = |images: &[&str], url: &str, kind: &str| ResourceNode {
            resource_ref: ResourceRef {
                group: "argoproj.io".into(),
                kind: kind.into(),
                ..Default::default()
            },
            images: images.iter().map(|image| (*image).to_owned()).collect(),
            networking_info: Some(ResourceNetworkingInfo {
                external_urls: vec![url.into()],
                ..Default::default()
            }),
            ..ResourceNode::default()
        };
        summarize(
            &mut app,
            &[node(&["z", "a"], "https://c", "Rollout"), node(&["a"], "https://a", "Rollout")],
        );
        assert_eq!(app.status.summary.images, ["a", "z"]);
        assert_eq!(app.status.summary.external_urls, ["https://a", "https://b", "https://c"]);
        assert!(!app.status.summary.is_app_of_apps);
        summarize(&mut app, &[node(&[], "https://a", "Application")]);
        assert!(app.status.summary.is_app_of_apps);
    }

    #[test]
    fn empty_parts_of_a_spec_go() {
        let mut app = Application::default();
        app.spec.sync_policy = Some(SyncPolicy::default());
        let source = app.spec.source.get_or_insert_default();
        source.helm = Some(Default::default());
        normalize_spec(&mut app);
        assert_eq!((app.spec.project.as_str(), &app.spec.sync_policy), ("default", &None));
        assert_eq!(app.spec.source.unwrap().helm, None);
    }
}
