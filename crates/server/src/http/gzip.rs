//! Compresses answers for clients that ask for it.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, header};

/// Shorter bodies aren't worth it.
const WORTH_IT: usize = 1024;

/// The compressed body, when the client takes gzip and the body is worth it.
pub(crate) fn compress(headers: &HeaderMap, body: &[u8]) -> Option<Vec<u8>> {
    let accepted = headers.get(header::ACCEPT_ENCODING)?.to_str().ok()?;
    let takes = accepted.split(',').any(|coding| coding.split(';').next().map(str::trim) == Some("gzip"));
    if !takes || body.len() < WORTH_IT {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}
