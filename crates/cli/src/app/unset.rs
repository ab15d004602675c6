//! `app unset`: taking out of a source what `app set` has put into it.

use clap::Args;
use types::ApplicationSource;

use super::set::store_spec;
use super::source_flags::image_name;
use super::spec_flags::{Chosen, choose};
use super::{Target, fetch};
use crate::client::Client;
use crate::error::Error;

/// What `app unset` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy app unset guestbook -p replicas\n  argosy app unset guestbook --kustomize-image nginx --nameprefix"
)]
pub(super) struct UnsetOptions {
    #[command(flatten)]
    target: Target,
    /// The position of the source among several, counted from 1.
    #[arg(long, allow_negative_numbers = true)]
    source_position: Option<i64>,
    /// The name of the source among several.
    #[arg(long)]
    source_name: Option<String>,
    #[command(flatten)]
    parts: Parts,
}

/// What is taken out.
#[derive(Debug, Default, PartialEq, Args)]
struct Parts {
    /// A Helm parameter (may be repeated).
    #[arg(short, long)]
    parameter: Vec<String>,
    /// A Helm values file (may be repeated).
    #[arg(long)]
    values: Vec<String>,
    /// The values that are written in the application itself.
    #[arg(long)]
    values_literal: bool,
    /// Going on without values files that do not exist.
    #[arg(long)]
    ignore_missing_value_files: bool,
    /// Sending the repository's credentials to other hosts.
    #[arg(long)]
    pass_credentials: bool,
    /// The prefix for names (Kustomize).
    #[arg(long)]
    nameprefix: bool,
    /// The suffix for names (Kustomize).
    #[arg(long)]
    namesuffix: bool,
    /// The version of Kustomize.
    #[arg(long)]
    kustomize_version: bool,
    /// The namespace of all objects (Kustomize).
    #[arg(long)]
    kustomize_namespace: bool,
    /// An image override (Kustomize; may be repeated).
    #[arg(long)]
    kustomize_image: Vec<String>,
    /// A replica override, by name (Kustomize; may be repeated).
    #[arg(long)]
    kustomize_replica: Vec<String>,
    /// Going on without components that do not exist (Kustomize).
    #[arg(long)]
    ignore_missing_components: bool,
    /// A variable of the plugin, by name (may be repeated).
    #[arg(long)]
    plugin_env: Vec<String>,
    /// The name by which other sources refer to this one.
    #[arg(long = "ref")]
    reference: bool,
}

pub(crate) async fn unset(options: &UnsetOptions, client: &Client) -> Result<(), Error> {
    if options.parts == Parts::default() {
        return Err(Error::Usage("nothing to unset: give at least one flag (see --help)".into()));
    }
    let app = options.target.app();
    let mut spec = fetch(client, &app, "").await?.spec;
    let source = match choose(&spec, options.source_position, options.source_name.as_deref())? {
        Chosen::Only => spec.source.as_mut(),
        Chosen::At(index) => spec.sources.get_mut(index),
    };
    let source = source.ok_or_else(|| Error::Usage("the application has no source".into()))?;
    if !options.parts.take_from(source) {
        return Err(Error::Usage("nothing of that is set".into()));
    }
    store_spec(client, &app, &spec, true).await
}

impl Parts {
    /// Takes everything out; answers whether anything was there.
    fn take_from(&self, source: &mut ApplicationSource) -> bool {
        let before = source.clone();
        if let Some(helm) = &mut source.helm {
            helm.parameters.retain(|parameter| !self.parameter.contains(&parameter.name));
            helm.value_files.retain(|file| !self.values.contains(file));
            if self.values_literal {
                helm.values.clear();
                helm.values_object = None;
            }
            helm.ignore_missing_value_files &= !self.ignore_missing_value_files;
            helm.pass_credentials &= !self.pass_credentials;
        }
        if let Some(kustomize) = &mut source.kustomize {
            for (said, field) in [
                (self.nameprefix, &mut kustomize.name_prefix),
                (self.namesuffix, &mut kustomize.name_suffix),
                (self.kustomize_version, &mut kustomize.version),
                (self.kustomize_namespace, &mut kustomize.namespace),
            ] {
                if said {
                    field.clear();
                }
            }
            let named = |image: &String| {
                self.kustomize_image.iter().any(|name| image_name(image) == image_name(name))
            };
            kustomize.images.retain(|image| !named(image));
            kustomize.replicas.retain(|replica| !self.kustomize_replica.contains(&replica.name));
            kustomize.ignore_missing_components &= !self.ignore_missing_components;
        }
        if let Some(plugin) = &mut source.plugin {
            plugin.env.retain(|entry| !self.plugin_env.contains(&entry.name));
        }
        if self.reference {
            source.r#ref.clear();
        }
        source.helm.take_if(|helm| *helm == Default::default());
        source.kustomize.take_if(|kustomize| *kustomize == Default::default());
        *source != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_named_is_taken_out() {
        let mut source: ApplicationSource = serde_json::from_value(json!({
            "repoURL": "https://git.example/apps", "path": "web",
            "helm": {"parameters": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]},
            "kustomize": {"images": ["nginx:1"], "namePrefix": "p-"},
        }))
        .unwrap();
        let parts = Parts {
            parameter: vec!["a".into()],
            kustomize_image: vec!["nginx".into()],
            nameprefix: true,
            ..Parts::default()
        };
        assert!(parts.take_from(&mut source));
        assert_eq!(
            serde_json::to_value(&source).unwrap(),
            json!({"repoURL": "https://git.example/apps", "path": "web",
                "helm": {"parameters": [{"name": "b", "value": "2"}]}})
        );
        assert!(!parts.take_from(&mut source), "there is nothing left of it");
    }
}
