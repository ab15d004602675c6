//! `certificate.CertificateService`, `gpgkey.GPGKeyService` and `notification.NotificationService`: what is trusted
//! and what can be sent, as the ConfigMaps have it.
//!
//! Deliberately absent: changing any of it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD as BASE64, STANDARD_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::call::{Call, Handlers};
use crate::status::Status;

/// The ConfigMap of keys that sign commits.
const KEYS_CONFIG_MAP: &str = "argocd-gpg-keys-cm";
/// The ConfigMap of notifications.
const NOTIFICATIONS_CONFIG_MAP: &str = "argocd-notifications-cm";

pub(super) fn register(handlers: &mut Handlers) {
    handlers
        .unary("certificate.CertificateService/ListCertificates", |call| async move { certificates(&call) });
    handlers.unary("gpgkey.GPGKeyService/List", |call| async move { keys(&call) });
    for (method, prefix) in [
        ("notification.NotificationService/ListTriggers", "trigger."),
        ("notification.NotificationService/ListServices", "service."),
        ("notification.NotificationService/ListTemplates", "template."),
    ] {
        handlers.unary(method, move |call| async move { Ok(notifications(&call, prefix)) });
    }
}

fn certificates(call: &Call) -> Result<Value, Status> {
    call.caller.enforce("certificates", "get", "")?;
    let (pattern, kind) = (call.text("hostNamePattern"), call.text("certType"));
    let wanted = |host: &str, held: &str| {
        (pattern.is_empty() || types::glob::matches(pattern, host)) && (kind.is_empty() || kind == held)
    };
    let settings = call.core.control.settings();
    let mut items = Vec::new();
    for (host, pem) in &settings.tls_certificates {
        if wanted(host, "https") {
            items.push(json!({
                "serverName": host, "certType": "https", "certSubType": "", "certData": null,
                "certInfo": format!("{} certificate(s)", pem.matches("BEGIN CERTIFICATE").count()),
            }));
        }
    }
    for line in settings.ssh_known_hosts.lines().map(str::trim) {
        let mut words = line.split_whitespace();
        let (Some(hosts), Some(algorithm), Some(key)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        if line.starts_with('#') || line.starts_with('@') {
            continue;
        }
        let fingerprint = BASE64.decode(key).map(|key| STANDARD_NO_PAD.encode(Sha256::digest(key)));
        for host in hosts.split(',').filter(|host| wanted(host, "ssh")) {
            items.push(json!({
                "serverName": host, "certType": "ssh", "certSubType": algorithm, "certData": null,
                "certInfo": format!("SHA256:{}", fingerprint.clone().unwrap_or_default()),
            }));
        }
    }
    Ok(json!({"metadata": {}, "items": items}))
}

fn keys(call: &Call) -> Result<Value, Status> {
    call.caller.enforce("gpgkeys", "get", "")?;
    let wanted = call.text("keyID");
    let held = call.core.control.config_map(KEYS_CONFIG_MAP).unwrap_or_default();
    let items: Vec<Value> = held
        .iter()
        .filter(|(id, _)| wanted.is_empty() || id.ends_with(wanted))
        .map(|(id, data)| json!({"keyID": id, "keyData": data}))
        .collect();
    Ok(json!({"metadata": {}, "items": items}))
}

fn notifications(call: &Call, prefix: &str) -> Value {
    let data = call.core.control.config_map(NOTIFICATIONS_CONFIG_MAP).unwrap_or_default();
    let items: Vec<Value> =
        data.keys().filter_map(|key| key.strip_prefix(prefix)).map(|name| json!({"name": name})).collect();
    json!({"items": items})
}
