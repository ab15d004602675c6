//! One comparison from end to end: prepares both objects, picks the method and judges the result.

use object::schema::{Schema, Schemas, builtin};
use object::{GroupVersionKind, LAST_APPLIED_ANNOTATION, Object};
use serde_json::Value;

use crate::normalize::{Normalizer, prepare, remarshal};
use crate::{Error, FIELD_MANAGER, Rules, structured_merge, three_way};

const SYNC_OPTIONS: &str = "argocd.argoproj.io/sync-options";

/// The result for one pair of objects.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    /// Whether a sync would change the live object. Always true for a missing one, never for one without target.
    pub modified: bool,
    /// The live object as it was compared; null when there is none.
    pub normalized_live: Value,
    /// What it would be after a sync; null when there is no target.
    pub predicted_live: Value,
}

impl Comparison {
    pub(crate) fn of(normalized_live: Value, predicted_live: Value) -> Self {
        Comparison { modified: normalized_live != predicted_live, normalized_live, predicted_live }
    }
}

/// Where the schemas of kinds come from that are not built in.
pub trait SchemaSource {
    /// The schema of a kind, as the cluster publishes it.
    fn schema(&self, gvk: &GroupVersionKind) -> Option<Schema<'_>>;
}

impl SchemaSource for Schemas {
    fn schema(&self, gvk: &GroupVersionKind) -> Option<Schema<'_>> {
        self.kind(gvk)
    }
}

/// No schemas beyond the built-in ones.
impl SchemaSource for () {
    fn schema(&self, _: &GroupVersionKind) -> Option<Schema<'_>> {
        None
    }
}

/// How objects are marked as belonging to an application.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tracking<'a> {
    /// The label key that carries the application's name; empty turns the migration between methods off.
    pub label: &'a str,
    /// Whether the label alone is the mark.
    pub by_label_only: bool,
}

/// What a comparison depends on besides the two objects.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Which differences to ignore.
    pub rules: &'a Rules,
    /// Schemas of custom resources.
    pub schemas: &'a dyn SchemaSource,
    /// Whether the application applies server-side (sync option `ServerSideApply=true`).
    pub server_side_apply: bool,
    /// Whether rules of aggregated roles are ignored.
    pub ignore_aggregated_roles: bool,
    /// How ownership is marked.
    pub tracking: Tracking<'a>,
}

impl<'a> Options<'a> {
    /// The defaults: three-way comparison, nothing special.
    pub fn new(rules: &'a Rules) -> Self {
        Options {
            rules,
            schemas: &(),
            server_side_apply: false,
            ignore_aggregated_roles: false,
            tracking: Tracking::default(),
        }
    }

    pub(crate) fn schema(&self, gvk: &GroupVersionKind) -> Option<Schema<'_>> {
        typed_schema(gvk).or_else(|| self.schemas.schema(gvk)).or_else(|| builtin().kind(gvk))
    }

    pub(crate) fn normalizer(&self) -> Normalizer<'_> {
        Normalizer { rules: Some(self.rules), ignore_aggregated_roles: self.ignore_aggregated_roles }
    }
}

/// The schema of a kind whose Go type clients have compiled in: those of `k8s.io/api`, not definitions of custom
/// resources or aggregated APIs.
pub(crate) fn typed_schema(gvk: &GroupVersionKind) -> Option<Schema<'static>> {
    builtin().kind(gvk).filter(|schema| schema.node().name.starts_with("io.k8s.api."))
}

/// Compares a desired object with the live one without asking the server.
pub fn compare(
    target: Option<&Object>,
    live: Option<&Object>,
    options: &Options<'_>,
) -> Result<Comparison, Error> {
    let (mut target, mut live) = (target.cloned(), live.cloned());
    for object in target.iter_mut().chain(live.iter_mut()) {
        go_numbers(object);
    }
    prepare(target.as_mut(), live.as_mut(), options);
    let normalizer = options.normalizer();
    for object in target.iter_mut().chain(live.iter_mut()) {
        remarshal(object);
        normalizer.normalize(object);
    }
    let (target, live) = match (target, live) {
        (Some(target), Some(live)) => (target, live),
        (Some(target), None) => {
            return Ok(Comparison {
                modified: true,
                normalized_live: Value::Null,
                predicted_live: target.into_value(),
            });
        }
        (None, Some(live)) => {
            return Ok(Comparison {
                modified: false,
                normalized_live: live.into_value(),
                predicted_live: Value::Null,
            });
        }
        (None, None) => return Ok(Comparison::default()),
    };
    if options.server_side_apply || has_option(&target, SYNC_OPTIONS, "ServerSideApply=true") {
        return structured_merge::compare(&target, &live, options, FIELD_MANAGER);
    }
    if let Some(mut original) = last_applied(&live) {
        normalizer.normalize(&mut original);
        if let Ok(comparison) = three_way::compare(&original, &target, &live) {
            return Ok(comparison);
        }
    }
    three_way::compare(&target, &target, &live).map_err(Error::of(&target))
}

/// The object that was last applied, if the annotation can be read.
pub(crate) fn last_applied(live: &Object) -> Option<Object> {
    serde_json::from_str(live.annotation(LAST_APPLIED_ANNOTATION)?).ok()
}

/// Whether a comma-separated annotation has an option.
pub(crate) fn has_option(object: &Object, annotation: &str, option: &str) -> bool {
    object.annotation(annotation).is_some_and(|options| options.split(',').any(|part| part.trim() == option))
}

/// Go writes a whole float as an integer, so `1.0` in a manifest and `1` in the cluster are one value.
fn go_numbers(object: &mut Object) {
    fn walk(value: &mut Value) {
        match value {
            Value::Number(number) => {
                if let Some(float) = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0)
                    && float.abs() < 9e15
                {
                    *value = Value::from(float as i64);
                }
            }
            Value::Array(list) => list.iter_mut().for_each(walk),
            Value::Object(map) => map.values_mut().for_each(walk),
            _ => {}
        }
    }
    object.as_map_mut().values_mut().for_each(walk);
}
