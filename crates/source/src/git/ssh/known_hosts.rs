//! `ssh_known_hosts` read as OpenSSH reads it: names, patterns, ports, hashed names, `@cert-authority` and `@revoked`.
//! Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

/// The port that known hosts do not write down.
const DEFAULT_PORT: u16 = 22;

/// What the text says of a key that a host has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the host's.
    Known,
    /// The host is known, but by other keys of these types, in these lines.
    Changed {
        /// Key types, as `ssh-ed25519`.
        types: Vec<String>,
        /// Line numbers, from 1.
        lines: Vec<usize>,
    },
    /// The key was withdrawn, in this line.
    Revoked(usize),
    /// The host is only known by the authority that certifies its keys, in this line.
    NeedsCertificate(usize),
    /// Nothing is said of the host.
    Unknown,
}

/// One line that says something of a host.
struct Line<'a> {
    number: usize,
    marker: Option<&'a str>,
    key_type: &'a str,
    key: Vec<u8>,
}

/// What `text` says of a host that has shown `key` (in SSH's wire form).
///
/// A host on another port than 22 is looked for as `[host]:port` first and then, like OpenSSH does, as `host`.
pub(crate) fn check(text: &str, host: &str, port: u16, key: &[u8]) -> Verdict {
    let host = host.to_lowercase();
    let mut verdict = Verdict::Unknown;
    for name in names(&host, port) {
        let lines = lines(text, &name);
        if let Some(line) = lines.iter().find(|line| line.marker == Some("@revoked") && line.key == key) {
            return Verdict::Revoked(line.number);
        }
        let plain: Vec<_> = lines.iter().filter(|line| line.marker.is_none()).collect();
        if plain.iter().any(|line| line.key == key) {
            return Verdict::Known;
        }
        if verdict != Verdict::Unknown {
            continue;
        }
        if !plain.is_empty() {
            let mut types: Vec<_> = plain.iter().map(|line| line.key_type.to_owned()).collect();
            types.dedup();
            verdict = Verdict::Changed { types, lines: plain.iter().map(|line| line.number).collect() };
        } else if let Some(line) = lines.iter().find(|line| line.marker == Some("@cert-authority")) {
            verdict = Verdict::NeedsCertificate(line.number);
        }
    }
    verdict
}

/// The types of the keys by which a host is known, so that it can be asked for one of them.
pub(crate) fn key_types(text: &str, host: &str, port: u16) -> Vec<String> {
    let host = host.to_lowercase();
    let mut types = Vec::new();
    for name in names(&host, port) {
        for line in lines(text, &name).into_iter().filter(|line| line.marker.is_none()) {
            if !types.iter().any(|known| known == line.key_type) {
                types.push(line.key_type.to_owned());
            }
        }
    }
    types
}

/// The keys of the authorities that certify a host's keys.
pub(crate) fn authorities(text: &str, host: &str, port: u16) -> Vec<Vec<u8>> {
    let host = host.to_lowercase();
    let of_name = |name: String| {
        lines(text, &name)
            .into_iter()
            .filter(|line| line.marker == Some("@cert-authority"))
            .map(|line| line.key)
    };
    let revoked = |key: &Vec<u8>| {
        names(&host, port).iter().any(|name| {
            lines(text, name).iter().any(|line| line.marker == Some("@revoked") && line.key == *key)
        })
    };
    names(&host, port).into_iter().flat_map(of_name).filter(|key| !revoked(key)).collect()
}

fn names(host: &str, port: u16) -> Vec<String> {
    if port == DEFAULT_PORT {
        vec![host.to_owned()]
    } else {
        vec![format!("[{host}]:{port}"), host.to_owned()]
    }
}

/// The lines that speak of a host of this name. What is no known-hosts line is passed over, as OpenSSH does.
fn lines<'a>(text: &'a str, name: &str) -> Vec<Line<'a>> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut fields = line.split_ascii_whitespace().peekable();
        let marker = fields.next_if(|field| field.starts_with('@'));
        let (Some(hosts), Some(key_type), Some(key)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        if hosts.starts_with('#') || !matches(hosts, name) {
            continue;
        }
        let Ok(key) = STANDARD.decode(key) else { continue };
        found.push(Line { number: index + 1, marker, key_type, key });
    }
    found
}

/// Whether the first field of a line means this name.
fn matches(hosts: &str, name: &str) -> bool {
    if let Some(hashed) = hosts.strip_prefix("|1|") {
        let Some((salt, hash)) = hashed.split_once('|') else { return false };
        let (Ok(salt), Ok(hash)) = (STANDARD.decode(salt), STANDARD.decode(hash)) else { return false };
        return hmac_sha1(&salt, name.as_bytes())[..] == hash[..];
    }
    let mut found = false;
    for pattern in hosts.split(',') {
        let pattern = pattern.to_lowercase();
        match pattern.strip_prefix('!') {
            Some(pattern) if wildcard(pattern.as_bytes(), name.as_bytes()) => return false,
            Some(_) => {}
            None => found |= wildcard(pattern.as_bytes(), name.as_bytes()),
        }
    }
    found
}

/// Whether a name fits a pattern with `*` and `?`, in time that grows with the product of their lengths at most.
fn wildcard(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut here) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while here < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, here));
                at += 1;
            }
            Some(&expected) if expected == b'?' || expected == name[here] => {
                at += 1;
                here += 1;
            }
            _ => {
                let Some((after, taken)) = star else { return false };
                star = Some((after, taken + 1));
                (at, here) = (after, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|rest| *rest == b'*')
}

/// HMAC with SHA-1 (RFC 2104), which is what hashed host names are made with.
fn hmac_sha1(key: &[u8], message: &[u8]) -> [u8; 20] {
    const BLOCK: usize = 64;
    let mut block = [0u8; BLOCK];
    if key.len() > BLOCK {
        block[..20].copy_from_slice(&Sha1::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let pad = |with: u8| block.map(|byte| byte ^ with);
    let inner = Sha1::new().chain_update(pad(0x36)).chain_update(message).finalize();
    Sha1::new().chain_update(pad(0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as `ssh-keyscan` and `ssh-keygen -H` write them; the keys are made up.
    fn text() -> String {
        let key = |text: &str| STANDARD.encode(text);
        let hashed = |name: &str| {
            let hash = STANDARD.encode(hmac_sha1(b"0123456789abcdefghij", name.as_bytes()));
            format!("|1|{}|{hash}", STANDARD.encode("0123456789abcdefghij"))
        };
        [
            "# a comment".to_owned(),
            format!("git.example.com,10.0.0.1 ssh-ed25519 {}", key("one")),
            format!("git.example.com ssh-rsa {} with a comment", key("two")),
            format!("[git.example.com]:2222 ssh-ed25519 {}", key("three")),
            format!("{} ssh-ed25519 {}", hashed("hidden.example.com"), key("four")),
            format!("{} ssh-ed25519 {}", hashed("[hidden.example.com]:7999"), key("five")),
            format!("*.corp.example.com,!bad.corp.example.com ssh-ed25519 {}", key("six")),
            format!("@revoked git.example.com ssh-ed25519 {}", key("lost")),
            format!("@cert-authority *.ca.example.com ssh-ed25519 {}", key("authority")),
            "broken line".to_owned(),
        ]
        .join("\n")
    }

    #[test]
    fn hosts_are_known_as_openssh_knows_them() {
        let changed = |types: &[&str], lines: &[usize]| Verdict::Changed {
            types: types.iter().map(|text| (*text).to_owned()).collect(),
            lines: lines.to_vec(),
        };
        for (host, port, key, verdict) in [
            ("git.example.com", 22, "one", Verdict::Known),
            ("GIT.example.com", 22, "two", Verdict::Known),
            ("10.0.0.1", 22, "one", Verdict::Known),
            ("git.example.com", 2222, "three", Verdict::Known),
            ("git.example.com", 2222, "one", Verdict::Known),
            ("git.example.com", 2222, "other", changed(&["ssh-ed25519"], &[4])),
            ("git.example.com", 22, "three", changed(&["ssh-ed25519", "ssh-rsa"], &[2, 3])),
            ("hidden.example.com", 22, "four", Verdict::Known),
            ("hidden.example.com", 7999, "five", Verdict::Known),
            ("a.corp.example.com", 22, "six", Verdict::Known),
            ("bad.corp.example.com", 22, "six", Verdict::Unknown),
            ("git.example.com", 22, "lost", Verdict::Revoked(8)),
            ("host.ca.example.com", 22, "any", Verdict::NeedsCertificate(9)),
            ("elsewhere.example.com", 22, "one", Verdict::Unknown),
        ] {
            assert_eq!(check(&text(), host, port, key.as_bytes()), verdict, "{host}:{port} {key}");
        }
        assert_eq!(key_types(&text(), "git.example.com", 22), ["ssh-ed25519", "ssh-rsa"]);
    }

    #[test]
    fn the_hash_is_that_of_rfc_2202() {
        let hex: String = hmac_sha1(b"Jefe", b"what do ya want for nothing?")
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(hex, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    }

    #[test]
    fn wildcards_take_linear_time() {
        let name = vec![b'a'; 2000];
        let pattern = "*a".repeat(500) + "b";
        assert!(!wildcard(pattern.as_bytes(), &name));
    }
}
