//! What a commit says of itself, and what changed between two.

use gix::ObjectId;
use tree::{EntryKind, TreePath};
use types::{RevisionMetadata, Time};

use super::refs::References;
use super::trailers;
use super::tree::GitTree;
use crate::Error;

/// Differences listed before a comparison gives up and says "everything may have changed".
const MAX_CHANGES: usize = 100_000;

/// Author, date, message and tags of the tree's commit.
pub(crate) fn metadata(
    repository: &str,
    tree: &GitTree,
    references: Option<&References>,
) -> Result<RevisionMetadata, Error> {
    let broken = |reason: String| Error::Content { repository: repository.to_owned(), reason };
    let id = ObjectId::from_hex(tree.commit().as_bytes()).map_err(|error| broken(error.to_string()))?;
    let raw = tree
        .store()
        .raw(&id)
        .map_err(broken)?
        .ok_or_else(|| broken(format!("commit {id} is missing from the store")))?;
    let commit = gix::objs::CommitRef::from_bytes(&raw.data, id.kind())
        .map_err(|error| broken(format!("commit {id} is damaged: {error}")))?;
    let (author, date) = match commit.author() {
        Ok(author) => {
            let date = author.time().ok().and_then(|time| jiff::Timestamp::from_second(time.seconds).ok());
            (format!("{} <{}>", author.name, author.email), date.map(Time))
        }
        Err(_) => (String::new(), None),
    };
    Ok(RevisionMetadata {
        author,
        date,
        tags: references.map(|references| references.tags_of(tree.commit())).unwrap_or_default(),
        references: trailers::references(&commit.message.to_string()),
        message: commit.message.to_string().trim().to_owned(),
        ..RevisionMetadata::default()
    })
}

/// The paths of files that differ between two commits; `None` when there are too many to tell, or when a submodule has
/// moved.
///
/// Directories with equal ids are not entered, so the cost follows the change.
pub(crate) fn changed_paths(old: &GitTree, new: &GitTree) -> Result<Option<Vec<TreePath>>, tree::TreeError> {
    let mut changed = Vec::new();
    let mut ahead = vec![(TreePath::root(), Some(*old.root()), Some(*new.root()))];
    while let Some((path, left, right)) = ahead.pop() {
        if left == right {
            continue;
        }
        let entries = |tree: &GitTree, id: Option<ObjectId>| match id {
            Some(id) => tree.store().directory_entries(&id, &path).map(|entries| entries.to_vec()),
            None => Ok(Vec::new()),
        };
        let (left, right) = (entries(old, left)?, entries(new, right)?);
        for pair in pairs(&left, &right) {
            let (name, before, after) = pair;
            if before == after {
                continue;
            }
            let Ok(child) = path.join(name) else { continue };
            let directory = |entry: Option<&tree::Entry>| {
                entry
                    .filter(|entry| entry.kind == EntryKind::Directory)
                    .and_then(|entry| ObjectId::try_from(entry.oid.as_bytes()).ok())
            };
            let (from, to) = (directory(before), directory(after));
            let is_file =
                |entry: Option<&tree::Entry>| entry.is_some_and(|entry| entry.kind != EntryKind::Directory);
            let is_module =
                |entry: Option<&tree::Entry>| entry.is_some_and(|entry| entry.kind == EntryKind::Submodule);
            if is_module(before) || is_module(after) {
                // What differs inside is not known here.
                return Ok(None);
            }
            if is_file(before) || is_file(after) {
                changed.push(child.clone());
            }
            if from.is_some() || to.is_some() {
                ahead.push((child, from, to));
            }
        }
        if changed.len() > MAX_CHANGES {
            return Ok(None);
        }
    }
    changed.sort();
    Ok(Some(changed))
}

type Pair<'a> = (&'a str, Option<&'a tree::Entry>, Option<&'a tree::Entry>);

/// Entries of both sorted lists, joined by name.
fn pairs<'a>(left: &'a [(String, tree::Entry)], right: &'a [(String, tree::Entry)]) -> Vec<Pair<'a>> {
    let mut pairs = Vec::with_capacity(left.len().max(right.len()));
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return pairs,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((one, _)), Some((other, _))) => one.cmp(other),
        };
        let before = if order.is_le() { left.next() } else { None };
        let after = if order.is_ge() { right.next() } else { None };
        let Some((name, _)) = before.or(after) else { return pairs };
        pairs.push((name, before.map(|(_, entry)| entry), after.map(|(_, entry)| entry)));
    }
}
