//! The signatures that a scope asks for: of a tag, of a commit, of all that came before it.

use std::collections::HashSet;
use std::sync::Arc;

use gix::ObjectId;
use gix::objs::Kind;
use types::SourceIntegrityCheckResult;

use super::{Keyring, Requirement, RevisionSignature, Scope, Verdict, check_result, object, verify};
use crate::access::Access;
use crate::git::Git;
use crate::git::Store;
use crate::{Error, Sources, Target, TargetKind, url};

/// Commits that the strict mode looks at before it gives up.
const MAX_COMMITS: usize = 100_000;

impl Sources {
    /// Checks the signatures that a project demands of one source at a commit. `None` when it demands nothing of it:
    /// there is no policy, the source is not in Git, or the check is switched off ([`crate::Options::signatures`]).
    ///
    /// `target` is the source as written: when its revision is an annotated tag that leads to `commit`, the tag's signature
    /// counts. The result goes into the status as it is; any problem in it means that the revision may not be synced.
    ///
    /// # Errors
    /// [`Error::Configuration`] when the policy itself is wrong, and as [`Git::open`] when what has to be checked cannot
    /// be fetched. On an error nothing was proven: the revision may not be synced either.
    pub async fn integrity(
        &self,
        target: &Target,
        commit: &str,
        requirement: &Requirement,
        keyring: &Arc<Keyring>,
        access: &Access,
    ) -> Result<Option<SourceIntegrityCheckResult>, Error> {
        if target.kind() != TargetKind::Git || !self.git().checks_signatures() {
            return Ok(None);
        }
        let (scope, keys) = match requirement {
            Requirement::Nothing => return Ok(None),
            Requirement::Wrong(reason) => {
                let repository = url::without_credentials(&target.repository);
                return Err(Error::Configuration { repository, reason: reason.clone() });
            }
            Requirement::Signed { scope, keys } => (*scope, keys),
        };
        let signatures = self.git().signatures(target, commit, scope, keyring, access).await?;
        Ok(Some(check_result(keys, &signatures)))
    }
}

impl Git {
    /// The signatures of a commit within a scope, the newest first; those of good ancestors are listed too.
    ///
    /// # Errors
    /// As [`Git::open`].
    pub async fn signatures(
        &self,
        target: &Target,
        commit: &str,
        scope: Scope,
        keyring: &Arc<Keyring>,
        access: &Access,
    ) -> Result<Vec<RevisionSignature>, Error> {
        let name = url::without_credentials(&target.repository);
        let content = |reason: String| Error::Content { repository: name.clone(), reason };
        let tag = self.annotated_tag(target, commit, access).await?;
        let mut signatures = Vec::new();
        if let Some((tag_name, store, id)) = &tag {
            let raw = raw(store, id, Kind::Tag).map_err(content)?;
            // What a tag leads to is said by the tag itself, not by the server that lists it.
            let wanted = ObjectId::from_hex(commit.as_bytes()).ok();
            if wanted.is_none() || object::target(&raw) != wanted {
                return Err(content(format!(
                    "the tag {tag_name} does not point at commit {commit} directly"
                )));
            }
            signatures.push(verify(tag_name, true, &object::tag(&raw), keyring));
            if scope == Scope::Head {
                return Ok(signatures);
            }
        }
        let store = self.commits(&target.repository, commit, scope == Scope::Strict, access).await?;
        let keyring = keyring.clone();
        let start = ObjectId::from_hex(commit.as_bytes()).map_err(|error| content(error.to_string()))?;
        let walking = tokio::task::spawn_blocking(move || walk(&store, start, scope, &keyring));
        let walked = walking.await.map_err(|error| content(error.to_string()))?.map_err(content)?;
        signatures.extend(walked);
        Ok(signatures)
    }
}

/// The signature of the commit and, in the strict scope, of its ancestors. A seal that is signed well vouches for all that
/// came before it.
fn walk(
    store: &Store,
    start: ObjectId,
    scope: Scope,
    keyring: &Keyring,
) -> Result<Vec<RevisionSignature>, String> {
    let (mut found, mut seen) = (Vec::new(), HashSet::from([start]));
    let mut ahead = std::collections::VecDeque::from([start]);
    while let Some(id) = ahead.pop_front() {
        if found.len() >= MAX_COMMITS {
            return Err(format!(
                "the history has more than {MAX_COMMITS} commits to verify; make a signed seal commit \
                 (Argocd-gpg-seal: in its message) or use mode head"
            ));
        }
        let signed = object::commit(&raw(store, &id, Kind::Commit)?);
        let signature = verify(&id.to_string(), false, &signed, keyring);
        let sealed = signed.sealed && signature.verdict == Verdict::Good;
        found.push(signature);
        if scope == Scope::Head || sealed {
            continue;
        }
        ahead.extend(signed.parents.into_iter().filter(|parent| seen.insert(*parent)));
    }
    Ok(found)
}

fn raw(store: &Store, id: &ObjectId, kind: Kind) -> Result<Vec<u8>, String> {
    match store.raw(id)? {
        Some(raw) if raw.kind == kind => Ok(raw.data),
        Some(raw) => Err(format!("object {id} is a {}, not a {kind}", raw.kind)),
        None => Err(format!("object {id} is missing from the store")),
    }
}
