//! Repositories behind a real Git server.

use std::path::Path;

use source::testing::{GitServer, Repository};

/// A Git server with one repository, and a checkout to commit from.
pub struct GitHost {
    server: GitServer,
    repository: Repository,
}

impl GitHost {
    /// Starts a server with a repository that holds these files.
    pub async fn start(files: &[(&str, &str)]) -> Self {
        let repository = Repository::new();
        repository.commit("first", files);
        let root = repository.git_directory().parent().map(Path::to_owned).unwrap_or_default();
        let server = GitServer::start(&root).await;
        Self { server, repository }
    }

    /// The repository's URL.
    pub fn url(&self) -> String {
        let name = self.repository.git_directory();
        let name = name.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        self.server.url(&name)
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
