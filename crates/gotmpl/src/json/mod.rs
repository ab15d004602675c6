//! JSON as Go's encoding/json writes and reads it. Hosts use it too: `toYaml` starts from the same text.

mod decode;
mod encode;

pub use decode::{DecodeError, from_json};
pub use encode::{EncodeError, Style, to_json};
