//! Whether the commits of an application are signed as its project demands, found out before anything is rendered: an
//! unsigned commit is not even shown to a plugin.
//!
//! What was found out is kept for some minutes, as a strict policy may walk a long history.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use source::integrity::{Keyring, Requirement, of_source};
use source::{Sources, Target};
use types::{ApplicationSource, SourceIntegrityCheckResult};

use crate::error::RenderError;
use crate::request::RenderRequest;

/// How long a result is good for: keys and signatures can expire.
const LIFETIME: Duration = Duration::from_secs(600);
/// Results that are kept.
const MAX_KEPT: usize = 10_000;

/// What a project demands of the sources of an application.
#[derive(Debug, Clone, Default)]
pub struct Integrity {
    /// One for each source; those that are missing demand nothing.
    pub requirements: Vec<Requirement>,
    /// The keys that are known (`argocd-gpg-keys-cm`).
    pub keyring: Arc<Keyring>,
}

impl Integrity {
    /// What a project demands of these sources.
    pub fn of(project: &types::AppProjectSpec, sources: &[ApplicationSource], keyring: Arc<Keyring>) -> Self {
        let requirements = sources.iter().map(|source| Requirement::of(project, &source.repo_url)).collect();
        Self { requirements, keyring }
    }
}

/// What was asked about: repository, revision as written, commit, and what was demanded.
type Question = (String, String, String, String);

struct Known {
    result: Option<SourceIntegrityCheckResult>,
    /// Held, so that its address names no other.
    keyring: Arc<Keyring>,
    found: Instant,
}

/// Results of checks.
#[derive(Default)]
pub(crate) struct Checks {
    known: Mutex<HashMap<Question, Known>>,
}

impl Checks {
    /// The result for one source at a revision; `None` when nothing is demanded.
    ///
    /// # Errors
    /// When the signatures cannot be looked at, or one is not as demanded.
    pub(crate) async fn check(
        &self,
        sources: &Sources,
        request: &RenderRequest,
        position: usize,
        source: &ApplicationSource,
        commit: &str,
    ) -> Result<Option<SourceIntegrityCheckResult>, RenderError> {
        let Integrity { requirements, keyring } = &request.integrity;
        let Some(requirement) = requirements.get(position).filter(|requirement| !requirement.is_nothing())
        else {
            return Ok(None);
        };
        let target = Target::of(source);
        let question = (
            target.repository.clone(),
            target.revision.clone(),
            commit.to_owned(),
            format!("{requirement:?}"),
        );
        let result = match self.kept(&question, keyring) {
            Some(result) => result,
            None => {
                let access = request.credentials.access(&source.repo_url, &request.project);
                let result = sources.integrity(&target, commit, requirement, keyring, &access).await?;
                self.keep(question, keyring, result.clone());
                result
            }
        };
        let Some(result) = result else { return Ok(None) };
        let count = request.sources.len();
        let result = if count > 1 { of_source(result, &source.name, position, count) } else { result };
        let problems: Vec<&str> =
            result.checks.iter().flat_map(|check| &check.problems).map(String::as_str).collect();
        if problems.is_empty() {
            return Ok(Some(result));
        }
        let names: Vec<&str> = result.checks.iter().map(|check| check.name.as_str()).collect();
        Err(RenderError::Integrity { check: names.join(", "), problems: problems.join("\n") })
    }

    fn kept(
        &self,
        question: &Question,
        keyring: &Arc<Keyring>,
    ) -> Option<Option<SourceIntegrityCheckResult>> {
        let known = self.known.lock();
        let known = known.get(question)?;
        let holds = Arc::ptr_eq(&known.keyring, keyring) && known.found.elapsed() < LIFETIME;
        holds.then(|| known.result.clone())
    }

    fn keep(&self, question: Question, keyring: &Arc<Keyring>, result: Option<SourceIntegrityCheckResult>) {
        let mut known = self.known.lock();
        if known.len() >= MAX_KEPT {
            known.clear();
        }
        known.insert(question, Known { result, keyring: keyring.clone(), found: Instant::now() });
    }
}
