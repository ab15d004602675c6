//! The inputs of a render except the contents of trees, each with a name, and the key that they make together.
//!
//! Everything that can change the result without being read from a tree is here; what is read from trees, and the
//! build variables that are used, are part of a result's proof (see `cache`). A request and a source are taken apart
//! field by field, so that a new field has to be put on one side or the other before this compiles.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use types::ApplicationSource;
use types::settings::RenderingSettings;

use crate::cache::Key;
use crate::explain::Input;
use crate::request::RenderRequest;

/// What one render depends on, by name. Texts are kept as they are, all else as hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inputs {
    parts: Vec<(&'static str, Part)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Hash([u8; 32]),
}

impl Part {
    fn of(value: &Value) -> Self {
        Self::Hash(Sha256::digest(value.to_string()).into())
    }

    fn shown(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Hash(hash) => {
                let digits: String = hash[..6].iter().map(|byte| format!("{byte:02x}")).collect();
                format!("sha256:{digits}")
            }
        }
    }
}

impl Inputs {
    /// The inputs of one source of a request. `digest` names the content of an archive, and `references` those of the
    /// archives among the sources that it may refer to.
    pub(crate) fn of(
        request: &RenderRequest,
        source: &ApplicationSource,
        digest: Option<&str>,
        references: &BTreeMap<String, Option<String>>,
    ) -> Self {
        let RenderRequest {
            instance,
            project,
            destination_namespace,
            kube_version,
            api_versions,
            settings,
            manifest_generate_paths,
            // What is not signed as demanded is not rendered at all.
            integrity: _,
            // Who asks, and how much it may be trusted that nothing has changed.
            app: _,
            refresh_revisions: _,
            no_cache: _,
            // The one source is given, with the revision that counts.
            sources: _,
            revisions: _,
            // They are known by their digest.
            files: _,
            // Objects are marked after they are rendered.
            tracking: _,
            // What can be reached with them is fixed by commits and digests.
            credentials: _,
        } = request;
        let ApplicationSource {
            repo_url,
            path,
            helm,
            kustomize,
            directory,
            plugin,
            chart,
            // The tree and the build variables tell.
            target_revision: _,
            tag_prefix: _,
            // Names for others.
            r#ref: _,
            name: _,
        } = source;
        let RenderingSettings {
            kustomize: kustomize_enabled,
            helm: helm_enabled,
            directory: directory_enabled,
            kustomize_build_options,
            kustomize_versions,
            helm_value_file_schemes,
        } = settings;
        let text = |text: &str| Part::Text(text.to_owned());
        let flag = |flag: bool| Part::Text(flag.to_string());
        let parts = vec![
            ("application", text(instance)),
            ("project", text(project)),
            ("namespace", text(destination_namespace)),
            ("path", text(path)),
            ("chart", text(chart)),
            // Where it is does not matter, only what is there; registries are of another kind.
            ("registry", flag(repo_url.starts_with("oci://"))),
            ("digest", text(digest.unwrap_or_default())),
            ("references", Part::of(&json!(references))),
            ("helm", Part::of(&json!(helm))),
            ("kustomize", Part::of(&json!(kustomize))),
            ("directory", Part::of(&json!(directory))),
            ("plugin", Part::of(&json!(plugin))),
            ("manifest-generate-paths", text(manifest_generate_paths)),
            ("kubeVersion", text(kube_version)),
            ("apiVersions", Part::of(&json!(&api_versions[..]))),
            ("kustomize.enable", flag(*kustomize_enabled)),
            ("helm.enable", flag(*helm_enabled)),
            ("jsonnet.enable", flag(*directory_enabled)),
            ("kustomize.buildOptions", text(kustomize_build_options)),
            ("kustomize.version", text(&kustomize_versions.join(","))),
            ("helm.valuesFileSchemes", text(&helm_value_file_schemes.join(","))),
        ];
        Self { parts }
    }

    /// The key under which results of these inputs are kept.
    pub(crate) fn key(&self) -> Key {
        let mut hasher = Sha256::new();
        for (name, part) in &self.parts {
            let bytes = match part {
                Part::Text(text) => text.as_bytes(),
                Part::Hash(hash) => &hash[..],
            };
            hasher.update(name.as_bytes());
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        }
        hasher.finalize().into()
    }

    /// The names of the inputs that are different in `other`.
    pub(crate) fn differences(&self, other: &Self) -> Vec<&'static str> {
        let pairs = self.parts.iter().zip(&other.parts);
        pairs.filter(|(mine, theirs)| mine != theirs).map(|((name, _), _)| *name).collect()
    }

    /// The inputs for people; those that are empty are left out.
    pub(crate) fn shown(&self) -> Vec<Input> {
        let empty = Part::of(&Value::Null);
        let said = self.parts.iter().filter(|(_, part)| *part != empty && *part != Part::Text(String::new()));
        said.map(|(name, part)| Input { name: (*name).to_owned(), value: part.shown() }).collect()
    }
}

#[cfg(test)]
mod tests;
