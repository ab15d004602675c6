//! [`Interner`]: one copy of each text that many objects share, such as namespaces, kinds and images.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;

/// Hands out shared texts. Texts that nobody uses any more are dropped when the set has doubled.
#[derive(Default)]
pub(crate) struct Interner {
    texts: Mutex<Texts>,
}

#[derive(Default)]
struct Texts {
    known: HashSet<Arc<str>>,
    /// The size at which unused texts are looked for.
    limit: usize,
}

impl Interner {
    pub(crate) fn get(&self, text: &str) -> Arc<str> {
        let mut texts = self.texts.lock();
        if let Some(known) = texts.known.get(text) {
            return known.clone();
        }
        if texts.known.len() >= texts.limit {
            texts.known.retain(|text| Arc::strong_count(text) > 1);
            texts.limit = (texts.known.len() * 2).max(1024);
        }
        let new: Arc<str> = text.into();
        texts.known.insert(new.clone());
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_shared_and_dropped() {
        let interner = Interner::default();
        let kept = interner.get("kept");
        for number in 0..5000 {
            interner.get(&number.to_string());
        }
        assert!(Arc::ptr_eq(&kept, &interner.get("kept")));
        assert!(interner.texts.lock().known.len() <= 1025, "unused texts stay");
    }
}
