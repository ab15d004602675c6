//! [`Content`]: the JSON of an object that an application tracks, kept small.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use parking_lot::Mutex;

/// Smaller texts are kept as they are: compressing saves nothing worth the time.
const WORTHWHILE: usize = 1024;

/// The one compressor: it is two hundred times the size of what it is used for.
static COMPRESSOR: Mutex<Option<Compress>> = Mutex::new(None);

/// The JSON of an object. Manifests repeat themselves, last-applied annotations repeat the manifest, and nobody looks
/// at most objects between two of their changes, so that larger ones are kept compressed.
pub(super) enum Content {
    Plain(Box<[u8]>),
    Deflated { bytes: Box<[u8]>, length: usize },
}

impl Content {
    pub(super) fn new(text: Vec<u8>) -> Self {
        if text.len() >= WORTHWHILE {
            // What does not fit in here is not worth it.
            let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
            let mut compressor = COMPRESSOR.lock();
            let compressor = compressor.get_or_insert_with(|| Compress::new(Compression::fast(), false));
            compressor.reset();
            let done = compressor.compress_vec(&text, &mut bytes, FlushCompress::Finish);
            if matches!(done, Ok(Status::StreamEnd)) {
                return Self::Deflated { bytes: bytes.into_boxed_slice(), length: text.len() };
            }
        }
        Self::Plain(text.into_boxed_slice())
    }

    /// Hands out the JSON.
    ///
    /// # Errors
    /// When memory is damaged.
    pub(super) fn read<T>(&self, look: impl FnOnce(&[u8]) -> T) -> Result<T, String> {
        match self {
            Self::Plain(text) => Ok(look(text)),
            Self::Deflated { bytes, length } => {
                let mut text = Vec::with_capacity(*length);
                let done = Decompress::new(false).decompress_vec(bytes, &mut text, FlushDecompress::Finish);
                match done {
                    Ok(_) if text.len() == *length => Ok(look(&text)),
                    Ok(_) => Err(format!("{} of {length} bytes are left", text.len())),
                    Err(error) => Err(error.to_string()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_survive_and_large_ones_shrink() {
        for length in [0, 10, WORTHWHILE - 1, WORTHWHILE, 100_000] {
            let text: Vec<u8> = b"{\"name\":\"value\"}".iter().copied().cycle().take(length).collect();
            let content = Content::new(text.clone());
            assert_eq!(content.read(<[u8]>::to_vec).unwrap(), text, "{length}");
            let small = matches!(&content, Content::Deflated { bytes, .. } if bytes.len() < length / 4);
            assert_eq!(small, length >= WORTHWHILE, "{length}");
        }
    }
}
