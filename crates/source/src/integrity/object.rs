//! Commits and annotated tags taken apart: who made them, what was signed, and the signature. Pure.
//!
//! The payload of a commit is the object without its `gpgsig` headers; that of a tag is all that comes before the
//! signature at its end. This is Git's own rule (`gpg-interface.c`, `commit.c`).

use gix::ObjectId;

/// What a signature is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    OpenPgp,
    Ssh,
    /// X.509, which is not known here.
    Other,
}

/// A commit or a tag, ready to be verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signed {
    /// `Name <address>` of the commit's author or the tagger.
    pub(super) author: String,
    /// The bytes that were signed.
    pub(super) payload: Vec<u8>,
    /// The signature's text; `None` when there is none.
    pub(super) signature: Option<(Format, String)>,
    /// Whether it carries more than one signature, so that nobody can tell which one counts.
    pub(super) ambiguous: bool,
    /// The parents of a commit.
    pub(super) parents: Vec<ObjectId>,
    /// Whether a commit's message has the trailer that seals the history before it (`Argocd-gpg-seal:`).
    pub(super) sealed: bool,
}

/// Takes the raw content of a commit apart.
pub(super) fn commit(data: &[u8]) -> Signed {
    let end = headers_end(data);
    let mut payload = Vec::with_capacity(data.len());
    let (mut signature, mut signatures) = (String::new(), 0);
    let (mut author, mut parents) = (String::new(), Vec::new());
    // Whether the lines that are continued belong to a signature.
    let mut skipping = None;
    for line in data[..end].split_inclusive(|byte| *byte == b'\n') {
        if let (Some(keep), Some(rest)) = (skipping, line.strip_prefix(b" ")) {
            if keep {
                signature.push_str(&String::from_utf8_lossy(rest));
            }
            continue;
        }
        skipping = None;
        if let Some(first) = line.strip_prefix(b"gpgsig ") {
            signatures += 1;
            signature.push_str(&String::from_utf8_lossy(first));
            skipping = Some(true);
        } else if line.starts_with(b"gpgsig-sha256 ") {
            // The signature of the same commit in a repository of the other kind; not part of the payload.
            skipping = Some(false);
        } else {
            if let Some(text) = line.strip_prefix(b"author ") {
                author = identity(text);
            } else if let Some(id) = line.strip_prefix(b"parent ") {
                parents.extend(ObjectId::from_hex(id.trim_ascii_end()));
            }
            payload.extend_from_slice(line);
        }
    }
    let message = &data[end..];
    payload.extend_from_slice(message);
    let found = (signatures > 0).then(|| (format_of(&signature), signature));
    Signed {
        author,
        payload,
        signature: found,
        ambiguous: signatures > 1,
        parents,
        sealed: has_seal(&String::from_utf8_lossy(message)),
    }
}

/// Takes the raw content of an annotated tag apart.
pub(super) fn tag(data: &[u8]) -> Signed {
    let end = headers_end(data);
    let tagger = data[..end].split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"tagger "));
    let author = tagger.map(identity).unwrap_or_default();
    let mut starts = Vec::new();
    let mut position = 0;
    for line in data.split_inclusive(|byte| *byte == b'\n') {
        if BEGINNINGS.iter().any(|(beginning, _)| line.starts_with(beginning.as_bytes())) {
            starts.push(position);
        }
        position += line.len();
    }
    let (payload, signature) = match starts.last() {
        Some(start) => {
            let text = String::from_utf8_lossy(&data[*start..]).into_owned();
            (data[..*start].to_vec(), Some((format_of(&text), text)))
        }
        None => (data.to_vec(), None),
    };
    Signed { author, payload, signature, ambiguous: false, parents: Vec::new(), sealed: false }
}

/// The object that a tag points at.
pub(super) fn target(data: &[u8]) -> Option<ObjectId> {
    let first = data.split(|byte| *byte == b'\n').next()?;
    ObjectId::from_hex(first.strip_prefix(b"object ")?).ok()
}

const BEGINNINGS: [(&str, Format); 4] = [
    ("-----BEGIN PGP SIGNATURE-----", Format::OpenPgp),
    ("-----BEGIN PGP MESSAGE-----", Format::OpenPgp),
    ("-----BEGIN SSH SIGNATURE-----", Format::Ssh),
    ("-----BEGIN SIGNED MESSAGE-----", Format::Other),
];

fn format_of(text: &str) -> Format {
    let known = BEGINNINGS.iter().find(|(beginning, _)| text.starts_with(beginning));
    known.map_or(Format::Other, |(_, format)| *format)
}

/// Where the headers end and the message begins.
fn headers_end(data: &[u8]) -> usize {
    data.windows(2).position(|pair| pair == b"\n\n").map_or(data.len(), |position| position + 1)
}

/// `Name <address>` of a line that ends in a time.
fn identity(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    text.rfind('>').map_or(text.trim(), |end| text[..=end].trim()).to_owned()
}

/// Whether the message's last paragraph has the trailer.
fn has_seal(message: &str) -> bool {
    let message = message.trim_end();
    let last = message.rsplit("\n\n").next().unwrap_or_default();
    // The subject is no trailer, even when it is all there is.
    last.len() < message.trim_start().len()
        && last
            .lines()
            .any(|line| line.get(..SEAL.len()).is_some_and(|start| start.eq_ignore_ascii_case(SEAL)))
}

const SEAL: &str = "Argocd-gpg-seal:";

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "tree 1\nparent 0123456789012345678901234567890123456789\n\
        author A B <a@b> 1700000000 +0000\ncommitter C <c@d> 1700000000 +0000\n\
        gpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----\nencoding x\n\nsubject\n\nbody\n";

    #[test]
    fn a_commits_signature_is_cut_out() {
        let signed = commit(COMMIT.as_bytes());
        assert_eq!(signed.author, "A B <a@b>");
        assert_eq!(signed.parents.len(), 1);
        let (format, text) = signed.signature.unwrap();
        assert_eq!(format, Format::OpenPgp);
        assert_eq!(text, "-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n");
        let payload = String::from_utf8(signed.payload).unwrap();
        assert!(
            payload.ends_with("committer C <c@d> 1700000000 +0000\nencoding x\n\nsubject\n\nbody\n"),
            "{payload}"
        );
        let twice = COMMIT.replace("encoding x", "gpgsig -----BEGIN PGP SIGNATURE-----");
        assert!(commit(twice.as_bytes()).ambiguous);
        assert_eq!(commit(b"tree 1\n\nno signature\n").signature, None);
        assert_eq!(commit(b"").signature, None);
        // A signature in the message is no signature of the commit.
        assert_eq!(commit(b"tree 1\n\ngpgsig -----BEGIN PGP SIGNATURE-----\n").signature, None);
    }

    #[test]
    fn a_tags_signature_is_at_its_end() {
        let text = "object 0123456789012345678901234567890123456789\ntype commit\ntag v1\ntagger T <t@x> 1 +0000\n\n\
            message\n-----BEGIN SSH SIGNATURE-----\nabc\n-----END SSH SIGNATURE-----\n";
        let signed = tag(text.as_bytes());
        assert_eq!(signed.author, "T <t@x>");
        assert!(signed.payload.ends_with(b"\n\nmessage\n"));
        assert_eq!(signed.signature.unwrap().0, Format::Ssh);
        assert!(target(text.as_bytes()).is_some());
    }

    #[test]
    fn seals_are_trailers() {
        for (message, sealed) in [
            ("\nsubject\n\nArgocd-gpg-seal: everything before is fine\n", true),
            ("\nsubject\n\nbody\n\nSigned-off-by: x\nARGOCD-GPG-SEAL: yes\n", true),
            ("\nArgocd-gpg-seal: only a subject\n", false),
            ("\nsubject\n\nArgocd-gpg-seal: in the body\n\nmore\n", false),
            ("\nsubject\n", false),
        ] {
            assert_eq!(has_seal(message), sealed, "{message:?}");
        }
    }
}
