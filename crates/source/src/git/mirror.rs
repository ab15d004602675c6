//! One repository: its references with their time to live, its store of fetched objects, and one fetch at a time.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use gix::ObjectId;
use parking_lot::Mutex;

use super::cache::ObjectCache;
use super::place::Place;
use super::refs::{Meaning, References, is_commit};
use super::remote::{Depth, Remote, list_local, open_or_create};
use super::store::Store;
use super::transport::{Connector, reasons};
use super::tree::GitTree;
use crate::credentials::Access;
use crate::fresh::{Fresh, Freshness, Lifetime};
use crate::{Error, Options, url};

/// Trees of commits kept open per repository; they cost a few words each.
const MAX_OPEN_TREES: usize = 1024;

/// How often Git servers were asked something.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) listings: AtomicU64,
    pub(crate) fetches: AtomicU64,
}

pub(crate) struct Mirror {
    url: String,
    access: Access,
    place: Place,
    local: bool,
    options: Arc<Options>,
    cache: Arc<ObjectCache>,
    references: Fresh<References>,
    /// Held by the one fetch under way; everybody who needs a commit waits here and then looks again.
    fetching: tokio::sync::Mutex<()>,
    store: Mutex<Option<Arc<Store>>>,
    trees: Mutex<HashMap<String, Arc<GitTree>>>,
    counters: Arc<Counters>,
}

impl Mirror {
    pub(crate) fn new(
        url: &str,
        access: Access,
        directory: PathBuf,
        options: Arc<Options>,
        cache: Arc<ObjectCache>,
        counters: Arc<Counters>,
    ) -> Self {
        let local = url::local_path(url).map(PathBuf::from);
        Self {
            url: url.to_owned(),
            access,
            local: local.is_some(),
            place: local.map_or_else(|| Place::generations(directory), Place::fixed),
            options,
            cache,
            references: Fresh::new(),
            fetching: tokio::sync::Mutex::default(),
            store: Mutex::default(),
            trees: Mutex::default(),
            counters,
        }
    }

    fn name(&self) -> String {
        url::without_credentials(&self.url)
    }

    pub(crate) fn invalidate(&self) {
        self.references.invalidate();
    }

    /// The references, at most as old as the freshness allows.
    pub(crate) async fn references(self: &Arc<Self>, freshness: Freshness) -> Result<Arc<References>, Error> {
        let lifetime =
            Lifetime { value: self.options.reference_lifetime, error: self.options.error_lifetime };
        let this = self.clone();
        self.references
            .get(lifetime, freshness, move || async move {
                this.counters.listings.fetch_add(1, Ordering::Relaxed);
                let deadline = this.options.list_deadline;
                this.blocking("list the references", deadline, move |mirror, _| mirror.list()).await
            })
            .await
    }

    /// The commit that a target revision means.
    pub(crate) async fn resolve(
        self: &Arc<Self>,
        revision: &str,
        tag_prefix: &str,
        freshness: Freshness,
    ) -> Result<String, Error> {
        if is_commit(revision) {
            return Ok(revision.to_lowercase());
        }
        let references = self.references(freshness).await?;
        match references.resolve(revision, tag_prefix) {
            Ok(Meaning::Commit(commit)) => Ok(commit),
            Ok(Meaning::Prefix(digits)) => self.complete(&digits, &references).await,
            Err(reason) => Err(self.unresolved(revision, reason)),
        }
    }

    fn unresolved(&self, revision: &str, reason: String) -> Error {
        Error::RevisionNotFound { repository: self.name(), revision: revision.to_owned(), reason }
    }

    /// The full id of a shortened one: among the references, the objects that are here, or else all history.
    async fn complete(self: &Arc<Self>, digits: &str, references: &References) -> Result<String, Error> {
        if let Some(commit) = references.commit_with_prefix(digits) {
            return Ok(commit);
        }
        let owned = digits.to_owned();
        let deadline = self.options.fetch_deadline;
        if let Some(commit) = self.find_prefix(&owned)? {
            return Ok(commit);
        }
        if !self.local {
            let _one_at_a_time = self.fetching.lock().await;
            self.counters.fetches.fetch_add(1, Ordering::Relaxed);
            self.blocking("fetch all branches", deadline, |mirror, stop| {
                mirror.fetch("refs/heads/*", Depth::Full, stop)
            })
            .await?;
        }
        self.find_prefix(digits)?.ok_or_else(|| {
            self.unresolved(digits, "no branch leads to a commit whose id starts so".to_owned())
        })
    }

    fn find_prefix(&self, digits: &str) -> Result<Option<String>, Error> {
        let store = self.store()?;
        Ok(store.by_prefix(digits).filter(|id| self.root_of(&store, id).is_ok()).map(|id| id.to_string()))
    }

    /// The files of a commit, fetched when they are not here yet.
    pub(crate) async fn open(self: &Arc<Self>, commit: &str) -> Result<Arc<GitTree>, Error> {
        if let Some(tree) = self.trees.lock().get(commit) {
            return Ok(tree.clone());
        }
        let id = ObjectId::from_hex(commit.as_bytes()).map_err(|error| Error::CommitNotFound {
            repository: self.name(),
            revision: commit.to_owned(),
            reason: error.to_string(),
        })?;
        let deadline = self.options.fetch_deadline;
        if let Some(tree) =
            self.blocking("open a commit", deadline, move |mirror, _| mirror.open_here(&id)).await?
        {
            return Ok(tree);
        }
        let _one_at_a_time = self.fetching.lock().await;
        if let Some(tree) = self.trees.lock().get(commit) {
            return Ok(tree.clone());
        }
        let missing = |reason: String| Error::CommitNotFound {
            repository: self.name(),
            revision: commit.to_owned(),
            reason,
        };
        if self.local {
            return Err(missing("the repository has no such commit".to_owned()));
        }
        self.fetch_commit(commit).await.map_err(|error| match error {
            Error::Remote { reason, .. } | Error::RepositoryNotFound { reason, .. } if refused(&reason) => {
                missing(reason)
            }
            other => other,
        })?;
        self.blocking("open a commit", deadline, move |mirror, _| mirror.open_here(&id))
            .await?
            .ok_or_else(|| missing("the server sent something else".to_owned()))
    }

    async fn fetch_commit(self: &Arc<Self>, commit: &str) -> Result<(), Error> {
        let deadline = self.options.fetch_deadline;
        let wanted = commit.to_owned();
        self.counters.fetches.fetch_add(1, Ordering::Relaxed);
        let fetched = self
            .blocking("fetch a commit", deadline, move |mirror, stop| mirror.fetch(&wanted, Depth::One, stop))
            .await;
        let Err(error) = fetched else { return Ok(()) };
        // Old servers give out references only, not commits by id.
        let references = self.references(Freshness::Cached).await?;
        let Some(name) = references.name_of(commit).map(str::to_owned) else { return Err(error) };
        self.counters.fetches.fetch_add(1, Ordering::Relaxed);
        self.blocking("fetch a reference", deadline, move |mirror, stop| {
            mirror.fetch(&name, Depth::One, stop)
        })
        .await
    }

    /// Runs a blocking job with a deadline; when it passes the job is told to stop and nobody waits for it any more.
    async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        action: &'static str,
        deadline: Duration,
        job: impl FnOnce(&Self, &AtomicBool) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let stop = Arc::new(AtomicBool::new(false));
        let (this, signal) = (self.clone(), stop.clone());
        let task = tokio::task::spawn_blocking(move || job(&this, &signal));
        match tokio::time::timeout(deadline, task).await {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => Err(Error::Remote {
                repository: self.name(),
                action,
                reason: format!("it broke down: {error}"),
            }),
            Err(_) => {
                stop.store(true, Ordering::Relaxed);
                Err(Error::Deadline { repository: self.name(), action, seconds: deadline.as_secs() })
            }
        }
    }

    fn list(&self) -> Result<References, Error> {
        if self.local {
            return list_local(&self.open_local()?).map_err(|error| self.broken(&reasons(&error)));
        }
        let connector = self.connector(self.options.list_deadline)?;
        let repository = self.open_mirror(&connector)?;
        Remote { repository: &repository, connector: &connector }.list()
    }

    fn fetch(&self, source: &str, depth: Depth, stop: &AtomicBool) -> Result<(), Error> {
        let connector = self.connector(self.options.fetch_deadline)?;
        if self.place.is_worn().map_err(|error| self.broken(&error))? {
            // Readers of the old generation keep its store; what they miss there is fetched anew.
            self.place.renew().map_err(|error| self.broken(&error))?;
            *self.store.lock() = None;
            self.trees.lock().clear();
        }
        let repository = self.open_mirror(&connector)?;
        Remote { repository: &repository, connector: &connector }.fetch(source, depth, stop)
    }

    fn connector(&self, deadline: Duration) -> Result<Connector, Error> {
        Connector::new(&self.url, self.access.clone(), deadline, &self.options.data_directory.join("ssh"))
    }

    fn broken(&self, error: &dyn std::fmt::Display) -> Error {
        Error::Store {
            repository: self.name(),
            path: self.place.current().display().to_string(),
            reason: error.to_string(),
        }
    }

    fn open_mirror(&self, connector: &Connector) -> Result<gix::Repository, Error> {
        open_or_create(&self.place.current(), connector.overrides())
            .map_err(|error| self.broken(&reasons(&error)))
    }

    fn open_local(&self) -> Result<gix::Repository, Error> {
        let options = gix::open::Options::isolated().with(gix::sec::Trust::Full);
        options.open(self.place.current()).map(|repository| repository.to_thread_local()).map_err(|error| {
            Error::RepositoryNotFound {
                repository: self.name(),
                action: "open the repository",
                reason: reasons(&error),
            }
        })
    }

    fn store(&self) -> Result<Arc<Store>, Error> {
        let mut store = self.store.lock();
        if let Some(store) = store.as_ref() {
            return Ok(store.clone());
        }
        let repository = if self.local {
            self.open_local()?
        } else {
            open_or_create(&self.place.current(), Vec::new())
                .map_err(|error| self.broken(&reasons(&error)))?
        };
        let opened = Store::new(&repository, self.cache.clone()).map_err(|error| self.broken(&error))?;
        Ok(store.insert(Arc::new(opened)).clone())
    }

    /// The commit's tree when the commit is here.
    fn open_here(&self, id: &ObjectId) -> Result<Option<Arc<GitTree>>, Error> {
        let store = self.store()?;
        if !store.has(id) {
            return Ok(None);
        }
        let root = self.root_of(&store, id)?;
        let commit = id.to_string();
        let tree = Arc::new(GitTree::new(store, commit.clone(), root));
        let mut trees = self.trees.lock();
        if trees.len() >= MAX_OPEN_TREES {
            trees.clear();
        }
        Ok(Some(trees.entry(commit).or_insert(tree).clone()))
    }

    /// The id of the root directory of a commit, annotated tags followed.
    fn root_of(&self, store: &Store, id: &ObjectId) -> Result<ObjectId, Error> {
        let content = |reason: String| Error::Content { repository: self.name(), reason };
        let mut id = *id;
        // Tags of tags are rare, rings of them impossible, long chains suspicious.
        for _ in 0..8 {
            let raw = store
                .raw(&id)
                .map_err(content)?
                .ok_or_else(|| content(format!("object {id} is missing from the store")))?;
            match raw.kind {
                gix::objs::Kind::Commit => {
                    return gix::objs::CommitRefIter::from_bytes(&raw.data, id.kind())
                        .tree_id()
                        .map_err(|error| content(format!("commit {id} is damaged: {error}")));
                }
                gix::objs::Kind::Tag => {
                    id = gix::objs::TagRefIter::from_bytes(&raw.data, id.kind())
                        .target_id()
                        .map_err(|error| content(format!("tag {id} is damaged: {error}")))?;
                }
                other => return Err(content(format!("{id} is a {other}, not a commit"))),
            }
        }
        Err(content(format!("{id} is a tag of too many tags")))
    }
}

/// Whether the server's words mean that it has no such commit, or does not give it out.
fn refused(reason: &str) -> bool {
    ["not our ref", "unadvertised object", "no matching remote", "upload-pack: not"]
        .iter()
        .any(|text| reason.contains(text))
}
