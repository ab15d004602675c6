//! Who may do what: Argo CD's policy language, compiled and evaluated.
//!
//! A [`Policy`] is compiled from the text of `argocd-rbac-cm` ([`Policy::new`]) and refined by the policies of
//! projects ([`Policy::with_project`]). A [`SubjectPolicy`] is what it comes to for one subject and its groups: a few
//! short lists of rules, so that filtering a list of applications costs a handful of pattern matches each.
//!
//! A decision goes through layers, and the first layer that allows wins; a denial beats allowances of its own layer
//! only. The layers are: the default role, the subject itself, each of its groups that some `g` line mentions, and
//! the subject `""`.
//!
//! - `csv`: how lines are written. `builtin`: the roles that are always there. `pattern`: globs and regexes.
//!
//! Deliberately absent: who a subject is (the server's sessions), and what projects permit their applications.

mod builtin;
mod csv;
mod pattern;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::project::AppProject;
use crate::settings::PolicySettings;
use pattern::{Match, Pattern};

pub use csv::PolicyError;

/// The resources that policies speak of, as `can-i` knows them.
pub const RESOURCES: &[&str] = &[
    "clusters",
    "projects",
    "applications",
    "applicationsets",
    "repositories",
    "write-repositories",
    "certificates",
    "accounts",
    "gpgkeys",
    "logs",
    "exec",
    "extensions",
];

/// The actions that policies speak of, as `can-i` knows them.
pub const ACTIONS: &[&str] =
    &["get", "create", "update", "delete", "sync", "rollback", "override", "action", "invoke"];

/// The prefix of subjects that stand for a project's role.
pub const PROJECT_SUBJECT_PREFIX: &str = "proj:";

/// Somebody who asks: the subject and the groups it is in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The name; `""` for the anonymous subject, `proj:<project>:<role>` for a project's role.
    pub name: String,
    /// The groups that the subject is in.
    pub groups: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Allow,
    Deny,
}

/// One `p` line without its subject.
#[derive(Debug, Clone)]
struct Rule {
    resource: Pattern,
    action: Pattern,
    object: Pattern,
    effect: Effect,
}

impl Rule {
    /// Whether the rule speaks of a request; `Err` when one of its patterns is broken and was reached.
    fn matches(&self, resource: &str, action: &str, object: &str) -> Result<bool, BrokenPattern> {
        for (pattern, text) in [(&self.resource, resource), (&self.action, action), (&self.object, object)] {
            match pattern.matches(text) {
                Match::Yes => {}
                Match::No => return Ok(false),
                Match::Broken => return Err(BrokenPattern),
            }
        }
        Ok(true)
    }
}

/// A regular expression that cannot be compiled was reached.
struct BrokenPattern;

/// The compiled policy of an installation, perhaps with that of one project.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Rules by subject.
    rules: BTreeMap<String, Vec<Arc<Rule>>>,
    /// Roles by member.
    roles: BTreeMap<String, Vec<String>>,
    default_role: String,
    regex: bool,
}

impl Policy {
    /// Compiles the built-in roles and the installation's policy.
    ///
    /// # Errors
    /// When a line has not the right number of columns or its effect is neither `allow` nor `deny`.
    pub fn new(settings: &PolicySettings) -> Result<Self, PolicyError> {
        let mut policy = Self {
            rules: BTreeMap::new(),
            roles: BTreeMap::new(),
            default_role: settings.default_role.clone(),
            regex: settings.regex,
        };
        policy.add(builtin::POLICY)?;
        policy.add(&settings.csv)?;
        Ok(policy)
    }

    /// The policy with the roles of a project added. A project whose policies cannot be read adds nothing, as a whole.
    #[must_use]
    pub fn with_project(&self, project: &AppProject) -> Self {
        let mut policy = self.clone();
        match policy.add(&project_policy(project)) {
            Ok(()) => policy,
            Err(_) => self.clone(),
        }
    }

    fn add(&mut self, text: &str) -> Result<(), PolicyError> {
        for line in csv::lines(text) {
            match line? {
                csv::Line::Rule { subject, resource, action, object, allow } => {
                    let rule = Rule {
                        resource: Pattern::new(&resource, self.regex),
                        action: Pattern::new(&action, self.regex),
                        object: Pattern::new(&object, self.regex),
                        effect: if allow { Effect::Allow } else { Effect::Deny },
                    };
                    self.rules.entry(subject).or_default().push(Arc::new(rule));
                }
                csv::Line::Group { member, role } => self.roles.entry(member).or_default().push(role),
            }
        }
        Ok(())
    }

    /// The policy as it applies to one subject.
    pub fn for_subject(&self, subject: &Subject) -> SubjectPolicy {
        let mut layers = Vec::new();
        let mut add = |name: &str| {
            let rules = self.rules_of(name);
            if !rules.is_empty() {
                layers.push(rules);
            }
        };
        if !self.default_role.is_empty() {
            add(&self.default_role);
        }
        add(&subject.name);
        // A project's token speaks for its role alone.
        if !subject.name.starts_with(PROJECT_SUBJECT_PREFIX) {
            for group in &subject.groups {
                if self.roles.contains_key(group) {
                    add(group);
                }
            }
            if !subject.name.is_empty() {
                add("");
            }
        }
        SubjectPolicy { layers }
    }

    /// The rules of a subject and of all roles that it has, directly or through other roles.
    fn rules_of(&self, subject: &str) -> Vec<Arc<Rule>> {
        let mut seen = BTreeSet::from([subject]);
        let mut pending = vec![subject];
        let mut rules = Vec::new();
        while let Some(name) = pending.pop() {
            rules.extend(self.rules.get(name).into_iter().flatten().cloned());
            for role in self.roles.get(name).into_iter().flatten() {
                if seen.insert(role) {
                    pending.push(role);
                }
            }
        }
        rules
    }
}

/// What a policy comes to for one subject.
#[derive(Debug, Clone, Default)]
pub struct SubjectPolicy {
    layers: Vec<Vec<Arc<Rule>>>,
}

impl SubjectPolicy {
    /// Whether the subject may do `action` on `object` of the kind `resource`.
    pub fn allows(&self, resource: &str, action: &str, object: &str) -> bool {
        self.layers.iter().any(|rules| layer_allows(rules, resource, action, object))
    }
}

fn layer_allows(rules: &[Arc<Rule>], resource: &str, action: &str, object: &str) -> bool {
    let mut allowed = false;
    for rule in rules {
        match rule.matches(resource, action, object) {
            Ok(false) => {}
            Ok(true) if rule.effect == Effect::Allow => allowed = true,
            Ok(true) | Err(BrokenPattern) => return false,
        }
    }
    allowed
}

/// The policy text of a project's roles.
pub fn project_policy(project: &AppProject) -> String {
    let name = &project.metadata.name;
    let mut text = String::new();
    for role in &project.spec.roles {
        let subject = format!("{PROJECT_SUBJECT_PREFIX}{name}:{}", role.name);
        text.push_str(&format!("p, {subject}, projects, get, {name}, allow\n"));
        for policy in &role.policies {
            text.push_str(policy);
            text.push('\n');
        }
        for group in &role.groups {
            text.push_str(&format!("g, {group}, {subject}\n"));
        }
    }
    text
}

/// The project that a request is about, so that the project's own policy applies: the first part of the object for
/// what lives in projects, the object itself for projects.
pub fn project_of<'a>(resource: &str, object: &'a str) -> Option<&'a str> {
    match resource {
        "applications" | "applicationsets" | "repositories" | "clusters" | "logs" | "exec" => {
            object.split_once('/').map(|(project, _)| project).filter(|project| !project.is_empty())
        }
        "projects" => Some(object).filter(|project| !project.is_empty()),
        _ => None,
    }
}
