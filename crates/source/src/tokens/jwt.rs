//! JSON Web Tokens signed with an RSA key, by which GitHub and Google know their callers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::SignatureScheme;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;
use types::Secret;

/// A token with these claims, signed by the key (PEM, PKCS#1 or PKCS#8) with RS256. The error never shows the key.
pub(super) fn rs256(
    claims: &serde_json::Value,
    key_id: Option<&str>,
    key: &Secret<String>,
) -> Result<String, String> {
    // Keys pasted into one line keep their newlines as text.
    let pem = key.expose().replace("\\n", "\n");
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes())
        .map_err(|_| "the private key is not a PEM key (BEGIN PRIVATE KEY or BEGIN RSA PRIVATE KEY)")?;
    let key = rustls::crypto::ring::sign::any_supported_type(&key)
        .map_err(|_| "the private key is not an RSA key of at least 2048 bits")?;
    let signer =
        key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]).ok_or("the private key is not an RSA key")?;
    let mut header = json!({"alg": "RS256", "typ": "JWT"});
    if let Some(id) = key_id.filter(|id| !id.is_empty()) {
        header["kid"] = json!(id);
    }
    let text = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header.to_string()),
        URL_SAFE_NO_PAD.encode(claims.to_string())
    );
    let signature = signer.sign(text.as_bytes()).map_err(|_| "the private key cannot sign")?;
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_key_is_told_without_showing_it() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        for text in ["hunter2", "-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----"] {
            let error = rs256(&json!({}), None, &Secret::new(text.into())).unwrap_err();
            assert!(error.starts_with("the private key is not") && !error.contains("hunter2"), "{error}");
        }
    }
}
