//! [`Store`]: all live objects of a cluster, found by identity, by uid, by owner and by application instance.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use hashbrown::{Equivalent, HashSet};
use object::{GroupKind, ObjectKey};

use super::details::Details;
use super::object::{LiveObject, Owner, Uid};

/// How many owners up the application of an object is looked for.
const MAX_DEPTH: usize = 32;

/// The objects of a cluster.
#[derive(Default)]
pub(crate) struct Store {
    kinds: HashMap<GroupKind, HashSet<ByName>>,
    by_uid: HashMap<Uid, Arc<LiveObject>>,
    /// By the uid that the dependents give.
    dependents: HashMap<Uid, Vec<Arc<LiveObject>>>,
    /// Dependents that name their owner without a uid.
    dependents_by_key: HashMap<ObjectKey, Vec<Arc<LiveObject>>>,
    instances: HashMap<Arc<str>, HashMap<Uid, Arc<LiveObject>>>,
    count: usize,
}

/// An object among those of its kind.
struct ByName(Arc<LiveObject>);

struct Name<'a> {
    namespace: &'a str,
    name: &'a str,
}

impl Hash for ByName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&*self.0.namespace, &*self.0.name).hash(state);
    }
}

impl PartialEq for ByName {
    fn eq(&self, other: &Self) -> bool {
        self.0.namespace == other.0.namespace && self.0.name == other.0.name
    }
}

impl Eq for ByName {}

impl Hash for Name<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.namespace, self.name).hash(state);
    }
}

impl Equivalent<ByName> for Name<'_> {
    fn equivalent(&self, object: &ByName) -> bool {
        self.namespace == &*object.0.namespace && self.name == &*object.0.name
    }
}

impl Store {
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    pub(crate) fn get(&self, key: &ObjectKey) -> Option<&Arc<LiveObject>> {
        let objects = self.kinds.get(&key.group_kind())?;
        objects.get(&Name { namespace: &key.namespace, name: &key.name }).map(|object| &object.0)
    }

    pub(crate) fn of_kind(&self, kind: &GroupKind) -> impl Iterator<Item = &Arc<LiveObject>> {
        self.kinds.get(kind).into_iter().flatten().map(|object| &object.0)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<LiveObject>> {
        self.kinds.values().flatten().map(|object| &object.0)
    }

    /// Takes an object and answers the one that it replaces.
    pub(crate) fn insert(&mut self, object: &Arc<LiveObject>) -> Option<Arc<LiveObject>> {
        let kind = object.group_kind();
        let objects = self.kinds.entry(kind).or_default();
        let before = objects.replace(ByName(object.clone())).map(|object| object.0);
        match &before {
            Some(before) => self.unlink(before),
            None => self.count += 1,
        }
        self.link(object);
        before
    }

    /// Drops an object and answers it.
    pub(crate) fn remove(
        &mut self,
        kind: &GroupKind,
        namespace: &str,
        name: &str,
    ) -> Option<Arc<LiveObject>> {
        let objects = self.kinds.get_mut(kind)?;
        let object = objects.take(&Name { namespace, name })?.0;
        if objects.is_empty() {
            self.kinds.remove(kind);
        }
        self.count -= 1;
        self.unlink(&object);
        Some(object)
    }

    fn link(&mut self, object: &Arc<LiveObject>) {
        // When objects of several kinds share a uid (served by two groups), the smallest key stands for it.
        let known = self.by_uid.get(&object.uid);
        if known.is_none_or(|known| known.key() >= object.key()) {
            self.by_uid.insert(object.uid.clone(), object.clone());
        }
        for owner in &object.owners {
            match &owner.uid {
                Some(uid) => self.dependents.entry(uid.clone()).or_default().push(object.clone()),
                None => {
                    self.dependents_by_key.entry(owner_key(object, owner)).or_default().push(object.clone());
                }
            }
        }
        if let Some(instance) = &object.instance {
            self.instances.entry(instance.clone()).or_default().insert(object.uid.clone(), object.clone());
        }
    }

    fn unlink(&mut self, object: &Arc<LiveObject>) {
        if self.by_uid.get(&object.uid).is_some_and(|known| Arc::ptr_eq(known, object)) {
            self.by_uid.remove(&object.uid);
        }
        for owner in &object.owners {
            match &owner.uid {
                Some(uid) => {
                    if let Some(dependents) = self.dependents.get_mut(uid)
                        && drop_from(dependents, object)
                    {
                        self.dependents.remove(uid);
                    }
                }
                None => {
                    let key = owner_key(object, owner);
                    if let Some(dependents) = self.dependents_by_key.get_mut(&key)
                        && drop_from(dependents, object)
                    {
                        self.dependents_by_key.remove(&key);
                    }
                }
            }
        }
        if let Some(instance) = &object.instance
            && let Some(objects) = self.instances.get_mut(instance)
        {
            if objects.get(&object.uid).is_some_and(|known| Arc::ptr_eq(known, object)) {
                objects.remove(&object.uid);
            }
            if objects.is_empty() {
                self.instances.remove(instance);
            }
        }
    }

    /// The objects that say they belong to an instance.
    pub(crate) fn of_instance(&self, instance: &str) -> Vec<Arc<LiveObject>> {
        self.instances.get(instance).map(|objects| objects.values().cloned().collect()).unwrap_or_default()
    }

    /// What an object owns, directly.
    pub(crate) fn dependents(&self, owner: &LiveObject) -> Vec<Arc<LiveObject>> {
        let by_uid = self.dependents.get(&owner.uid).into_iter().flatten();
        let by_key = self.dependents_by_key.get(&owner.key()).into_iter().flatten();
        let mut found: Vec<Arc<LiveObject>> = by_uid.chain(by_key).cloned().collect();
        if let Details::StatefulSet(prefixes) = &owner.details {
            let kind = GroupKind::new("", "PersistentVolumeClaim");
            let claims = self.of_kind(&kind).filter(|claim| {
                claim.namespace == owner.namespace && claim.owners.is_empty() && claimed_by(claim, prefixes)
            });
            found.extend(claims.cloned());
        }
        found
    }

    /// The direct owners of an object, as far as they live.
    pub(crate) fn owners(&self, object: &LiveObject) -> Vec<Arc<LiveObject>> {
        let mut found: Vec<Arc<LiveObject>> = Vec::new();
        for owner in &object.owners {
            let live = match &owner.uid {
                Some(uid) => self.by_uid.get(uid),
                None => {
                    let mut key = owner_key(object, owner);
                    self.get(&key).or_else(|| {
                        key.namespace.clear();
                        self.get(&key)
                    })
                }
            };
            found.extend(live.cloned());
        }
        if object.owners.is_empty() && &*object.kind.kind == "PersistentVolumeClaim" {
            for group in ["apps", "extensions"] {
                let kind = GroupKind::new(group, "StatefulSet");
                let sets = self.of_kind(&kind);
                found.extend(
                    sets.filter(|set| {
                        set.namespace == object.namespace
                            && matches!(&set.details, Details::StatefulSet(prefixes) if claimed_by(object, prefixes))
                    })
                    .cloned(),
                );
            }
        }
        found
    }

    /// The instance that an object belongs to: its own, or that of the nearest owner that has one.
    pub(crate) fn instance_of(&self, object: &LiveObject) -> Option<Arc<str>> {
        if let Some(instance) = &object.instance {
            return Some(instance.clone());
        }
        let mut level = self.owners(object);
        let mut seen = vec![object.uid.clone()];
        for _ in 0..MAX_DEPTH {
            if let Some(instance) = level.iter().find_map(|owner| owner.instance.clone()) {
                return Some(instance);
            }
            level.retain(|owner| !seen.contains(&owner.uid));
            seen.extend(level.iter().map(|owner| owner.uid.clone()));
            level = level.iter().flat_map(|owner| self.owners(owner)).collect();
            if level.is_empty() {
                return None;
            }
        }
        None
    }
}

/// Whether a claim's name ends with one of the prefixes and a number; its beginning may be anything.
fn claimed_by(claim: &LiveObject, prefixes: &[Box<str>]) -> bool {
    let stem = claim.name.trim_end_matches(|character: char| character.is_ascii_digit());
    stem.len() < claim.name.len() && prefixes.iter().any(|prefix| stem.ends_with(&**prefix))
}

/// The key of an owner without a uid, in the dependent's namespace.
fn owner_key(object: &LiveObject, owner: &Owner) -> ObjectKey {
    ObjectKey::new(&*owner.group, &*owner.kind, &*object.namespace, &*owner.name)
}

/// Drops an object from a list and answers whether the list is empty now.
fn drop_from(list: &mut Vec<Arc<LiveObject>>, object: &Arc<LiveObject>) -> bool {
    if let Some(place) = list.iter().position(|known| Arc::ptr_eq(known, object)) {
        list.swap_remove(place);
    }
    list.is_empty()
}
