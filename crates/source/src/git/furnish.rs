//! A commit's tree furnished with what its repository only points at: submodules, and the files of Git LFS.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tree::{EntryKind, Tree as _, TreePath};

use super::modules::{self, Module};
use super::{Git, GitTree};
use crate::access::{Access, Auth};
use crate::{Error, url};

/// Submodules of submodules deeper than this are refused; those that contain themselves end here.
const MAX_DEPTH: usize = 10;

/// What one commit may still open.
pub(super) struct Budget {
    left: AtomicUsize,
    limit: usize,
}

impl Budget {
    pub(super) fn new(limit: usize) -> Self {
        Self { left: AtomicUsize::new(limit), limit }
    }

    fn take(&self) -> Result<(), String> {
        let less = |left: usize| left.checked_sub(1);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .map(|_| ())
            .map_err(|_| format!("the commit has more than {} submodules", self.limit))
    }
}

impl Git {
    /// The tree with its submodules and LFS files; itself when it has none.
    ///
    /// Nothing of this is kept with the mirror: what a submodule's repository shows depends on who asks.
    pub(super) async fn furnish(
        &self,
        repository: &str,
        tree: Arc<GitTree>,
        access: &Access,
        budget: &Budget,
    ) -> Result<Arc<GitTree>, Error> {
        self.furnish_at(repository, tree, access, budget, 0).await
    }

    fn furnish_at<'a>(
        &'a self,
        repository: &'a str,
        tree: Arc<GitTree>,
        access: &'a Access,
        budget: &'a Budget,
        depth: usize,
    ) -> BoxFuture<'a, Result<Arc<GitTree>, Error>> {
        async move {
            let content =
                |reason: String| Error::Content { repository: url::without_credentials(repository), reason };
            let mut shelf = None;
            if access.enable_lfs {
                let mirror = self.mirror(repository, access);
                let ready = mirror.ready().await?;
                mirror.shelf().complete(repository, &ready, &tree, &self.shared.options).await?;
                shelf = Some(mirror.shelf().clone());
            }
            let named =
                if self.shared.options.submodules { named(&tree).map_err(content)? } else { Vec::new() };
            let mut opened = Vec::new();
            for (module, commit) in named {
                let path = module.path.clone();
                let inside = self.open_module(repository, &module, &commit, access, budget, depth);
                let inside = inside.await.map_err(|cause| Error::Submodule {
                    repository: url::without_credentials(repository),
                    path: path.to_string(),
                    cause: Box::new(cause),
                })?;
                opened.push((path, inside));
            }
            if opened.is_empty() && shelf.is_none() {
                return Ok(tree);
            }
            Ok(Arc::new(tree.furnished(opened, shelf)))
        }
        .boxed()
    }

    async fn open_module(
        &self,
        parent: &str,
        module: &Module,
        commit: &str,
        access: &Access,
        budget: &Budget,
        depth: usize,
    ) -> Result<Arc<GitTree>, Error> {
        let refused = |reason: String| Error::Configuration {
            repository: url::without_credentials(&module.url),
            reason,
        };
        if depth >= MAX_DEPTH {
            return Err(refused(format!("submodules are nested more than {MAX_DEPTH} deep")));
        }
        budget.take().map_err(refused)?;
        let place = modules::resolve(parent, &module.url).map_err(refused)?;
        let access = access_of_module(parent, &place, access);
        let tree = self.mirror(&place, &access).open(commit).await?;
        self.furnish_at(&place, tree, &access, budget, depth + 1).await
    }
}

/// The submodules that a commit names and has, each with its commit.
fn named(tree: &GitTree) -> Result<Vec<(Module, String)>, String> {
    let Ok(place) = TreePath::new(".gitmodules") else { return Ok(Vec::new()) };
    let entry = tree.entry(&place).map_err(|error| error.to_string())?;
    // A link there is not followed: Git does not either.
    if entry.is_none_or(|entry| entry.kind != EntryKind::File) {
        return Ok(Vec::new());
    }
    let text = tree.read(&place).map_err(|error| error.to_string())?;
    let mut found = Vec::new();
    for module in modules::parse(&text)? {
        let entry = tree.entry(&module.path).map_err(|error| error.to_string())?;
        if let Some(entry) = entry.filter(|entry| entry.kind == EntryKind::Submodule) {
            found.push((module, entry.oid.to_string()));
        }
    }
    Ok(found)
}

/// How a submodule's repository is reached: as the project's own records say; without any, like its parent when it is on
/// the same server. No other server is shown the parent's credentials.
fn access_of_module(parent: &str, place: &str, access: &Access) -> Access {
    let mut own = access.elsewhere.access(place);
    let same_server = url::same_origin(parent, place)
        || (url::is_ssh(parent) && url::is_ssh(place) && url::host(parent) == url::host(place));
    if same_server && !own.known && own.auth == Auth::Anonymous {
        own = access.clone();
    }
    own.enable_lfs = access.enable_lfs;
    own
}
