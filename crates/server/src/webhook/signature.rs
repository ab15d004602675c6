//! Whether a payload comes from who it says: HMAC-SHA256, and secrets compared in constant time.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

/// The length of SHA-256's blocks.
const BLOCK: usize = 64;

/// The HMAC-SHA256 of a message (RFC 2104).
pub(super) fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; BLOCK];
    let hashed;
    let key = if key.len() > BLOCK {
        hashed = Sha256::digest(key);
        hashed.as_slice()
    } else {
        key
    };
    for (slot, byte) in block.iter_mut().zip(key) {
        *slot = *byte;
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().to_vec()
}

/// Whether two secrets are the same, in a time that doesn't tell where they differ.
pub(super) fn same(left: &[u8], right: &[u8]) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).fold(0, |differs, (left, right)| differs | (left ^ right)) == 0
}

/// Whether `signature` is the HMAC of a payload in hexadecimal, after `prefix`.
pub(super) fn is_hex_hmac(signature: &str, prefix: &str, secret: &str, payload: &[u8]) -> bool {
    let Some(hex) = signature.strip_prefix(prefix) else { return false };
    let wanted: String =
        hmac_sha256(secret.as_bytes(), payload).iter().map(|byte| format!("{byte:02x}")).collect();
    same(hex.to_ascii_lowercase().as_bytes(), wanted.as_bytes())
}

/// Whether an `Authorization` header holds a user name and password.
pub(super) fn is_basic(header: &str, user: &str, password: &str) -> bool {
    let sent = header.strip_prefix("Basic ").and_then(|text| BASE64.decode(text.trim()).ok());
    sent.is_some_and(|sent| same(&sent, format!("{user}:{password}").as_bytes()))
}
