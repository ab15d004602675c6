//! One repository: its references with their time to live, its store of fetched objects, and one fetch at a time.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use gix::ObjectId;
use parking_lot::Mutex;

use super::cache::ObjectCache;
use super::lfs::Shelf;
use super::place::Place;
use super::redirect;
use super::refs::{Meaning, References, is_commit};
use super::remote::{Depth, Remote, list_local, open_or_create};
use super::store::Store;
use super::transport::{Connector, reasons};
use super::tree::GitTree;
use crate::access::Access;
use crate::fresh::{Fresh, Freshness, Lifetime};
use crate::tokens::Tokens;
use crate::{Error, ErrorKind, Options, url};

/// Trees of commits kept open per repository; they cost a few words each.
const MAX_OPEN_TREES: usize = 1024;
/// What gix says of a lock that nobody gives back.
const NEVER_UNLOCKED: &str = "might need manual deletion";

/// The references whose histories are fetched when a commit is known by nothing else.
const HISTORIES: [(&str, &str); 2] =
    [("fetch all branches", "refs/heads/*"), ("fetch all tags", "refs/tags/*")];

/// How often Git servers were asked something.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) listings: AtomicU64,
    pub(crate) fetches: AtomicU64,
}

pub(crate) struct Mirror {
    url: String,
    access: Access,
    tokens: Arc<Tokens>,
    /// Where the server says that the repository is now, within its own host.
    moved: Mutex<Option<String>>,
    place: Place,
    local: bool,
    options: Arc<Options>,
    cache: Arc<ObjectCache>,
    references: Fresh<References>,
    /// Held by the one fetch under way; everybody who needs a commit waits here and then looks again.
    fetching: tokio::sync::Mutex<()>,
    store: Mutex<Option<Arc<Store>>>,
    shelf: Arc<Shelf>,
    trees: Mutex<HashMap<String, Arc<GitTree>>>,
    counters: Arc<Counters>,
}

impl Mirror {
    pub(crate) fn new(
        url: &str,
        access: Access,
        tokens: Arc<Tokens>,
        directory: PathBuf,
        options: Arc<Options>,
        cache: Arc<ObjectCache>,
        counters: Arc<Counters>,
    ) -> Self {
        let local = url::local_path(url).map(PathBuf::from);
        let kept = local.as_ref().map(|path| {
            let inner = path.join(".git");
            if inner.is_dir() { inner } else { path.clone() }.join("lfs").join("objects")
        });
        let shelf = Arc::new(Shelf::new(directory.join("lfs"), kept));
        Self {
            url: url.to_owned(),
            access,
            tokens,
            moved: Mutex::default(),
            local: local.is_some(),
            place: local.map_or_else(|| Place::generations(directory), Place::fixed),
            options,
            cache,
            references: Fresh::new(),
            fetching: tokio::sync::Mutex::default(),
            store: Mutex::default(),
            shelf,
            trees: Mutex::default(),
            counters,
        }
    }

    fn name(&self) -> String {
        url::without_credentials(&self.url)
    }

    /// The Git LFS objects of this repository.
    pub(crate) fn shelf(&self) -> &Arc<Shelf> {
        &self.shelf
    }

    /// The access with which a request can be made now.
    pub(crate) async fn ready(&self) -> Result<Access, Error> {
        self.tokens.ready(&self.url, &self.access).await
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
                let mut failed = 0;
                loop {
                    let listed = this.list().await;
                    failed += 1;
                    let passing = listed.as_ref().is_err_and(|error| error.kind() == ErrorKind::Transient);
                    match this.options.attempts.pause_after(failed).filter(|_| passing) {
                        Some(pause) => tokio::time::sleep(pause).await,
                        None => return listed,
                    }
                }
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
        if let Some(commit) = self.find_prefix(digits)? {
            return Ok(commit);
        }
        if !self.local {
            for (action, all) in HISTORIES {
                let _one_at_a_time = self.fetching.lock().await;
                self.fetch(action, all, Depth::Full).await?;
                if let Some(commit) = self.find_prefix(digits)? {
                    return Ok(commit);
                }
            }
        }
        let reason = "no branch or tag leads to a commit whose id starts so".to_owned();
        Err(self.unresolved(digits, reason))
    }

    /// The commit here whose id starts with these digits. Other objects that do so are no matter.
    fn find_prefix(&self, digits: &str) -> Result<Option<String>, Error> {
        let store = self.store()?;
        let mut commits = store.by_prefix(digits);
        commits.retain(|id| {
            store.raw(id).is_ok_and(|raw| raw.is_some_and(|raw| raw.kind == gix::objs::Kind::Commit))
        });
        match commits[..] {
            [] => Ok(None),
            [commit] => Ok(Some(commit.to_string())),
            _ => {
                let reason = format!("it is ambiguous: {} commits have ids that start so", commits.len());
                Err(self.unresolved(digits, reason))
            }
        }
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
        self.fetch_commit(commit, Depth::One).await.map_err(|error| match error {
            Error::Remote { reason, .. } | Error::RepositoryNotFound { reason, .. } if refused(&reason) => {
                missing(reason)
            }
            other => other,
        })?;
        self.blocking("open a commit", deadline, move |mirror, _| mirror.open_here(&id))
            .await?
            .ok_or_else(|| missing("the server sent something else".to_owned()))
    }

    /// The annotated tag that a revision names and that leads to the commit, fetched when it is not here yet.
    pub(crate) async fn annotated_tag(
        self: &Arc<Self>,
        revision: &str,
        tag_prefix: &str,
        commit: &str,
    ) -> Result<Option<(String, Arc<Store>, ObjectId)>, Error> {
        if is_commit(revision) {
            return Ok(None);
        }
        let references = self.references(Freshness::Cached).await?;
        let leads_there = references
            .resolve(revision, tag_prefix)
            .is_ok_and(|meaning| meaning == Meaning::Commit(commit.into()));
        let Some((name, tag)) = references.annotated_tag(revision, tag_prefix).filter(|_| leads_there) else {
            return Ok(None);
        };
        let missing = |reason: String| Error::CommitNotFound {
            repository: self.name(),
            revision: name.clone(),
            reason,
        };
        let id = ObjectId::from_hex(tag.as_bytes()).map_err(|error| missing(error.to_string()))?;
        if !self.store()?.has(&id) {
            let _one_at_a_time = self.fetching.lock().await;
            if !self.local && !self.store()?.has(&id) {
                self.fetch("fetch a tag", &format!("refs/tags/{name}"), Depth::One).await?;
            }
        }
        let store = self.store()?;
        if !store.has(&id) {
            return Err(missing("the server sent something else".to_owned()));
        }
        Ok(Some((name, store, id)))
    }

    /// A store that has the commit, with all its ancestors when they are wanted.
    pub(crate) async fn commits(
        self: &Arc<Self>,
        commit: &str,
        ancestors: bool,
    ) -> Result<Arc<Store>, Error> {
        let tree = self.open(commit).await?;
        if ancestors && !self.local && !self.has_history(&tree)? {
            let _one_at_a_time = self.fetching.lock().await;
            if !self.has_history(&tree)? {
                self.fetch_commit(commit, Depth::Full).await?;
            }
        }
        self.store()
    }

    /// Whether all ancestors of a commit are here.
    fn has_history(&self, tree: &GitTree) -> Result<bool, Error> {
        let store = self.store()?;
        let Ok(start) = ObjectId::from_hex(tree.commit().as_bytes()) else { return Ok(false) };
        let (mut ahead, mut seen) = (vec![start], std::collections::HashSet::from([start]));
        while let Some(id) = ahead.pop() {
            let raw = store.raw(&id).map_err(|error| self.broken(&error))?;
            let Some(raw) = raw else { return Ok(false) };
            for parent in gix::objs::CommitRefIter::from_bytes(&raw.data, id.kind()).parent_ids() {
                if seen.insert(parent) {
                    ahead.push(parent);
                }
            }
        }
        Ok(true)
    }

    /// Fetches a commit by its id or, from servers that do not give out commits by id, by a reference that leads to it:
    /// one that names it, or else the whole history of all.
    async fn fetch_commit(self: &Arc<Self>, commit: &str, depth: Depth) -> Result<(), Error> {
        let Err(error) = self.fetch("fetch a commit", commit, depth).await else { return Ok(()) };
        let references = self.references(Freshness::Cached).await?;
        if let Some(name) = references.name_of(commit).map(str::to_owned) {
            return self.fetch("fetch a reference", &name, depth).await;
        }
        if !matches!(&error, Error::Remote { reason, .. } | Error::RepositoryNotFound { reason, .. } if refused(reason))
        {
            return Err(error);
        }
        let Ok(id) = ObjectId::from_hex(commit.as_bytes()) else { return Err(error) };
        for (action, all) in HISTORIES {
            self.fetch(action, all, Depth::Full).await?;
            if self.store()?.has(&id) {
                return Ok(());
            }
        }
        Err(error)
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

    async fn list(self: &Arc<Self>) -> Result<References, Error> {
        const ACTION: &str = "list the references";
        let deadline = self.options.list_deadline;
        if self.local {
            let list = |mirror: &Self, _: &AtomicBool| {
                list_local(&mirror.open_local()?).map_err(|error| mirror.broken(&reasons(&error)))
            };
            return self.blocking(ACTION, deadline, list).await;
        }
        let connector = self.connector(deadline).await?;
        let listed = self.list_with(ACTION, connector).await;
        let Err(Error::Remote { reason, .. }) = &listed else { return self.noting_refusal(listed) };
        // That is how gix words any answer that is no listing, redirects among them.
        if !reason.contains("'smart' protocol") {
            return listed;
        }
        let access = self.tokens.ready(&self.url, &self.access).await?;
        let Some(target) = redirect::target(&self.url, &access, ACTION, deadline).await? else {
            return listed;
        };
        tracing::info!(repository = self.name(), target, "the server says that the repository has moved");
        *self.moved.lock() = Some(target);
        let connector = self.connector(deadline).await?;
        self.list_with(ACTION, connector).await
    }

    async fn list_with(
        self: &Arc<Self>,
        action: &'static str,
        connector: Connector,
    ) -> Result<References, Error> {
        self.blocking(action, self.options.list_deadline, move |mirror, _| {
            let repository = mirror.open_mirror(&connector)?;
            Remote { repository: &repository, connector: &connector }.list()
        })
        .await
    }

    /// Fetches what `source` names (a commit or a reference). One at a time: the caller holds `fetching`.
    async fn fetch(self: &Arc<Self>, action: &'static str, source: &str, depth: Depth) -> Result<(), Error> {
        let worn = self.place.is_worn().map_err(|error| self.broken(&error))?;
        let fetched = self.fetch_once(action, source, depth, worn).await;
        let is_locked =
            matches!(&fetched, Err(Error::Remote { reason, .. }) if reason.contains(NEVER_UNLOCKED));
        let fetched = if is_locked {
            tracing::info!(repository = self.name(), "a process that was killed left a lock; begun anew");
            self.fetch_once(action, source, depth, true).await
        } else {
            fetched
        };
        self.noting_refusal(fetched)
    }

    /// Fetches into the mirror, or into the next generation of it.
    async fn fetch_once(
        self: &Arc<Self>,
        action: &'static str,
        source: &str,
        depth: Depth,
        renew: bool,
    ) -> Result<(), Error> {
        self.counters.fetches.fetch_add(1, Ordering::Relaxed);
        let deadline = self.options.fetch_deadline;
        let (connector, source) = (self.connector(deadline).await?, source.to_owned());
        self.blocking(action, deadline, move |mirror, stop| {
            if renew {
                // Readers of the old generation keep its store; what they miss there is fetched anew.
                mirror.place.renew().map_err(|error| mirror.broken(&error))?;
                *mirror.store.lock() = None;
                mirror.trees.lock().clear();
            }
            let repository = mirror.open_mirror(&connector)?;
            Remote { repository: &repository, connector: &connector }.fetch(&source, depth, stop)
        })
        .await
    }

    /// The result; when it says that the server did not take a token, no other request uses that token.
    fn noting_refusal<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        if result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Denied) {
            self.tokens.refused(&self.url, &self.access);
        }
        result
    }

    async fn connector(&self, deadline: Duration) -> Result<Connector, Error> {
        let access = self.tokens.ready(&self.url, &self.access).await?;
        let moved = self.moved.lock().clone();
        Connector::new(moved.as_deref().unwrap_or(&self.url), access, deadline)
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
        // What was fetched with somebody's credentials is not open to those who guess its place.
        let (place, ours) = (self.place.current().canonicalize(), self.options.data_directory.canonicalize());
        if let (Ok(place), Ok(ours)) = (place, ours)
            && place.starts_with(ours)
        {
            let reason = "the directory belongs to the data of this program and is no source".to_owned();
            return Err(Error::Configuration { repository: self.name(), reason });
        }
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
