//! Texts that the user names: a file, standard input, or something on the web.

use crate::error::Error;

/// The longest text that is taken.
const MAX_BYTES: usize = 16 << 20;

/// Reads a file, `-` for standard input, or an `http(s)://` URL.
pub(crate) async fn text(place: &str) -> Result<String, Error> {
    let failed = |reason: String| Error::Usage(format!("{place}: {reason}"));
    if place.starts_with("http://") || place.starts_with("https://") {
        let response = reqwest::get(place).await.and_then(reqwest::Response::error_for_status);
        let bytes = match response {
            Ok(response) => response.bytes().await,
            Err(error) => Err(error),
        }
        .map_err(|error| failed(error.without_url().to_string()))?;
        if bytes.len() > MAX_BYTES {
            return Err(failed(format!("longer than {} MiB", MAX_BYTES >> 20)));
        }
        return String::from_utf8(bytes.to_vec()).map_err(|error| failed(error.to_string()));
    }
    let read =
        if place == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(place) };
    read.map_err(|error| failed(error.to_string()))
}
