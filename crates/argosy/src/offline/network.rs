//! What a render fetches from elsewhere. Most renders need nothing of it, so the runtime and the mirrors are made when
//! something has to be fetched for the first time.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use kustomize::{Need, Outside};
use render::Fetcher;
use source::{Access, Credentials, Freshness, Options, Sources};
use tokio::runtime::{Builder, Runtime};

/// The most bytes of a value file or another text behind a URL.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// The way to repositories, registries and files behind URLs.
pub(super) struct Network {
    /// The directory for mirrors.
    cache: PathBuf,
    begun: OnceCell<Begun>,
}

struct Begun {
    /// Taken only when all ends.
    runtime: Option<Runtime>,
    sources: Sources,
}

impl Drop for Begun {
    fn drop(&mut self) {
        // A fetch that is still running must not hold up the end.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Default for Network {
    /// With this machine's cache.
    fn default() -> Self {
        Self::with_cache(cache_directory())
    }
}

impl Network {
    /// With mirrors in this directory.
    pub(super) fn with_cache(cache: PathBuf) -> Self {
        Self { cache, begun: OnceCell::new() }
    }

    /// Does what has to be done with the sources, and waits for it.
    pub(super) fn run<T, F>(&self, work: impl FnOnce(Sources) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let begun = match self.begun.get() {
            Some(begun) => begun,
            None => {
                let runtime = Builder::new_multi_thread()
                    .worker_threads(2)
                    .enable_all()
                    .build()
                    .context("cannot start worker threads")?;
                let sources = {
                    let _inside = runtime.enter();
                    sources(&self.cache)?
                };
                self.begun.get_or_init(|| Begun { runtime: Some(runtime), sources })
            }
        };
        let runtime = begun.runtime.as_ref().context("the network has ended")?;
        runtime.block_on(work(begun.sources.clone()))
    }

    /// Fetches what a kustomization in `repository` needs.
    pub(super) fn fetch(&self, repository: &str, needs: &[Need], outside: &mut Outside) -> Result<()> {
        let fetched = self.run(|sources| async move {
            let fetcher = Fetcher {
                sources: &sources,
                repository,
                access: credentials().access(repository, ""),
                freshness: Freshness::Now,
            };
            let fetch =
                async |need: &Need| fetcher.fetch(need).await.with_context(|| format!("cannot fetch {need}"));
            futures::future::try_join_all(needs.iter().map(fetch)).await
        })?;
        for (need, fetched) in needs.iter().zip(fetched) {
            outside.insert(need.clone(), fetched.answer);
        }
        Ok(())
    }

    /// The bytes of a file behind a URL.
    pub(super) fn file(&self, url: &str) -> Result<Vec<u8>> {
        self.run(
            |sources| async move { Ok(sources.helm().bytes(url, &Access::default(), MAX_FILE_BYTES).await?) },
        )
    }
}

/// Sources with mirrors in a directory, and with the settings that the environment gives the control plane.
pub(super) fn sources(cache: &Path) -> Result<Sources> {
    let options = Options::new(cache).with_environment(|name| std::env::var(name).ok());
    Ok(Sources::new(options)?)
}

/// The directory of this machine for what is fetched and may be lost.
pub(super) fn cache_directory() -> PathBuf {
    let base = std::env::var_os("ARGOSY_CACHE").map(PathBuf::from).or_else(|| {
        let caches = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let caches = caches.or_else(|| Some(home()?.join(".cache")));
        Some(caches?.join("argosy"))
    });
    base.unwrap_or_else(std::env::temp_dir).join("render")
}

fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from)
}

/// What the user trusts: the SSH host keys that the user and the machine know. Keys to log in with are the agent's.
pub(super) fn credentials() -> Credentials {
    let own = home().map(|home| home.join(".ssh/known_hosts"));
    let texts = own.iter().map(PathBuf::as_path).chain([Path::new("/etc/ssh/ssh_known_hosts")]);
    let texts: Vec<String> = texts.filter_map(|path| std::fs::read_to_string(path).ok()).collect();
    Credentials { known_hosts: texts.join("\n").into(), ..Credentials::default() }
}
