//! A folder that says how to render a chart and what Helm made of it: `case.yaml`, values files, `expected.yaml` or
//! `expected-error.txt`. The corpus and the fixtures share this form.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that fails should say where"
)]
#![allow(clippy::print_stderr, reason = "the test reports to whoever runs it")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gotmpl::FixedEnvironment;
use helm::{Budget, Chart, Flavor, Release, Values, ValuesFile};
use serde_json::Value as Json;
use tree::{MemoryTree, TreePath};

/// Reads a folder of the disk into a tree.
pub(crate) fn load_folder(tree: &mut MemoryTree, folder: &Path, below: &str) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        let kind = entry.file_type().unwrap();
        if kind.is_symlink() {
            let target = std::fs::read_link(entry.path()).unwrap();
            tree.insert_link(&path, target.to_str().unwrap()).unwrap();
        } else if kind.is_dir() {
            load_folder(tree, &entry.path(), &path);
        } else {
            tree.insert(&path, std::fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

/// A case.
pub(crate) struct Case {
    folder: PathBuf,
    description: Json,
}

impl Case {
    /// The case in a folder, if there is one.
    pub(crate) fn read(folder: PathBuf) -> Option<Self> {
        let description = std::fs::read_to_string(folder.join("case.yaml")).ok()?;
        let description = goyaml::from_str(&description).unwrap();
        Some(Self { folder, description })
    }

    fn text(&self, field: &str) -> &str {
        self.description[field].as_str().unwrap_or_default()
    }

    /// Renders the chart.
    pub(crate) fn render(&self) -> Result<String, helm::Error> {
        let mut tree = MemoryTree::new();
        load_folder(&mut tree, &self.folder.join(self.text("chart")), "");
        let budget = Budget::default();
        let chart = Chart::load(&tree, &TreePath::root(), &budget)?;

        let mut release = Release::new(self.text("release"), self.text("namespace"));
        release.kube_version = Some(self.text("kubeVersion").to_string());
        if self.text("flavor") == "helm3" {
            release.flavor = Flavor::Helm3;
        }
        let mut values = Values::default();
        for name in self.description["values"].as_array().into_iter().flatten() {
            let name = name.as_str().unwrap();
            let text = std::fs::read_to_string(self.folder.join(name)).unwrap();
            values.files.push(ValuesFile { name: name.into(), text });
        }
        let mut flags =
            self.description["flags"].as_array().into_iter().flatten().map(|flag| flag.as_str().unwrap());
        while let Some(flag) = flags.next() {
            let mut argument = || flags.next().unwrap().to_string();
            match flag {
                "--include-crds" => release.include_crds = true,
                "--skip-tests" => release.skip_tests = true,
                "--no-hooks" => release.no_hooks = true,
                "--is-upgrade" => release.is_upgrade = true,
                "--skip-schema-validation" => release.skip_schema_validation = true,
                "--set" => values.set.push(argument()),
                "--set-string" => values.set_string.push(argument()),
                "--set-json" => values.set_json.push(argument()),
                "--set-file" => values.set_file.push(argument()),
                "--set-literal" => values.set_literal.push(argument()),
                "--api-versions" => release.api_versions.extend(argument().split(',').map(str::to_string)),
                other => panic!("unknown flag {other}"),
            }
        }
        let read =
            |path: &str| std::fs::read_to_string(self.folder.join(path)).map_err(|error| error.to_string());
        let table = values.merge_as(release.flavor, &read)?;
        let environment = Arc::new(FixedEnvironment::new(1_760_000_000, 1));
        Ok(helm::render(&chart, &table, &release, &budget, environment)?.to_template_output())
    }

    /// The text with the lines blanked that differ from render to render.
    fn masked(&self, text: &str) -> String {
        let mut bodies: std::collections::HashMap<String, u64> = std::collections::HashMap::new();
        let mut masks: Vec<u64> = Vec::new();
        let (mut all, mut line_number) = (false, 0);
        let mut out = String::new();
        for line in text.split('\n') {
            if let Some(source) = line.strip_prefix("# Source: ") {
                let count = bodies.entry(source.to_string()).or_default();
                *count += 1;
                let random =
                    self.description["randomSources"].as_array().into_iter().flatten().find(|random| {
                        random["source"] == source && random["body"].as_u64().unwrap_or(1) == *count
                    });
                let lines = random.map(|random| random["lines"].as_array().cloned().unwrap_or_default());
                all = lines.as_ref().is_some_and(Vec::is_empty);
                masks = lines.unwrap_or_default().iter().filter_map(Json::as_u64).collect();
                line_number = 0;
                out.push_str(line);
            } else if line == "---" {
                all = false;
                masks.clear();
                out.push_str(line);
            } else {
                line_number += 1;
                out.push_str(if all || masks.contains(&line_number) { "<random>" } else { line });
            }
            out.push('\n');
        }
        out
    }

    /// What is wrong, if anything.
    pub(crate) fn judge(&self) -> Result<(), String> {
        let rendered = self.render();
        if self.text("expect") == "error" {
            let Err(error) = rendered else { return Err("should have failed".into()) };
            let Ok(expected) = std::fs::read_to_string(self.folder.join("expected-error.txt")) else {
                return Ok(());
            };
            let (expected, actual) = (expected.trim_end(), error.to_string());
            if expected == actual.trim_end() {
                return Ok(());
            }
            return Err(format!("error:\nexpected {expected}\n     got {actual}"));
        }
        let actual = rendered.map_err(|error| error.to_string())?;
        let expected = std::fs::read_to_string(self.folder.join("expected.yaml")).unwrap();
        if actual == expected {
            return Ok(());
        }
        let (expected, actual) = (self.masked(&expected), self.masked(&actual));
        if actual == expected {
            return Ok(());
        }
        if std::env::var_os("ARGOSY_CASE").is_some() {
            eprintln!("{actual}");
        }
        let values = |text: &str| -> Result<Vec<Json>, String> {
            let documents = goyaml::documents(text).map_err(|error| error.to_string())?;
            Ok(documents.into_iter().map(|document| document.value).collect())
        };
        let level = match (values(&expected), values(&actual)) {
            (Ok(expected), Ok(actual)) if expected == actual => "bytes",
            _ => "json",
        };
        let mut lines = (1..).zip(expected.split('\n').zip(actual.split('\n')));
        let (number, (wanted, got)) = lines
            .find(|(_, (wanted, got))| wanted != got)
            .ok_or_else(|| format!("{level}: one output is longer than the other"))?;
        Err(format!("{level}: line {number}: expected {wanted:?} got {got:?}"))
    }
}
