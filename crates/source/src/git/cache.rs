//! Decoded Git objects in memory, within a budget of bytes, shared by all repositories: an object's id says all about
//! its content.

use std::collections::HashMap;
use std::sync::Arc;

use gix::ObjectId;
use parking_lot::Mutex;
use tree::Entry;

/// The entries of one directory, sorted bytewise by name.
pub(crate) type Directory = Arc<[(String, Entry)]>;

/// A decoded object.
#[derive(Clone)]
pub(crate) enum Decoded {
    Directory(Directory),
    File(Arc<[u8]>),
}

impl Decoded {
    fn size(&self) -> usize {
        // A guess at what the map and the allocations around an entry cost.
        const OVERHEAD: usize = 96;
        match self {
            Self::Directory(entries) => {
                OVERHEAD + entries.iter().map(|(name, _)| name.len() + OVERHEAD).sum::<usize>()
            }
            Self::File(content) => OVERHEAD + content.len(),
        }
    }
}

/// Objects by id. When the young half is full it becomes the old half, whose objects are dropped unless somebody asks
/// for them again: almost "least recently used" without its book-keeping.
pub(crate) struct ObjectCache {
    halves: Mutex<Halves>,
    budget: usize,
}

#[derive(Default)]
struct Halves {
    young: HashMap<ObjectId, Decoded>,
    old: HashMap<ObjectId, Decoded>,
    young_size: usize,
}

impl ObjectCache {
    pub(crate) fn new(budget: usize) -> Self {
        Self { halves: Mutex::default(), budget }
    }

    pub(crate) fn get(&self, id: &ObjectId) -> Option<Decoded> {
        let mut halves = self.halves.lock();
        if let Some(object) = halves.young.get(id) {
            return Some(object.clone());
        }
        let object = halves.old.remove(id)?;
        halves.put(*id, object.clone(), self.budget);
        Some(object)
    }

    pub(crate) fn put(&self, id: ObjectId, object: Decoded) {
        self.halves.lock().put(id, object, self.budget);
    }
}

impl Halves {
    fn put(&mut self, id: ObjectId, object: Decoded, budget: usize) {
        let size = object.size();
        // One object may not push out everything else.
        if size > budget / 8 {
            return;
        }
        if self.young_size + size > budget / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_size = 0;
        }
        if self.young.insert(id, object).is_none() {
            self.young_size += size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> ObjectId {
        let mut bytes = [0; 20];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        ObjectId::from_bytes_or_panic(&bytes)
    }

    #[test]
    fn the_budget_holds_and_used_objects_stay() {
        let cache = ObjectCache::new(100_000);
        let file = |size: usize| Decoded::File(vec![0; size].into());
        cache.put(id(0), file(1000));
        for number in 1..1000 {
            cache.put(id(number), file(1000));
            assert!(cache.get(&id(0)).is_some(), "used after {number}");
        }
        let kept = (0..1000).filter(|number| cache.get(&id(*number)).is_some()).count();
        assert!((10..100).contains(&kept), "{kept}");
        cache.put(id(5000), file(50_000));
        assert!(cache.get(&id(5000)).is_none(), "too large to be kept");
    }
}
