//! The little of ASN.1 DER and PEM that keys and certificates need, written and read.

use crate::functions::encoding::{base64, from_base64};

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_ID: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0c;
pub(super) const PRINTABLE_STRING: u8 = 0x13;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// One element: its tag, its length and the contents.
pub(super) fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = contents.len();
    if length < 0x80 {
        out.push(length as u8);
    } else {
        let bytes = length.to_be_bytes();
        let used = bytes.iter().position(|byte| *byte != 0).unwrap_or(0);
        out.push(0x80 | (bytes.len() - used) as u8);
        out.extend_from_slice(&bytes[used..]);
    }
    out.extend_from_slice(contents);
    out
}

/// A sequence of elements.
pub(super) fn sequence(elements: &[Vec<u8>]) -> Vec<u8> {
    element(SEQUENCE, &elements.concat())
}

/// A non-negative integer from its big-endian bytes.
pub(super) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let significant = bytes.iter().position(|byte| *byte != 0).map_or(&[0][..], |at| &bytes[at..]);
    let mut contents = Vec::with_capacity(significant.len() + 1);
    if significant[0] & 0x80 != 0 {
        contents.push(0);
    }
    contents.extend_from_slice(significant);
    element(INTEGER, &contents)
}

/// A string of whole bytes as bits.
pub(super) fn bits(bytes: &[u8]) -> Vec<u8> {
    element(BIT_STRING, &[&[0], bytes].concat())
}

/// Reads elements one after the other.
#[derive(Clone, Copy)]
pub(super) struct Reader<'d> {
    rest: &'d [u8],
}

impl<'d> Reader<'d> {
    pub(super) fn new(rest: &'d [u8]) -> Reader<'d> {
        Reader { rest }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next element: tag, contents, and all of its bytes.
    pub(super) fn any(&mut self) -> Option<(u8, &'d [u8], &'d [u8])> {
        let (tag, length) = (*self.rest.first()?, usize::from(*self.rest.get(1)?));
        let (start, length) = if length < 0x80 {
            (2, length)
        } else {
            let count = length & 0x7f;
            let bytes = self.rest.get(2..2 + count).filter(|bytes| bytes.len() <= 4)?;
            (2 + count, bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
        };
        let whole = self.rest.get(..start.checked_add(length)?)?;
        self.rest = &self.rest[whole.len()..];
        Some((tag, &whole[start..], whole))
    }

    /// The contents of the next element, which has to have this tag.
    pub(super) fn tagged(&mut self, wanted: u8) -> Option<&'d [u8]> {
        self.any().filter(|(tag, ..)| *tag == wanted).map(|(_, contents, _)| contents)
    }

    /// The elements inside the next one, which has to be a sequence.
    pub(super) fn sequence(&mut self) -> Option<Reader<'d>> {
        self.tagged(SEQUENCE).map(Reader::new)
    }
}

/// A PEM block.
pub(super) fn to_pem(label: &str, der: &[u8]) -> String {
    let text = base64(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = after;
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}

/// The label and contents of the first PEM block of a text.
pub(super) fn from_pem(text: &str) -> Option<(String, Vec<u8>)> {
    let (_, after) = text.split_once("-----BEGIN ")?;
    let (label, after) = after.split_once("-----")?;
    let (body, _) = after.split_once(&format!("-----END {label}-----"))?;
    // Headers, if any, end at an empty line.
    let body = body.split_once("\n\n").map_or(body, |(_, body)| body);
    let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    Some((label.to_owned(), from_base64(body.as_bytes()).ok()?))
}
