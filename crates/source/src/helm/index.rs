//! The index of a Helm repository: which charts there are, in which versions, and where.
//!
//! Indexes of old repositories have tens of megabytes, of which a few words per version are of interest. As a tree of values
//! all of it costs about twenty times its size (10 MB of text: 210 MB), so the text is read chart by chart where it is laid out as Helm
//! writes it (one key per line below `entries`), and as a whole only where it is not.

use std::collections::HashMap;

use serde_json::Value;

/// Values in one chart's versions, or in a whole index that cannot be split: four times as many as in the largest public
/// index (20 MB of text).
const MAX_NODES: usize = 2_000_000;
/// Versions of all charts together: ten times as many as in the largest public index.
const MAX_VERSIONS: usize = 200_000;

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
    /// When it is no YAML, has no `entries`, or more than is read.
    pub fn parse(text: &str) -> Result<Self, String> {
        let index = match by_chart(text) {
            Some(index) => index,
            None => Self::parse_whole(text)?,
        };
        let versions: usize = index.charts.values().map(Vec::len).sum();
        if versions > MAX_VERSIONS {
            return Err(format!(
                "index.yaml has {versions} versions of charts, more than the {MAX_VERSIONS} that are read; split the repository"
            ));
        }
        Ok(index)
    }

    fn parse_whole(text: &str) -> Result<Self, String> {
        // Each value in JSON has one of these before it.
        let is_small = || text.bytes().filter(|byte| b",[{".contains(byte)).count() <= MAX_NODES;
        let value = if text.trim_start().starts_with('{') && is_small() {
            serde_json::from_str(text).or_else(|_| yaml(text))
        } else {
            yaml(text)
        }
        .map_err(|error| format!("index.yaml: {error}"))?;
        let entries = value.get("entries").and_then(Value::as_object).ok_or("index.yaml has no entries")?;
        let charts = entries.iter().map(|(name, versions)| (name.clone(), chart_versions(versions)));
        Ok(Self { charts: charts.collect() })
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

fn yaml(text: &str) -> Result<Value, String> {
    let budget = goyaml::Budget { nodes: MAX_NODES, ..goyaml::Budget::default() };
    goyaml::from_str_within(text, &budget).map_err(|error| error.to_string())
}

/// Reads an index chart by chart; `None` when its layout does not allow that, or a part cannot be read by itself (as when
/// it refers to an anchor elsewhere).
fn by_chart(text: &str) -> Option<Index> {
    let mut lines = text.split_inclusive('\n');
    let mut position = 0;
    for line in lines.by_ref() {
        position += line.len();
        if line.trim_end() == "entries:" {
            break;
        }
    }
    let (mut charts, mut start, mut indent) = (HashMap::new(), position, None);
    let end = loop {
        let Some(line) = lines.next() else { break position };
        let content = line.trim_end();
        let depth = content.len() - content.trim_start_matches(' ').len();
        let blank = content.trim_start().is_empty() || content.trim_start().starts_with('#');
        if !blank && depth == 0 && !content.starts_with('-') {
            break position;
        }
        if !blank {
            // The first chart's line says how far all of them stand in. A sequence there is no map of charts.
            let wanted = *indent.get_or_insert(depth);
            if wanted == 0 || depth < wanted {
                return None;
            }
            if depth == wanted && !content.trim_start().starts_with("- ") && start < position {
                read_part(&text[start..position], &mut charts)?;
                start = position;
            }
        }
        position += line.len();
    };
    read_part(&text[start..end], &mut charts)?;
    // An index without charts may also be one that is laid out otherwise.
    (!charts.is_empty()).then_some(Index { charts })
}

/// Reads the lines of one chart.
fn read_part(text: &str, charts: &mut HashMap<String, Vec<ChartVersion>>) -> Option<()> {
    if text.trim().is_empty() {
        return Some(());
    }
    let value = yaml(text).ok()?;
    for (name, versions) in value.as_object()? {
        charts.insert(name.clone(), chart_versions(versions));
    }
    // What is too much is refused by the caller, once it is known to be.
    (charts.len() <= MAX_VERSIONS).then_some(())
}

fn chart_versions(value: &Value) -> Vec<ChartVersion> {
    value.as_array().map(Vec::as_slice).unwrap_or_default().iter().map(chart_version).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    const HELM: &str = "apiVersion: v1\nentries:\n  web:\n  - version: 1.2.0\n    urls:\n    - web-1.2.0.tgz\n\
        \x20   description: |\n      text\n      more: text\n    digest: sha256:abc\n  - version: 1.1.0\n    urls: [a, b]\n\
        \n  # a comment\n  db:\n    - version: \"2.0.0\"\n      urls: []\ngenerated: \"2024-01-01T00:00:00Z\"\n";

    fn summary(index: &Index) -> String {
        let mut text = String::new();
        for name in index.charts() {
            for version in index.versions(name).unwrap() {
                let ChartVersion { version, urls, digest } = version;
                text.push_str(&format!("{name} {version} {} {digest}\n", urls.join(",")));
            }
        }
        text
    }

    #[test]
    fn an_index_is_the_same_in_every_layout() {
        let split = by_chart(HELM).unwrap();
        expect_test::expect![[r#"
            db 2.0.0  
            web 1.2.0 web-1.2.0.tgz abc
            web 1.1.0 a,b 
        "#]]
        .assert_eq(&summary(&split));
        let json = serde_json::to_string(&yaml(HELM).unwrap()).unwrap();
        let flow = HELM.replace("entries:\n", "entries: !!map\n");
        let anchored = HELM.replace("urls: [a, b]", "urls: &u [a, b]").replace("urls: []", "urls: *u");
        for (text, splits) in
            [(HELM, true), (json.as_str(), false), (flow.as_str(), false), (anchored.as_str(), false)]
        {
            assert_eq!(by_chart(text).is_some(), splits, "{text}");
            let index = Index::parse(text).unwrap();
            assert_eq!(index.versions("web"), split.versions("web"), "{text}");
        }
        assert_eq!(Index::parse("entries: {}").unwrap(), Index::default());
        assert_eq!(Index::parse("apiVersion: v1\nentries:\n").unwrap_err(), "index.yaml has no entries");
        for text in ["", "a: [", "entries:\n- a\n", "just text"] {
            assert!(Index::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_index_has_an_end() {
        let versions = "  - {}\n".repeat(MAX_VERSIONS + 1);
        let json = format!("{{\"entries\": {{\"a\": [{}0]}}}}", "0,".repeat(MAX_NODES + 1));
        for (text, reason) in [
            (format!("entries:\n  a:\n{versions}"), "more than the 200000 that are read"),
            (format!("entries: !!map\n  a:\n{versions}"), "more than the 200000 that are read"),
            (json, "index.yaml: "),
        ] {
            let error = Index::parse(&text).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn parts_cost_no_more_than_the_text() {
        let mut text = "entries:\n".to_owned();
        for chart in 0..200 {
            text.push_str(&format!("  chart-{chart}:\n"));
            for version in 0..20 {
                text.push_str(&format!(
                    "  - version: {version}.0.0\n    urls:\n    - c-{chart}-{version}.tgz\n"
                ));
            }
        }
        let index = by_chart(&text).unwrap();
        assert_eq!(index.charts().len(), 200);
        assert!(index.charts().iter().all(|chart| index.versions(chart).unwrap().len() == 20));
    }
}
