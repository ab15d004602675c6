//! Where a kustomization is, and what it can reach from there: files in or below its directory, other directories of
//! its repository, and what lies outside once it was fetched (`remote`).

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use tree::{EntryKind, Tree, TreePath};

use crate::budget::Spent;
use crate::error::Error;
use crate::remote::{Answer, Need, Outside, RepositoryUrl, is_remote_file};
use crate::resource::Resource;
use crate::yaml::{self, Document};
use crate::{FileName, objects};

/// What all places of a build share: what lies outside, what of it is missing, and how much was done.
pub(crate) struct Session<'a> {
    pub(crate) outside: &'a Outside,
    pub(crate) spent: Spent,
    /// What is missing, with the kustomization that needs it.
    missing: RefCell<BTreeMap<Need, TreePath>>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(outside: &'a Outside) -> Self {
        Self { outside, spent: Spent::default(), missing: RefCell::default() }
    }

    /// What was asked for and is not there, with who asked first.
    pub(crate) fn into_missing(self) -> Vec<(Need, TreePath)> {
        self.missing.into_inner().into_iter().collect()
    }

    /// What came of a need; notes it when nothing did yet.
    pub(crate) fn get(&self, file: &TreePath, need: &Need) -> Result<&'a Answer, Error> {
        self.outside.get(need).ok_or_else(|| {
            self.missing.borrow_mut().entry(need.clone()).or_insert_with(|| file.clone());
            Error::Unavailable { file: file.clone(), need: Box::new(need.clone()) }
        })
    }
}

/// The directory of a kustomization.
pub(crate) struct Place<'a> {
    pub(crate) tree: &'a dyn Tree,
    /// Links followed.
    pub(crate) directory: TreePath,
    /// The kustomization's file, for messages.
    pub(crate) file: TreePath,
    /// Whether files outside the directory may be read.
    pub(crate) unrestricted: bool,
    /// The URL that the repository was fetched for.
    url: Option<String>,
    /// The kustomization that named this one.
    above: Option<&'a Place<'a>>,
    pub(crate) session: &'a Session<'a>,
}

/// What an entry of `resources` stands for.
pub(crate) enum Entry<'a> {
    Objects(Vec<Resource>),
    Directory(Place<'a>),
}

impl<'a> Place<'a> {
    /// The directory that is built.
    pub(crate) fn root(
        tree: &'a dyn Tree,
        directory: &TreePath,
        unrestricted: bool,
        session: &'a Session<'a>,
    ) -> Result<Self, Error> {
        match tree::resolve(tree, directory)? {
            Some((place, EntryKind::Directory)) => Ok(Self {
                tree,
                file: place.clone(),
                directory: place,
                unrestricted,
                url: None,
                above: None,
                session,
            }),
            _ => Err(Error::NoKustomization { directory: directory.clone() }),
        }
    }

    /// The same place, once its kustomization's file is known.
    pub(crate) fn with_file(self, file: TreePath) -> Self {
        Self { file, ..self }
    }

    pub(crate) fn error(&self, message: impl ToString) -> Error {
        Error::file(&self.file, message)
    }

    pub(crate) fn failed(&self, step: &'static str, message: impl ToString) -> Error {
        Error::step(&self.file, step, message)
    }

    /// How many kustomizations are above this one.
    pub(crate) fn depth(&self) -> usize {
        std::iter::successors(self.above, |place| place.above).count()
    }

    /// What an entry of `resources` stands for: objects of a file, else a directory with a kustomization.
    pub(crate) fn find(&self, entry: &str) -> Result<Entry<'_>, Error> {
        if is_remote_file(entry) {
            return self.find_remote(entry);
        }
        let is_file = match self.directory.join(entry) {
            Ok(path) => matches!(tree::resolve(self.tree, &path)?, Some((_, EntryKind::File))),
            Err(_) => false,
        };
        if is_file {
            let text = self.text(entry)?;
            let path = self.directory.join(entry).map_err(|error| self.error(error))?;
            return objects_of(&text, &path.as_str().into())
                .map(Entry::Objects)
                .map_err(|message| Error::file(&path, message));
        }
        self.directory(entry).map(Entry::Directory)
    }

    /// A URL is a file; when that is not to be had, or holds no objects, it may be a repository.
    fn find_remote(&self, entry: &str) -> Result<Entry<'_>, Error> {
        let repository = RepositoryUrl::parse(entry);
        let path =
            entry.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
        let markers = ["//", ".git/", ".git?", "_git/", "?ref=", "&ref="];
        let has_marker = path.ends_with(".git") || markers.iter().any(|marker| path.contains(marker));
        if repository.is_ok() && has_marker {
            return self.directory(entry).map(Entry::Directory);
        }
        let need = Need::File { url: entry.to_owned() };
        let failed = match self.session.get(&self.file, &need)? {
            Answer::Bytes(bytes) => {
                let text = String::from_utf8_lossy(bytes);
                match objects_of(&text, &entry.into()) {
                    Ok(objects) => return Ok(Entry::Objects(objects)),
                    Err(message) => message,
                }
            }
            Answer::Failed(reason) => reason.clone(),
            Answer::Tree(_) => "expected a file".to_owned(),
        };
        let neither = |why: &str| self.error(format!("accumulating resources from '{entry}': {failed}{why}"));
        let url = repository.map_err(|_| neither(""))?;
        if let Answer::Failed(reason) = self.session.get(&self.file, &url.need())? {
            return Err(neither(&format!("; and it is no repository either: {reason}")));
        }
        self.directory(entry).map(Entry::Directory)
    }

    /// Another directory: of this repository, or of one that a URL names.
    pub(crate) fn directory(&self, entry: &str) -> Result<Place<'_>, Error> {
        if entry.is_empty() {
            return Err(self.error("new root cannot be empty"));
        }
        if let Ok(url) = RepositoryUrl::parse(entry) {
            return self.repository(entry, &url);
        }
        if entry.starts_with('/') {
            return Err(self.error(format!("new root '{entry}' cannot be absolute")));
        }
        let is_odd = |name: &str| name != ".." && name.contains("..");
        if entry.split('/').any(is_odd) {
            return Err(self.error(format!(
                "path \"{entry}\" is ambiguous: it holds '..' inside of a name, which is likely not the intended \
                 target; check for YAML indentation errors in your kustomization file"
            )));
        }
        let path = self.directory.join(entry).map_err(|error| match &self.url {
            Some(url) => self.error(format!(
                "security; bases in kustomizations found in cloned git repos must be within the repo, but base \
                 '{entry}' is outside '{url}'"
            )),
            None => self.error(error),
        })?;
        let place = match tree::resolve(self.tree, &path)? {
            Some((place, EntryKind::Directory)) => place,
            Some(_) => return Err(self.error(format!("'{entry}' is a file; expected a directory"))),
            None => {
                return Err(self.error(format!(
                    "accumulating resources from '{entry}': no such file or directory ({path})"
                )));
            }
        };
        let child = Place {
            tree: self.tree,
            file: place.clone(),
            directory: place,
            unrestricted: self.unrestricted,
            url: self.url.clone(),
            above: Some(self),
            session: self.session,
        };
        child.refuse_ring()?;
        Ok(child)
    }

    /// A directory that contains one which is being built would be built for ever.
    fn refuse_ring(&self) -> Result<(), Error> {
        for above in std::iter::successors(self.above, |place| place.above) {
            let is_same_tree = std::ptr::addr_eq(above.tree, self.tree);
            if is_same_tree && above.directory.below(&self.directory).is_some() {
                return Err(self.error(format!(
                    "cycle detected: candidate root '{}' contains visited root '{}'",
                    self.directory, above.directory
                )));
            }
        }
        Ok(())
    }

    fn repository(&self, entry: &str, url: &RepositoryUrl) -> Result<Place<'_>, Error> {
        for above in std::iter::successors(Some(self), |place| place.above.map(|above| above as &Place<'_>)) {
            if let Some(previous) = above.url.as_deref().filter(|previous| previous.starts_with(entry)) {
                return Err(self.error(format!(
                    "cycle detected: URI '{entry}' referenced by previous URI '{previous}'"
                )));
            }
        }
        let tree: &Arc<dyn Tree> = match self.session.get(&self.file, &url.need())? {
            Answer::Tree(tree) => tree,
            Answer::Failed(reason) => return Err(self.error(format!("'{entry}': {reason}"))),
            Answer::Bytes(_) => return Err(self.error(format!("'{entry}': expected a repository"))),
        };
        let path = TreePath::new(&url.path).map_err(|error| self.error(error))?;
        match tree::resolve(&**tree, &path)? {
            Some((place, EntryKind::Directory)) => Ok(Place {
                tree: &**tree,
                file: place.clone(),
                directory: place,
                // Repositories of others never read outside their kustomizations.
                unrestricted: false,
                url: Some(entry.to_owned()),
                above: Some(self),
                session: self.session,
            }),
            Some(_) => Err(self.error(format!("'{entry}' refers to a file; expecting directory"))),
            None => Err(self.error(format!("'{entry}': the repository has no directory '{path}'"))),
        }
    }

    /// The bytes of a file that the kustomization names.
    pub(crate) fn bytes(&self, name: &str) -> Result<Arc<[u8]>, Error> {
        let bytes = self.find_bytes(name)?;
        self.session.spent.read(bytes.len(), &self.file)?;
        Ok(bytes)
    }

    fn find_bytes(&self, name: &str) -> Result<Arc<[u8]>, Error> {
        if is_remote_file(name) {
            let need = Need::File { url: name.to_owned() };
            return match self.session.get(&self.file, &need)? {
                Answer::Bytes(bytes) => Ok(bytes.clone()),
                Answer::Failed(reason) => Err(self.error(format!("'{name}': {reason}"))),
                Answer::Tree(_) => Err(self.error(format!("'{name}': expected a file"))),
            };
        }
        let path = self.directory.join(name).map_err(|error| self.error(error))?;
        match tree::resolve(self.tree, &path)? {
            Some((place, EntryKind::File)) => {
                if !self.unrestricted && place.below(&self.directory).is_none() {
                    let message = format!("security; file '{name}' is not in or below '{}'", self.directory);
                    return Err(self.error(message));
                }
                Ok(self.tree.read(&place)?)
            }
            Some(_) => Err(self.error(format!("'{name}' is a directory; expected a file"))),
            None => Err(self.error(format!("'{name}': no such file ({path})"))),
        }
    }

    /// The text of a file that the kustomization names.
    pub(crate) fn text(&self, name: &str) -> Result<String, Error> {
        let bytes = self.bytes(name)?;
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(self.error(format!("'{name}' is not valid UTF-8 text"))),
        }
    }
}

/// The objects of a text, as resources that come from a file.
pub(crate) fn objects_of(text: &str, file: &FileName) -> Result<Vec<Resource>, String> {
    let documents = objects::read(yaml::documents(text)?)?;
    let resource = |Document { value, blanks, respelled }| Resource {
        blanks,
        respelled,
        ..Resource::new(value, file.clone())
    };
    Ok(documents.into_iter().map(resource).collect())
}
