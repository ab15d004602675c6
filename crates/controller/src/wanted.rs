//! What an application wants: rendered objects with the namespace they will have, without repetitions and without what
//! the settings exclude. Contents are only copied when somebody needs them.

use std::collections::HashMap;
use std::sync::Arc;

use object::{GroupVersionKind, Object, ObjectKey};
use sync::KindAnswer;
use types::ApplicationCondition;
use types::tracking::Tracking;

use crate::decision::conditions::{EXCLUDED_RESOURCE, INVALID_SPEC, REPEATED_RESOURCE, condition};
use crate::ports::{DesiredObject, Target};

/// How objects are marked as an application's.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    /// The method.
    pub(crate) tracking: Tracking,
    /// The application's instance name.
    pub(crate) instance: String,
    /// The namespace for objects that name none.
    pub(crate) destination_namespace: String,
}

/// A rendered object with its place in the cluster.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// Where it will be.
    pub(crate) key: ObjectKey,
    /// As it was rendered.
    pub(crate) rendered: Arc<Object>,
    /// A hash of what was rendered.
    pub(crate) hash: u64,
    /// Whether the cluster knows that the kind lives in namespaces; `None` when it does not know the kind.
    pub(crate) namespaced: Option<bool>,
}

impl Wanted {
    /// The object with its namespace, marked accordingly.
    pub(crate) fn object(&self, marks: &Marks) -> Arc<Object> {
        if self.rendered.namespace().unwrap_or_default() == self.key.namespace {
            return Arc::clone(&self.rendered);
        }
        let mut object = Object::clone(&self.rendered);
        object.set_namespace(Some(&self.key.namespace));
        marks.tracking.mark(&mut object, &marks.instance, &marks.destination_namespace);
        Arc::new(object)
    }
}

/// Everything an application wants.
#[derive(Debug, Default)]
pub(crate) struct AllWanted {
    /// Its ordinary objects.
    pub(crate) objects: Vec<Wanted>,
    /// Its hooks, those around deletion included.
    pub(crate) hooks: Vec<Wanted>,
    /// What users should know.
    pub(crate) conditions: Vec<ApplicationCondition>,
}

/// Gives rendered objects their places.
pub(crate) fn place(rendered: &[DesiredObject], marks: &Marks, target: &dyn Target) -> AllWanted {
    let mut all = AllWanted::default();
    let mut positions: HashMap<ObjectKey, (usize, usize)> = HashMap::with_capacity(rendered.len());
    let mut placed: Vec<Option<Wanted>> = Vec::with_capacity(rendered.len());
    let mut kinds: HashMap<GroupVersionKind, Option<bool>> = HashMap::new();
    for desired in rendered {
        let object = &desired.object;
        let gvk = object.gvk();
        let namespaced = *kinds.entry(gvk).or_insert_with_key(|gvk| match target.kind(gvk) {
            KindAnswer::Found { namespaced } => Some(namespaced),
            KindAnswer::Missing(_) | KindAnswer::Unknown(_) => None,
        });
        let mut key = object.key();
        match namespaced {
            Some(false) => key.namespace.clear(),
            Some(true) if key.namespace.is_empty() => {
                key.namespace.clone_from(&marks.destination_namespace);
                if key.namespace.is_empty() {
                    let text = format!("Namespace for {} {} is missing.", key.name, object.gvk());
                    all.conditions.push(condition(INVALID_SPEC, text));
                }
            }
            _ => {}
        }
        if target.is_excluded(&key.group, &key.kind) {
            let text =
                format!("Resource {}/{} {} is excluded in the settings", key.group, key.kind, key.name);
            all.conditions.push(condition(EXCLUDED_RESOURCE, text));
            continue;
        }
        let wanted =
            Wanted { key: key.clone(), rendered: Arc::clone(object), hash: desired.hash, namespaced };
        if key.name.is_empty() {
            // Objects that get their names from the API server are never the same.
            placed.push(Some(wanted));
            continue;
        }
        match positions.get_mut(&key) {
            Some((position, count)) => {
                placed[*position] = None;
                (*position, *count) = (placed.len(), *count + 1);
            }
            None => {
                positions.insert(key, (placed.len(), 1));
            }
        }
        placed.push(Some(wanted));
    }
    let mut repeated: Vec<(&ObjectKey, usize)> = positions
        .iter()
        .filter(|(_, (_, count))| *count > 1)
        .map(|(key, (_, count))| (key, *count))
        .collect();
    repeated.sort();
    for (key, count) in repeated {
        let ObjectKey { group, kind, namespace, name } = key;
        let text = format!(
            "Resource {group}/{kind}/{namespace}/{name} appeared {count} times among application resources."
        );
        all.conditions.push(condition(REPEATED_RESOURCE, text));
    }
    let (hooks, objects) = placed.into_iter().flatten().partition(|wanted| sync::is_hook(&wanted.rendered));
    all.hooks = hooks;
    all.objects = objects;
    all
}
