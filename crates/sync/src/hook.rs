//! Which objects are hooks, in which phases, when they are deleted, and the wave of any object.
//!
//! Both vocabularies are read: Argo CD's annotations and Helm's. How hooks become tasks is in `task.rs`.

use object::Object;
use types::names::{ANNOTATION_HOOK, ANNOTATION_HOOK_DELETE_POLICY, ANNOTATION_SYNC_WAVE, FINALIZER_HOOK};

const HELM_HOOK: &str = "helm.sh/hook";
const HELM_WEIGHT: &str = "helm.sh/hook-weight";
const HELM_DELETE_POLICY: &str = "helm.sh/hook-delete-policy";

/// The phases of one sync, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SyncPhase {
    /// Before the objects are applied.
    PreSync,
    /// The objects themselves, and hooks among them.
    Sync,
    /// When everything is applied and healthy.
    PostSync,
    /// When the sync failed.
    SyncFail,
}

impl SyncPhase {
    /// The phase as results carry it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PreSync => "PreSync",
            Self::Sync => "Sync",
            Self::PostSync => "PostSync",
            Self::SyncFail => "SyncFail",
        }
    }
}

/// What an object asks to be as a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HookType {
    /// Runs in a phase of the sync.
    Phase(SyncPhase),
    /// Runs before the application's objects are deleted.
    PreDelete,
    /// Runs after the application's objects were deleted.
    PostDelete,
    /// Is left alone: neither applied nor pruned.
    Skip,
}

/// When a hook is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeletePolicy {
    /// Right before it would be created again; the default.
    BeforeHookCreation,
    /// When the operation succeeded.
    HookSucceeded,
    /// When the operation failed.
    HookFailed,
}

fn items<'a>(object: &'a Object, annotation: &str) -> impl Iterator<Item = &'a str> {
    object
        .annotation(annotation)
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for value in values {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

fn argo_type(text: &str) -> Option<HookType> {
    Some(match text {
        "PreSync" => HookType::Phase(SyncPhase::PreSync),
        "Sync" => HookType::Phase(SyncPhase::Sync),
        "PostSync" => HookType::Phase(SyncPhase::PostSync),
        "SyncFail" => HookType::Phase(SyncPhase::SyncFail),
        "PreDelete" => HookType::PreDelete,
        "PostDelete" => HookType::PostDelete,
        "Skip" => HookType::Skip,
        _ => return None,
    })
}

fn helm_type(text: &str) -> Option<HookType> {
    Some(match text {
        "pre-install" | "pre-upgrade" => HookType::Phase(SyncPhase::PreSync),
        "post-install" | "post-upgrade" => HookType::Phase(SyncPhase::PostSync),
        "pre-delete" => HookType::PreDelete,
        "post-delete" => HookType::PostDelete,
        _ => return None,
    })
}

/// The hook types that an object asks for, without repetition. Helm's are read only when no known Argo CD type is
/// given, and then a Helm value that is exactly `crd-install` means a plain object.
pub fn hook_types(object: &Object) -> Vec<HookType> {
    let own = distinct(items(object, ANNOTATION_HOOK).filter_map(argo_type));
    if own.is_empty() { distinct(items(object, HELM_HOOK).filter_map(helm_type)) } else { own }
}

/// Whether an object is taken out of the ordinary objects: it carries a hook annotation, even of an unknown type.
pub fn is_hook(object: &Object) -> bool {
    if object.annotation(ANNOTATION_HOOK).is_some() {
        return !is_skipped(object);
    }
    object.annotation(HELM_HOOK).is_some_and(|value| value != "crd-install")
}

/// Whether an object asks to be left alone: `Skip` is its only hook type.
pub fn is_skipped(object: &Object) -> bool {
    hook_types(object) == [HookType::Skip]
}

/// Whether an object carries a hook annotation of which no type is known; such an object is not handled at all.
pub fn is_ignored_hook(object: &Object) -> bool {
    is_hook(object) && hook_types(object).is_empty()
}

/// Whether an object runs only around the deletion of its application, so that no sync applies it.
pub fn is_delete_hook(object: &Object) -> bool {
    let types = hook_types(object);
    !types.is_empty() && types.iter().all(|kind| matches!(kind, HookType::PreDelete | HookType::PostDelete))
}

/// The phases in which a hook runs during a sync.
pub fn hook_phases(object: &Object) -> Vec<SyncPhase> {
    hook_types(object)
        .into_iter()
        .filter_map(|kind| match kind {
            HookType::Phase(phase) => Some(phase),
            _ => None,
        })
        .collect()
}

/// When a hook is deleted: both vocabularies together, [`DeletePolicy::BeforeHookCreation`] when neither says.
pub fn delete_policies(object: &Object) -> Vec<DeletePolicy> {
    let own = items(object, ANNOTATION_HOOK_DELETE_POLICY).filter_map(|text| match text {
        "BeforeHookCreation" => Some(DeletePolicy::BeforeHookCreation),
        "HookSucceeded" => Some(DeletePolicy::HookSucceeded),
        "HookFailed" => Some(DeletePolicy::HookFailed),
        _ => None,
    });
    let helm = items(object, HELM_DELETE_POLICY).filter_map(|text| match text {
        "before-hook-creation" => Some(DeletePolicy::BeforeHookCreation),
        "hook-succeeded" => Some(DeletePolicy::HookSucceeded),
        "hook-failed" => Some(DeletePolicy::HookFailed),
        _ => None,
    });
    let policies = distinct(own.chain(helm));
    if policies.is_empty() { vec![DeletePolicy::BeforeHookCreation] } else { policies }
}

/// The wave of an object: its sync wave, else its Helm hook weight, else 0.
pub fn wave(object: &Object) -> i64 {
    [ANNOTATION_SYNC_WAVE, HELM_WEIGHT]
        .iter()
        .find_map(|annotation| object.annotation(annotation)?.parse().ok())
        .unwrap_or_default()
}

/// Whether the hook finalizer is on an object.
pub(crate) fn has_hook_finalizer(object: &Object) -> bool {
    object.finalizers().any(|finalizer| finalizer == FINALIZER_HOOK)
}

/// Adds the hook finalizer, so that nobody removes the hook before its result was seen.
pub(crate) fn add_hook_finalizer(object: &mut Object) {
    if has_hook_finalizer(object) {
        return;
    }
    let mut finalizers: Vec<serde_json::Value> = object.finalizers().map(Into::into).collect();
    finalizers.push(FINALIZER_HOOK.into());
    object.set(&["metadata", "finalizers"], finalizers.into());
}

/// The name of a hook that has only `generateName`, equal in every step of one operation.
pub(crate) fn generated_name(prefix: &str, revision: &str, phase: SyncPhase, started_at: i64) -> String {
    let short = revision.get(..7).filter(|_| revision.len() >= 8).unwrap_or(revision);
    let suffix = format!("{short}-{}-{started_at}", phase.as_str()).to_lowercase();
    format!("{prefix}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(annotations: &[(&str, &str)]) -> Object {
        let annotations: serde_json::Map<_, _> =
            annotations.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        Object::from_value(json!({"kind": "Job", "metadata": {"name": "a", "annotations": annotations}}))
            .unwrap()
    }

    #[test]
    fn recognizes_hooks() {
        let argo = |value| object(&[(ANNOTATION_HOOK, value)]);
        let helm = |value| object(&[(HELM_HOOK, value)]);
        let both = |own, other| object(&[(ANNOTATION_HOOK, own), (HELM_HOOK, other)]);
        use HookType::*;
        use SyncPhase::*;
        // (object, is a hook, skipped, ignored, types)
        for (object, hook, skipped, ignored, types) in [
            (object(&[]), false, false, false, vec![]),
            (argo("PreSync"), true, false, false, vec![Phase(PreSync)]),
            (argo("Sync, PostSync,Sync"), true, false, false, vec![Phase(Sync), Phase(PostSync)]),
            (argo("SyncFail"), true, false, false, vec![Phase(SyncFail)]),
            (argo("Skip"), false, true, false, vec![Skip]),
            (argo("Skip,PreSync"), true, false, false, vec![Skip, Phase(PreSync)]),
            (argo("Presync"), true, false, true, vec![]),
            (argo("PreDelete"), true, false, false, vec![PreDelete]),
            (helm("pre-install,pre-upgrade"), true, false, false, vec![Phase(PreSync)]),
            (helm("post-install"), true, false, false, vec![Phase(PostSync)]),
            (helm("post-delete"), true, false, false, vec![PostDelete]),
            (helm("crd-install"), false, false, false, vec![]),
            (helm("test"), true, false, true, vec![]),
            (helm("pre-rollback"), true, false, true, vec![]),
            (both("Sync", "pre-install"), true, false, false, vec![Phase(Sync)]),
            (both("Skip", "pre-install"), false, true, false, vec![Skip]),
            (both("Typo", "pre-install"), true, false, false, vec![Phase(PreSync)]),
        ] {
            let text = object.to_json();
            assert_eq!(is_hook(&object), hook, "{text}");
            assert_eq!(is_skipped(&object), skipped, "{text}");
            assert_eq!(is_ignored_hook(&object), ignored, "{text}");
            assert_eq!(hook_types(&object), types, "{text}");
        }
    }

    #[test]
    fn merges_delete_policies() {
        use DeletePolicy::*;
        for (own, helm, wanted) in [
            ("", "", vec![BeforeHookCreation]),
            ("HookSucceeded", "", vec![HookSucceeded]),
            ("", "hook-failed, before-hook-creation", vec![HookFailed, BeforeHookCreation]),
            ("HookSucceeded", "hook-failed", vec![HookSucceeded, HookFailed]),
            ("nonsense", "nonsense", vec![BeforeHookCreation]),
        ] {
            let object = object(&[(ANNOTATION_HOOK_DELETE_POLICY, own), (HELM_DELETE_POLICY, helm)]);
            assert_eq!(delete_policies(&object), wanted, "{own:?} {helm:?}");
        }
    }

    #[test]
    fn reads_waves() {
        for (wave_text, weight, wanted) in
            [("3", "7", 3), ("-2", "", -2), ("x", "7", 7), ("", "-5", -5), ("", "", 0), ("1.5", "b", 0)]
        {
            let object = object(&[(ANNOTATION_SYNC_WAVE, wave_text), (HELM_WEIGHT, weight)]);
            assert_eq!(wave(&object), wanted, "{wave_text:?} {weight:?}");
        }
    }

    #[test]
    fn names_generated_hooks() {
        let name = |revision| generated_name("migrate-", revision, SyncPhase::PreSync, 1_700_000_000);
        assert_eq!(name("ABCDEF0123"), "migrate-abcdef0-presync-1700000000");
        assert_eq!(name("v1.2.3"), "migrate-v1.2.3-presync-1700000000");
        assert_eq!(name(""), "migrate--presync-1700000000");
    }

    #[test]
    fn the_finalizer_is_added_once() {
        let mut object = object(&[]);
        object.set(&["metadata", "finalizers"], json!(["other"]));
        add_hook_finalizer(&mut object);
        add_hook_finalizer(&mut object);
        assert_eq!(object.finalizers().collect::<Vec<_>>(), ["other", FINALIZER_HOOK]);
    }
}
