//! Whether a host is the one it is taken for: its key, or the certificate that an authority gave it.

use std::sync::Arc;

use base64::Engine as _;
use parking_lot::Mutex;
use russh::keys::ssh_key::certificate::CertType;
use russh::keys::{Algorithm, Certificate, HashAlg, PublicKey, PublicKeyOrCertificate};

use super::address::Address;
use super::known_hosts::{self, Verdict};
use crate::access::Access;

/// Why a host was not trusted.
pub(super) struct Refusal {
    /// The host as `ssh_known_hosts` would write it.
    pub(super) host: String,
    /// As `ssh-ed25519`.
    pub(super) key_type: String,
    /// As `SHA256:…`.
    pub(super) fingerprint: String,
    /// What is wrong and what to do.
    pub(super) reason: String,
}

/// Checks the key of one host.
pub(super) struct Check {
    host: String,
    port: u16,
    place: String,
    known_hosts: Arc<str>,
    insecure: bool,
    refusal: Arc<Mutex<Option<Refusal>>>,
}

impl Check {
    /// A check whose refusal, if any, is left in `refusal`.
    pub(super) fn new(address: &Address, access: &Access, refusal: Arc<Mutex<Option<Refusal>>>) -> Self {
        Self {
            host: address.host.clone(),
            port: address.port,
            place: address.place(),
            known_hosts: access.known_hosts.clone(),
            insecure: access.insecure,
            refusal,
        }
    }

    /// The key algorithms to ask the host for, those of its known keys first, and those to take certificates of.
    pub(super) fn algorithms(&self) -> (Vec<Algorithm>, Vec<Algorithm>) {
        let mut all = russh::Preferred::DEFAULT.key.to_vec();
        let known = known_hosts::key_types(&self.known_hosts, &self.host, self.port);
        // The sort keeps the order of preference among the known ones and among the others.
        all.sort_by_key(|algorithm| !known.iter().any(|known| is_type(algorithm, known)));
        let authorities = known_hosts::authorities(&self.known_hosts, &self.host, self.port);
        // Certificates are asked for only by those who know an authority and no key: without one a certificate is of
        // no use, and a server that has one would not show its key.
        let certificates = if authorities.is_empty() || !known.is_empty() { Vec::new() } else { all.clone() };
        (all, certificates)
    }

    /// Why the host is not trusted, if so.
    fn judge(&self, shown: &PublicKeyOrCertificate) -> Option<String> {
        if self.insecure {
            return None;
        }
        if let Some(certificate) = shown.certificate() {
            return self.judge_certificate(certificate).err();
        }
        let key = shown.public_key();
        let way_out = format!(
            "Make sure that this is the server's key, and add the line below to ssh_known_hosts in the ConfigMap \
             argocd-ssh-known-hosts-cm (argocd cert add-ssh): {} {}",
            self.place,
            without_comment(&key)
        );
        let bytes = key.to_bytes().unwrap_or_default();
        match known_hosts::check(&self.known_hosts, &self.host, self.port, &bytes) {
            Verdict::Known => None,
            Verdict::Unknown => Some(format!("ssh_known_hosts has no key of this host. {way_out}")),
            Verdict::Changed { types, lines } => Some(format!(
                "ssh_known_hosts has other keys of this host ({}, in line {}). Either the server got a new key or \
                 somebody stands in between. {way_out}",
                types.join(", "),
                lines.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            )),
            Verdict::Revoked(line) => Some(format!(
                "line {line} of ssh_known_hosts says that this key was revoked; do not trust it"
            )),
            Verdict::NeedsCertificate(line) => Some(format!(
                "line {line} of ssh_known_hosts wants a certificate of its authority, but the server showed a plain \
                 key. {way_out}"
            )),
        }
    }

    fn judge_certificate(&self, certificate: &Certificate) -> Result<(), String> {
        let authority = PublicKey::new(certificate.signature_key().clone(), "");
        let bytes = authority.to_bytes().unwrap_or_default();
        let trusted = known_hosts::authorities(&self.known_hosts, &self.host, self.port).contains(&bytes);
        if !trusted {
            return Err(format!(
                "its certificate is signed by {}, which is no @cert-authority for this host in ssh_known_hosts",
                authority.fingerprint(HashAlg::Sha256)
            ));
        }
        if certificate.cert_type() != CertType::Host {
            return Err("its certificate is for users, not for hosts".to_owned());
        }
        certificate
            .validate([&authority.fingerprint(HashAlg::Sha256)])
            .map_err(|_| "its certificate is not valid now, or its signature is wrong".to_owned())?;
        let names = certificate.valid_principals();
        if !names.iter().any(|name| name.eq_ignore_ascii_case(&self.host)) {
            return Err(format!("its certificate is for {:?}, not for this host", names.join(", ")));
        }
        if !certificate.critical_options().is_empty() {
            return Err("its certificate has critical options, which no host certificate has".to_owned());
        }
        Ok(())
    }
}

fn without_comment(key: &PublicKey) -> String {
    let bytes = key.to_bytes().unwrap_or_default();
    format!("{} {}", key.algorithm().as_str(), base64::engine::general_purpose::STANDARD.encode(bytes))
}

/// Whether keys of a type in `ssh_known_hosts` are shown by this algorithm: RSA keys have several.
fn is_type(algorithm: &Algorithm, key_type: &str) -> bool {
    algorithm.as_str() == key_type || (key_type == "ssh-rsa" && matches!(algorithm, Algorithm::Rsa { .. }))
}

impl russh::client::Handler for Check {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let Some(reason) = self.judge(shown) else { return Ok(true) };
        let key = shown.public_key();
        *self.refusal.lock() = Some(Refusal {
            host: self.place.clone(),
            key_type: key.algorithm().as_str().to_owned(),
            fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
            reason,
        });
        Ok(false)
    }
}
