//! Repositories behind a real Git server.

use std::path::Path;

use source::testing::{GitServer, Repository};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            // Written anew rather than copied: the source may be read-only, and modes would carry over.
            std::fs::write(target, std::fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

/// The repository's name on the server.
const NAME: &str = "apps.git";

/// A Git server with one repository, and a checkout to commit from.
pub struct GitHost {
    server: GitServer,
    repository: Repository,
    _root: tempfile::TempDir,
}

impl GitHost {
    /// Starts a server with a repository that holds these files.
    pub async fn start(files: &[(&str, &str)]) -> Self {
        let repository = Repository::new();
        repository.commit("first", files);
        // Served under a name as a forge would, whatever the checkout is called.
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(repository.git_directory(), root.path().join(NAME)).unwrap();
        let server = GitServer::start(root.path()).await;
        Self { server, repository, _root: root }
    }

    /// Starts a server with a repository that holds these folders, each under a name of its own.
    pub async fn start_with_folders(folders: &[(&Path, &str)]) -> Self {
        let host = Self::start(&[]).await;
        for (folder, name) in folders {
            copy(folder, &host.folder().join(name));
        }
        // The folders may hold ignore files that mean other repositories.
        host.repository.git(&["add", "--all", "--force"]);
        host.repository.commit("folders", &[]);
        host
    }

    /// The repository's URL.
    pub fn url(&self) -> String {
        self.server.url(NAME)
    }

    /// Commits files; answers the commit.
    pub fn commit(&self, files: &[(&str, &str)]) -> String {
        self.repository.commit("change", files)
    }

    /// Removes a file and commits; answers the commit.
    pub fn remove(&self, path: &str) -> String {
        self.repository.git(&["rm", "--quiet", path]);
        self.repository.git(&["commit", "--quiet", "--message", "remove"]);
        self.repository.git(&["rev-parse", "HEAD"])
    }

    /// The checkout.
    pub fn folder(&self) -> &Path {
        self.repository.path()
    }

    /// The repository, for what else git can do.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// How often refs were listed so far.
    pub fn listings(&self) -> usize {
        self.server.listings()
    }
}
