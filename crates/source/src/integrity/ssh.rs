//! SSH signatures (`gpg.format=ssh`). They carry their public key: whether that key is one of the permitted ones is for the
//! project to say, by its fingerprint.

use russh::keys::ssh_key::SshSig;
use russh::keys::{HashAlg, PublicKey};

use super::Verdict;

/// What Git's signatures are made for, so that no signature for another purpose can pass for one.
const NAMESPACE: &str = "git";
/// The most bytes of one signature.
const MAX_SIGNATURE: usize = 64 << 10;

/// Checks a signature over `payload`. The second value is the key's fingerprint (`SHA256:…`).
pub(super) fn verify(signature: &str, payload: &[u8]) -> (Verdict, String) {
    if signature.len() > MAX_SIGNATURE {
        return (Verdict::Bad, String::new());
    }
    let Ok(signature) = SshSig::from_pem(signature.trim()) else { return (Verdict::Bad, String::new()) };
    let key = PublicKey::new(signature.public_key().clone(), "");
    let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
    match key.verify(NAMESPACE, payload, &signature) {
        Ok(()) => (Verdict::Good, fingerprint),
        Err(_) => (Verdict::Bad, fingerprint),
    }
}
