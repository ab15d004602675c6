//! What Git servers, repositories and those who signed them say.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use source::integrity::{self, Keyring, Verdict};
use source::readers::{self, Trust};
use source::url;

use crate::bundle;

/// Known hosts; `host`, `port` and `key` (base64) are what a server has shown.
pub(super) fn known_hosts(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let files = bundle::files(text);
    let part = |name| bundle::text_of(&files, name).trim_end_matches('\n');
    let (known, host) = (part(""), part("host"));
    let port = part("port").parse().unwrap_or(22);
    let key = BASE64.decode(part("key")).unwrap_or_default();
    let trust = readers::known_host(known, host, port, &key);
    let shown = BASE64.encode(&key);
    if trust == Trust::Known {
        let holds = |word: &str| BASE64.decode(word).is_ok_and(|found| found == key);
        assert!(known.split_ascii_whitespace().any(holds), "{shown:?} is known from nowhere");
    }
    // A key that is withdrawn for all is trusted for nobody.
    if !key.is_empty() {
        let revoked = format!("{known}\n@revoked * ssh-ed25519 {shown}\n");
        let trust = readers::known_host(&revoked, host, port, &key);
        assert_eq!(trust, Trust::Revoked, "a withdrawn key of {host:?}");
    }
}

/// URLs, one a line.
pub(super) fn urls(data: &[u8]) {
    const PASSWORD: &str = "c4nary-p4ssword";
    let Some(text) = super::text_of(data) else { return };
    for line in text.split('\n').take(8) {
        let normal = url::normalize(line);
        assert_eq!(url::normalize(&format!(" {line} ")), normal, "white space around {line:?}");
        let _ = url::host(line);
        let refused = readers::refused_url(line).is_some();
        if !refused {
            assert!(!line.starts_with('-') && !line.starts_with("ext::"), "{line:?} is used");
            let host = url::host(line);
            assert!(!host.starts_with('-'), "the host of {line:?} would be an option");
        }
        if let Ok((path, command)) = readers::ssh_command(line) {
            // The shell makes the path of it that was meant, and nothing else.
            let rest = command.strip_prefix("git-upload-pack ").unwrap_or_else(|| panic!("{command}"));
            assert_eq!(unquoted(rest).as_deref(), Some(&*path), "{line:?} makes {command}");
        }
        if !text.contains(PASSWORD) {
            let with = format!("https://user:{PASSWORD}@{line}");
            let shown = url::without_credentials(&with);
            assert!(!shown.contains(PASSWORD), "{with} is shown as {shown}");
        }
    }
}

/// What a POSIX shell makes of one word; `None` when it is more than one, or more than a word.
fn unquoted(text: &str) -> Option<String> {
    let (mut word, mut quoted, mut characters) = (String::new(), false, text.chars());
    while let Some(character) = characters.next() {
        match character {
            '\'' => quoted = !quoted,
            _ if quoted => word.push(character),
            '\\' => word.push(characters.next()?),
            '~' if word.is_empty() => word.push('~'),
            _ if character.is_ascii_alphanumeric() || "-_./".contains(character) => word.push(character),
            _ => return None,
        }
    }
    (!quoted).then_some(word)
}

/// `.gitmodules` after the URL of the repository that has it, in the first line.
pub(super) fn modules(data: &[u8]) {
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let Some(parent) = super::text_of(&data[..end]) else { return };
    let Ok(modules) = readers::submodules(parent, &data[end..]) else { return };
    for (path, url) in modules {
        assert!(!path.is_root(), "{url} would be the repository itself");
        assert_eq!(readers::refused_url(&url), None, "{url}");
        assert!(
            readers::local_path(&url).is_none() || readers::local_path(parent).is_some(),
            "{parent} leads to this machine's {url}"
        );
    }
}

/// Pointers of Git LFS.
pub(super) fn pointers(data: &[u8]) {
    let Some((oid, size)) = source::git::lfs_pointer(data) else { return };
    assert!(oid.len() == 64 && oid.bytes().all(|byte| byte.is_ascii_hexdigit()), "{oid:?}");
    let written = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n");
    assert_eq!(source::git::lfs_pointer(written.as_bytes()), Some((oid, size)), "{written}");
}

/// A commit, or a tag when the first byte is odd, as Git stores it. Nothing is signed that is not.
pub(super) fn signatures(data: &[u8]) {
    let Some((kind, content)) = data.split_first() else { return };
    let is_tag = kind % 2 == 1;
    let nobody = Keyring::default();
    let found = integrity::check(content, is_tag, &nobody);
    if found.verdict == Verdict::Good {
        // Without a keyring, only a signature that brings its key along can hold.
        assert!(found.key_id.starts_with("SHA256:"), "{found:?}");
        // And not for another content.
        let changed = [content, b"\nx"].concat();
        let changed = if is_tag { [b"x", content].concat() } else { changed };
        let verdict = integrity::check(&changed, is_tag, &nobody).verdict;
        assert_ne!(verdict, Verdict::Good, "the signature holds for any content");
    }
    let has_marks = content.windows(6).any(|part| part == b"gpgsig" || part == b"-----B");
    assert!(has_marks || found.verdict == Verdict::Unsigned, "{found:?}");
    if let Some(text) = super::text_of(content) {
        let _ = integrity::read_keys(text);
        let (_, problems) = Keyring::read([("0123456789ABCDEF", text)]);
        drop(problems);
    }
}
