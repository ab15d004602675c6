//! sprig's keys, certificates, passwords and ciphers, all with the environment's randomness and clock.
//!
//! Neighbors: `keys.rs`, `certificates.rs`, `der.rs` below them, `passwords.rs`. DSA keys are deliberately absent: the
//! algorithm is withdrawn and generating its parameters takes many seconds.

mod certificates;
mod der;
mod keys;
mod passwords;
mod primes;

use aes::Aes256;
use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

use super::encoding::{base64, from_base64};
use super::{FunctionError, FunctionResult, Functions, Signature, bytes_of};
use crate::exec::State;
use crate::value::{Type, Value};

const TWO: Signature = Signature::fixed(&[Type::String, Type::String]);
const BLOCK: usize = 16;

pub(super) fn register(functions: &mut Functions) {
    keys::register(functions);
    certificates::register(functions);
    passwords::register(functions);
    functions
        .register("encryptAES", TWO, |state, pair| encrypt(state, bytes_of(&pair[0]), bytes_of(&pair[1])));
    functions.register("decryptAES", TWO, |_, pair| decrypt(bytes_of(&pair[0]), bytes_of(&pair[1])));
}

/// The password itself is the key, cut or filled with zeros.
fn cipher(password: &[u8]) -> Aes256 {
    let mut key = [0; 32];
    let length = password.len().min(key.len());
    key[..length].copy_from_slice(&password[..length]);
    Aes256::new(&Array::from(key))
}

fn encrypt(state: &mut State, password: &[u8], text: &[u8]) -> FunctionResult {
    if text.is_empty() {
        return Ok(Value::string(""));
    }
    let cipher = cipher(password);
    let mut previous = [0; BLOCK];
    state.environment().fill(&mut previous);
    let mut out = previous.to_vec();
    let padding = BLOCK - text.len() % BLOCK;
    let padded: Vec<u8> = text.iter().copied().chain(std::iter::repeat_n(padding as u8, padding)).collect();
    for chunk in padded.chunks_exact(BLOCK) {
        let mut block = [0; BLOCK];
        for (at, byte) in block.iter_mut().enumerate() {
            *byte = chunk[at] ^ previous[at];
        }
        let mut block = Array::from(block);
        cipher.encrypt_block(&mut block);
        previous = block.into();
        out.extend_from_slice(&previous);
    }
    Ok(Value::from(base64(&out)))
}

fn decrypt(password: &[u8], text: &[u8]) -> FunctionResult {
    if text.is_empty() {
        return Ok(Value::string(""));
    }
    let bytes = from_base64(text)?;
    let Some((first, blocks)) = bytes.split_first_chunk::<BLOCK>() else {
        let length = bytes.len();
        let message = format!("runtime error: slice bounds out of range [:{BLOCK}] with capacity {length}");
        return Err(FunctionError::from(message));
    };
    if blocks.len() % BLOCK != 0 {
        return Err("crypto/cipher: input not full blocks".into());
    }
    let cipher = cipher(password);
    let mut previous: &[u8] = first;
    let mut out = Vec::with_capacity(blocks.len());
    for chunk in blocks.chunks_exact(BLOCK) {
        let mut block = [0; BLOCK];
        block.copy_from_slice(chunk);
        let mut block = Array::from(block);
        cipher.decrypt_block(&mut block);
        out.extend(block.iter().zip(previous).map(|(byte, mask)| byte ^ mask));
        previous = chunk;
    }
    let padding = out.last().copied().map_or(usize::MAX, usize::from);
    match out.len().checked_sub(padding) {
        Some(length) => Ok(Value::text_from_bytes(&out[..length])),
        None => {
            Err("runtime error: slice bounds out of range: the text was not encrypted with this key".into())
        }
    }
}
