//! Base64 and base32, with Go's error texts, and the checksums.

use std::fmt::Write;

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::{Functions, Signature, bytes_of};
use crate::value::{Type, Value};

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Encodes groups of bytes as letters of `bits` bits each.
fn encode(bytes: &[u8], alphabet: &[u8], bits: usize) -> String {
    // The smallest number of bytes that fills whole letters: 3 for base64, 5 for base32.
    let group = if bits == 6 { 3 } else { 5 };
    let letters = group * 8 / bits;
    let mut out = String::with_capacity(bytes.len().div_ceil(group) * letters);
    for chunk in bytes.chunks(group) {
        let number =
            (0..group).fold(0u64, |number, at| number << 8 | u64::from(chunk.get(at).copied().unwrap_or(0)));
        let used = (chunk.len() * 8).div_ceil(bits);
        for letter in 0..letters {
            let index = number >> (bits * (letters - 1 - letter)) & ((1 << bits) - 1);
            out.push(if letter < used { char::from(alphabet[index as usize]) } else { '=' });
        }
    }
    out
}

/// Decodes; the error is the offset of what is wrong. Line breaks are skipped.
fn decode(text: &[u8], alphabet: &[u8], bits: usize) -> Result<Vec<u8>, usize> {
    let letters = if bits == 6 { 4 } else { 8 };
    let mut out = Vec::with_capacity(text.len() * bits / 8);
    let mut input = text.iter().enumerate().filter(|(_, byte)| !matches!(byte, b'\r' | b'\n')).peekable();
    while input.peek().is_some() {
        let mut number = 0u64;
        let mut filled = 0;
        while filled < letters {
            let Some((at, byte)) = input.next() else {
                return Err(text.len() - filled);
            };
            if let Some(index) = alphabet.iter().position(|letter| letter == byte) {
                number = number << bits | index as u64;
                filled += 1;
                continue;
            }
            // Padding may only complete a group, and nothing may follow it.
            let whole = matches!((bits, filled), (6, 2 | 3) | (5, 2 | 4 | 5 | 7));
            if *byte != b'=' || !whole {
                return Err(at);
            }
            for _ in filled + 1..letters {
                match input.next() {
                    Some((_, b'=')) => {}
                    Some((at, _)) => return Err(at),
                    None => return Err(text.len()),
                }
            }
            if let Some((at, _)) = input.next() {
                return Err(at);
            }
            break;
        }
        let bytes = filled * bits / 8;
        number >>= filled * bits - bytes * 8;
        out.extend((0..bytes).rev().map(|at| (number >> (at * 8)) as u8));
    }
    Ok(out)
}

/// Standard base64.
pub(crate) fn base64(bytes: &[u8]) -> String {
    encode(bytes, BASE64, 6)
}

/// Standard base64 decoded, or Go's error text.
pub(crate) fn from_base64(text: &[u8]) -> Result<Vec<u8>, String> {
    decode(text, BASE64, 6).map_err(|at| format!("illegal base64 data at input byte {at}"))
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    let (low, high) = bytes.iter().fold((1, 0), |(low, high), byte| {
        let low = (low + u32::from(*byte)) % MODULUS;
        (low, (high + low) % MODULUS)
    });
    high << 16 | low
}

pub(super) fn register(functions: &mut Functions) {
    type Convert = fn(&[u8]) -> Value;
    let texts: [(&str, Convert); 8] = [
        ("b64enc", |bytes| Value::from(base64(bytes))),
        ("b64dec", |bytes| match from_base64(bytes) {
            Ok(bytes) => Value::text_from_bytes(&bytes),
            Err(message) => Value::from(message),
        }),
        ("b32enc", |bytes| Value::from(encode(bytes, BASE32, 5))),
        ("b32dec", |bytes| match decode(bytes, BASE32, 5) {
            Ok(bytes) => Value::text_from_bytes(&bytes),
            Err(at) => Value::from(format!("illegal base32 data at input byte {at}")),
        }),
        ("sha1sum", |bytes| Value::from(hexadecimal(&Sha1::digest(bytes)))),
        ("sha256sum", |bytes| Value::from(hexadecimal(&Sha256::digest(bytes)))),
        ("sha512sum", |bytes| Value::from(hexadecimal(&Sha512::digest(bytes)))),
        ("adler32sum", |bytes| Value::from(adler32(bytes).to_string())),
    ];
    for (name, convert) in texts {
        functions
            .register(name, Signature::fixed(&[Type::String]), move |_, one| Ok(convert(bytes_of(&one[0]))));
    }
}
