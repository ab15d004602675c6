//! [`Order`]: which of two is right about an object, the watch or the answer of a write.
//!
//! The watch tells everything, in order, but late; a write's answer is at once, but alone. So an answer that the watch has
//! not come to yet is *ahead* of it, and until then holds against whatever the watch still tells of the time before: an
//! older state, an earlier object of the same name that is gone, a list that began before the write.

use std::collections::HashMap;
use std::hash::Hash;

/// What is known of the order of events in one collection, by the key of its objects.
pub(super) struct Order<K> {
    /// The newest version that the watch has delivered. A write's answer that is older could be of an object that has
    /// been deleted since.
    newest: u64,
    /// The versions that the watch has still to reach.
    ahead: HashMap<K, u64>,
}

impl<K> Default for Order<K> {
    fn default() -> Self {
        Self { newest: 0, ahead: HashMap::new() }
    }
}

/// Versions are numbers by now in all API servers; for any other text, no order is known.
pub(super) fn number(version: &str) -> u64 {
    version.parse().unwrap_or(0)
}

impl<K: Hash + Eq> Order<K> {
    /// A complete list begins of the objects that `covers` tells. It will have in it whatever was written until now.
    pub(super) fn begin(&mut self, covers: impl Fn(&K) -> bool) {
        self.ahead.retain(|key, _| !covers(key));
    }

    /// Whether a state that the watch or a list delivers, the last one of an object that is gone included, is to be taken.
    pub(super) fn watched(&mut self, key: &K, version: &str) -> bool {
        let version = number(version);
        self.newest = self.newest.max(version);
        self.reaches(key, version)
    }

    /// Whether an object is gone that a complete list of this version does not name.
    pub(super) fn absent(&mut self, key: &K, list: &str) -> bool {
        self.reaches(key, number(list))
    }

    fn reaches(&mut self, key: &K, version: u64) -> bool {
        if self.ahead.get(key).is_some_and(|ahead| *ahead > version) {
            return false;
        }
        self.ahead.remove(key);
        true
    }

    /// Whether the answer of a write is to be taken, when an object of the name is known or not.
    pub(super) fn written(&mut self, key: K, version: &str, known: Option<&str>) -> bool {
        let version = number(version);
        let is_new = match known {
            Some(known) => version > number(known),
            None => version > self.newest,
        };
        if !is_new || self.ahead.get(&key).is_some_and(|ahead| *ahead >= version) {
            return false;
        }
        self.ahead.insert(key, version);
        true
    }

    /// Takes that an object has been deleted, of which this version was known: what the watch has still to tell of it, up to
    /// that version, brings it back no more.
    pub(super) fn erased(&mut self, key: K, known: &str) {
        let known = number(known);
        if known > 0 {
            self.ahead.insert(key, known + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watch_does_not_undo_what_was_written() {
        let mut order = Order::default();
        assert!(order.watched(&"a", "5"));
        assert!(order.written("a", "7", Some("5")));
        assert!(!order.watched(&"a", "6"), "a state from before the write");
        assert!(order.watched(&"a", "7") && order.watched(&"a", "9"));
        assert!(!order.written("a", "8", Some("9")), "an answer that comes late");
    }

    #[test]
    fn an_object_of_the_same_name_is_another_one() {
        let mut order = Order::default();
        // It was deleted in version 6 and made again in 8; the watch tells both late.
        assert!(order.written("a", "8", None));
        assert!(!order.watched(&"a", "6"));
        assert!(order.watched(&"a", "8"));
        assert!(order.watched(&"a", "10"), "and is gone again");
        assert!(!order.written("a", "9", None), "an answer of the time before that");
    }

    #[test]
    fn a_deleted_object_does_not_come_back() {
        let mut order = Order::default();
        order.erased("a", "4");
        assert!(!order.watched(&"a", "3") && !order.watched(&"a", "4"), "what was known when it was deleted");
        assert!(order.watched(&"a", "5"), "a finalizer holds it, or there is another one");
    }

    #[test]
    fn only_a_list_that_could_have_it_says_that_an_object_is_gone() {
        let mut order = Order::default();
        order.begin(|_| true);
        assert!(order.written("a", "7", None));
        assert!(!order.absent(&"a", "6"), "the list is of the time before");
        assert!(order.absent(&"a", "8"));
        assert!(order.written("b", "9", None));
        // The server's memory was set back; the next list is right, whatever its version.
        order.begin(|_| true);
        assert!(order.absent(&"b", "2") && order.watched(&"b", "2"));
    }
}
