//! The index of a Helm repository: which charts there are, in which versions, and where.

use std::collections::HashMap;

use serde_json::Value;

/// A parsed `index.yaml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    charts: HashMap<String, Vec<ChartVersion>>,
}

/// One version of a chart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChartVersion {
    /// The version.
    pub version: String,
    /// Where the archive is, as absolute URLs or relative to the repository.
    pub urls: Vec<String>,
    /// The SHA-256 digest of the archive; empty when the index tells none.
    pub digest: String,
}

impl Index {
    /// Reads the text of an `index.yaml`.
    ///
    /// # Errors
    /// When it is no YAML or has no `entries`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let budget = goyaml::Budget { nodes: 20_000_000, ..goyaml::Budget::default() };
        let value = goyaml::from_str_within(text, &budget).map_err(|error| format!("index.yaml: {error}"))?;
        let entries = value.get("entries").and_then(Value::as_object).ok_or("index.yaml has no entries")?;
        let mut charts = HashMap::new();
        for (name, versions) in entries {
            let versions = versions.as_array().map(Vec::as_slice).unwrap_or_default();
            charts.insert(name.clone(), versions.iter().map(chart_version).collect());
        }
        Ok(Self { charts })
    }

    /// The names of all charts, sorted.
    pub fn charts(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.charts.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// The versions of a chart in the index's order; `None` for an unknown chart.
    pub fn versions(&self, chart: &str) -> Option<&[ChartVersion]> {
        self.charts.get(chart).map(Vec::as_slice)
    }
}

fn chart_version(value: &Value) -> ChartVersion {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let urls = value.get("urls").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    ChartVersion {
        version: text("version"),
        urls: urls.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        digest: text("digest").trim_start_matches("sha256:").to_owned(),
    }
}
