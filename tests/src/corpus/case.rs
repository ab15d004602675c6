//! One case: what to render, and what is expected of it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

/// The tool whose output is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tool {
    /// `helm template`
    Helm,
    /// `kustomize build`
    Kustomize,
}

impl Tool {
    /// The program's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Helm => "helm",
            Self::Kustomize => "kustomize",
        }
    }
}

/// A value that differs each time it is rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RandomPart {
    /// The document's key; `*` in it is any text.
    pub document: String,
    /// A JSON pointer.
    pub path: String,
    /// The lines of a text that differ, from 1; empty for the whole value.
    pub lines: Vec<usize>,
}

/// A text below a header that differs each time it is rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RandomSource {
    /// What the header says.
    pub source: String,
    /// Which of the texts below such headers, from 1.
    pub body: usize,
    /// The lines that differ, from 1; empty for all of it.
    pub lines: Vec<usize>,
}

/// What should come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// This output.
    Output(String),
    /// An error; with what the tool says, when that is known.
    Failure(Option<String>),
}

/// A case.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// Which tool.
    pub tool: Tool,
    /// The folder that paths are relative to.
    pub folder: PathBuf,
    /// The chart, or the kustomization's directory.
    pub path: String,
    /// The release's name.
    pub release: String,
    /// The release's namespace.
    pub namespace: String,
    /// The version of the cluster.
    pub kube_version: String,
    /// Values files.
    pub values: Vec<String>,
    /// Further flags of the tool.
    pub flags: Vec<String>,
    /// Random values.
    pub random: Vec<RandomPart>,
    /// Random texts.
    pub random_sources: Vec<RandomSource>,
    /// How long the real tool took.
    pub reference_seconds: f64,
    /// What should come of it.
    pub expected: Expected,
}

/// The folders in a folder, by name.
pub fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value, field: &str) -> Vec<String> {
    let items = value[field].as_array().into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn number(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|number| usize::try_from(number).ok())
}

fn lines(value: &Value) -> Vec<usize> {
    value["lines"].as_array().into_iter().flatten().filter_map(number).collect()
}

impl Case {
    /// The case in a folder; nothing when the folder holds none.
    ///
    /// # Errors
    /// When its files cannot be read.
    pub fn read(folder: &Path) -> Result<Option<Self>> {
        let file = folder.join("case.yaml");
        if !file.is_file() {
            return Ok(None);
        }
        let shown = file.display();
        let description = std::fs::read_to_string(&file).with_context(|| format!("cannot read {shown}"))?;
        let description = goyaml::from_str(&description).with_context(|| format!("cannot read {shown}"))?;
        let tool = match description["tool"].as_str() {
            Some("helm") => Tool::Helm,
            Some("kustomize") => Tool::Kustomize,
            other => anyhow::bail!("{shown}: tool {other:?} is unknown"),
        };
        let expected = if description["expect"] == "error" {
            Expected::Failure(None)
        } else {
            let file = folder.join("expected.yaml");
            let text =
                std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
            Expected::Output(text)
        };
        let parts = |field: &str| description[field].as_array().cloned().unwrap_or_default();
        let random = parts("random").into_iter().map(|part| RandomPart {
            document: text(&part, "doc"),
            path: text(&part, "path"),
            lines: lines(&part),
        });
        let random_sources = parts("randomSources").into_iter().map(|part| RandomSource {
            source: text(&part, "source"),
            body: number(&part["body"]).unwrap_or(1),
            lines: lines(&part),
        });
        Ok(Some(Self {
            name: folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            tool,
            folder: folder.to_owned(),
            path: text(&description, if tool == Tool::Helm { "chart" } else { "dir" }),
            release: text(&description, "release"),
            namespace: text(&description, "namespace"),
            kube_version: text(&description, "kubeVersion"),
            values: texts(&description, "values"),
            flags: texts(&description, "flags"),
            random: random.collect(),
            random_sources: random_sources.collect(),
            reference_seconds: description["seconds"].as_f64().unwrap_or_default(),
            expected,
        }))
    }
}

/// The cases in a folder, in the folders in it, and in its folders `helm` and `kustomize`.
///
/// # Errors
/// When a case cannot be read.
pub fn cases(folder: &Path) -> Result<Vec<Case>> {
    let mut places = vec![folder.to_owned()];
    for below in [folder.to_owned(), folder.join("helm"), folder.join("kustomize")] {
        places.extend(folders(&below));
    }
    places.iter().filter_map(|folder| Case::read(folder).transpose()).collect()
}
