//! `bcrypt`, `htpasswd` and `derivePassword`, the last by the Master Password algorithm.

use sha2::{Digest, Sha256};

use crate::exec::State;
use crate::functions::arguments::int_of;
use crate::functions::{FunctionError, FunctionResult, Functions, Signature, bytes_of, text_of};
use crate::value::{Type, Value};

/// The cost of Go's bcrypt package.
const COST: u32 = 10;

fn hash(state: &State, password: &[u8]) -> Result<String, FunctionError> {
    if password.len() > 72 {
        return Ok(
            "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes".to_owned()
        );
    }
    let mut salt = [0; 16];
    state.environment().fill(&mut salt);
    let parts = bcrypt::hash_with_salt(password, COST, salt).map_err(|error| error.to_string())?;
    Ok(parts.format_for_version(bcrypt::Version::TwoA))
}

const SCOPE: &[u8] = b"com.lyndir.masterpassword";

/// The patterns of a kind of password; each letter stands for an alphabet.
fn patterns(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "maximum" => &["anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"],
        "long" => &[
            "CvcvnoCvcvCvcv",
            "CvcvCvcvnoCvcv",
            "CvcvCvcvCvcvno",
            "CvccnoCvcvCvcv",
            "CvccCvcvnoCvcv",
            "CvccCvcvCvcvno",
            "CvcvnoCvccCvcv",
            "CvcvCvccnoCvcv",
            "CvcvCvccCvcvno",
            "CvcvnoCvcvCvcc",
            "CvcvCvcvnoCvcc",
            "CvcvCvcvCvccno",
            "CvccnoCvccCvcv",
            "CvccCvccnoCvcv",
            "CvccCvccCvcvno",
            "CvcvnoCvccCvcc",
            "CvcvCvccnoCvcc",
            "CvcvCvccCvccno",
            "CvccnoCvcvCvcc",
            "CvccCvcvnoCvcc",
            "CvccCvcvCvccno",
        ],
        "medium" => &["CvcnoCvc", "CvcCvcno"],
        "short" => &["Cvcn"],
        "basic" => &["aaanaaan", "aannaaan", "aaannaaa"],
        "pin" => &["nnnn"],
        _ => return None,
    })
}

fn alphabet(letter: u8) -> &'static [u8] {
    match letter {
        b'V' => b"AEIOU",
        b'C' => b"BCDFGHJKLMNPQRSTVWXYZ",
        b'v' => b"aeiou",
        b'c' => b"bcdfghjklmnpqrstvwxyz",
        b'A' => b"AEIOUBCDFGHJKLMNPQRSTVWXYZ",
        b'a' => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz",
        b'n' => b"0123456789",
        b'o' => b"@&%?,=[]_:-+*$#!'^~;()/.",
        _ => b"AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()",
    }
}

fn hmac(key: &[u8; 64], message: &[u8]) -> [u8; 32] {
    let inner = Sha256::new().chain_update(key.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(key.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

fn length_prefixed(text: &[u8]) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    [SCOPE, &length.to_be_bytes(), text].concat()
}

fn derive(counter: i64, kind: &str, password: &[u8], user: &[u8], site: &[u8]) -> FunctionResult {
    let Some(patterns) = patterns(kind) else {
        return Ok(Value::from(format!("cannot find password template {kind}")));
    };
    let mut key = [0; 64];
    let parameters = scrypt::Params::new(15, 8, 2).map_err(|error| error.to_string())?;
    scrypt::scrypt(password, &length_prefixed(user), &parameters, &mut key)
        .map_err(|error| error.to_string())?;
    let mut message = length_prefixed(site);
    message.extend_from_slice(&(counter as u32).to_be_bytes());
    let seed = hmac(&key, &message);
    let pattern = patterns[usize::from(seed[0]) % patterns.len()];
    let letters = pattern.bytes().zip(&seed[1..]).map(|(letter, drawn)| {
        let alphabet = alphabet(letter);
        char::from(alphabet[usize::from(*drawn) % alphabet.len()])
    });
    Ok(Value::from(letters.collect::<String>()))
}

pub(super) fn register(functions: &mut Functions) {
    functions.register("bcrypt", Signature::fixed(&[Type::String]), |state, one| {
        Ok(Value::from(hash(state, bytes_of(&one[0]))?))
    });
    functions.register("htpasswd", Signature::fixed(&[Type::String, Type::String]), |state, pair| {
        let user = text_of(&pair[0]);
        if user.contains(':') {
            return Ok(Value::from(format!("invalid username: {user}")));
        }
        Ok(Value::from(format!("{user}:{}", hash(state, bytes_of(&pair[1]))?)))
    });
    let five = Signature::fixed(&[Type::Int, Type::String, Type::String, Type::String, Type::String]);
    functions.register("derivePassword", five, |_, all| {
        derive(int_of(&all[0]), &text_of(&all[1]), bytes_of(&all[2]), bytes_of(&all[3]), bytes_of(&all[4]))
    });
}
