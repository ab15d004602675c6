//! The comparison of pairs, by crate `diff`.

use std::sync::Arc;

use diff::{Options, Rules, StatusRule};
use object::schema::builtin;
use object::{GroupVersionKind, Object};
use serde_json::Value;
use sync::SyncOptions;
use types::settings::Settings;
use types::tracking::{Tracking, TrackingMethod};
use types::{Application, comparison};

use crate::ports::{Comparer, Comparers, Difference};

pub(super) struct Differ;

struct Compiled {
    rules: Rules,
    /// The same without any ignored difference.
    bare: Rules,
    server_side_apply: bool,
    ignore_aggregated_roles: bool,
    tracking: Tracking,
    sensitive_annotations: Vec<String>,
}

impl Comparers for Differ {
    fn comparer(&self, app: &Application, settings: &Settings) -> Result<Arc<dyn Comparer>, String> {
        let options = app.spec.sync_policy.as_ref().map_or(&[][..], |policy| &policy.sync_options);
        Ok(Arc::new(Compiled {
            rules: comparison::rules(
                app,
                &settings.resources.overrides,
                settings.resources.compare.status_rule,
            )
            .map_err(|error| error.to_string())?,
            bare: Rules::compile(&[], &[], StatusRule::None).map_err(|error| error.to_string())?,
            server_side_apply: SyncOptions::parse(options).server_side_apply,
            ignore_aggregated_roles: settings.resources.compare.ignore_aggregated_roles,
            tracking: settings.tracking.clone(),
            sensitive_annotations: settings.resources.sensitive_annotations.clone(),
        }))
    }
}

fn object_of(value: Value) -> Option<Object> {
    Object::from_value(value).ok()
}

impl Compiled {
    fn options<'a>(&'a self, rules: &'a Rules) -> Options<'a> {
        Options {
            server_side_apply: self.server_side_apply,
            ignore_aggregated_roles: self.ignore_aggregated_roles,
            tracking: diff::Tracking {
                label: &self.tracking.label,
                by_label_only: self.tracking.method == TrackingMethod::Label,
            },
            ..Options::new(rules)
        }
    }

    /// An object as a comparison under some rules sees it.
    fn seen(&self, object: &Object, rules: &Rules) -> Result<Object, String> {
        let compared =
            diff::compare(None, Some(object), &self.options(rules)).map_err(|error| error.to_string())?;
        object_of(compared.normalized_live).ok_or_else(|| format!("{} cannot be normalized", object.key()))
    }
}

impl Comparer for Compiled {
    fn compare(&self, target: Option<&Object>, live: Option<&Object>) -> Result<Difference, String> {
        let compared =
            diff::compare(target, live, &self.options(&self.rules)).map_err(|error| error.to_string())?;
        Ok(Difference {
            modified: compared.modified,
            normalized_live: object_of(compared.normalized_live),
            predicted_live: object_of(compared.predicted_live),
        })
    }

    fn mask(&self, target: Option<&Object>, live: Option<&Object>) -> (Option<Object>, Option<Object>) {
        diff::mask_secrets(target, live, &self.sensitive_annotations)
    }

    fn respect(&self, target: &Object, live: &Object) -> Result<Object, String> {
        // What the rules ignore is the difference between looking with them and looking without them.
        let schema = builtin().kind(&GroupVersionKind::from(target.api_version(), target.kind()));
        sync::respect::with_live_values(
            &self.seen(target, &self.bare)?,
            &self.seen(live, &self.bare)?,
            &self.seen(target, &self.rules)?,
            &self.seen(live, &self.rules)?,
            schema,
        )
        .map_err(|error| error.to_string())
    }
}
