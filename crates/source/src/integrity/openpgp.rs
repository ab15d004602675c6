//! OpenPGP: the keyring of `argocd-gpg-keys-cm`, and signatures checked by it.
//!
//! The `pgp` crate does the cryptography and the parsing. What a key may do is decided here, from self-signatures that
//! were verified: whether it was revoked, until when it is valid, whether it (or which of its subkeys, bound in both
//! directions) may sign. The verdicts are those of GnuPG, where every imported key is trusted, with one exception:
//! signatures over MD5, SHA-1 and RIPEMD hashes are bad, since others can be made to have the same hash.

use pgp::composed::{Deserializable as _, DetachedSignature, SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureType, SubpacketData};
use pgp::types::{KeyDetails, Tag};
use types::GnuPGPublicKey;

use super::{Verdict, short_key_id};

/// The most bytes of one armored key: large ones have thousands of signatures by others.
const MAX_KEY: usize = 4 << 20;
/// The most bytes of one armored signature.
const MAX_SIGNATURE: usize = 64 << 10;

/// The public keys that signatures are checked with.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    certificates: Vec<Certificate>,
}

/// A key with its subkeys, and what its owner says of them.
#[derive(Debug, Clone)]
struct Certificate {
    key: SignedPublicKey,
    primary: Standing,
    /// Of each subkey that may sign, by its position.
    subkeys: Vec<(usize, Standing)>,
}

/// What may be done with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Standing {
    revoked: bool,
    may_sign: bool,
    created: u64,
    /// Seconds since 1970; `None` for never.
    expires: Option<u64>,
}

impl Keyring {
    /// Reads the entries of the ConfigMap: key ids (16 hexadecimal digits) and one armored public key each. Entries that
    /// are not so are left out, and the second value says why.
    pub fn read<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Self, Vec<String>) {
        let (mut certificates, mut problems) = (Vec::new(), Vec::new());
        for (name, text) in entries {
            match entry(name, text) {
                Ok(certificate) => certificates.push(certificate),
                Err(reason) => problems.push(format!("GnuPG key {name:?} is not used: {reason}")),
            }
        }
        (Self { certificates }, problems)
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    /// Checks an armored signature over `payload` at a time in seconds since 1970. The second value is the id of the
    /// key, as 16 hexadecimal digits.
    pub(super) fn verify(&self, signature: &str, payload: &[u8], now: u64) -> (Verdict, String) {
        if signature.len() > MAX_SIGNATURE {
            return (Verdict::Bad, String::new());
        }
        let Some(signature) = single_signature(signature) else { return (Verdict::Bad, String::new()) };
        let key_id = issuer(&signature);
        let Some((certificate, position)) = self.find(&key_id) else { return (Verdict::MissingKey, key_id) };
        let standing = match position {
            None => Some(certificate.primary),
            Some(position) => {
                let known = certificate.subkeys.iter().find(|(index, _)| *index == position);
                known.map(|(_, standing)| *standing)
            }
        };
        let Some(standing) = standing.filter(|standing| standing.may_sign) else {
            return (Verdict::Bad, key_id);
        };
        let data = matches!(signature.typ(), Some(SignatureType::Binary | SignatureType::Text));
        let strong = signature.hash_alg().is_some_and(|hash| !is_weak(hash));
        let verified = match position {
            None => signature.verify(&certificate.key.primary_key, payload),
            Some(position) => signature.verify(&certificate.key.public_subkeys[position].key, payload),
        };
        let created = signature.created().map(|time| u64::from(time.as_secs()));
        let Some(created) = created.filter(|created| *created >= standing.created) else {
            return (Verdict::Bad, key_id);
        };
        if !data || !strong || verified.is_err() {
            return (Verdict::Bad, key_id);
        }
        if standing.revoked || certificate.primary.revoked {
            return (Verdict::RevokedKey, key_id);
        }
        let lifetime = signature.signature_expiration_time().map_or(0, |time| u64::from(time.as_secs()));
        if lifetime > 0 && created.saturating_add(lifetime) <= now {
            return (Verdict::ExpiredSignature, key_id);
        }
        let expired = |standing: Standing| standing.expires.is_some_and(|expires| expires <= now);
        if expired(standing) || expired(certificate.primary) {
            return (Verdict::ExpiredKey, key_id);
        }
        (Verdict::Good, key_id)
    }

    /// The key of that id, with the position of the subkey that it is.
    fn find(&self, key_id: &str) -> Option<(&Certificate, Option<usize>)> {
        self.certificates.iter().find_map(|certificate| {
            if id_of(&certificate.key.primary_key) == key_id {
                return Some((certificate, None));
            }
            let subkeys = &certificate.key.public_subkeys;
            let position = subkeys.iter().position(|subkey| id_of(&subkey.key) == key_id)?;
            Some((certificate, Some(position)))
        })
    }
}

/// What a text of armored public keys holds, as the API shows it.
///
/// # Errors
/// When it is no such text, or a key has no valid self-signature.
pub fn read_keys(text: &str) -> Result<Vec<GnuPGPublicKey>, String> {
    parse(text)?.into_iter().map(|key| certificate(key).map(|certificate| describe(&certificate))).collect()
}

fn describe(certificate: &Certificate) -> GnuPGPublicKey {
    use pgp::types::PublicParams;
    use rsa::traits::PublicKeyParts as _;
    let key = &certificate.key;
    let owner = key.details.users.first();
    let algorithm = match key.primary_key.public_params() {
        PublicParams::RSA(parameters) => format!("rsa{}", parameters.key.n().bits()),
        PublicParams::EdDSALegacy(_) | PublicParams::Ed25519(_) => "ed25519".to_owned(),
        PublicParams::ECDSA(_) => "ecdsa".to_owned(),
        PublicParams::DSA(_) => "dsa".to_owned(),
        PublicParams::Ed448(_) => "ed448".to_owned(),
        _ => "unknown".to_owned(),
    };
    GnuPGPublicKey {
        key_id: id_of(&key.primary_key),
        fingerprint: hex(key.primary_key.fingerprint().as_bytes()),
        owner: owner.map(|user| String::from_utf8_lossy(user.id.id()).into_owned()).unwrap_or_default(),
        trust: "unknown".to_owned(),
        sub_type: algorithm,
        key_data: String::new(),
    }
}

fn entry(name: &str, text: &str) -> Result<Certificate, String> {
    let keys = parse(text)?;
    let count = keys.len();
    let mut keys = keys.into_iter();
    let (Some(key), None) = (keys.next(), keys.next()) else {
        return Err(format!("it holds {count} keys; each entry is for one"));
    };
    let id = id_of(&key.primary_key);
    if id != short_key_id(name) {
        return Err(format!("the key in it has the id {id}"));
    }
    certificate(key)
}

fn parse(text: &str) -> Result<Vec<SignedPublicKey>, String> {
    if text.len() > MAX_KEY {
        return Err(format!("it is larger than {MAX_KEY} bytes"));
    }
    let unreadable = |error: pgp::errors::Error| format!("it is no armored public key: {error}");
    let (keys, _) = SignedPublicKey::from_string_many(text).map_err(unreadable)?;
    keys.collect::<Result<_, _>>().map_err(unreadable)
}

fn single_signature(text: &str) -> Option<Signature> {
    let (signatures, _) = DetachedSignature::from_string_many(text).ok()?;
    let mut signatures = signatures.take(2);
    match (signatures.next(), signatures.next()) {
        (Some(Ok(signature)), None) => Some(signature.signature),
        _ => None,
    }
}

/// Reads what a key's owner says of it. Only verified self-signatures count.
fn certificate(key: SignedPublicKey) -> Result<Certificate, String> {
    let primary_key = &key.primary_key;
    let created = u64::from(primary_key.created_at().as_secs());
    let revoked = key.details.revocation_signatures.iter().any(|signature| {
        signature.typ() == Some(SignatureType::KeyRevocation) && signature.verify_key(primary_key).is_ok()
    });
    let mut own: Vec<&Signature> = key
        .details
        .direct_signatures
        .iter()
        .filter(|signature| signature.verify_key(primary_key).is_ok())
        .collect();
    for user in &key.details.users {
        own.extend(user.signatures.iter().filter(|signature| {
            signature.is_certification()
                && signature.verify_certification(primary_key, Tag::UserId, &user.id).is_ok()
        }));
    }
    let newest = newest(own).ok_or("it has no valid signature of its own owner")?;
    let primary = standing(newest, created, revoked);
    let subkeys = key.public_subkeys.iter().enumerate();
    let subkeys =
        subkeys.filter_map(|(index, subkey)| Some((index, subkey_standing(&key, subkey)?))).collect();
    Ok(Certificate { primary, subkeys, key })
}

/// What may be done with a subkey; `None` when nothing valid binds it to its primary key for signing.
fn subkey_standing(key: &SignedPublicKey, subkey: &SignedPublicSubKey) -> Option<Standing> {
    let primary = &key.primary_key;
    let valid = |kind: SignatureType| {
        let of_kind = subkey.signatures.iter().filter(move |signature| signature.typ() == Some(kind));
        of_kind.filter(|signature| signature.verify_subkey_binding(primary, &subkey.key).is_ok())
    };
    let binding = newest(valid(SignatureType::SubkeyBinding).collect())?;
    // A signing subkey agrees to the bond, or anybody could claim somebody else's signatures.
    let agreed = binding
        .embedded_signature()
        .is_some_and(|back| back.verify_primary_key_binding(&subkey.key, primary).is_ok());
    if !binding.key_flags().sign() || !agreed {
        return None;
    }
    let revoked = valid(SignatureType::SubkeyRevocation).next().is_some();
    Some(standing(binding, u64::from(subkey.key.created_at().as_secs()), revoked))
}

fn standing(signature: &Signature, created: u64, revoked: bool) -> Standing {
    let flagged = signature.config().is_some_and(|config| {
        config.hashed_subpackets().any(|packet| matches!(packet.data, SubpacketData::KeyFlags(_)))
    });
    let lifetime = signature.key_expiration_time().map_or(0, |time| u64::from(time.as_secs()));
    Standing {
        revoked,
        // Old keys say nothing of what they are for.
        may_sign: !flagged || signature.key_flags().sign(),
        created,
        expires: (lifetime > 0).then(|| created.saturating_add(lifetime)),
    }
}

fn newest(signatures: Vec<&Signature>) -> Option<&Signature> {
    signatures.into_iter().max_by_key(|signature| signature.created().map(|time| time.as_secs()))
}

/// Who made a signature, as it says itself.
fn issuer(signature: &Signature) -> String {
    if let Some(fingerprint) = signature.issuer_fingerprint().first() {
        let digits = hex(fingerprint.as_bytes());
        // Newer keys are called by the beginning of their fingerprint.
        return if digits.len() == 40 { digits[24..].to_owned() } else { digits.chars().take(16).collect() };
    }
    signature.issuer_key_id().first().map(|id| hex(id.as_ref())).unwrap_or_default()
}

fn id_of(key: &impl KeyDetails) -> String {
    hex(key.legacy_key_id().as_ref())
}

fn is_weak(hash: HashAlgorithm) -> bool {
    matches!(hash, HashAlgorithm::None | HashAlgorithm::Md5 | HashAlgorithm::Sha1 | HashAlgorithm::Ripemd160)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
