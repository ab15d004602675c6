//! Rendered texts written to files.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use tree::TreePath;

/// Writes files below a directory, a file that is named again being added to; answers with a line for each time that
/// something was written, as Helm does.
pub(super) fn write(directory: &Path, files: &[(String, String)]) -> Result<String> {
    let mut made = BTreeSet::new();
    let mut told = String::new();
    for (name, text) in files {
        // Nothing that is rendered may choose a place outside of the directory.
        let below = TreePath::new(name).with_context(|| format!("cannot write {name}"))?;
        if below.is_root() {
            bail!("cannot write {name:?}: it names no file");
        }
        let path = directory.join(below.as_str());
        let shown = path.display().to_string();
        let is_first = made.insert(path.clone());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        }
        let mut options = fs::OpenOptions::new();
        options.create(true);
        if is_first {
            options.write(true).truncate(true)
        } else {
            options.append(true)
        };
        options
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("cannot write {shown}"))?;
        told.push_str(&format!("wrote {shown}\n"));
    }
    Ok(told)
}
