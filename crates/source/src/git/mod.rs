//! Git repositories, bare and by object: no work trees, no checkouts.
//!
//! ```text
//!  revision text ──refs──▶ commit ──mirror──▶ store ──▶ GitTree
//!                listing, shared        fetch of one commit, one at a time
//! ```
//!
//! A repository on this machine (`file://` or a plain path) is read where it is; others are fetched commit by commit,
//! without history, into a bare mirror below the data directory. Mirrors are kept apart by URL *and* credentials, so
//! that nobody reads through somebody else's permission. Submodules (`modules`) have mirrors of their own; they and the
//! files of Git LFS (`lfs`) are put into the tree by `furnish`.

mod cache;
mod furnish;
mod history;
mod lfs;
mod mirror;
pub(crate) mod modules;
mod place;
mod redirect;
mod refs;
mod remote;
pub(crate) mod ssh;
mod store;
mod trailers;
mod transport;
mod tree;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ::tree::TreePath;
use gix::ObjectId;
use parking_lot::Mutex;
use types::RevisionMetadata;

pub use self::lfs::lfs_pointer;
pub use self::refs::References;
pub(crate) use self::store::Store;
pub use self::tree::GitTree;
use crate::access::Access;
use crate::fresh::Freshness;
use crate::tokens::Tokens;
use crate::{Error, Options, Target, url};
use cache::ObjectCache;
use mirror::{Counters, Mirror};

/// All Git repositories in use.
#[derive(Clone)]
pub struct Git {
    shared: Arc<Shared>,
}

struct Shared {
    options: Arc<Options>,
    tokens: Arc<Tokens>,
    mirrors: Mutex<HashMap<(String, u64), Arc<Mirror>>>,
    cache: Arc<ObjectCache>,
    counters: Arc<Counters>,
}

/// How often Git servers were asked something since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GitActivity {
    /// Listings of references (`git ls-remote`).
    pub listings: u64,
    /// Fetches (`git fetch`).
    pub fetches: u64,
}

impl Git {
    pub(crate) fn new(options: Arc<Options>, tokens: Arc<Tokens>) -> Self {
        let cache = Arc::new(ObjectCache::new(options.object_cache_bytes));
        let shared = Shared { options, tokens, mirrors: Mutex::default(), cache, counters: Arc::default() };
        Self { shared: Arc::new(shared) }
    }

    fn mirror(&self, repository: &str, access: &Access) -> Arc<Mirror> {
        let key = (repository.to_owned(), access.identity());
        let mut mirrors = self.shared.mirrors.lock();
        mirrors
            .entry(key)
            .or_insert_with_key(|key| {
                let mut hasher = DefaultHasher::new();
                key.hash(&mut hasher);
                let directory =
                    self.shared.options.data_directory.join("git").join(format!("{:016x}", hasher.finish()));
                let shared = &self.shared;
                Arc::new(Mirror::new(
                    repository,
                    access.clone(),
                    shared.tokens.clone(),
                    directory,
                    shared.options.clone(),
                    shared.cache.clone(),
                    shared.counters.clone(),
                ))
            })
            .clone()
    }

    /// The branches and tags of a repository.
    ///
    /// # Errors
    /// When the repository is not there, cannot be reached in time, or refuses the credentials.
    pub async fn references(
        &self,
        repository: &str,
        access: &Access,
        freshness: Freshness,
    ) -> Result<Arc<References>, Error> {
        self.mirror(repository, access).references(freshness).await
    }

    /// The commit that a target revision means: a full or shortened commit id, a branch, a tag, a reference, a version
    /// constraint on the tags that start with `tag_prefix`, or `HEAD` when empty.
    ///
    /// # Errors
    /// As [`Git::references`], and [`Error::RevisionNotFound`].
    pub async fn resolve(
        &self,
        repository: &str,
        revision: &str,
        tag_prefix: &str,
        access: &Access,
        freshness: Freshness,
    ) -> Result<String, Error> {
        self.mirror(repository, access).resolve(revision, tag_prefix, freshness).await
    }

    /// The files of a commit (40 hexadecimal digits), fetched when they are not here yet, with its submodules and the
    /// files that Git LFS keeps for it.
    ///
    /// # Errors
    /// As [`Git::references`], [`Error::CommitNotFound`], and [`Error::Submodule`].
    pub async fn open(&self, repository: &str, commit: &str, access: &Access) -> Result<Arc<GitTree>, Error> {
        let tree = self.mirror(repository, access).open(commit).await?;
        self.furnish(repository, tree, access, &furnish::Budget::new(self.shared.options.max_submodules))
            .await
    }

    /// The files of a commit alone: without its submodules, and with pointers for the files that Git LFS keeps.
    ///
    /// # Errors
    /// As [`Git::references`], and [`Error::CommitNotFound`].
    pub async fn open_alone(
        &self,
        repository: &str,
        commit: &str,
        access: &Access,
    ) -> Result<Arc<GitTree>, Error> {
        self.mirror(repository, access).open(commit).await
    }

    /// Whether signatures are checked at all.
    pub(crate) fn checks_signatures(&self) -> bool {
        self.shared.options.signatures
    }

    /// The annotated tag that a target's revision names, when it leads to the commit: its name, where it is, and its id.
    pub(crate) async fn annotated_tag(
        &self,
        target: &Target,
        commit: &str,
        access: &Access,
    ) -> Result<Option<(String, Arc<Store>, ObjectId)>, Error> {
        self.mirror(&target.repository, access)
            .annotated_tag(&target.revision, &target.tag_prefix, commit)
            .await
    }

    /// A store that has the commit, with all its ancestors when they are wanted.
    pub(crate) async fn commits(
        &self,
        repository: &str,
        commit: &str,
        ancestors: bool,
        access: &Access,
    ) -> Result<Arc<Store>, Error> {
        self.mirror(repository, access).commits(commit, ancestors).await
    }

    /// Author, date, message and tags of a commit.
    ///
    /// # Errors
    /// As [`Git::open`].
    pub async fn metadata(
        &self,
        repository: &str,
        commit: &str,
        access: &Access,
    ) -> Result<RevisionMetadata, Error> {
        let mirror = self.mirror(repository, access);
        let tree = mirror.open(commit).await?;
        // The tags are decoration: a server that is away does not hide the commit that is here.
        let references = mirror.references(Freshness::Cached).await.ok();
        history::metadata(&url::without_credentials(repository), &tree, references.as_deref())
    }

    /// The files that differ between two commits; `None` when there are too many to tell, or a submodule has moved.
    ///
    /// # Errors
    /// As [`Git::open`].
    pub async fn changed_paths(
        &self,
        repository: &str,
        old: &str,
        new: &str,
        access: &Access,
    ) -> Result<Option<Vec<TreePath>>, Error> {
        let mirror = self.mirror(repository, access);
        let (old, new) = (mirror.open(old).await?, mirror.open(new).await?);
        let compared = tokio::task::spawn_blocking(move || history::changed_paths(&old, &new)).await;
        let broken =
            |reason: String| Error::Content { repository: url::without_credentials(repository), reason };
        match compared {
            Ok(result) => result.map_err(|error| broken(error.to_string())),
            Err(error) => Err(broken(error.to_string())),
        }
    }

    /// Makes the known references of a repository too old, however its URL was written and whoever asked.
    pub fn invalidate(&self, repository: &str) {
        let wanted = url::normalize(repository);
        for ((url, _), mirror) in self.shared.mirrors.lock().iter() {
            if url::normalize(url) == wanted {
                mirror.invalidate();
            }
        }
    }

    /// How often Git servers were asked something since the start.
    pub fn activity(&self) -> GitActivity {
        GitActivity {
            listings: self.shared.counters.listings.load(Ordering::Relaxed),
            fetches: self.shared.counters.fetches.load(Ordering::Relaxed),
        }
    }
}
