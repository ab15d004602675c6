//! The options of a sync: those of the whole operation, and what an object's annotation says otherwise.

use object::Object;
use types::names::ANNOTATION_SYNC_OPTIONS;

/// How dependents of a deleted object are handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Propagation {
    /// The object goes when its dependents are gone; the default.
    #[default]
    Foreground,
    /// The object goes at once, its dependents later.
    Background,
    /// Dependents stay.
    Orphan,
}

impl Propagation {
    /// The policy as the Kubernetes API spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Foreground => "Foreground",
            Self::Background => "Background",
            Self::Orphan => "Orphan",
        }
    }
}

/// Whether something may be done: always, never, or once somebody confirmed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Consent {
    /// `=true`, and the default.
    #[default]
    Yes,
    /// `=false`
    No,
    /// `=confirm`
    Confirm,
}

/// The options of a whole operation, read from its `Key=value` texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SyncOptions {
    /// `Validate=false`: no strict field validation.
    pub no_validation: bool,
    /// `SkipDryRunOnMissingResource=true`
    pub skip_dry_run_on_missing: bool,
    /// `Prune=false` or `Prune=confirm`
    pub prune: Consent,
    /// `Delete=false` or `Delete=confirm`
    pub delete: Consent,
    /// `PruneLast=true`
    pub prune_last: bool,
    /// `PrunePropagationPolicy=…`
    pub propagation: Propagation,
    /// `Replace=true`
    pub replace: bool,
    /// `ServerSideApply=true`
    pub server_side_apply: bool,
    /// `ClientSideApplyMigration=false`: fields of `kubectl` are not moved to the new manager.
    pub no_migration: bool,
    /// `ApplyOutOfSyncOnly=true`
    pub apply_out_of_sync_only: bool,
    /// `CreateNamespace=true`
    pub create_namespace: bool,
    /// `RespectIgnoreDifferences=true`
    pub respect_ignore_differences: bool,
    /// `FailOnSharedResource=true`
    pub fail_on_shared_resource: bool,
}

impl SyncOptions {
    /// Reads the options; texts are compared exactly, unknown ones mean nothing.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Self {
        let has = |text: &str| texts.iter().any(|option| option.as_ref() == text);
        let consent = |name: &str| {
            if has(&format!("{name}=false")) {
                Consent::No
            } else if has(&format!("{name}=confirm")) {
                Consent::Confirm
            } else {
                Consent::Yes
            }
        };
        // When several policies are given, the last of these wins, whatever their order in the list.
        let propagation = if has("PrunePropagationPolicy=orphan") {
            Propagation::Orphan
        } else if has("PrunePropagationPolicy=foreground") {
            Propagation::Foreground
        } else if has("PrunePropagationPolicy=background") {
            Propagation::Background
        } else {
            Propagation::default()
        };
        Self {
            no_validation: has("Validate=false"),
            skip_dry_run_on_missing: has("SkipDryRunOnMissingResource=true"),
            prune: consent("Prune"),
            delete: consent("Delete"),
            prune_last: has("PruneLast=true"),
            propagation,
            replace: has("Replace=true"),
            server_side_apply: has("ServerSideApply=true"),
            no_migration: has("ClientSideApplyMigration=false"),
            apply_out_of_sync_only: has("ApplyOutOfSyncOnly=true"),
            create_namespace: has("CreateNamespace=true"),
            respect_ignore_differences: has("RespectIgnoreDifferences=true"),
            fail_on_shared_resource: has("FailOnSharedResource=true"),
        }
    }

    /// Whether an object may be pruned: its own annotation beats the operation's option.
    pub fn prune_consent(&self, live: &Object) -> Consent {
        own_consent(live, "Prune").unwrap_or(self.prune)
    }

    /// Whether an object may be deleted with its application: its own annotation beats the application's option.
    pub fn delete_consent(&self, live: &Object) -> Consent {
        own_consent(live, "Delete").unwrap_or(self.delete)
    }
}

fn own_consent(object: &Object, name: &str) -> Option<Consent> {
    let value = |value: &str| has_option(object, &format!("{name}={value}"));
    if value("false") {
        Some(Consent::No)
    } else if value("confirm") {
        Some(Consent::Confirm)
    } else if value("true") {
        Some(Consent::Yes)
    } else {
        None
    }
}

/// Whether an object's annotation of sync options has this one.
pub fn has_option(object: &Object, option: &str) -> bool {
    object
        .annotation(ANNOTATION_SYNC_OPTIONS)
        .is_some_and(|options| options.split(',').any(|item| item.trim() == option))
}

/// Whether a comparison's pair needs somebody's confirmation before it is pruned or deleted.
pub fn requires_confirmation(options: &SyncOptions, target: Option<&Object>, live: Option<&Object>) -> bool {
    target.into_iter().chain(live).any(|object| {
        options.prune_consent(object) == Consent::Confirm
            || options.delete_consent(object) == Consent::Confirm
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(options: &str) -> Object {
        Object::from_value(json!({"metadata": {"annotations": {ANNOTATION_SYNC_OPTIONS: options}}})).unwrap()
    }

    #[test]
    fn reads_the_operation_exactly() {
        let options =
            SyncOptions::parse(&["Replace=true", " PruneLast=true", "Validate=false", "prune=false"]);
        assert!(options.replace && options.no_validation);
        assert!(!options.prune_last, "options of an operation are not trimmed");
        assert_eq!(options.prune, Consent::Yes);
    }

    #[test]
    fn several_propagation_policies() {
        let policy = |names: &[&str]| {
            let texts: Vec<_> = names.iter().map(|name| format!("PrunePropagationPolicy={name}")).collect();
            SyncOptions::parse(&texts).propagation
        };
        assert_eq!(policy(&[]), Propagation::Foreground);
        assert_eq!(policy(&["background"]), Propagation::Background);
        assert_eq!(policy(&["foreground", "background"]), Propagation::Foreground);
        assert_eq!(policy(&["orphan", "foreground"]), Propagation::Orphan);
    }

    #[test]
    fn an_annotation_beats_the_operation() {
        for (operation, annotation, wanted) in [
            ("", "", Consent::Yes),
            ("", "Prune=false", Consent::No),
            ("", "Replace=true, Prune=confirm", Consent::Confirm),
            ("Prune=false", "", Consent::No),
            ("Prune=false", "Prune=true", Consent::Yes),
            ("Prune=confirm", "Prune=false", Consent::No),
        ] {
            let options = SyncOptions::parse(&[operation]);
            assert_eq!(options.prune_consent(&object(annotation)), wanted, "{operation} {annotation}");
        }
    }

    #[test]
    fn confirmation_of_either_side() {
        let none = SyncOptions::default();
        assert!(!requires_confirmation(&none, Some(&object("")), None));
        assert!(requires_confirmation(&none, Some(&object("Delete=confirm")), Some(&object(""))));
        assert!(requires_confirmation(&none, None, Some(&object("Prune=confirm"))));
        assert!(requires_confirmation(&SyncOptions::parse(&["Delete=confirm"]), None, Some(&object(""))));
        assert!(!requires_confirmation(
            &SyncOptions::parse(&["Delete=confirm"]),
            None,
            Some(&object("Delete=true"))
        ));
    }
}
