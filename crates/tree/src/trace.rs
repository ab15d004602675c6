//! A tree that remembers what was asked of it, so that a cache can prove that an answer still holds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Entry, EntryKind, Oid, Tree, TreeError, TreePath};

/// What a reader saw at one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// Nothing stood there.
    Absent,
    /// A thing of this kind stood there; its content was not looked at.
    Kind(EntryKind),
    /// Something stood there, with this content, and the content was looked at.
    Content(Oid),
}

/// All that one render has seen of one tree.
///
/// A result computed from a tree may be used for another tree exactly when [`Trace::holds`] says so for it: every
/// path that was asked for has the same content there, or is as absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// The paths asked for and what stood there, in order of the paths.
    pub seen: BTreeMap<TreePath, Observation>,
}

impl Trace {
    /// Whether everything that was seen is the same in `tree`.
    ///
    /// A directory's id stands for all below it, so paths below a directory that was seen and is unchanged cost
    /// nothing: an untouched application is confirmed by one look-up.
    ///
    /// # Errors
    /// When the tree's store fails; a caller then has to take the answer as "no".
    pub fn holds(&self, tree: &dyn Tree) -> Result<bool, TreeError> {
        Ok(self.first_difference(tree)?.is_none())
    }

    /// The first path (in path order) that is no longer as it was seen.
    ///
    /// # Errors
    /// When the tree's store fails.
    pub fn first_difference(&self, tree: &dyn Tree) -> Result<Option<&TreePath>, TreeError> {
        let mut unchanged: Option<&TreePath> = None;
        for (path, observation) in &self.seen {
            // Parents sort before their children, so a confirmed directory is met before what is below it.
            if unchanged.is_some_and(|directory| path.below(directory).is_some()) {
                continue;
            }
            let same = match observation {
                Observation::Absent => tree.kind(path)?.is_none(),
                Observation::Kind(kind) => tree.kind(path)? == Some(*kind),
                Observation::Content(oid) => tree.entry(path)?.is_some_and(|entry| entry.oid == *oid),
            };
            if !same {
                return Ok(Some(path));
            }
            if matches!(observation, Observation::Content(_)) {
                unchanged = Some(path);
            }
        }
        Ok(None)
    }
}

/// A [`Tree`] that notes every look-up in a [`Trace`] and passes it on.
pub struct Traced {
    inner: Arc<dyn Tree>,
    trace: Mutex<Trace>,
}

impl Traced {
    /// A traced view of `inner`, with nothing seen yet.
    pub fn new(inner: Arc<dyn Tree>) -> Self {
        Self { inner, trace: Mutex::default() }
    }

    /// What has been seen so far.
    pub fn trace(&self) -> Trace {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, path: &TreePath, observation: Observation) {
        let mut trace = self.trace.lock().unwrap_or_else(PoisonError::into_inner);
        match trace.seen.get_mut(path) {
            // Content says more than kind; nothing else can follow in one unchanging tree.
            Some(known) if matches!(observation, Observation::Content(_)) => *known = observation,
            Some(_) => {}
            None => {
                trace.seen.insert(path.clone(), observation);
            }
        }
    }

    fn note_content(&self, path: &TreePath) -> Result<(), TreeError> {
        let entry = self.inner.entry(path)?;
        self.note(path, entry.map_or(Observation::Absent, |entry| Observation::Content(entry.oid)));
        Ok(())
    }
}

impl Tree for Traced {
    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        self.note_content(path)?;
        self.inner.entry(path)
    }

    fn kind(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        let kind = self.inner.kind(path)?;
        self.note(path, kind.map_or(Observation::Absent, Observation::Kind));
        Ok(kind)
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        self.note_content(path)?;
        self.inner.read(path)
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        self.note_content(path)?;
        self.inner.list(path)
    }

    fn is_executable(&self, path: &TreePath) -> Result<bool, TreeError> {
        // It is kept with the name, in the directory.
        self.note_content(&path.parent().unwrap_or_default())?;
        self.inner.is_executable(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryTree;

    fn path(text: &str) -> TreePath {
        TreePath::new(text).unwrap()
    }

    #[test]
    fn a_trace_holds_until_something_that_was_seen_changes() {
        let mut tree = MemoryTree::new();
        tree.insert_text("app/a.yaml", "1").unwrap();
        tree.insert_text("other/b.yaml", "1").unwrap();
        let traced = Traced::new(Arc::new(tree.clone()));
        traced.read(&path("app/a.yaml")).unwrap();
        traced.entry(&path("app/values.yaml")).unwrap();
        let trace = traced.trace();

        tree.insert_text("other/b.yaml", "2").unwrap();
        assert!(trace.holds(&tree).unwrap(), "an unrelated change");
        let mut appeared = tree.clone();
        appeared.insert_text("app/values.yaml", "x").unwrap();
        assert_eq!(
            trace.first_difference(&appeared).unwrap(),
            Some(&path("app/values.yaml")),
            "an absent file came"
        );
        tree.insert_text("app/a.yaml", "2").unwrap();
        assert_eq!(
            trace.first_difference(&tree).unwrap(),
            Some(&path("app/a.yaml")),
            "a file that was read changed"
        );
    }

    #[test]
    fn asking_for_the_kind_does_not_depend_on_the_content() {
        let mut tree = MemoryTree::new();
        tree.insert_text("app/a.yaml", "1").unwrap();
        let traced = Traced::new(Arc::new(tree.clone()));
        crate::read(&traced, &path("app/a.yaml")).unwrap();
        let trace = traced.trace();
        tree.insert_text("app/b.yaml", "new neighbor").unwrap();
        tree.insert_text("elsewhere.yaml", "new").unwrap();
        assert!(trace.holds(&tree).unwrap(), "{trace:?}");
        let mut file = MemoryTree::new();
        file.insert_text("app", "now a file").unwrap();
        assert!(!trace.holds(&file).unwrap());
    }

    #[test]
    fn a_listed_directory_stands_for_all_below_it() {
        let mut tree = MemoryTree::new();
        tree.insert_text("app/a.yaml", "1").unwrap();
        let traced = Traced::new(Arc::new(tree.clone()));
        traced.list(&path("app")).unwrap();
        let trace = traced.trace();
        tree.insert_text("app/new.yaml", "1").unwrap();
        assert!(!trace.holds(&tree).unwrap());
    }
}
