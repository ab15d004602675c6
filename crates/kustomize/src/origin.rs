//! Where an object comes from and what has changed it, as the annotations of `buildMetadata` tell.

use crate::remote::RepositoryUrl;

/// The source of an object, or the place of a generator or transformer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// From the directory that is built, or from the root of the repository.
    pub(crate) path: String,
    pub(crate) repository: String,
    pub(crate) reference: String,
    /// The file that configures a generator or transformer.
    pub(crate) configured_in: String,
    pub(crate) configured_by: Option<Configuration>,
}

/// The object that configures a generator or transformer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Configuration {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
}

impl Origin {
    /// The origin of what stands at a path (or URL) as seen from here.
    pub(crate) fn append(&self, path: &str) -> Self {
        let mut origin = self.clone();
        match RepositoryUrl::parse(path) {
            Ok(url) => {
                origin.repository = url.clone_url();
                origin.reference = url.reference.clone();
                // Without a path, the reference tool shows its own placeholder.
                origin.path = clean(if url.path.is_empty() { "notCloned" } else { &url.path });
            }
            Err(_) => origin.path = clean(&format!("{}/{path}", self.path)),
        }
        origin
    }

    /// The origin of what a field of the kustomization file here makes.
    pub(crate) fn of_builtin(&self, file_name: &str, kind: &str) -> Self {
        Self {
            configured_in: clean(&format!("{}/{file_name}", self.path)),
            configured_by: Some(Configuration {
                api_version: "builtin".to_owned(),
                kind: kind.to_owned(),
                ..Configuration::default()
            }),
            path: String::new(),
            ..self.clone()
        }
    }

    /// The origin of what an object makes that itself comes from here.
    pub(crate) fn of_configured(&self, configuration: Configuration) -> Self {
        Self {
            configured_in: self.path.clone(),
            configured_by: Some(configuration),
            path: String::new(),
            ..self.clone()
        }
    }

    /// The text of the annotation.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        push(&mut text, "path", &self.path);
        push(&mut text, "repo", &self.repository);
        push(&mut text, "ref", &self.reference);
        push(&mut text, "configuredIn", &self.configured_in);
        if let Some(by) = &self.configured_by {
            text.push_str("configuredBy:\n");
            push(&mut text, "  apiVersion", &by.api_version);
            push(&mut text, "  kind", &by.kind);
            push(&mut text, "  name", &by.name);
            push(&mut text, "  namespace", &by.namespace);
        }
        text
    }
}

/// Adds a line unless the value is empty.
fn push(text: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        text.push_str(&format!("{name}: {}", goyaml::to_string(&serde_json::Value::from(value))));
    }
}

/// The text of the annotation that tells several.
pub(crate) fn list_to_text(origins: &[Origin]) -> String {
    let mut text = String::new();
    for origin in origins {
        for (place, line) in origin.to_text().lines().enumerate() {
            text.push_str(if place == 0 { "- " } else { "  " });
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// A path without `.`, and without `..` where it can be resolved.
fn clean(path: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." if names.last().is_some_and(|last| *last != "..") => drop(names.pop()),
            name => names.push(name),
        }
    }
    names.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_seen_from_the_directory_that_is_built() {
        let root = Origin::default();
        let base = root.append("../base");
        assert_eq!(base.append("a.yaml").to_text(), "path: ../base/a.yaml\n");
        assert_eq!(
            base.append("github.com/org/repo/dir?ref=v1").append("x.yaml").to_text(),
            "path: dir/x.yaml\nrepo: https://github.com/org/repo\nref: v1\n"
        );
        assert_eq!(
            list_to_text(&[base.of_builtin("kustomization.yaml", "PrefixTransformer")]),
            "- configuredIn: ../base/kustomization.yaml\n  configuredBy:\n    apiVersion: builtin\n    kind: PrefixTransformer\n"
        );
    }
}
