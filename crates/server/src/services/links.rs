//! Deep links: addresses elsewhere that belong to an application, a project or a live object, as the settings
//! `application.links`, `project.links` and `resource.links` write them.
//!
//! A link is a template of its URL in Go's language, with an optional condition in that of expr-lang; both see the objects
//! by name: `app` (also `application`), `project`, `resource`, `cluster`, `managedByURL`.

use std::sync::Arc;

use expr::Expression;
use gotmpl::{FixedEnvironment, Functions, Limits, Options, State, TemplateSet};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use types::settings::Settings;
use types::{Application, Cluster};

use crate::core::Core;

/// The annotation with the address of the installation that manages an application.
const MANAGED_BY_URL: &str = "argocd.argoproj.io/managed-by-url";
/// The functions of templates that links may not use.
const FORBIDDEN: [&str; 3] = ["env", "expandenv", "getHostByName"];
/// What one link may cost.
const LIMITS: Limits = Limits { steps: 200_000, bytes: 64 << 10, depth: 50, stack_bytes: 1 << 20 };

/// A link as the settings write it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Link {
    url: String,
    title: String,
    description: Option<String>,
    #[serde(rename = "icon.class")]
    icon: Option<String>,
    #[serde(rename = "if")]
    condition: Option<String>,
}

/// The objects that links see, by name.
#[derive(Default)]
pub(super) struct Subjects(Map<String, Value>);

impl Subjects {
    pub(super) fn with(mut self, name: &str, object: Value) -> Self {
        self.0.insert(name.to_owned(), object);
        self
    }

    /// Adds an application and the address of the installation that manages it.
    pub(super) fn with_application(self, application: &Application) -> Self {
        let value = serde_json::to_value(application).unwrap_or_default();
        let subjects = self.with("app", value.clone()).with("application", value);
        match application.metadata.annotations.get(MANAGED_BY_URL).filter(|url| is_web_address(url)) {
            Some(url) => subjects.with("managedByURL", url.as_str().into()),
            None => subjects,
        }
    }

    /// Adds the destination's cluster, if it is known, without anything that is secret in it.
    pub(super) fn with_cluster_of(self, core: &Core, application: &Application) -> Self {
        let Ok(cluster) = core.clusters.record(&application.spec.destination) else { return self };
        self.with("cluster", told(&cluster))
    }
}

fn is_web_address(url: &str) -> bool {
    url.parse::<http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    })
}

fn told(cluster: &Cluster) -> Value {
    json!({
        "server": cluster.server,
        "name": cluster.name,
        "namespaces": cluster.namespaces,
        "shard": cluster.shard,
        "project": cluster.project,
        "labels": cluster.labels,
        "annotations": cluster.annotations,
    })
}

/// The links of a setting for some objects, as the API answers them. What is wrong with a link is logged; the others are
/// there all the same.
pub(super) fn respond(settings: &Settings, key: &str, subjects: &Subjects) -> Value {
    let (links, problems) = evaluate(settings.config(key).unwrap_or_default(), subjects);
    problems.iter().for_each(|problem| tracing::warn!("{key}: {problem}"));
    json!({"items": links})
}

fn evaluate(text: &str, subjects: &Subjects) -> (Vec<Value>, Vec<String>) {
    let links: Result<Option<Vec<Link>>, String> = goyaml::from_str(text)
        .map_err(|error| error.to_string())
        .and_then(|value| serde_json::from_value(value).map_err(|error| error.to_string()));
    let links = match links {
        Ok(links) => links.unwrap_or_default(),
        Err(problem) => return (Vec::new(), vec![problem]),
    };
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for link in links {
        match url(&link, subjects) {
            Ok(Some(url)) => found.push(json!({
                "title": link.title,
                "url": url,
                "description": link.description,
                "iconClass": link.icon,
            })),
            Ok(None) => {}
            Err(problem) => problems.push(format!("link {:?}: {problem}", link.title)),
        }
    }
    (found, problems)
}

/// The address of a link; `None` when its condition does not hold.
fn url(link: &Link, subjects: &Subjects) -> Result<Option<String>, String> {
    if let Some(condition) = &link.condition {
        let holds = Expression::parse(condition).and_then(|expression| expression.holds(&subjects.0));
        if !holds.map_err(|error| format!("if: {error}"))? {
            return Ok(None);
        }
    }
    let mut functions = Functions::sprig();
    FORBIDDEN.iter().for_each(|name| functions.remove(name));
    let mut templates = TemplateSet::new("deep-link", Arc::new(functions), Options::default());
    templates.parse("url", &link.url).map_err(|error| format!("url: {error}"))?;
    let data = gotmpl::json::from_json(&Value::from(subjects.0.clone()).to_string())
        .map_err(|error| error.to_string())?;
    let environment = FixedEnvironment::new(jiff::Timestamp::now().as_second(), 0);
    let mut state = State::new(Arc::new(templates), Arc::new(environment), LIMITS);
    state.execute("url", &data).map(Some).map_err(|error| format!("url: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_made_of_templates_where_their_conditions_hold() {
        let application: Application = serde_json::from_value(json!({
            "metadata": {"name": "web", "labels": {"team": "shop"}, "annotations": {MANAGED_BY_URL: "https://other.example/argo"}},
            "spec": {"project": "default"},
        }))
        .unwrap();
        let subjects = Subjects::default().with_application(&application);
        let text = r#"
- url: https://logs.example/{{.app.metadata.name | upper}}?team={{index .application.metadata.labels "team"}}
  title: Logs
  description: all of them
  icon.class: fa-book
- url: https://never.example
  title: Never
  if: app.spec.project == "other"
- url: "{{.managedByURL}}/applications"
  title: Elsewhere
  if: managedByURL != nil && app.metadata.labels.team in ["shop"]
- {url: 'https://x', title: Broken condition, if: 'app.none.more == 1'}
- {url: 'https://x', title: Not a condition, if: app.metadata.name}
- {url: 'https://{{ env "HOME" }}', title: Forbidden}
- {url: 'https://{{ .app', title: Broken template}
"#;
        let (links, problems) = evaluate(text, &subjects);
        assert_eq!(
            links,
            [
                json!({"title": "Logs", "url": "https://logs.example/WEB?team=shop", "description": "all of them", "iconClass": "fa-book"}),
                json!({"title": "Elsewhere", "url": "https://other.example/argo/applications", "description": null, "iconClass": null}),
            ]
        );
        let words = [
            "cannot fetch more from nil",
            "neither true nor false",
            "\"env\" not defined",
            "unclosed action",
        ];
        assert_eq!(problems.len(), words.len(), "{problems:?}");
        for (problem, word) in problems.iter().zip(words) {
            assert!(problem.contains(word), "{problem} lacks {word}");
        }
        assert_eq!(evaluate("", &subjects).0.len(), 0);
        assert_eq!(evaluate("not a list", &subjects).1.len(), 1);
    }

    #[test]
    fn only_web_addresses_manage_applications() {
        for (url, expected) in [
            ("https://a.example", true),
            ("http://a:80/x", true),
            ("javascript:alert(1)", false),
            ("a.example", false),
        ] {
            assert_eq!(is_web_address(url), expected, "{url}");
        }
    }
}
