//! Charts: a folder or an archive, read into [`Chart`], and [`Instance`], a chart as one render sees it.
//!
//! [`metadata`] reads Chart.yaml, [`ignore`] `.helmignore`, [`archive`] packed charts; which dependencies take part
//! is decided in `../dependencies.rs`.

mod archive;
mod ignore;
mod metadata;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use tree::{EntryKind, Tree, TreePath};

pub use metadata::{Dependency, ImportValues, Maintainer, Metadata};

use crate::budget::{Budget, Left};
use crate::error::Error;
use crate::release::Flavor;
use crate::schema::Compiled;
use crate::values::{self, Table};

/// A file of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartFile {
    /// Its path within the chart.
    pub path: Arc<str>,
    /// Its bytes, without a byte order mark.
    pub content: Arc<[u8]>,
}

/// A template of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its path within the chart, starting with `templates/`.
    pub path: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
}

/// A chart with all charts in its `charts/`. It never changes, so renders can share it; parsed templates are kept in
/// it for the next render.
#[derive(Debug)]
pub struct Chart {
    /// Chart.yaml.
    pub metadata: Metadata,
    /// values.yaml.
    pub values: Arc<Table>,
    /// The first document of values.yaml, when it has several: Helm 3 reads no more of it.
    pub(crate) first_values: Option<Arc<Table>>,
    /// values.schema.json.
    pub schema: Option<Arc<[u8]>>,
    /// What is in `templates/`.
    pub templates: Vec<Template>,
    /// What templates can read as `.Files`.
    pub files: Arc<BTreeMap<Arc<str>, Arc<[u8]>>>,
    /// Custom resource definitions: the manifests in `crds/`, in the order of a walk through the folders.
    pub crds: Vec<ChartFile>,
    /// The charts in `charts/`, by the name of their folder or archive.
    pub dependencies: Vec<Arc<Chart>>,
    /// The schema as it is used, made by the first render that asks.
    pub(crate) validator: Compiled,
    /// Templates parsed in earlier renders by full name. A memory of a pure function, nothing else.
    pub(crate) parsed: Mutex<HashMap<Arc<str>, Parsed>>,
}

/// A template that has been parsed, with the text that it was parsed from.
pub(crate) type Parsed = (Arc<str>, gotmpl::Compiled);

/// A chart as it takes part in one render: under the name its parent gives it, with the dependencies that are enabled.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) chart: Arc<Chart>,
    /// The chart's name or alias.
    pub(crate) name: Arc<str>,
    /// The declared dependencies; only the enabled ones once they have been processed.
    pub(crate) declared: Vec<Dependency>,
    pub(crate) values: Arc<Table>,
    pub(crate) dependencies: Vec<Instance>,
}

impl Instance {
    pub(crate) fn of(chart: &Arc<Chart>, flavor: Flavor) -> Self {
        let values = match (&chart.first_values, flavor) {
            (Some(first), Flavor::Helm3) => first.clone(),
            _ => chart.values.clone(),
        };
        Self {
            chart: chart.clone(),
            name: chart.metadata.name.as_str().into(),
            declared: chart.metadata.dependencies.clone(),
            values,
            dependencies: chart.dependencies.iter().map(|chart| Self::of(chart, flavor)).collect(),
        }
    }
}

impl Chart {
    /// Reads the chart in a folder of a tree. Links are followed within the tree.
    ///
    /// # Errors
    /// The tree can't be read, or the folder holds no valid chart.
    pub fn load(tree: &dyn Tree, directory: &TreePath, budget: &Budget) -> Result<Arc<Self>, Error> {
        let place = directory.to_string();
        let rules = directory.join(".helmignore")?;
        let text = if tree::is_file(tree, &rules)? { tree::read_text(tree, &rules)? } else { String::new() };
        let ignore = ignore::Ignore::parse(&text).map_err(|message| Error::ChartFile {
            chart: place.clone(),
            file: ".helmignore".into(),
            message,
        })?;
        let mut walk = Walk { tree, place: &place, ignore, left: Left::new(budget), files: Vec::new() };
        walk.directory(directory, "", 0)?;
        let Walk { files, mut left, .. } = walk;
        Self::from_files(&place, files, &mut left, 0)
    }

    /// Reads a packed chart. `name` is for messages.
    ///
    /// # Errors
    /// The archive is broken, larger than the budget, or holds no valid chart.
    pub fn from_archive(name: &str, bytes: &[u8], budget: &Budget) -> Result<Arc<Self>, Error> {
        let mut left = Left::new(budget);
        let files = archive::unpack(name, bytes, &mut left)?;
        Self::from_files(name, files, &mut left, 0)
    }

    /// Makes a chart of files by their paths in it.
    fn from_files(
        place: &str,
        mut files: Vec<ChartFile>,
        left: &mut Left<'_>,
        depth: usize,
    ) -> Result<Arc<Self>, Error> {
        for file in &mut files {
            if let Some(rest) = file.content.strip_prefix(b"\xef\xbb\xbf") {
                file.content = Arc::from(rest);
            }
        }
        // An archive can hold it twice.
        let described = files.iter().rev().find(|file| &*file.path == "Chart.yaml");
        let described = described.ok_or_else(|| Error::ChartYamlMissing(place.to_string()))?;
        let mut chart = Self {
            metadata: Metadata::read(&text_of(described), place)?,
            values: Arc::default(),
            first_values: None,
            schema: None,
            templates: Vec::new(),
            files: Arc::default(),
            crds: Vec::new(),
            dependencies: Vec::new(),
            validator: Compiled::default(),
            parsed: Mutex::default(),
        };
        let mut kept = BTreeMap::new();
        let mut subcharts: BTreeMap<String, Vec<ChartFile>> = BTreeMap::new();
        for file in files {
            chart.sort_in(file, &mut kept, &mut subcharts)?;
        }
        chart.files = Arc::new(kept);
        chart.metadata.validate()?;
        for (name, files) in subcharts {
            if let Some(subchart) = chart.subchart(&name, files, left, depth + 1)? {
                chart.dependencies.push(subchart);
            }
        }
        Ok(Arc::new(chart))
    }

    /// Gives a file its role.
    fn sort_in(
        &mut self,
        file: ChartFile,
        kept: &mut BTreeMap<Arc<str>, Arc<[u8]>>,
        subcharts: &mut BTreeMap<String, Vec<ChartFile>>,
    ) -> Result<(), Error> {
        let path = file.path.clone();
        let version_1 = self.metadata.api_version == "v1";
        match &*path {
            "Chart.yaml" | "Chart.lock" => {}
            "values.yaml" => {
                let text = text_of(&file);
                let wrong = |message| Error::ChartFile {
                    chart: self.metadata.name.clone(),
                    file: path.to_string(),
                    message,
                };
                let values = values::read(&text).map_err(wrong)?;
                if text.contains("\n---") {
                    let first = values::read_as(Flavor::Helm3, &text).map_err(wrong)?;
                    self.first_values = (first != values).then(|| Arc::new(first));
                }
                self.values = Arc::new(values);
            }
            "values.schema.json" => self.schema = Some(file.content),
            "requirements.yaml" => {
                self.metadata.read_requirements(&text_of(&file))?;
                if version_1 {
                    kept.insert(path, file.content);
                }
            }
            "requirements.lock" => {
                if version_1 {
                    kept.insert(path, file.content);
                }
            }
            _ if path.starts_with("templates/") => {
                self.templates.push(Template { text: text_of(&file).into(), path });
            }
            _ => match path.strip_prefix("charts/") {
                Some(below) if !path.ends_with(".prov") => {
                    let name = below.split('/').next().unwrap_or(below).to_string();
                    let file = ChartFile { path: below.into(), content: file.content };
                    subcharts.entry(name).or_default().push(file);
                }
                _ => {
                    let manifest =
                        [".yaml", ".yml", ".json"].iter().any(|end| path.to_ascii_lowercase().ends_with(end));
                    if path.starts_with("crds/") && manifest {
                        self.crds.push(file.clone());
                    }
                    kept.insert(path, file.content);
                }
            },
        }
        Ok(())
    }

    /// Reads one entry of `charts/`; nothing if it isn't meant to be a chart.
    fn subchart(
        &self,
        name: &str,
        files: Vec<ChartFile>,
        left: &mut Left<'_>,
        depth: usize,
    ) -> Result<Option<Arc<Self>>, Error> {
        if name.starts_with(['_', '.']) {
            return Ok(None);
        }
        let within = |source: Error| Error::Subchart {
            name: name.to_string(),
            parent: self.metadata.name.clone(),
            source: Box::new(source),
        };
        if depth > left.max_depth() {
            let message = format!("charts are nested deeper than {}", left.max_depth());
            return Err(within(Error::Metadata { chart: name.to_string(), message }));
        }
        let files = match files.first() {
            Some(file) if name.ends_with(".tgz") && *file.path == *name => {
                archive::unpack(name, &file.content, left).map_err(within)?
            }
            _ => files
                .into_iter()
                .filter_map(|file| {
                    let path = file.path.split_once('/')?.1.into();
                    Some(ChartFile { path, content: file.content })
                })
                .collect(),
        };
        // A lone file in `charts/`, such as a readme.
        if files.is_empty() {
            return Err(within(Error::ChartYamlMissing(name.to_string())));
        }
        Self::from_files(name, files, left, depth).map(Some).map_err(within)
    }

    /// Checks that the chart can be rendered by itself and has all that it declares.
    ///
    /// # Errors
    /// Its API version is unknown, it is a library, or a declared dependency isn't in `charts/`.
    pub fn check_installable(&self) -> Result<(), Error> {
        let version = self.metadata.api_version.as_str();
        if !matches!(version, "v1" | "v2") {
            return Err(Error::ApiVersion {
                chart: self.metadata.name.clone(),
                version: version.to_string(),
            });
        }
        if self.metadata.is_library() {
            return Err(Error::Library(self.metadata.name.clone()));
        }
        let there = |name: &str| self.dependencies.iter().any(|chart| chart.metadata.name == name);
        let missing: Vec<&str> = self
            .metadata
            .dependencies
            .iter()
            .map(|dependency| dependency.name.as_str())
            .filter(|name| !there(name))
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(Error::MissingDependencies(missing.join(", "))) }
    }
}

fn text_of(file: &ChartFile) -> String {
    String::from_utf8_lossy(&file.content).into_owned()
}

/// A walk through a chart's folder.
struct Walk<'a> {
    tree: &'a dyn Tree,
    place: &'a str,
    ignore: ignore::Ignore,
    left: Left<'a>,
    files: Vec<ChartFile>,
}

impl Walk<'_> {
    /// `real` is where the folder is, `shown` how the chart sees it: they differ behind links.
    fn directory(&mut self, real: &TreePath, shown: &str, depth: usize) -> Result<(), Error> {
        if depth > 64 {
            let message = "folders are nested deeper than 64".to_string();
            return Err(Error::Metadata { chart: self.place.to_string(), message });
        }
        for (name, entry) in self.tree.list(real)? {
            let mut path = real.join(&name)?;
            let mut kind = entry.kind;
            let shown = if shown.is_empty() { name } else { format!("{shown}/{name}") };
            if kind == EntryKind::Symlink {
                let Some((target, found)) = tree::resolve(self.tree, &path)? else {
                    return Err(tree::TreeError::NotFound { path }.into());
                };
                (path, kind) = (target, found);
            }
            let is_directory = kind == EntryKind::Directory;
            if self.ignore.ignores(&shown, is_directory) || kind == EntryKind::Submodule {
                continue;
            }
            if is_directory {
                self.directory(&path, &shown, depth + 1)?;
            } else {
                self.file(&path, &shown)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, real: &TreePath, shown: &str) -> Result<(), Error> {
        let content = self.tree.read(real)?;
        self.left.take(self.place, shown, u64::try_from(content.len()).unwrap_or(u64::MAX))?;
        self.files.push(ChartFile { path: shown.into(), content });
        Ok(())
    }
}
