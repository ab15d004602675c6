//! What a project demands of a repository's signatures, and the words in which a breach is told. Pure.
//!
//! The demands are `AppProject.spec.sourceIntegrity.git.policies` or, without them, the older `signatureKeys`.

use std::collections::HashSet;

use types::glob::Glob;
use types::{
    AppProjectSpec, SourceIntegrityCheckResult, SourceIntegrityCheckResultItem, SourceIntegrityGitPolicy,
};

use super::{RevisionSignature, Verdict, short_key_id};
use crate::url;

/// The name of the check in results and conditions.
const CHECK: &str = "GIT/GPG";
/// Problems told of one source.
const MAX_PROBLEMS: usize = 10;

/// What a project demands of one Git repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// Nothing.
    Nothing,
    /// Signatures by one of these keys.
    Signed {
        /// How far back.
        scope: Scope,
        /// The permitted keys as the project writes them: fingerprints or 16 digits of OpenPGP keys, or
        /// `SHA256:…` fingerprints of SSH keys.
        keys: Vec<String>,
    },
    /// The policy itself is wrong, so that nothing can pass until it is put right.
    Wrong(String),
}

/// Which signatures are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// That of the annotated tag if the revision is one, else that of the commit (mode `head`).
    Head,
    /// That of the tag, and those of the commit and all its ancestors, down to signed seals (mode `strict`).
    Strict,
}

impl Requirement {
    /// What a project demands of a Git repository. Helm and OCI sources are not for this check.
    pub fn of(project: &AppProjectSpec, repository: &str) -> Self {
        let Some(git) = project.source_integrity.as_ref().and_then(|integrity| integrity.git.as_ref()) else {
            if project.signature_keys.is_empty() {
                return Self::Nothing;
            }
            let keys = project.signature_keys.iter().map(|key| key.key_id.clone()).collect();
            return Self::Signed { scope: Scope::Head, keys };
        };
        let mut applicable = Vec::new();
        for policy in &git.policies {
            match applies(policy, repository) {
                Ok(true) => applicable.push(policy),
                Ok(false) => {}
                // A pattern that cannot be read must not switch the check off.
                Err(reason) => return Self::Wrong(reason),
            }
        }
        let policy = match applicable[..] {
            [] => return Self::Nothing,
            [policy] => policy,
            _ => {
                let count = applicable.len();
                return Self::Wrong(format!(
                    "multiple ({count}) git source integrity policies found for repo URL: {repository}"
                ));
            }
        };
        let Some(gpg) = &policy.gpg else { return Self::Nothing };
        let scope = match gpg.mode.as_str() {
            "none" => return Self::Nothing,
            "head" => Scope::Head,
            "strict" => Scope::Strict,
            other => {
                return Self::Wrong(format!(
                    "unknown GPG mode {other:?} configured for GIT source integrity"
                ));
            }
        };
        Self::Signed { scope, keys: gpg.keys.clone() }
    }

    /// Whether anything is demanded.
    pub fn is_nothing(&self) -> bool {
        *self == Self::Nothing
    }
}

/// Whether one of the policy's patterns means the repository and no veto (`!`) does. The URL is tried as written and in
/// its normal form, so that another spelling of it is no way around the policy.
fn applies(policy: &SourceIntegrityGitPolicy, repository: &str) -> Result<bool, String> {
    let normal = url::normalize(repository);
    let mut included = false;
    for pattern in &policy.repos {
        let (text, veto) = match pattern.url.strip_prefix('!') {
            Some(text) => (text, true),
            None => (pattern.url.as_str(), false),
        };
        let read = |text: &str| {
            Glob::new(text, &[])
                .map_err(|error| format!("source integrity policy: repository pattern: {error}"))
        };
        let means = read(text)?.matches(repository) || read(&url::normalize(text))?.matches(&normal);
        match (means, veto) {
            (true, true) => return Ok(false),
            (true, false) => included = true,
            _ => {}
        }
    }
    Ok(included)
}

/// The result of the check in the form of the Application's status, from the signatures that were looked at.
pub fn check_result(keys: &[String], signatures: &[RevisionSignature]) -> SourceIntegrityCheckResult {
    let allowed: HashSet<String> = keys.iter().map(|key| short_key_id(key)).collect();
    let mut told = HashSet::new();
    let mut problems = Vec::new();
    for signature in signatures {
        let Some(problem) = problem(&allowed, signature) else { continue };
        // A key is told once for commits. Unsigned ones differ by author; tags are signed by themselves.
        let once = !signature.key_id.is_empty() && !signature.is_tag;
        if once && !told.insert(signature.key_id.clone()) {
            continue;
        }
        problems.push(problem);
        if problems.len() == MAX_PROBLEMS {
            break;
        }
    }
    SourceIntegrityCheckResult {
        checks: vec![SourceIntegrityCheckResultItem { name: CHECK.to_owned(), problems }],
    }
}

fn problem(allowed: &HashSet<String>, signature: &RevisionSignature) -> Option<String> {
    let verdict = match signature.verdict {
        Verdict::Good if allowed.contains(&short_key_id(&signature.key_id)) => return None,
        Verdict::Good => "signed with unallowed key".to_owned(),
        other => other.to_string(),
    };
    Some(format!(
        "Failed verifying revision {} by '{}': {verdict} (key_id={})",
        signature.revision, signature.author, signature.key_id
    ))
}

/// Puts the source's name or position before the problems, for applications of several sources.
pub fn of_source(
    mut result: SourceIntegrityCheckResult,
    name: &str,
    position: usize,
    count: usize,
) -> SourceIntegrityCheckResult {
    let prefix = match name {
        "" => format!("source {} of {count}: ", position + 1),
        name => format!("source {name}: "),
    };
    for problem in result.checks.iter_mut().flat_map(|check| &mut check.problems) {
        problem.insert_str(0, &prefix);
    }
    result
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn project(spec: serde_json::Value) -> AppProjectSpec {
        serde_json::from_value(spec).unwrap()
    }

    fn policy(repos: &[&str], mode: &str) -> serde_json::Value {
        let repos: Vec<_> = repos.iter().map(|url| json!({"url": url})).collect();
        json!({"repos": repos, "gpg": {"mode": mode, "keys": ["D56C4FCA57A46444"]}})
    }

    #[test]
    fn the_one_policy_that_means_the_repository_counts() {
        let with = |policies: Vec<serde_json::Value>| {
            project(json!({"sourceIntegrity": {"git": {"policies": policies}}}))
        };
        let signed = |scope| Requirement::Signed { scope, keys: vec!["D56C4FCA57A46444".into()] };
        let repository = "https://git.example.com/team/app.git";
        for (policies, expected) in [
            (vec![], Requirement::Nothing),
            (vec![policy(&["*"], "head")], signed(Scope::Head)),
            (vec![policy(&["https://git.example.com/*"], "strict")], signed(Scope::Strict)),
            (vec![policy(&["https://git.example.com/team/app"], "head")], signed(Scope::Head)),
            (vec![policy(&["https://GIT.example.com/team/*"], "head")], signed(Scope::Head)),
            (vec![policy(&["*", "!https://git.example.com/team/*"], "head")], Requirement::Nothing),
            (vec![policy(&["https://elsewhere/*"], "head")], Requirement::Nothing),
            (vec![policy(&["*"], "none")], Requirement::Nothing),
            (
                vec![policy(&["*"], "head"), policy(&["https://git*"], "none")],
                Requirement::Wrong(format!(
                    "multiple (2) git source integrity policies found for repo URL: {repository}"
                )),
            ),
            (
                vec![policy(&["*"], "deep")],
                Requirement::Wrong("unknown GPG mode \"deep\" configured for GIT source integrity".into()),
            ),
        ] {
            assert_eq!(Requirement::of(&with(policies.clone()), repository), expected, "{policies:?}");
        }
        let broken = Requirement::of(&with(vec![policy(&["https://[git"], "head")]), repository);
        assert!(matches!(broken, Requirement::Wrong(_)), "{broken:?}");
        let old = json!({"signatureKeys": [{"keyID": "D56C4FCA57A46444"}]});
        assert_eq!(Requirement::of(&project(old.clone()), repository), signed(Scope::Head));
        let mut both = old;
        both["sourceIntegrity"] = json!({"git": {"policies": []}});
        assert_eq!(
            Requirement::of(&project(both), repository),
            Requirement::Nothing,
            "the newer field counts"
        );
    }

    #[test]
    fn problems_are_told_in_the_fields_words() {
        let signature = |verdict, key: &str, is_tag| RevisionSignature {
            revision: if is_tag { "v1".into() } else { "aafc9e8".into() },
            is_tag,
            author: "A <a@b>".into(),
            verdict,
            key_id: key.into(),
        };
        let keys = ["0123456789012345678901234567890123456789".to_owned(), "SHA256:abc".to_owned()];
        let problems =
            |signatures: &[RevisionSignature]| check_result(&keys, signatures).checks[0].problems.clone();
        assert!(
            problems(&[
                signature(Verdict::Good, "4567890123456789", false),
                signature(Verdict::Good, "SHA256:abc", true),
            ])
            .is_empty()
        );
        assert_eq!(
            problems(&[
                signature(Verdict::Good, "FFFF567890123456", false),
                signature(Verdict::RevokedKey, "bad", false),
                signature(Verdict::RevokedKey, "bad", false),
                signature(Verdict::Unsigned, "", false),
                signature(Verdict::Unsigned, "", false),
                signature(Verdict::MissingKey, "bad", true),
            ]),
            [
                "Failed verifying revision aafc9e8 by 'A <a@b>': signed with unallowed key (key_id=FFFF567890123456)",
                "Failed verifying revision aafc9e8 by 'A <a@b>': signed with revoked key (key_id=bad)",
                "Failed verifying revision aafc9e8 by 'A <a@b>': unsigned (key_id=)",
                "Failed verifying revision aafc9e8 by 'A <a@b>': unsigned (key_id=)",
                "Failed verifying revision v1 by 'A <a@b>': signed with key not in keyring (key_id=bad)",
            ]
        );
        // A bad signature is told even when its key has a good one elsewhere.
        let good_then_bad = [
            signature(Verdict::Good, "4567890123456789", false),
            signature(Verdict::Bad, "4567890123456789", false),
        ];
        assert_eq!(problems(&good_then_bad).len(), 1);
        let many = vec![signature(Verdict::Unsigned, "", false); 30];
        assert_eq!(problems(&many).len(), 10);
        let result = of_source(check_result(&keys, &many[..1]), "", 1, 3);
        assert!(result.checks[0].problems[0].starts_with("source 2 of 3: Failed"));
        let result = of_source(check_result(&keys, &many[..1]), "uno", 1, 3);
        assert!(result.checks[0].problems[0].starts_with("source uno: Failed"));
    }
}
