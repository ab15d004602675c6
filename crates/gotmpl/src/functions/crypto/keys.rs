//! Private keys: RSA, ECDSA on P-256 and Ed25519, made, read and written as Go does.

use std::sync::Arc;

use ed25519_dalek::Signer;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use rsa::rand_core::{CryptoRng, Error, RngCore};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rsa::{BigUint, Pkcs1v15Sign, RsaPrivateKey};
use sha2::{Digest, Sha256};

use super::der::{self, Reader};
use super::primes::{EXPONENT, random_prime};
use crate::environment::Environment;
use crate::exec::State;
use crate::functions::{FunctionError, Functions, Signature, text_of};
use crate::value::{Type, Value};

/// A private key.
pub(super) enum Key {
    Rsa(Box<RsaPrivateKey>),
    Ecdsa(p256::SecretKey),
    Ed25519(ed25519_dalek::SigningKey),
}

/// The environment's randomness in the form that key generation asks for.
struct Randomness(Arc<dyn Environment>);

impl RngCore for Randomness {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl CryptoRng for Randomness {}

const RSA_ID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const RSA_SHA256_ID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const EC_ID: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256_ID: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const ECDSA_SHA256_ID: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const ED25519_ID: &[u8] = &[0x2b, 0x65, 0x70];
/// What RSA signs besides the hash: that it is a SHA-256.
const SHA256_PREFIX: &[u8] = &[
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];
const NULL: &[u8] = &[0x05, 0x00];

fn algorithm(id: &[u8], parameters: &[u8]) -> Vec<u8> {
    der::sequence(&[der::element(der::OBJECT_ID, id), parameters.to_vec()])
}

/// Makes an RSA key of 2048 bits, or of 4096 if more are asked for. This takes long, so each costs a good part of the
/// budget.
pub(super) fn generate_rsa(state: &mut State, bits: usize) -> Result<Key, FunctionError> {
    state.charge(bits * 1024)?;
    let environment = state.environment().clone();
    let fill = |bytes: &mut [u8]| environment.fill(bytes);
    let prime = || if bits > 2048 { random_prime::<32>(&fill) } else { random_prime::<16>(&fill) };
    let key = RsaPrivateKey::from_p_q(prime(), prime(), BigUint::from(EXPONENT))
        .map_err(|error| FunctionError::from(format!("error generating rsa key: {error}")))?;
    Ok(Key::Rsa(Box::new(key)))
}

fn generate(state: &mut State, kind: &str) -> Result<Option<Key>, FunctionError> {
    Ok(Some(match kind {
        "" | "rsa" => generate_rsa(state, 4096)?,
        "ecdsa" => Key::Ecdsa(p256::SecretKey::random(&mut Randomness(state.environment().clone()))),
        "ed25519" => {
            let mut seed = [0; 32];
            state.environment().fill(&mut seed);
            Key::Ed25519(ed25519_dalek::SigningKey::from_bytes(&seed))
        }
        "dsa" => return Err("DSA keys can't be generated here; use rsa, ecdsa or ed25519".into()),
        _ => return Ok(None),
    }))
}

impl Key {
    /// The key in PEM, in the form that is usual for its kind.
    pub(super) fn to_pem(&self) -> String {
        match self {
            Key::Rsa(key) => {
                let number = |number: &BigUint| der::unsigned(&number.to_bytes_be());
                let (p, q) = match key.primes() {
                    [p, q, ..] => (p.clone(), q.clone()),
                    _ => (BigUint::default(), BigUint::default()),
                };
                let one = BigUint::from(1u8);
                let remainder =
                    |prime: &BigUint| if *prime > one { key.d() % (prime - &one) } else { one.clone() };
                let inverse = key.crt_coefficient().unwrap_or_default();
                let parts = [
                    der::unsigned(&[0]),
                    number(key.n()),
                    number(key.e()),
                    number(key.d()),
                    number(&p),
                    number(&q),
                    number(&remainder(&p)),
                    number(&remainder(&q)),
                    number(&inverse),
                ];
                der::to_pem("RSA PRIVATE KEY", &der::sequence(&parts))
            }
            Key::Ecdsa(key) => {
                let parts = [
                    der::unsigned(&[1]),
                    der::element(der::OCTET_STRING, &key.to_bytes()),
                    der::element(0xa0, &der::element(der::OBJECT_ID, P256_ID)),
                    der::element(0xa1, &der::bits(&self.public_bits())),
                ];
                der::to_pem("EC PRIVATE KEY", &der::sequence(&parts))
            }
            Key::Ed25519(key) => {
                let seed = der::element(der::OCTET_STRING, &key.to_bytes());
                let parts =
                    [der::unsigned(&[0]), algorithm(ED25519_ID, &[]), der::element(der::OCTET_STRING, &seed)];
                der::to_pem("PRIVATE KEY", &der::sequence(&parts))
            }
        }
    }

    /// Reads the first PEM block of a text.
    pub(super) fn from_pem(text: &str) -> Result<Key, FunctionError> {
        let Some((label, bytes)) = der::from_pem(text) else { return Err("no PEM data in input".into()) };
        let broken = |what: &str| FunctionError::from(format!("{what}: asn1: structure error"));
        match label.as_str() {
            "PRIVATE KEY" => pkcs8(&bytes).ok_or_else(|| broken("decoding PEM as PKCS#8")),
            "RSA PRIVATE KEY" => rsa(&bytes).ok_or_else(|| broken("parsing RSA private key from PEM")),
            "EC PRIVATE KEY" => ecdsa(&bytes).ok_or_else(|| broken("parsing EC private key from PEM")),
            _ => match label.strip_suffix(" PRIVATE KEY") {
                Some(kind) => Err(FunctionError::from(format!("invalid private key type {kind}"))),
                None => Err(FunctionError::from(format!("no private key data in PEM block of type {label}"))),
            },
        }
    }

    /// The bits of the public key, as they stand in a certificate and are hashed for its key identifier.
    pub(super) fn public_bits(&self) -> Vec<u8> {
        match self {
            Key::Rsa(key) => {
                der::sequence(&[der::unsigned(&key.n().to_bytes_be()), der::unsigned(&key.e().to_bytes_be())])
            }
            Key::Ecdsa(key) => key.public_key().to_sec1_bytes().into_vec(),
            Key::Ed25519(key) => key.verifying_key().to_bytes().to_vec(),
        }
    }

    /// The public key with its algorithm, as certificates hold it.
    pub(super) fn public_info(&self) -> Vec<u8> {
        let algorithm = match self {
            Key::Rsa(_) => algorithm(RSA_ID, NULL),
            Key::Ecdsa(_) => algorithm(EC_ID, &der::element(der::OBJECT_ID, P256_ID)),
            Key::Ed25519(_) => algorithm(ED25519_ID, &[]),
        };
        der::sequence(&[algorithm, der::bits(&self.public_bits())])
    }

    /// The algorithm that [`Key::sign`] uses.
    pub(super) fn signature_algorithm(&self) -> Vec<u8> {
        match self {
            Key::Rsa(_) => algorithm(RSA_SHA256_ID, NULL),
            Key::Ecdsa(_) => algorithm(ECDSA_SHA256_ID, &[]),
            Key::Ed25519(_) => algorithm(ED25519_ID, &[]),
        }
    }

    /// Signs a message.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, FunctionError> {
        let failed = |reason: String| FunctionError::from(format!("error creating certificate: {reason}"));
        match self {
            Key::Rsa(key) => {
                let scheme = Pkcs1v15Sign { hash_len: Some(32), prefix: SHA256_PREFIX.into() };
                key.sign(scheme, &Sha256::digest(message)).map_err(|error| failed(error.to_string()))
            }
            Key::Ecdsa(key) => {
                let signer = p256::ecdsa::SigningKey::from(key);
                let signature: Result<p256::ecdsa::Signature, _> =
                    signer.sign_prehash(&Sha256::digest(message));
                Ok(signature.map_err(|error| failed(error.to_string()))?.to_der().as_bytes().to_vec())
            }
            Key::Ed25519(key) => Ok(key.sign(message).to_bytes().to_vec()),
        }
    }
}

fn rsa(bytes: &[u8]) -> Option<Key> {
    let mut parts = Reader::new(bytes).sequence()?;
    parts.tagged(der::INTEGER)?;
    let mut number = || parts.tagged(der::INTEGER).map(BigUint::from_bytes_be);
    let (n, e, d, p, q) = (number()?, number()?, number()?, number()?, number()?);
    RsaPrivateKey::from_components(n, e, d, vec![p, q]).ok().map(|key| Key::Rsa(Box::new(key)))
}

fn ecdsa(bytes: &[u8]) -> Option<Key> {
    let mut parts = Reader::new(bytes).sequence()?;
    parts.tagged(der::INTEGER)?;
    p256::SecretKey::from_slice(parts.tagged(der::OCTET_STRING)?).ok().map(Key::Ecdsa)
}

fn pkcs8(bytes: &[u8]) -> Option<Key> {
    let mut parts = Reader::new(bytes).sequence()?;
    parts.tagged(der::INTEGER)?;
    let id = parts.sequence()?.tagged(der::OBJECT_ID)?;
    let inner = parts.tagged(der::OCTET_STRING)?;
    match id {
        RSA_ID => rsa(inner),
        EC_ID => ecdsa(inner),
        ED25519_ID => {
            let seed = Reader::new(inner).tagged(der::OCTET_STRING)?.try_into().ok()?;
            Some(Key::Ed25519(ed25519_dalek::SigningKey::from_bytes(seed)))
        }
        _ => None,
    }
}

pub(super) fn register(functions: &mut Functions) {
    functions.register("genPrivateKey", Signature::fixed(&[Type::String]), |state, one| {
        let kind = text_of(&one[0]);
        Ok(Value::from(match generate(state, &kind)? {
            Some(key) => key.to_pem(),
            None => format!("Unknown type {kind}"),
        }))
    });
}
