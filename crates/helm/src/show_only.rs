//! What else `helm template` does with its output: `--show-only` picks parts of it, `--output-dir` writes it to files.

use crate::matching;
use crate::output::{Rendered, Role};

impl Rendered {
    /// The parts of the output that come from the named files of the chart, pattern by pattern.
    ///
    /// # Errors
    /// The pattern that no part comes from.
    pub fn show_only(&self, patterns: &[String]) -> Result<String, String> {
        let output = self.to_template_output();
        let parts = parts(&output);
        let mut text = String::new();
        for pattern in patterns {
            let is_pattern = matching::is_pattern(pattern);
            let before = text.len();
            for part in &parts {
                if file_of(part).is_some_and(|file| is_pattern && matching::matches(pattern, &file)) {
                    text.push_str(&format!("---\n{part}\n"));
                }
            }
            if text.len() == before {
                return Err(pattern.clone());
            }
        }
        Ok(text)
    }

    /// How many files of `crds/` are part of the output.
    pub fn crd_count(&self) -> usize {
        self.crd_files.len()
    }

    /// The files that `--output-dir` makes, by path below it, in the order in which Helm names them: each time with what is
    /// added to the file.
    pub fn to_files(&self) -> Vec<(String, String)> {
        let part =
            |source: &str, text: &str| (source.to_string(), format!("---\n# Source: {source}\n{text}\n"));
        let crds = self.crd_files.iter().map(|(source, text)| part(source, text));
        let documents = self.documents.iter().filter(|document| document.role != Role::Crd);
        crds.chain(documents.map(|document| part(&document.source, &document.text))).collect()
    }
}

/// The output cut at its separators. The blank lines behind a part belong to it, as Helm has it.
fn parts(output: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for line in output.trim_start().split_inclusive('\n') {
        match line.strip_prefix("---") {
            Some(rest) => parts.push(rest.trim_start().to_owned()),
            None => {
                if let Some(part) = parts.last_mut() {
                    part.push_str(line);
                }
            }
        }
    }
    parts
}

/// The file that a part comes from, below its chart.
fn file_of(part: &str) -> Option<String> {
    let source = part.lines().find_map(|line| line.split_once("# Source: "))?.1;
    let names = source.split_once('/')?.1.split('/').filter(|name| !name.is_empty());
    Some(names.collect::<Vec<_>>().join("/"))
}
