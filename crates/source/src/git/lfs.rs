//! Git LFS: files that a repository only points at, fetched from the LFS server and kept beside the mirror.
//!
//! Everything that a commit points at is fetched before its tree is given out, so that reading needs no network.
//! Directories that were looked through once are remembered by id: the next commit costs what it changed.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gix::ObjectId;
use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tree::{EntryKind, TreeError, TreePath};

use super::ssh;
use super::store::Store;
use super::tree::GitTree;
use crate::access::Access;
use crate::{Error, Options, http, url};

/// A pointer file is smaller than this.
const MAX_POINTER: u64 = 1024;
/// Objects asked for at a time, as the reference client does.
const BATCH: usize = 100;
/// The most bytes of the server's answer to a batch.
const MAX_ANSWER: u64 = 8 << 20;
/// Objects larger than this are not fetched: no manifest is.
const MAX_OBJECT: u64 = 128 << 20;
const MEDIA_TYPE: &str = "application/vnd.git-lfs+json";
const ACTION: &str = "fetch Git LFS objects";

/// What stands in the repository in place of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Pointer {
    /// The SHA-256 of the content, as 64 hexadecimal digits.
    oid: String,
    /// The content's bytes.
    size: u64,
}

impl Pointer {
    /// Reads a pointer file; anything else is none.
    pub(super) fn parse(content: &[u8]) -> Option<Self> {
        if content.len() as u64 >= MAX_POINTER || !content.starts_with(b"version ") {
            return None;
        }
        let text = std::str::from_utf8(content).ok()?;
        let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
        let version = value("version")?;
        if !version.starts_with("https://git-lfs.github.com/spec/")
            && !version.starts_with("https://hawser.github.com/spec/")
        {
            return None;
        }
        let oid = value("oid")?.strip_prefix("sha256:")?;
        let valid =
            oid.len() == 64 && oid.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        Some(Self { oid: oid.to_owned(), size: value("size")?.parse().ok()? }).filter(|_| valid)
    }
}

/// The SHA-256 (64 hexadecimal digits) and the size in bytes of what a pointer file stands for; `None` when the content is
/// none.
pub fn lfs_pointer(content: &[u8]) -> Option<(String, u64)> {
    Pointer::parse(content).map(|pointer| (pointer.oid, pointer.size))
}

/// The LFS objects of one repository.
pub(super) struct Shelf {
    directory: PathBuf,
    /// The repository's own directory of LFS objects, when it is on this machine.
    local: Option<PathBuf>,
    /// Directories of which everything is here.
    complete: Mutex<HashSet<ObjectId>>,
    fetching: tokio::sync::Mutex<()>,
}

impl Shelf {
    pub(super) fn new(directory: PathBuf, local: Option<PathBuf>) -> Self {
        Self { directory, local, complete: Mutex::default(), fetching: tokio::sync::Mutex::default() }
    }

    fn place(&self, oid: &str) -> PathBuf {
        self.directory.join(&oid[..2]).join(oid)
    }

    /// Where the content is, when it is here in its full size.
    fn existing(&self, pointer: &Pointer) -> Option<PathBuf> {
        let oid = &pointer.oid;
        let local = self.local.iter().map(|local| local.join(&oid[..2]).join(&oid[2..4]).join(oid));
        [self.place(oid)].into_iter().chain(local).find(|place| {
            std::fs::metadata(place).is_ok_and(|found| found.is_file() && found.len() == pointer.size)
        })
    }

    /// The content that a pointer stands for.
    pub(super) fn read(&self, pointer: &Pointer) -> Result<Arc<[u8]>, String> {
        let missing = || format!("the Git LFS object {} is not here", pointer.oid);
        let place = self.existing(pointer).ok_or_else(missing)?;
        let content =
            std::fs::read(place).map_err(|error| format!("the Git LFS object {}: {error}", pointer.oid))?;
        if hex(&Sha256::digest(&content)) != pointer.oid {
            return Err(format!("the Git LFS object {} was changed on disk", pointer.oid));
        }
        Ok(content.into())
    }

    /// The pointers below a directory whose content is not here, and the directories that were looked through.
    fn missing(
        &self,
        store: &Store,
        root: &ObjectId,
    ) -> Result<(BTreeMap<Pointer, TreePath>, Vec<ObjectId>), TreeError> {
        let (mut missing, mut seen) = (BTreeMap::new(), HashSet::new());
        let mut ahead = vec![(TreePath::root(), *root)];
        while let Some((path, id)) = ahead.pop() {
            if self.complete.lock().contains(&id) || !seen.insert(id) {
                continue;
            }
            for (name, entry) in store.directory_entries(&id, &path)?.iter() {
                let (Ok(child), Ok(id)) = (path.join(name), ObjectId::try_from(entry.oid.as_bytes())) else {
                    continue;
                };
                match entry.kind {
                    EntryKind::Directory => ahead.push((child, id)),
                    EntryKind::File if store.size(&id).is_some_and(|size| size < MAX_POINTER) => {
                        let pointer = Pointer::parse(&store.file(&id, &child)?);
                        if let Some(pointer) = pointer.filter(|pointer| self.existing(pointer).is_none()) {
                            missing.insert(pointer, child);
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok((missing, seen.into_iter().collect()))
    }

    /// Fetches all that a commit's files point at.
    ///
    /// # Errors
    /// When the server refuses or does not have an object, when it sends another content, or when there is more than
    /// the budget.
    pub(super) async fn complete(
        self: &Arc<Self>,
        repository: &str,
        access: &Access,
        tree: &Arc<GitTree>,
        options: &Options,
    ) -> Result<(), Error> {
        if self.complete.lock().contains(tree.root()) {
            return Ok(());
        }
        let name = url::without_credentials(repository);
        let content = |reason: String| Error::Content { repository: name.clone(), reason };
        let _one_at_a_time = self.fetching.lock().await;
        let (this, looked_at) = (self.clone(), tree.clone());
        let looking = tokio::task::spawn_blocking(move || this.missing(looked_at.store(), looked_at.root()));
        let (missing, seen) = looking
            .await
            .map_err(|error| content(error.to_string()))?
            .map_err(|error| content(error.to_string()))?;
        let total: u64 = missing.keys().map(|pointer| pointer.size).sum();
        if total > options.max_lfs_bytes {
            return Err(content(format!(
                "the commit needs {total} bytes of Git LFS objects; the limit is {}",
                options.max_lfs_bytes
            )));
        }
        if let Some((pointer, path)) = missing.iter().find(|(pointer, _)| pointer.size > MAX_OBJECT) {
            let size = pointer.size;
            return Err(content(format!(
                "{path} is a Git LFS object of {size} bytes; the limit is {MAX_OBJECT}"
            )));
        }
        if !missing.is_empty() {
            let client = Client::new(repository, access, tree, options).await?;
            let pointers: Vec<_> = missing.into_iter().collect();
            for batch in pointers.chunks(BATCH) {
                client.fetch(self, batch).await?;
            }
        }
        self.complete.lock().extend(seen);
        Ok(())
    }
}

/// An LFS server and how it is spoken to.
struct Client<'a> {
    repository: &'a str,
    access: Access,
    endpoint: String,
    headers: Vec<(String, String)>,
    patience: Duration,
    http: reqwest::Client,
}

impl<'a> Client<'a> {
    async fn new(
        repository: &'a str,
        access: &Access,
        tree: &GitTree,
        options: &Options,
    ) -> Result<Self, Error> {
        let patience = options.fetch_deadline;
        let mut headers = Vec::new();
        let configured = configured_endpoint(tree);
        let endpoint = match configured.as_deref().unwrap_or(repository) {
            place if place.starts_with("http://") || place.starts_with("https://") => match configured {
                Some(place) => place,
                None => endpoint_of(repository),
            },
            place if url::is_ssh(place) => {
                let own = url::host(place) == url::host(repository);
                let access = if own { access.clone() } else { access.elsewhere.access(place) };
                let (href, extra) = ask_over_ssh(place, &access, options).await?;
                headers = extra;
                href
            }
            place => {
                let reason = format!("{:?} is no place of a Git LFS server", url::without_credentials(place));
                return Err(Error::Configuration {
                    repository: url::without_credentials(repository),
                    reason,
                });
            }
        };
        if let Some(reason) = http::forbidden_url(&endpoint) {
            return Err(Error::Configuration { repository: url::without_credentials(repository), reason });
        }
        let access = if url::same_origin(&endpoint, repository) {
            access.clone()
        } else if url::is_ssh(repository) {
            // The headers that came over SSH say who we are.
            access.anonymous(&endpoint)
        } else {
            access.elsewhere.access(&endpoint)
        };
        let http =
            http::client(repository, &access, options.list_deadline, patience, http::Redirects::Refused)?;
        Ok(Self {
            repository,
            access,
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            headers,
            patience,
            http,
        })
    }

    fn name(&self) -> String {
        url::without_credentials(self.repository)
    }

    fn failed(&self, error: reqwest::Error) -> Error {
        if error.is_timeout() {
            let seconds = self.patience.as_secs();
            return Error::Deadline { repository: self.name(), action: ACTION, seconds };
        }
        let reason = self.access.redact(&http::explain(error));
        Error::Remote { repository: self.name(), action: ACTION, reason }
    }

    /// Fetches one batch of objects.
    async fn fetch(&self, shelf: &Shelf, batch: &[(Pointer, TreePath)]) -> Result<(), Error> {
        let objects: Vec<_> =
            batch.iter().map(|(pointer, _)| json!({"oid": pointer.oid, "size": pointer.size})).collect();
        let body = json!({
            "operation": "download", "transfers": ["basic"], "objects": objects, "hash_algo": "sha256",
        });
        let mut request = self
            .http
            .post(format!("{}/objects/batch", self.endpoint))
            .header("accept", MEDIA_TYPE)
            .header("content-type", MEDIA_TYPE)
            .body(body.to_string());
        request = self.authorized(request, &self.headers);
        let mut response = request.send().await.map_err(|error| self.failed(error))?;
        let status = response.status();
        let data = http::body(&mut response, MAX_ANSWER).await.map_err(|error| self.failed(error))?;
        let answer: Value = serde_json::from_slice(&data.unwrap_or_default()).unwrap_or_default();
        if !status.is_success() {
            let said = answer.get("message").and_then(Value::as_str).unwrap_or_default();
            let reason = self.access.redact(&format!("the LFS server answered {status} {said}"));
            let (repository, action) = (self.name(), ACTION);
            return Err(match status.as_u16() {
                401 | 403 => Error::Denied { repository, action, reason },
                404 => Error::RepositoryNotFound { repository, action, reason },
                _ => Error::Remote { repository, action, reason },
            });
        }
        let offered = answer.get("objects").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for (pointer, path) in batch {
            let of_pointer =
                |object: &&Value| object.get("oid").and_then(Value::as_str) == Some(&pointer.oid);
            let object = offered.iter().find(of_pointer);
            let place = object.and_then(|object| object.pointer("/actions/download"));
            let Some((object, place)) = object.zip(place) else {
                let said = object.and_then(|object| object.pointer("/error/message")).and_then(Value::as_str);
                return Err(Error::Content {
                    repository: self.name(),
                    reason: format!(
                        "{path}: the LFS server does not give out object {}: {}",
                        pointer.oid,
                        said.unwrap_or("it does not have it")
                    ),
                });
            };
            // Servers that say so have put into the headers who we are.
            let authenticated = object.get("authenticated").and_then(Value::as_bool).unwrap_or(false);
            self.download(shelf, pointer, path, place, authenticated).await?;
        }
        Ok(())
    }

    fn authorized(
        &self,
        request: reqwest::RequestBuilder,
        headers: &[(String, String)],
    ) -> reqwest::RequestBuilder {
        let mut request = request;
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
            return request;
        }
        match &self.access.auth {
            crate::Auth::Basic { username, password, .. } => {
                request.basic_auth(username, Some(password.expose()))
            }
            crate::Auth::Bearer(token) => request.bearer_auth(token.expose()),
            _ => request,
        }
    }

    async fn download(
        &self,
        shelf: &Shelf,
        pointer: &Pointer,
        path: &TreePath,
        place: &Value,
        authenticated: bool,
    ) -> Result<(), Error> {
        let content =
            |reason: String| Error::Content { repository: self.name(), reason: format!("{path}: {reason}") };
        let href = place.get("href").and_then(Value::as_str).unwrap_or_default();
        if !(href.starts_with("http://") || href.starts_with("https://")) {
            return Err(content("the LFS server names no URL to download from".to_owned()));
        }
        if let Some(reason) = http::forbidden_url(href) {
            return Err(content(reason));
        }
        let headers = headers_of(place);
        let own = url::same_origin(href, &self.endpoint);
        let request = if own {
            let request = self.http.get(href);
            if authenticated { with_headers(request, &headers) } else { self.authorized(request, &headers) }
        } else {
            let access = self.access.anonymous(href);
            let client = http::client(
                self.repository,
                &access,
                self.patience,
                self.patience,
                http::Redirects::Followed,
            )?;
            with_headers(client.get(href), &headers)
        };
        let mut response = request.send().await.map_err(|error| self.failed(error))?;
        if !response.status().is_success() {
            return Err(content(format!("the LFS server answered {} to the download", response.status())));
        }
        let data = http::body(&mut response, pointer.size).await.map_err(|error| self.failed(error))?;
        let data =
            data.ok_or_else(|| content(format!("the LFS server sent more than {} bytes", pointer.size)))?;
        if data.len() as u64 != pointer.size || hex(&Sha256::digest(&data)) != pointer.oid {
            return Err(content(format!("the LFS server sent another content than that of {}", pointer.oid)));
        }
        keep(shelf.place(&pointer.oid), data).await.map_err(|(place, error)| Error::Store {
            repository: self.name(),
            path: place.display().to_string(),
            reason: error.to_string(),
        })
    }
}

/// Writes a file so that nobody ever sees half of it.
async fn keep(place: PathBuf, data: Vec<u8>) -> Result<(), (PathBuf, std::io::Error)> {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let unfinished =
        place.with_extension(format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let write = async {
        if let Some(parent) = place.parent() {
            tokio::fs::create_dir_all(parent).await?;
        }
        tokio::fs::write(&unfinished, data).await?;
        tokio::fs::rename(&unfinished, &place).await
    };
    write.await.map_err(|error| (place.clone(), error))
}

fn with_headers(request: reqwest::RequestBuilder, headers: &[(String, String)]) -> reqwest::RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| request.header(name, value))
}

fn headers_of(value: &Value) -> Vec<(String, String)> {
    let headers = value.get("header").and_then(Value::as_object);
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    headers.into_iter().flatten().filter_map(text).collect()
}

/// The LFS server of a repository over HTTP, where it is when nobody says otherwise.
fn endpoint_of(repository: &str) -> String {
    let base = repository.trim_end_matches('/');
    let suffix = if base.ends_with(".git") { "" } else { ".git" };
    format!("{base}{suffix}/info/lfs")
}

/// What the repository's `.lfsconfig` says.
fn configured_endpoint(tree: &GitTree) -> Option<String> {
    let text = tree::Tree::read(tree, &TreePath::new(".lfsconfig").ok()?).ok()?;
    let metadata = gix::config::file::Metadata::api();
    let file = gix::config::File::from_bytes_no_includes(&text, metadata, Default::default()).ok()?;
    file.string("lfs.url").map(|url| url.to_string())
}

/// Asks an SSH server where its LFS server is and what to say there (`git-lfs-authenticate`).
async fn ask_over_ssh(
    place: &str,
    access: &Access,
    options: &Options,
) -> Result<(String, Vec<(String, String)>), Error> {
    let attempt = ssh::Attempt { repository: place, action: ACTION, deadline: options.list_deadline };
    let session = ssh::open(attempt, access).await?;
    let command = format!("{} download", session.address().command("git-lfs-authenticate"));
    let output = session.output(attempt, &command, MAX_ANSWER as usize).await?;
    let answer: Value = serde_json::from_slice(&output).unwrap_or_default();
    let href = answer.get("href").and_then(Value::as_str).unwrap_or_default();
    if href.is_empty() {
        return Err(
            attempt.misconfigured("the SSH server does not say where its Git LFS server is".to_owned())
        );
    }
    Ok((href.to_owned(), headers_of(&answer)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_told_from_files() {
        let oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
        let text = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12345\n");
        assert_eq!(Pointer::parse(text.as_bytes()), Some(Pointer { oid: oid.into(), size: 12345 }));
        for text in [
            "version: 1\n".to_owned(),
            text.replace("sha256:4d", "sha256:../"),
            text.replace("oid", "old"),
            text.replace("12345", "many"),
            text.replace("git-lfs.github.com", "example.com"),
        ] {
            assert_eq!(Pointer::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn the_server_is_beside_the_repository() {
        for (repository, endpoint) in [
            ("https://host/a/b", "https://host/a/b.git/info/lfs"),
            ("https://host/a/b.git/", "https://host/a/b.git/info/lfs"),
        ] {
            assert_eq!(endpoint_of(repository), endpoint);
        }
    }
}
