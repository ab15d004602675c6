//! Renders that were made before, each with the proof that decides whether it still holds.
//!
//! A key is a hash of every input except the trees' contents. Under it lie the last few results with what each has read
//! ([`Trace`]) and the build variables it used: a result holds for a new commit exactly when all that is the same there.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use object::Object;
use parking_lot::Mutex;
use tree::{Trace, Tree};
use types::tracking::Tracking;

use crate::documents::Manifest;
use crate::kind::Kind;
use crate::request::Origin;
use crate::variables::Variables;

/// A hash of every input except the trees' contents.
pub(crate) type Key = [u8; 32];

/// Results kept under one key: an application goes back and forth between few states.
const MAX_RESULTS: usize = 4;
/// How long results hold that depend on what no trace can tell (files and charts fetched over the network).
const UNTRACED_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// A result with its proof.
pub(crate) struct Product {
    pub(crate) kind: Kind,
    manifests: Vec<Manifest>,
    pub(crate) traces: BTreeMap<String, Trace>,
    pub(crate) variables: BTreeMap<&'static str, String>,
    untraced: bool,
    made: Instant,
    size: usize,
    marked: Mutex<Option<(Tracking, Arc<[Marked]>)>>,
}

/// An object marked as its application's.
#[derive(Clone)]
pub(crate) struct Marked {
    pub(crate) object: Arc<Object>,
    pub(crate) hash: u64,
    pub(crate) file: Arc<str>,
    pub(crate) line: usize,
}

impl Product {
    pub(crate) fn new(
        kind: Kind,
        manifests: Vec<Manifest>,
        traces: BTreeMap<String, Trace>,
        variables: BTreeMap<&'static str, String>,
        untraced: bool,
    ) -> Self {
        let objects: usize = manifests.iter().map(|manifest| size_of(manifest.object.as_value())).sum();
        let paths: usize =
            traces.values().flat_map(|trace| trace.seen.keys()).map(|path| path.as_str().len() + 64).sum();
        Self {
            kind,
            manifests,
            traces,
            variables,
            untraced,
            made: Instant::now(),
            // Once as rendered, once as marked.
            size: objects * 2 + paths,
            marked: Mutex::default(),
        }
    }

    /// The objects marked as belonging to `instance`. Made once for each way of marking, then shared.
    pub(crate) fn marked(&self, tracking: &Tracking, instance: &str, namespace: &str) -> Arc<[Marked]> {
        let mut known = self.marked.lock();
        if let Some((how, objects)) = known.as_ref()
            && how == tracking
        {
            return objects.clone();
        }
        let mark = |manifest: &Manifest| {
            let mut object = manifest.object.clone();
            tracking.mark(&mut object, instance, namespace);
            Marked {
                hash: object::content_hash(object.as_value(), &[]),
                object: Arc::new(object),
                file: manifest.file.clone(),
                line: manifest.line,
            }
        };
        let objects: Arc<[Marked]> = self.manifests.iter().map(mark).collect();
        *known = Some((tracking.clone(), objects.clone()));
        objects
    }

    /// Why the result does not hold for these trees and variables; `None` when it does.
    fn difference(&self, trees: &BTreeMap<String, Arc<dyn Tree>>, variables: &Variables) -> Option<Origin> {
        if self.untraced && self.made.elapsed() > UNTRACED_LIFETIME {
            return Some(Origin::First);
        }
        for (name, value) in &self.variables {
            if variables.peek(name) != Some(value) {
                return Some(Origin::Variable((*name).to_owned()));
            }
        }
        for (name, trace) in &self.traces {
            let Some(tree) = trees.get(name) else { return Some(Origin::First) };
            match trace.first_difference(&**tree) {
                Ok(None) => {}
                Ok(Some(path)) if name.is_empty() => return Some(Origin::Changed(path.to_string())),
                Ok(Some(path)) => return Some(Origin::Changed(format!("${name}/{path}"))),
                // A store that fails proves nothing.
                Err(error) => return Some(Origin::Changed(error.to_string())),
            }
        }
        None
    }
}

/// About the bytes that a JSON value takes in memory.
fn size_of(value: &serde_json::Value) -> usize {
    use serde_json::Value;
    32 + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(size_of).sum(),
        Value::Object(map) => map.iter().map(|(key, value)| key.len() + 48 + size_of(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// Results by key, the ones used last within a budget of bytes.
pub(crate) struct Cache {
    state: Mutex<State>,
    budget: usize,
}

#[derive(Default)]
struct State {
    shelves: HashMap<Key, Shelf>,
    size: usize,
    clock: u64,
}

#[derive(Default)]
struct Shelf {
    /// The one used last comes first.
    products: VecDeque<Arc<Product>>,
    used: u64,
}

impl Cache {
    pub(crate) fn new(budget: usize) -> Self {
        Self { state: Mutex::default(), budget }
    }

    /// A result that holds, or why there is none.
    pub(crate) fn find(
        &self,
        key: &Key,
        trees: &BTreeMap<String, Arc<dyn Tree>>,
        variables: &Variables,
    ) -> Result<Arc<Product>, Origin> {
        // Proofs are checked without the lock: they may have to read.
        let products: Vec<_> = match self.state.lock().shelves.get(key) {
            Some(shelf) => shelf.products.iter().cloned().collect(),
            None => return Err(Origin::First),
        };
        let mut reason = None;
        for (index, product) in products.into_iter().enumerate() {
            match product.difference(trees, variables) {
                None => {
                    self.touch(key, index, &product);
                    return Ok(product);
                }
                Some(difference) => reason = reason.or(Some(difference)),
            }
        }
        Err(reason.unwrap_or(Origin::First))
    }

    fn touch(&self, key: &Key, index: usize, product: &Arc<Product>) {
        let mut state = self.state.lock();
        state.clock += 1;
        let clock = state.clock;
        let Some(shelf) = state.shelves.get_mut(key) else { return };
        shelf.used = clock;
        if index > 0 && shelf.products.get(index).is_some_and(|known| Arc::ptr_eq(known, product)) {
            shelf.products.swap(0, index);
        }
    }

    pub(crate) fn put(&self, key: Key, product: Arc<Product>) {
        let mut state = self.state.lock();
        let state = &mut *state;
        if product.size > self.budget / 4 {
            return;
        }
        state.clock += 1;
        state.size += product.size;
        let shelf = state.shelves.entry(key).or_default();
        shelf.used = state.clock;
        shelf.products.push_front(product);
        if shelf.products.len() > MAX_RESULTS
            && let Some(dropped) = shelf.products.pop_back()
        {
            state.size -= dropped.size;
        }
        while state.size > self.budget {
            let oldest = state.shelves.iter().min_by_key(|(_, shelf)| shelf.used).map(|(key, _)| *key);
            let Some(shelf) = oldest.and_then(|key| state.shelves.remove(&key)) else { break };
            state.size -= shelf.products.iter().map(|product| product.size).sum::<usize>();
        }
    }
}
