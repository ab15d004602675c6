//! Renders that were made before, each with the proof that decides whether it still holds.
//!
//! A key is a hash of every input except the trees' contents ([`Inputs`]). Under it lie the last few results with what
//! each has read ([`Trace`]), the build variables it used and the plugins it asked: a result holds for a new commit
//! exactly when all that is the same there.
//!
//! The manifests themselves are kept by their content: results that are equal, of whatever commits and proofs, share
//! one copy. It is kept packed: as trees of values they would be most of what the control plane needs. Objects marked
//! for their application are made of it when asked for, and stay while somebody has them or they were asked for lately.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use object::{Object, Packed};
use parking_lot::Mutex;
use tree::{Trace, Tree};
use types::tracking::Tracking;

use crate::documents::Manifest;
use crate::explain::Origin;
use crate::inputs::Inputs;
use crate::kind::Kind;
use crate::variables::Variables;

/// A hash of every input except the trees' contents.
pub(crate) type Key = [u8; 32];

/// A hash of manifests.
pub(crate) type ContentId = [u8; 32];

/// Results kept under one key: an application goes back and forth between few states.
const MAX_RESULTS: usize = 4;
/// How long results hold that depend on what no trace can tell (files and charts fetched over the network).
const FETCHED_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// Applications whose last inputs are remembered, to tell which of them has changed.
const MAX_REMEMBERED: usize = 100_000;
/// Results whose marked objects are kept: a sync asks for them several times in a row.
const MAX_RECENT: usize = 32;

/// What a result depends on besides its key.
#[derive(Debug, Default)]
pub(crate) struct Proof {
    /// What was read of each tree, by the reference name of its source; the source's own has none.
    pub(crate) traces: BTreeMap<String, Trace>,
    pub(crate) variables: BTreeMap<&'static str, String>,
    /// What told the plugins apart that were asked, by name; the empty name stands for all there were.
    pub(crate) plugins: BTreeMap<String, String>,
    /// What was fetched over the network, with its digest.
    pub(crate) fetched: BTreeMap<String, String>,
}

/// How things are now, for checking proofs.
pub(crate) struct Present<'a> {
    pub(crate) trees: &'a BTreeMap<String, Arc<dyn Tree>>,
    pub(crate) variables: &'a Variables,
    /// What tells the plugin of a name, or all plugins, from others.
    pub(crate) plugin_identity: &'a dyn Fn(&str) -> Result<String, String>,
}

/// A result with its proof.
pub(crate) struct Product {
    pub(crate) kind: Kind,
    pub(crate) proof: Proof,
    pub(crate) manifests: Arc<Manifests>,
    made: Instant,
    size: usize,
}

/// The manifests of a result.
pub(crate) struct Manifests {
    pub(crate) id: ContentId,
    /// The objects in a JSON array.
    packed: Packed,
    /// The file and line of each.
    places: Box<[(Arc<str>, usize)]>,
    marked: Mutex<Option<(Mark, Weak<[Marked]>)>>,
}

/// Whose objects are marked, and how.
#[derive(Clone, PartialEq)]
struct Mark {
    tracking: Tracking,
    instance: String,
    namespace: String,
}

/// An object marked as its application's.
#[derive(Clone)]
pub(crate) struct Marked {
    pub(crate) object: Arc<Object>,
    pub(crate) hash: u64,
    pub(crate) file: Arc<str>,
    pub(crate) line: usize,
}

impl Manifests {
    fn new(list: &[Manifest]) -> Self {
        use sha2::{Digest as _, Sha256};
        let mut hasher = Sha256::new();
        let mut text = Vec::from(b"[");
        for manifest in list {
            // The place is part of it: it is told to users.
            hasher.update(format!("{}:{}\n", manifest.file, manifest.line));
            let json = manifest.object.to_json();
            hasher.update(&json);
            if text.len() > 1 {
                text.push(b',');
            }
            text.extend_from_slice(json.as_bytes());
        }
        text.push(b']');
        Self {
            id: hasher.finalize().into(),
            packed: Packed::new(text),
            places: list.iter().map(|manifest| (manifest.file.clone(), manifest.line)).collect(),
            marked: Mutex::default(),
        }
    }

    /// About the bytes that they take.
    fn size(&self) -> usize {
        size_of::<Self>() + self.packed.size() + size_of_val(&*self.places)
    }

    /// # Errors
    /// When memory is damaged.
    fn objects(&self) -> Result<Vec<Object>, String> {
        self.packed.read(|text| serde_json::from_slice(text).map_err(|error| error.to_string()))?
    }

    /// The objects marked as belonging to `instance`; shared with whoever has them still.
    fn marked(&self, tracking: &Tracking, instance: &str, namespace: &str) -> Result<Arc<[Marked]>, String> {
        let mark = Mark {
            tracking: tracking.clone(),
            instance: instance.to_owned(),
            namespace: namespace.to_owned(),
        };
        let mut known = self.marked.lock();
        if let Some((how, objects)) = known.as_ref()
            && *how == mark
            && let Some(objects) = objects.upgrade()
        {
            return Ok(objects);
        }
        let marked = |(mut object, (file, line)): (Object, &(Arc<str>, usize))| {
            tracking.mark(&mut object, instance, namespace);
            Marked {
                hash: object::content_hash(object.as_value(), &[]),
                object: Arc::new(object),
                file: file.clone(),
                line: *line,
            }
        };
        let objects: Arc<[Marked]> = self.objects()?.into_iter().zip(&self.places).map(marked).collect();
        *known = Some((mark, Arc::downgrade(&objects)));
        Ok(objects)
    }
}

impl Product {
    pub(crate) fn new(kind: Kind, manifests: &[Manifest], proof: Proof) -> Self {
        let paths: usize = proof
            .traces
            .values()
            .flat_map(|trace| trace.seen.keys())
            .map(|path| path.as_str().len() + 64)
            .sum();
        let manifests = Arc::new(Manifests::new(manifests));
        let size = manifests.size() + paths;
        Self { kind, proof, manifests, made: Instant::now(), size }
    }

    /// Why the result does not hold now; `None` when it does.
    fn difference(&self, present: &Present<'_>) -> Option<Origin> {
        let proof = &self.proof;
        if !proof.fetched.is_empty() && self.made.elapsed() > FETCHED_LIFETIME {
            return Some(Origin::Expired);
        }
        for (name, value) in &proof.variables {
            if present.variables.peek(name) != Some(value) {
                return Some(Origin::Variable((*name).to_owned()));
            }
        }
        for (name, identity) in &proof.plugins {
            match (present.plugin_identity)(name) {
                Ok(now) if now == *identity => {}
                Ok(_) => return Some(Origin::Plugin(name.clone())),
                Err(error) => return Some(Origin::Unproven(error)),
            }
        }
        for (name, trace) in &proof.traces {
            let Some(tree) = present.trees.get(name) else {
                return Some(Origin::Changed(format!("${name}")));
            };
            match trace.first_difference(&**tree) {
                Ok(None) => {}
                Ok(Some(path)) if name.is_empty() => return Some(Origin::Changed(path.to_string())),
                Ok(Some(path)) => return Some(Origin::Changed(format!("${name}/{path}"))),
                // A store that fails proves nothing.
                Err(error) => return Some(Origin::Unproven(error.to_string())),
            }
        }
        None
    }
}

/// Results by key, the ones used last within a budget of bytes.
pub(crate) struct Cache {
    state: Mutex<State>,
    recent: Mutex<VecDeque<Arc<[Marked]>>>,
    budget: usize,
}

#[derive(Default)]
struct State {
    shelves: HashMap<Key, Shelf>,
    contents: HashMap<ContentId, Weak<Manifests>>,
    /// The last inputs of each source, by application and position.
    remembered: HashMap<(String, usize), Inputs>,
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
        Self { state: Mutex::default(), recent: Mutex::default(), budget }
    }

    /// A result that holds, or why there is none.
    pub(crate) fn find(&self, key: &Key, present: &Present<'_>) -> Result<Arc<Product>, Origin> {
        // Proofs are checked without the lock: they may have to read.
        let products: Vec<_> = match self.state.lock().shelves.get(key) {
            Some(shelf) => shelf.products.iter().cloned().collect(),
            None => return Err(Origin::First),
        };
        let mut reason = None;
        for (index, product) in products.into_iter().enumerate() {
            match product.difference(present) {
                None => {
                    self.touch(key, index, &product);
                    return Ok(product);
                }
                Some(difference) => reason = reason.or(Some(difference)),
            }
        }
        Err(reason.unwrap_or(Origin::First))
    }

    /// A result's objects, marked as belonging to `instance`.
    ///
    /// # Errors
    /// When memory is damaged.
    pub(crate) fn marked(
        &self,
        product: &Product,
        tracking: &Tracking,
        instance: &str,
        namespace: &str,
    ) -> Result<Arc<[Marked]>, String> {
        let objects = product.manifests.marked(tracking, instance, namespace)?;
        let mut recent = self.recent.lock();
        if !recent.iter().any(|known| Arc::ptr_eq(known, &objects)) {
            recent.truncate(MAX_RECENT - 1);
            recent.push_front(Arc::clone(&objects));
        }
        Ok(objects)
    }

    /// Remembers what a source of an application was last asked with; answers what is different from the time before,
    /// when there was one.
    pub(crate) fn remember(
        &self,
        instance: &str,
        position: usize,
        inputs: &Inputs,
    ) -> Option<Vec<&'static str>> {
        let mut state = self.state.lock();
        if state.remembered.len() >= MAX_REMEMBERED {
            state.remembered.clear();
        }
        let before = state.remembered.insert((instance.to_owned(), position), inputs.clone())?;
        Some(before.differences(inputs))
    }

    /// Forgets an application's last inputs.
    pub(crate) fn forget(&self, instance: &str) {
        self.state.lock().remembered.retain(|(known, _), _| known != instance);
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

    /// Keeps a result, with the manifests of an equal one in place of its own if there is one; answers what is kept.
    pub(crate) fn put(&self, key: Key, mut product: Product) -> Arc<Product> {
        let mut state = self.state.lock();
        let state = &mut *state;
        let id = product.manifests.id;
        match state.contents.get(&id).and_then(Weak::upgrade) {
            Some(known) => {
                // What is shared counts once.
                product.size -= known.size();
                product.manifests = known;
            }
            None => {
                state.contents.insert(id, Arc::downgrade(&product.manifests));
            }
        }
        let product = Arc::new(product);
        if product.size > self.budget / 4 {
            return product;
        }
        state.clock += 1;
        state.size += product.size;
        let shelf = state.shelves.entry(key).or_default();
        shelf.used = state.clock;
        shelf.products.push_front(product.clone());
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
        if state.contents.len() > 64 + 2 * state.shelves.len() * MAX_RESULTS {
            state.contents.retain(|_, manifests| manifests.strong_count() > 0);
        }
        product
    }
}
