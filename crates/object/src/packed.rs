//! [`Packed`]: the JSON of objects, kept small.

use std::sync::{Mutex, PoisonError};

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// Smaller texts are kept as they are: compressing saves nothing worth the time.
const WORTHWHILE: usize = 1024;

/// The one compressor: it is two hundred times the size of what it is used for. It remembers nothing between two uses.
static COMPRESSOR: Mutex<Option<Compress>> = Mutex::new(None);

/// A text that is looked at rarely, such as the JSON of an object. A tree of values takes ten times as much. Manifests
/// repeat themselves, and annotations repeat the manifest, so that larger texts are kept compressed.
#[derive(Debug)]
pub struct Packed(Form);

#[derive(Debug)]
enum Form {
    Plain(Box<[u8]>),
    Deflated { bytes: Box<[u8]>, length: usize },
}

impl Packed {
    /// Packs a text.
    pub fn new(text: Vec<u8>) -> Self {
        if text.len() >= WORTHWHILE {
            // What does not fit in here is not worth it.
            let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
            let mut compressor = COMPRESSOR.lock().unwrap_or_else(PoisonError::into_inner);
            let compressor = compressor.get_or_insert_with(|| Compress::new(Compression::fast(), false));
            compressor.reset();
            let done = compressor.compress_vec(&text, &mut bytes, FlushCompress::Finish);
            if matches!(done, Ok(Status::StreamEnd)) {
                return Self(Form::Deflated { bytes: bytes.into_boxed_slice(), length: text.len() });
            }
        }
        Self(Form::Plain(text.into_boxed_slice()))
    }

    /// The bytes that it takes in memory.
    pub fn size(&self) -> usize {
        match &self.0 {
            Form::Plain(bytes) | Form::Deflated { bytes, .. } => bytes.len(),
        }
    }

    /// Hands out the text.
    ///
    /// # Errors
    /// When memory is damaged.
    pub fn read<T>(&self, look: impl FnOnce(&[u8]) -> T) -> Result<T, String> {
        match &self.0 {
            Form::Plain(text) => Ok(look(text)),
            Form::Deflated { bytes, length } => {
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
            let packed = Packed::new(text.clone());
            assert_eq!(packed.read(<[u8]>::to_vec).unwrap(), text, "{length}");
            let small = packed.size() < length / 4;
            assert_eq!(small, length >= WORTHWHILE, "{length}");
        }
    }
}
