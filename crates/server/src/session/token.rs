//! The tokens that the server signs itself: JSON Web Tokens with Argo CD's claims.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

/// Who signs.
pub(super) const ISSUER: &str = "argocd";

/// What a token says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Claims {
    /// Who signed it.
    pub(crate) iss: String,
    /// Whom it is for: `account:login`, `account:apiKey`, or `proj:project:role`.
    pub(crate) sub: String,
    /// When it was made, in seconds since 1970.
    pub(crate) iat: i64,
    /// From when on it is good.
    pub(crate) nbf: i64,
    /// When it ends; absent for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exp: Option<i64>,
    /// Its id.
    pub(crate) jti: String,
}

/// Signs a token that ends after `seconds`; 0 counts as never.
pub(super) fn issue(subject: &str, id: &str, seconds: Option<i64>, key: &[u8]) -> Result<String, String> {
    let now = Timestamp::now().as_second();
    let claims = Claims {
        iss: ISSUER.to_owned(),
        sub: subject.to_owned(),
        iat: now,
        nbf: now,
        exp: seconds.filter(|seconds| *seconds != 0).map(|seconds| now + seconds),
        jti: id.to_owned(),
    };
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(key))
        .map_err(|error| format!("cannot sign a token: {error}"))
}

/// Verifies the signature and the times of a token.
pub(super) fn verify(text: &str, key: &[u8]) -> Result<Claims, String> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.algorithms = vec![Algorithm::HS256, Algorithm::HS384, Algorithm::HS512];
    validation.required_spec_claims.clear();
    validation.validate_aud = false;
    validation.validate_nbf = true;
    validation.leeway = 0;
    let claims = jsonwebtoken::decode::<Claims>(text, &DecodingKey::from_secret(key), &validation)
        .map_err(|error| error.to_string())?
        .claims;
    if claims.iss == ISSUER { Ok(claims) } else { Err(format!("issuer {:?} is not configured", claims.iss)) }
}

/// A random id in the form of a UUID (version 4).
pub(super) fn new_id() -> String {
    let bits = rand::random::<u128>();
    let bits = (bits & !(0xf << 76) | (0x4 << 76)) & !(0x3 << 62) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().to_owned();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}
