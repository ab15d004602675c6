//! Several files in one text, so that seeds can be read and edited, and mutations stay meaningful:
//!
//! ```text
//! -- Chart.yaml --
//! name: web
//! -- link -> ../values.yaml --
//! ```

use tree::MemoryTree;

/// The most files that are read from one input.
const MAX_FILES: usize = 64;

/// One part of the text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct File<'a> {
    /// Its name, as it stands there: any text.
    pub(crate) name: &'a str,
    /// The target, when it is a symbolic link.
    pub(crate) link: Option<&'a str>,
    /// Its content.
    pub(crate) text: &'a str,
}

/// The files of a text. What comes before the first header is a file without name.
pub(crate) fn files(text: &str) -> Vec<File<'_>> {
    let mut found = Vec::new();
    let mut name = "";
    let mut begin = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let header =
            line.trim_end_matches('\n').strip_prefix("-- ").and_then(|rest| rest.strip_suffix(" --"));
        if let Some(header) = header {
            if begin < at || !name.is_empty() {
                found.push(file(name, &text[begin..at]));
            }
            name = header;
            begin = at + line.len();
            if found.len() >= MAX_FILES {
                return found;
            }
        }
        at += line.len();
    }
    found.push(file(name, &text[begin..]));
    found
}

fn file<'a>(name: &'a str, text: &'a str) -> File<'a> {
    match name.split_once(" -> ") {
        Some((name, target)) => File { name, link: Some(target), text },
        None => File { name, link: None, text },
    }
}

/// The text of the file with this name; empty when there is none.
pub(crate) fn text_of<'a>(files: &[File<'a>], name: &str) -> &'a str {
    files.iter().rev().find(|file| file.name == name).map_or("", |file| file.text)
}

/// A tree of the files; those whose name is no path are left out.
pub(crate) fn tree(files: &[File<'_>]) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for file in files.iter().filter(|file| !file.name.is_empty()) {
        let put = match file.link {
            Some(target) => tree.insert_link(file.name, target),
            None => tree.insert_text(file.name, file.text),
        };
        // A name that is no path is one of the things that are tried.
        drop(put);
    }
    tree
}
