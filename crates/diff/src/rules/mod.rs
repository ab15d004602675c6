//! Which differences do not count.
//!
//! Rules come from an application and from the system's overrides; they are compiled once per application and settings
//! and then applied to target, live and last-applied objects alike. `jq.rs` finds what a jq rule points to,
//! `known_types.rs` gives fields of custom resources the spelling of a built-in type.

mod budget;
mod glob;
mod jq;
mod known_types;

use object::{Object, json_patch};

use crate::Error;
use jq::JqPath;
pub use known_types::KnownTypeField;

/// An entry of an application's `spec.ignoreDifferences`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct IgnoreRule {
    /// API group, a glob; empty means the core group.
    pub group: String,
    /// Kind, a glob.
    pub kind: String,
    /// Name; empty means any.
    pub name: String,
    /// Namespace; empty means any.
    pub namespace: String,
    /// What to ignore, as JSON pointers.
    pub json_pointers: Vec<String>,
    /// What to ignore, as jq path expressions.
    pub jq_path_expressions: Vec<String>,
    /// Whose changes to ignore.
    pub managed_fields_managers: Vec<String>,
}

/// A system-wide rule for a kind (`resource.customizations.ignoreDifferences.…` and `….knownTypeFields.…`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Override {
    /// `group/Kind` or `Kind`, with globs; `*/*` is everything. Trusted managers are looked up by the exact key instead,
    /// which for core kinds is `/Kind`.
    pub key: String,
    /// What to ignore, as JSON pointers.
    pub json_pointers: Vec<String>,
    /// What to ignore, as jq path expressions.
    pub jq_path_expressions: Vec<String>,
    /// Whose changes to ignore.
    pub managed_fields_managers: Vec<String>,
    /// Fields that hold a value of a built-in type.
    pub known_type_fields: Vec<KnownTypeField>,
}

/// Whose `status` is ignored (`ignoreResourceStatusField`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum StatusRule {
    /// Every object's.
    #[default]
    All,
    /// Only that of CustomResourceDefinitions.
    Definitions,
    /// Nobody's.
    None,
}

/// Compiled rules.
#[derive(Debug, Default)]
pub struct Rules {
    application: Vec<Compiled>,
    system: Vec<Compiled>,
    known_types: Vec<(Selector, Vec<KnownTypeField>)>,
}

#[derive(Debug, Default)]
struct Selector {
    group: String,
    kind: String,
    name: String,
    namespace: String,
    /// The key that trusted managers of system rules are looked up by.
    exact: Option<String>,
}

#[derive(Debug, Default)]
struct Compiled {
    selector: Selector,
    pointers: Vec<String>,
    jq: Vec<JqPath>,
    managers: Vec<String>,
}

impl Selector {
    fn of_key(key: &str) -> Self {
        let (group, kind) = key.split_once('/').unwrap_or(("", key));
        Selector {
            group: group.to_owned(),
            kind: kind.to_owned(),
            exact: Some(key.to_owned()),
            ..Selector::default()
        }
    }

    fn matches(&self, object: &Object) -> bool {
        glob::matches(&self.group, object.group())
            && glob::matches(&self.kind, object.kind())
            && (self.name.is_empty() || self.name == object.name())
            && (self.namespace.is_empty() || Some(self.namespace.as_str()) == object.namespace())
    }

    fn trusts_for(&self, object: &Object) -> bool {
        match &self.exact {
            Some(key) => key == "*/*" || *key == format!("{}/{}", object.group(), object.kind()),
            None => self.matches(object),
        }
    }
}

impl Compiled {
    fn new(
        selector: Selector,
        pointers: &[String],
        expressions: &[String],
        managers: &[String],
    ) -> Result<Self, Error> {
        let jq =
            expressions.iter().map(|expression| JqPath::compile(expression)).collect::<Result<_, _>>()?;
        Ok(Compiled { selector, pointers: pointers.to_vec(), jq, managers: managers.to_vec() })
    }
}

impl Rules {
    /// Compiles the rules of an application and of the system. A jq expression that does not compile is an error, so
    /// that nothing is compared with a rule missing.
    pub fn compile(
        application: &[IgnoreRule],
        system: &[Override],
        status: StatusRule,
    ) -> Result<Rules, Error> {
        let mut rules = Rules::default();
        for rule in application {
            let selector = Selector {
                group: rule.group.clone(),
                kind: rule.kind.clone(),
                name: rule.name.clone(),
                namespace: rule.namespace.clone(),
                exact: None,
            };
            rules.application.push(Compiled::new(
                selector,
                &rule.json_pointers,
                &rule.jq_path_expressions,
                &rule.managed_fields_managers,
            )?);
        }
        for rule in system {
            let selector = Selector::of_key(&rule.key);
            rules.system.push(Compiled::new(
                selector,
                &rule.json_pointers,
                &rule.jq_path_expressions,
                &rule.managed_fields_managers,
            )?);
            if !rule.known_type_fields.is_empty() {
                rules.known_types.push((Selector::of_key(&rule.key), rule.known_type_fields.clone()));
            }
        }
        let status_key = match status {
            StatusRule::All => Some("*/*"),
            StatusRule::Definitions => Some("apiextensions.k8s.io/CustomResourceDefinition"),
            StatusRule::None => None,
        };
        if let Some(key) = status_key {
            rules.system.push(Compiled {
                selector: Selector::of_key(key),
                pointers: vec!["/status".to_owned()],
                ..Compiled::default()
            });
        }
        rules.add_rollout_default();
        Ok(rules)
    }

    /// Rollouts carry a pod spec; everybody would have to configure that.
    fn add_rollout_default(&mut self) {
        let key = "argoproj.io/Rollout";
        if !self.known_types.iter().any(|(selector, _)| selector.exact.as_deref() == Some(key)) {
            let field = KnownTypeField {
                field: "spec.template.spec".to_owned(),
                type_name: "core/v1/PodSpec".to_owned(),
            };
            self.known_types.push((Selector::of_key(key), vec![field]));
        }
    }

    /// The managers whose changes to this object are ignored.
    pub(crate) fn managers_for(&self, object: &Object) -> Vec<&str> {
        let rules = self.application.iter().chain(&self.system);
        rules
            .filter(|rule| !rule.managers.is_empty() && rule.selector.trusts_for(object))
            .flat_map(|rule| rule.managers.iter().map(String::as_str))
            .collect()
    }

    /// Removes what is ignored and rewrites fields of known types. Rules that do not apply do not stop others.
    pub fn apply(&self, object: &mut Object) {
        let matching: Vec<&Compiled> = self
            .application
            .iter()
            .chain(&self.system)
            .filter(|rule| rule.selector.matches(object))
            .collect();
        let known: Vec<&KnownTypeField> = self
            .known_types
            .iter()
            .filter(|(selector, _)| selector.matches(object))
            .flat_map(|(_, fields)| fields)
            .collect();
        if matching.is_empty() && known.is_empty() {
            return;
        }
        let mut value = std::mem::take(object).into_value();
        for rule in matching {
            for pointer in &rule.pointers {
                json_patch::remove_pointer(&mut value, pointer);
            }
            for jq in &rule.jq {
                jq.remove(&mut value);
            }
        }
        for field in known {
            field.rewrite(&mut value);
        }
        if let Ok(changed) = Object::from_value(value) {
            *object = changed;
        }
    }
}
