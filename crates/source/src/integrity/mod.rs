//! Signatures of commits and tags: who signed, whether it holds, and whether the project permits the key.
//!
//! ```text
//!  AppProject ──Requirement::of──▶ scope and keys
//!                                      │
//!  commit, tag ──Git::signatures──▶ RevisionSignature ──check_result──▶ SourceIntegrityCheckResult
//!                   Keyring
//! ```
//!
//! [`crate::Sources::integrity`] does all of it. OpenPGP signatures are checked with the keys of `argocd-gpg-keys-cm`
//! ([`Keyring`]); SSH signatures, which Argo CD does not know, carry their key, and a project permits them by listing its
//! fingerprint (`SHA256:…`) among the keys of the policy. What cannot be told is not good.

mod history;
mod object;
mod openpgp;
mod policy;
mod ssh;

use std::fmt;

pub use openpgp::{Keyring, read_keys};
pub use policy::{Requirement, Scope, check_result, of_source};

/// What was found out about one signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It holds, and its key is known and valid. Whether the key is permitted is another question.
    Good,
    /// It does not hold, or cannot be read.
    Bad,
    /// It holds, but has expired.
    ExpiredSignature,
    /// It holds, but its key has expired.
    ExpiredKey,
    /// It holds, but its key was revoked.
    RevokedKey,
    /// Its key is not in the keyring.
    MissingKey,
    /// There is none.
    Unsigned,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Good => "good signature",
            Self::Bad => "bad signature",
            Self::ExpiredSignature => "expired signature",
            Self::ExpiredKey => "signed with expired key",
            Self::RevokedKey => "signed with revoked key",
            Self::MissingKey => "signed with key not in keyring",
            Self::Unsigned => "unsigned",
        })
    }
}

/// The signature of one commit or tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionSignature {
    /// The commit's id, or the tag's name.
    pub revision: String,
    /// Whether it is an annotated tag.
    pub is_tag: bool,
    /// The commit's author or the tagger, as `Name <address>`.
    pub author: String,
    /// What was found out.
    pub verdict: Verdict,
    /// 16 hexadecimal digits of the OpenPGP key that signed (the subkey, if one did), or the fingerprint of the SSH
    /// key; empty when unknown.
    pub key_id: String,
}

/// The form in which key ids are compared: the last 16 digits of fingerprints, in upper case. SSH fingerprints stay.
pub(crate) fn short_key_id(text: &str) -> String {
    let text = text.trim();
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    match digits.len() {
        40 if is_hex => digits[24..].to_uppercase(),
        16 if is_hex => digits.to_uppercase(),
        _ => text.to_owned(),
    }
}

/// Takes the raw content of a commit or an annotated tag apart and checks its signature.
pub fn check(content: &[u8], is_tag: bool, keyring: &Keyring) -> RevisionSignature {
    let signed = if is_tag { object::tag(content) } else { object::commit(content) };
    verify("", is_tag, &signed, keyring)
}

/// Checks one commit or tag, given as Git stores it.
fn verify(revision: &str, is_tag: bool, signed: &object::Signed, keyring: &Keyring) -> RevisionSignature {
    let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default();
    let (verdict, key_id) = match &signed.signature {
        None => (Verdict::Unsigned, String::new()),
        Some(_) if signed.ambiguous => (Verdict::Bad, String::new()),
        Some((object::Format::OpenPgp, text)) => keyring.verify(text, &signed.payload, now),
        Some((object::Format::Ssh, text)) => ssh::verify(text, &signed.payload),
        Some((object::Format::Other, _)) => (Verdict::MissingKey, String::new()),
    };
    RevisionSignature {
        revision: revision.to_owned(),
        is_tag,
        author: signed.author.clone(),
        verdict,
        key_id,
    }
}
