//! Talking to a Git server: listing its references and fetching one commit. All functions here block and are run on
//! the blocking pool by `mirror`.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gix::bstr::ByteSlice;
use gix::progress::Discard;
use gix::protocol::handshake::Ref;
use gix::remote::{Direction, fetch::Shallow, fetch::Tags};

use super::refs::References;
use super::transport::Connector;
use crate::Error;

/// How the names of repositories begin that are being made.
const NEW: &str = "new-";
/// Nobody goes on with such a one after this time.
const ABANDONED: Duration = Duration::from_mins(1);

/// What is being talked to, for messages.
pub(crate) struct Remote<'a> {
    pub(crate) repository: &'a gix::Repository,
    pub(crate) connector: &'a Connector,
}

/// How much of the history a fetch brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// The commit alone, with its files.
    One,
    /// All that leads to it.
    Full,
}

/// Opens the bare repository in `directory`, making it when there is none. Nothing of the machine's or the user's own
/// Git configuration is read.
pub(crate) fn open_or_create(
    directory: &Path,
    overrides: Vec<String>,
) -> Result<gix::Repository, gix::Error> {
    let slots = gix::odb::store::init::Slots::Given(super::place::MAX_PACKS * 4);
    let options = gix::open::Options::isolated()
        .with(gix::sec::Trust::Full)
        .object_store_slots(slots)
        .config_overrides(overrides);
    if directory.join("HEAD").is_file() {
        return Ok(options.open_path_as_is(true).open(directory)?.to_thread_local());
    }
    create(directory).map_err(gix::Error::from_error)?;
    Ok(options.open_path_as_is(true).open(directory)?.to_thread_local())
}

/// Makes a bare repository, whole or not at all: a process may be killed at any time, and nobody could go on with a part of
/// one. What stands in the place, if anything, is such a part.
fn create(directory: &Path) -> std::io::Result<()> {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let parent = directory.parent().unwrap_or(directory);
    std::fs::create_dir_all(parent)?;
    remove_leftovers(parent)?;
    // In a container, the process that was killed had the same id.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    let repository = parent.join(format!("{NEW}{}-{now}-{number}", std::process::id()));
    std::fs::create_dir(&repository)?;
    gix::create::into(&repository, gix::create::Kind::Bare, gix::create::Options::default())
        .map_err(std::io::Error::other)?;
    match std::fs::rename(&repository, directory) {
        Err(_) if !directory.join("HEAD").is_file() => {
            std::fs::remove_dir_all(directory)?;
            std::fs::rename(&repository, directory)
        }
        // Somebody else was faster.
        Err(_) => std::fs::remove_dir_all(&repository),
        Ok(()) => Ok(()),
    }
}

/// Removes what a process that was killed has left of its attempts: making a repository takes milliseconds.
fn remove_leftovers(parent: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(parent)? {
        let entry = entry?;
        let is_old = || entry.metadata()?.modified()?.elapsed().map_err(std::io::Error::other);
        if entry.file_name().as_encoded_bytes().starts_with(NEW.as_bytes())
            && is_old().is_ok_and(|age| age > ABANDONED)
        {
            // What cannot be removed, or is being removed by another process, is in nobody's way.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}

impl Remote<'_> {
    /// Asks the server for all its references.
    pub(crate) fn list(&self) -> Result<References, Error> {
        const ACTION: &str = "list the references";
        let failed = |error: gix::Error| self.connector.explain(ACTION, &error);
        let remote =
            self.repository.remote_at(self.connector.url()).map_err(failed)?.with_fetch_tags(Tags::None);
        let connection = self.connector.connect(ACTION, &remote)?;
        let options = gix::remote::ref_map::Options {
            prefix_from_spec_as_filter_on_remote: false,
            ..Default::default()
        };
        let (map, _) = connection.ref_map(Discard, options).map_err(failed)?;
        Ok(references(&map.remote_refs))
    }

    /// Fetches what `source` names (a full commit id or a full reference name) into a reference of our own.
    pub(crate) fn fetch(&self, source: &str, depth: Depth, stop: &AtomicBool) -> Result<(), Error> {
        let spec = if source.contains('*') {
            format!("+{source}:refs/argosy/{}", source.trim_start_matches("refs/"))
        } else {
            // One reference is enough to negotiate from, and it is overwritten by the next fetch.
            format!("+{source}:refs/argosy/fetched")
        };
        const ACTION: &str = "fetch a commit";
        let failed = |error: gix::Error| self.connector.explain(ACTION, &error);
        let remote = self
            .repository
            .remote_at(self.connector.url())
            .and_then(|remote| remote.with_refspecs([spec.as_str()], Direction::Fetch))
            .map_err(failed)?
            .with_fetch_tags(Tags::None);
        let connection = self.connector.connect(ACTION, &remote)?;
        let fetch = connection.prepare_fetch(Discard, Default::default()).map_err(failed)?;
        let shallow = match depth {
            Depth::One => Shallow::DepthAtRemote(std::num::NonZeroU32::MIN),
            // The way Git itself spells "without a limit".
            Depth::Full => Shallow::DepthAtRemote(
                std::num::NonZeroU32::new(i32::MAX as u32).unwrap_or(std::num::NonZeroU32::MIN),
            ),
        };
        fetch.with_shallow(shallow).receive(Discard, stop).map_err(failed)?;
        Ok(())
    }
}

/// The references that a server advertised, peeled.
fn references(advertised: &[Ref]) -> References {
    let mut references = References::default();
    for reference in advertised {
        let (name, target, peeled) = reference.unpack();
        let Ok(name) = name.to_str() else { continue };
        if let Some(commit) = peeled.or(target) {
            references.insert(name.to_owned(), commit.to_hex().to_string());
        }
        if let (Some(_), Some(tag)) = (peeled, target) {
            references.insert_annotated(name.to_owned(), tag.to_hex().to_string());
        }
        if let Ref::Symbolic { target, .. } = reference
            && let Ok(target) = target.to_str()
        {
            references.insert_symbolic(name.to_owned(), target.to_owned());
        }
    }
    references
}

/// The references of a repository on this machine, peeled.
pub(crate) fn list_local(repository: &gix::Repository) -> Result<References, gix::Error> {
    let mut references = References::default();
    for reference in repository.references()?.all()? {
        let Ok(mut reference) = reference else { continue };
        let name = reference.name().as_bstr().to_string();
        let own = reference.try_id().map(|id| id.to_hex().to_string());
        if let Ok(id) = reference.peel_to_id() {
            let commit = id.to_hex().to_string();
            if let Some(tag) = own.filter(|own| *own != commit) {
                references.insert_annotated(name.clone(), tag);
            }
            references.insert(name, commit);
        }
    }
    let head = repository.head()?;
    if let Some(name) = head.referent_name() {
        references.insert_symbolic("HEAD".into(), name.as_bstr().to_string());
    }
    if let Some(id) = head.id() {
        references.insert("HEAD".into(), id.to_hex().to_string());
    }
    Ok(references)
}
