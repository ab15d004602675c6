//! sprig's random texts, from the environment's randomness.

use std::fmt::Write;

use super::arguments::int_of;
use super::{FunctionError, Functions, Signature, text_of};
use crate::exec::State;
use crate::value::{Type, Value};

/// An even draw from 0 up to, not including, `count`.
pub(super) fn below(state: &State, count: u64) -> u64 {
    let count = count.max(1);
    // Draws above the last whole multiple would favor small results.
    let fair = u64::MAX - u64::MAX % count;
    loop {
        let mut bytes = [0; 8];
        state.environment().fill(&mut bytes);
        let drawn = u64::from_le_bytes(bytes);
        if drawn < fair {
            return drawn % count;
        }
    }
}

fn text(state: &mut State, length: i64, alphabet: &[u8]) -> Result<Value, FunctionError> {
    let length = usize::try_from(length).unwrap_or(0);
    state.charge(length)?;
    let mut out = String::with_capacity(length);
    for _ in 0..length {
        let at = below(state, alphabet.len() as u64) as usize;
        out.push(char::from(alphabet[at]));
    }
    Ok(Value::from(out))
}

pub(super) fn register(functions: &mut Functions) {
    let digits: Vec<u8> = (b'0'..=b'9').collect();
    let letters: Vec<u8> = (b'a'..=b'z').chain(b'A'..=b'Z').collect();
    let both = [letters.clone(), digits.clone()].concat();
    let ascii: Vec<u8> = (b' '..=b'~').collect();
    for (name, alphabet) in
        [("randNumeric", digits), ("randAlpha", letters), ("randAlphaNum", both), ("randAscii", ascii)]
    {
        let signature = Signature::fixed(&[Type::Int]);
        functions.register(name, signature, move |state, one| text(state, int_of(&one[0]), &alphabet));
    }
    functions.register("randBytes", Signature::fixed(&[Type::Int]), |state, one| {
        let Ok(length) = usize::try_from(int_of(&one[0])) else {
            return Err("runtime error: makeslice: len out of range".into());
        };
        state.charge(length)?;
        let mut bytes = vec![0; length];
        state.environment().fill(&mut bytes);
        Ok(Value::from(super::encoding::base64(&bytes)))
    });
    functions.register("shuffle", Signature::fixed(&[Type::String]), |state, one| {
        let mut chars: Vec<char> = text_of(&one[0]).chars().collect();
        for at in (1..chars.len()).rev() {
            chars.swap(at, below(state, at as u64 + 1) as usize);
        }
        Ok(Value::from(chars.into_iter().collect::<String>()))
    });
    functions.register("uuidv4", Signature::fixed(&[]), |state, _| {
        let mut bytes = [0; 16];
        state.environment().fill(&mut bytes);
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let mut out = String::with_capacity(36);
        for (at, byte) in bytes.iter().enumerate() {
            let dash = if matches!(at, 4 | 6 | 8 | 10) { "-" } else { "" };
            let _ = write!(out, "{dash}{byte:02x}");
        }
        Ok(Value::from(out))
    });
}
