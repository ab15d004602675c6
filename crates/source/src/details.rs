//! What charts and artifacts say of themselves, for those who look at a revision.

use serde_json::Value;
use tree::TreePath;
use types::{ChartDetails, OCIMetadata};

use crate::access::Access;
use crate::{Error, Helm, Oci, url};

impl Helm {
    /// Description, home and maintainers of a chart in an exact version, from its `Chart.yaml`.
    ///
    /// # Errors
    /// As [`Helm::open`], and when the chart has no `Chart.yaml` that can be read.
    pub async fn details(
        &self,
        repository: &str,
        chart: &str,
        version: &str,
        access: &Access,
    ) -> Result<ChartDetails, Error> {
        let opened = self.open(repository, chart, version, access).await?;
        let read = || {
            let path = TreePath::new("Chart.yaml").map_err(|error| error.to_string())?;
            let text = tree::read_text(&*opened.tree, &path).map_err(|error| error.to_string())?;
            goyaml::from_str(&text).map_err(|error| format!("Chart.yaml: {error}"))
        };
        let content = |reason| Error::Content { repository: url::without_credentials(repository), reason };
        Ok(chart_details(&read().map_err(content)?))
    }
}

impl Oci {
    /// The annotations of an artifact's manifest that the OCI image specification defines.
    ///
    /// # Errors
    /// When the registry cannot be asked, or has no such artifact.
    pub async fn metadata(&self, place: &str, digest: &str, access: &Access) -> Result<OCIMetadata, Error> {
        let annotations = self.annotations(place, digest, access).await?;
        let text = |name: &str| {
            annotations.get(&format!("org.opencontainers.image.{name}")).cloned().unwrap_or_default()
        };
        Ok(OCIMetadata {
            created_at: text("created"),
            authors: text("authors"),
            image_url: text("url"),
            docs_url: text("documentation"),
            source_url: text("source"),
            version: text("version"),
            description: text("description"),
        })
    }
}

fn chart_details(chart: &Value) -> ChartDetails {
    let text = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned()
    };
    let maintainers = chart.get("maintainers").and_then(Value::as_array).into_iter().flatten();
    let maintainers = maintainers.map(|maintainer| {
        let (name, address) = (text(maintainer, "name"), text(maintainer, "email"));
        if address.is_empty() { name } else { format!("{name} <{address}>").trim().to_owned() }
    });
    ChartDetails {
        description: text(chart, "description"),
        home: text(chart, "home"),
        maintainers: maintainers.filter(|text| !text.is_empty()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_tells_who_maintains_it() {
        let chart = goyaml::from_str(
            "description: A web server\nhome: https://example.com\nmaintainers:\n- name: A\n  email: a@b.c\n- name: B\n- {}\n",
        )
        .unwrap();
        let details = chart_details(&chart);
        assert_eq!(
            (details.description.as_str(), details.home.as_str()),
            ("A web server", "https://example.com")
        );
        assert_eq!(details.maintainers, ["A <a@b.c>", "B"]);
        assert_eq!(chart_details(&Value::Null), ChartDetails::default());
    }
}
