//! Chart archives: gzipped tar files with one top folder.

use std::io::Read as _;
use std::sync::Arc;

use super::ChartFile;
use crate::budget::Left;
use crate::error::Error;

/// Unpacks an archive: the files by their paths below the top folder.
pub(crate) fn unpack(name: &str, bytes: &[u8], left: &mut Left<'_>) -> Result<Vec<ChartFile>, Error> {
    let wrong = |message: String| Error::Archive { name: name.to_string(), message };
    let mut files = Vec::new();
    // Headers count as well, and are hardly ever more than what they describe.
    let most = left.bytes().saturating_mul(2).saturating_add(1 << 20);
    let unzipped = flate2::read::MultiGzDecoder::new(bytes).take(most);
    let mut archive = tar::Archive::new(unzipped);
    for entry in archive.entries().map_err(|error| wrong(error.to_string()))? {
        let mut entry = entry.map_err(|error| wrong(error.to_string()))?;
        let kind = entry.header().entry_type();
        if kind.is_dir() || kind.is_pax_global_extensions() || kind.is_pax_local_extensions() {
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let path = relative(&path).map_err(|message| wrong(format!("{message}: {path:?}")))?;
        if !kind.is_file() {
            return Err(wrong(format!("{path} is neither a file nor a folder")));
        }
        // Before anything is read: the header says how much it will be, and no more than that is read.
        left.take(name, &path, entry.size())?;
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(|error| wrong(error.to_string()))?;
        files.push(ChartFile { path: path.into(), content: Arc::from(content) });
    }
    if files.is_empty() {
        return Err(wrong("no files in chart archive".into()));
    }
    Ok(files)
}

/// The path below the archive's top folder.
fn relative(path: &str) -> Result<String, &'static str> {
    let path = path.replace('\\', "/");
    if path.starts_with('/') {
        return Err("chart illegally contains absolute paths");
    }
    // Go's reader of archives refuses them as well.
    if path.contains('\0') {
        return Err("chart contains illegally named files");
    }
    let Some((_, below)) = path.split_once('/') else {
        return Err(if path == "Chart.yaml" {
            "chart yaml not in base directory"
        } else {
            "chart illegally contains content outside the base directory"
        });
    };
    let mut names = Vec::new();
    for name in below.split('/') {
        match name {
            "" | "." => {}
            ".." => return Err("chart illegally references parent directory"),
            name => names.push(name),
        }
    }
    match names.first() {
        None => Err("chart illegally contains content outside the base directory"),
        Some(drive) if drive.len() == 2 && drive.ends_with(':') => {
            Err("chart contains illegally named files")
        }
        Some(_) => Ok(names.join("/")),
    }
}
