//! The comparison of one rendered object with one live object: what of it is remembered, and in which form. What clients
//! see of it ([`ResourceDiff`]) is made when one asks: few ever do.

use std::sync::Arc;

use object::{Object, ObjectKey, Packed};
use sync::SyncOptions;
use types::ResourceDiff;
use types::names::{ANNOTATION_COMPARE_OPTIONS, ANNOTATION_IGNORE_HEALTHCHECK};
use types::tracking::Tracking;

use crate::ownership::is_own;
use crate::ports::{Comparer, Difference};

/// What decides on comparisons beside the objects.
#[derive(Clone)]
pub(crate) struct Rules {
    /// How objects are marked.
    pub(crate) tracking: Tracking,
    /// The application's sync options.
    pub(crate) options: SyncOptions,
    /// The rules of the comparison itself.
    pub(crate) compare: Arc<dyn Comparer>,
    /// A hash of all of it: judgements made under other rules do not count.
    pub(crate) hash: u64,
}

/// All that is known of a pair, without its contents.
#[derive(Debug, Clone, Default)]
pub(crate) struct Judgement {
    /// Whether live differs from rendered; `false` when one side is missing.
    pub(crate) modified: bool,
    /// Whether live is the application's own.
    pub(crate) own: bool,
    /// Whether live is a hook.
    pub(crate) hook: bool,
    /// Whether rendered asks to be left alone.
    pub(crate) skipped: bool,
    /// Whether live may stay without being wanted.
    pub(crate) ignore_extraneous: bool,
    /// Whether live has no say in the application's health.
    pub(crate) ignore_health: bool,
    /// The sync wave.
    pub(crate) wave: i64,
    /// Whether somebody must confirm deletion.
    pub(crate) requires_confirmation: bool,
    /// Why the pair could not be compared.
    pub(crate) error: Option<String>,
}

/// What is kept to show a pair to clients.
#[derive(Debug, Clone, Default)]
pub(crate) enum Shown {
    /// Nothing: it cannot be shown.
    #[default]
    Nothing,
    /// What was rendered, as JSON, if anything was; what is live is in the cluster's cache.
    Target(Option<Arc<Packed>>),
    /// All that is shown: what is live is in no cache.
    All(Arc<Packed>),
}

/// Judges a pair.
pub(crate) fn judge(rules: &Rules, target: Option<&Object>, live: Option<&Object>) -> Judgement {
    let difference = rules.compare.compare(target, live);
    let (modified, error) = match &difference {
        Ok(difference) => (difference.modified && target.is_some() && live.is_some(), None),
        Err(text) => (false, Some(text.clone())),
    };
    let shown = target.or(live);
    Judgement {
        modified,
        own: is_own(&rules.tracking, live, target),
        hook: target.is_none() && live.is_some_and(sync::is_hook),
        skipped: target.is_some_and(sync::is_skipped),
        ignore_extraneous: live.is_some_and(|live| has_compare_option(live, "IgnoreExtraneous")),
        ignore_health: live
            .is_some_and(|live| live.annotation(ANNOTATION_IGNORE_HEALTHCHECK) == Some("true")),
        wave: shown.map(sync::wave).unwrap_or_default(),
        requires_confirmation: sync::requires_confirmation(&rules.options, target, live),
        error,
    }
}

impl Shown {
    /// Of a pair whose live side, if there is one, is in the cluster's cache.
    pub(crate) fn cached(target: Option<&Object>) -> Self {
        Self::Target(target.map(|target| Arc::new(Packed::new(target.to_json().into_bytes()))))
    }

    /// Of a pair whose live side was read from the API server and is kept nowhere.
    pub(crate) fn packed(
        compare: &dyn Comparer,
        key: &ObjectKey,
        target: Option<&Object>,
        live: Option<&Object>,
    ) -> Self {
        match serde_json::to_vec(&describe(compare, key, target, live)) {
            Ok(text) => Self::All(Arc::new(Packed::new(text))),
            Err(_) => Self::Nothing,
        }
    }

    /// The pair as clients see it. `live` answers what the cluster's cache has of the object.
    pub(crate) fn resource_diff(
        &self,
        compare: &dyn Comparer,
        key: &ObjectKey,
        live: impl FnOnce() -> Option<Object>,
    ) -> Option<ResourceDiff> {
        match self {
            Self::Nothing => None,
            Self::Target(target) => {
                let target: Option<Object> = match target {
                    Some(json) => Some(json.read(|json| serde_json::from_slice(json)).ok()?.ok()?),
                    None => None,
                };
                let live = live();
                (target.is_some() || live.is_some())
                    .then(|| describe(compare, key, target.as_ref(), live.as_ref()))
            }
            Self::All(packed) => packed.read(|text| serde_json::from_slice(text)).ok()?.ok(),
        }
    }
}

fn has_compare_option(object: &Object, option: &str) -> bool {
    let options = object.annotation(ANNOTATION_COMPARE_OPTIONS).unwrap_or_default();
    options.split(',').any(|item| item.trim() == option)
}

/// The pair as clients see it; Secrets are compared as they are shown, which is masked.
fn describe(
    compare: &dyn Comparer,
    key: &ObjectKey,
    target: Option<&Object>,
    live: Option<&Object>,
) -> ResourceDiff {
    let secret = key.kind == "Secret" && key.group.is_empty();
    let masked = if secret { Some(compare.mask(target, live)) } else { None };
    let (target, live) = match &masked {
        Some((target, live)) => (target.as_ref(), live.as_ref()),
        None => (target, live),
    };
    let text = |object: Option<&Object>| object.map_or_else(|| "null".to_owned(), Object::to_json);
    // A pair that cannot be compared is shown as it is; why is in the application's conditions.
    let difference: Difference = compare.compare(target, live).unwrap_or_default();
    ResourceDiff {
        group: key.group.clone(),
        kind: key.kind.clone(),
        namespace: key.namespace.clone(),
        name: key.name.clone(),
        target_state: text(target),
        live_state: text(live),
        hook: live.is_some_and(sync::is_hook),
        // Clients parse these without asking, so what is not there is `null` and never empty.
        normalized_live_state: text(difference.normalized_live.as_ref().or(live)),
        predicted_live_state: text(difference.predicted_live.as_ref().or(target)),
        resource_version: live.map(|live| live.resource_version().to_owned()).unwrap_or_default(),
        modified: difference.modified,
        diff: String::new(),
    }
}
