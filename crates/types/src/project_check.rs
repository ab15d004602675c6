//! What an AppProject must be like before it is stored.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::{AppProject, ProjectRole, SyncWindow};

/// The resources and actions that policies of projects may name.
const RESOURCES: [&str; 6] = ["applications", "applicationsets", "logs", "exec", "clusters", "repositories"];
const ACTIONS: [&str; 8] = ["get", "create", "update", "delete", "sync", "override", "rollback", "*"];

static ROLE_NAME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[A-Za-z0-9]([-_A-Za-z0-9]*[A-Za-z0-9])?$").ok());

impl AppProject {
    /// Checks what the project says; the text of an error names what is wrong.
    ///
    /// # Errors
    /// When something is given twice, cannot mean anything, or is not what it must be.
    pub fn check(&self) -> Result<(), String> {
        let spec = &self.spec;
        let mut seen = BTreeSet::new();
        for destination in &spec.destinations {
            let parts = [&destination.server, &destination.name, &destination.namespace];
            if parts.iter().any(|part| *part == "!*") {
                return Err("a destination must not deny everything: !*".to_owned());
            }
            if !seen.insert(parts) {
                return Err(format!(
                    "destination '{}' in namespace '{}' is given twice",
                    destination.cluster_text(),
                    destination.namespace
                ));
            }
        }
        let mut seen = BTreeSet::new();
        for repository in &spec.source_repos {
            if repository == "!*" {
                return Err("sourceRepos must not deny everything: !*".to_owned());
            }
            if !seen.insert(repository) {
                return Err(format!("source repository '{repository}' is given twice"));
            }
        }
        let mut seen = BTreeSet::new();
        for role in &spec.roles {
            if !seen.insert(&role.name) {
                return Err(format!("role '{}' is given twice", role.name));
            }
            role.check(&self.metadata.name)?;
        }
        for account in &spec.destination_service_accounts {
            let name = &account.default_service_account;
            if name.trim().is_empty() || name.contains(['!', '*', '[', ']', '{', '}', '\\', '/']) {
                return Err(format!("destinationServiceAccounts: {name:?} is no service account"));
            }
        }
        for (position, window) in spec.sync_windows.iter().enumerate() {
            window.check()?;
            if spec.sync_windows.iter().take(position).any(|other| other.is_same_as(window)) {
                return Err(format!(
                    "the sync window of kind {:?} with schedule {:?} and duration {:?} is given twice",
                    window.kind, window.schedule, window.duration
                ));
            }
        }
        Ok(())
    }
}

impl ProjectRole {
    fn check(&self, project: &str) -> Result<(), String> {
        if !ROLE_NAME.as_ref().is_some_and(|pattern| pattern.is_match(&self.name)) {
            return Err(format!(
                "role name '{}' must be letters, digits, '-' and '_', and begin and end with a letter or digit",
                self.name
            ));
        }
        let mut seen = BTreeSet::new();
        for policy in &self.policies {
            self.check_policy(project, policy)?;
            if !seen.insert(policy) {
                return Err(format!("policy '{policy}' of role '{}' is given twice", self.name));
            }
        }
        let mut seen = BTreeSet::new();
        for group in &self.groups {
            let quoted = group.len() > 1 && group.starts_with('"') && group.ends_with('"');
            let inner = if quoted { &group[1..group.len() - 1] } else { group };
            let is_bad = inner.is_empty()
                || inner.trim() != inner
                || inner.contains(['"', '\n', '\t', '\r'])
                || (inner.contains(',') && !quoted);
            if is_bad {
                return Err(format!("group {group:?} of role '{}' is no name of a group", self.name));
            }
            if !seen.insert(group) {
                return Err(format!("group '{group}' of role '{}' is given twice", self.name));
            }
        }
        Ok(())
    }

    fn check_policy(&self, project: &str, policy: &str) -> Result<(), String> {
        let wrong = |reason: String| Err(format!("policy rule '{policy}' of role '{}': {reason}", self.name));
        let parts: Vec<&str> = policy.split(',').map(str::trim).collect();
        let ["p", subject, resource, action, object, effect] = parts[..] else {
            return wrong("must be of the form 'p, sub, res, act, obj, eft'".to_owned());
        };
        if subject != format!("proj:{project}:{}", self.name) {
            return wrong(format!("the subject must be proj:{project}:{}", self.name));
        }
        if !RESOURCES.contains(&resource) {
            return wrong(format!("the resource must be one of {}", RESOURCES.join(", ")));
        }
        let is_fine_grained = ["action/", "update/", "delete/"].iter().any(|start| action.starts_with(start));
        if !(ACTIONS.contains(&action) || is_fine_grained) {
            return wrong(format!("the action must be one of {}", ACTIONS.join(", ")));
        }
        let is_part = |part: &str| {
            !part.is_empty()
                && part.chars().all(|character| {
                    character == '*'
                        || character == '_'
                        || character == '-'
                        || character == '.'
                        || character.is_ascii_alphanumeric()
                })
        };
        let below: Vec<&str> = object.split('/').collect();
        let fits = match below[..] {
            [first, name] => first == project && is_part(name),
            [first, namespace, name] => first == project && is_part(namespace) && is_part(name),
            _ => false,
        };
        if !fits {
            return wrong(format!(
                "the object must be of the form '{project}/*', '{project}/APPNAME' or '{project}/NAMESPACE/APPNAME'"
            ));
        }
        if !["allow", "deny"].contains(&effect) {
            return wrong("the effect must be 'allow' or 'deny'".to_owned());
        }
        Ok(())
    }
}

impl SyncWindow {
    fn check(&self) -> Result<(), String> {
        if !["allow", "deny"].contains(&self.kind.as_str()) {
            return Err(format!("kind '{}' of a sync window must be allow or deny", self.kind));
        }
        if self.schedule.is_empty() || self.duration.is_empty() {
            return Err("a sync window needs a schedule and a duration".to_owned());
        }
        if self.applications.is_empty() && self.namespaces.is_empty() && self.clusters.is_empty() {
            return Err("a sync window needs applications, namespaces or clusters".to_owned());
        }
        if self.description.chars().count() > 255 {
            return Err("the description of a sync window has at most 255 characters".to_owned());
        }
        Ok(())
    }

    /// Whether two windows are the same but for what is only said about them.
    fn is_same_as(&self, other: &Self) -> bool {
        let essence = |window: &Self| Self {
            manual_sync: false,
            sync_overrun: false,
            description: String::new(),
            ..window.clone()
        };
        essence(self) == essence(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn check(spec: Value) -> Result<(), String> {
        let project: AppProject =
            serde_json::from_value(json!({"metadata": {"name": "team"}, "spec": spec})).unwrap();
        project.check()
    }

    #[test]
    fn what_is_wrong_with_a_project_is_named() {
        let role = |role: Value| json!({"roles": [role]});
        let policy = |policy: &str| role(json!({"name": "r", "policies": [policy]}));
        let window = |further: Value| {
            let mut window =
                json!({"kind": "allow", "schedule": "* * * * *", "duration": "1h", "clusters": ["*"]});
            window.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
            json!({"syncWindows": [window]})
        };
        for spec in [
            json!({}),
            json!({"sourceRepos": ["*", "!https://bad"], "destinations": [{"server": "*", "namespace": "*"}]}),
            policy("p, proj:team:r, applications, sync, team/*, allow"),
            policy("p, proj:team:r, applications, action/apps/Deployment/restart, team/ns/web, deny"),
            role(json!({"name": "r", "groups": ["org:team", "\"a,b\""]})),
            window(json!({})),
        ] {
            assert_eq!(check(spec.clone()), Ok(()), "{spec}");
        }
        for (spec, expected) in [
            (json!({"sourceRepos": ["!*"]}), "deny everything"),
            (json!({"sourceRepos": ["a", "a"]}), "source repository 'a' is given twice"),
            (json!({"destinations": [{"server": "!*", "namespace": "a"}]}), "deny everything"),
            (
                json!({"destinations": [{"server": "s", "namespace": "a"}, {"server": "s", "namespace": "a"}]}),
                "destination 's' in namespace 'a' is given twice",
            ),
            (role(json!({"name": "-r"})), "role name '-r'"),
            (json!({"roles": [{"name": "r"}, {"name": "r"}]}), "role 'r' is given twice"),
            (policy("p, proj:team:r, applications, sync, team/*"), "must be of the form"),
            (policy("p, proj:other:r, applications, sync, team/*, allow"), "the subject must be proj:team:r"),
            (policy("p, proj:team:r, accounts, get, team/*, allow"), "the resource must be"),
            (policy("p, proj:team:r, applications, invoke, team/*, allow"), "the action must be"),
            (policy("p, proj:team:r, applications, get, other/*, allow"), "the object must be"),
            (policy("p, proj:team:r, applications, get, team/*, maybe"), "the effect must be"),
            (role(json!({"name": "r", "groups": ["a,b"]})), "no name of a group"),
            (role(json!({"name": "r", "groups": [" a"]})), "no name of a group"),
            (window(json!({"kind": "maybe"})), "kind 'maybe'"),
            (window(json!({"clusters": []})), "needs applications, namespaces or clusters"),
            (
                json!({"destinationServiceAccounts": [{"server": "*", "defaultServiceAccount": "a*"}]}),
                "no service account",
            ),
        ] {
            let error = check(spec.clone()).unwrap_err();
            assert!(error.contains(expected), "{spec}: {error}");
        }
    }
}
