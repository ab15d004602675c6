//! The flags that describe one source of an application, and how they become it.

use clap::Args;
use types::meta::IntOrString;
use types::{
    ApplicationSource, ApplicationSourceDirectory, ApplicationSourceHelm, ApplicationSourceKustomize,
    ApplicationSourcePlugin, EnvEntry, HelmFileParameter, HelmParameter, JsonnetVar, KustomizeReplica,
};

use super::spec_flags::{pair, set, switch};
use crate::error::Error;

/// Flags for one source.
#[derive(Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Source")]
pub(crate) struct SourceFlags {
    /// The repository: Git, Helm or OCI.
    #[arg(long)]
    repo: Option<String>,
    /// The directory in the repository.
    #[arg(long)]
    path: Option<String>,
    /// The branch, tag, commit or version.
    #[arg(long)]
    revision: Option<String>,
    /// What tags have to start with when the revision is a version constraint.
    #[arg(long)]
    tag_prefix: Option<String>,
    /// The name by which other sources refer to this one.
    #[arg(long = "ref")]
    reference: Option<String>,
    /// The name of the source among several.
    #[arg(long)]
    source_name: Option<String>,
    /// The chart, when the repository is one of Helm.
    #[arg(long)]
    helm_chart: Option<String>,
    #[command(flatten)]
    helm: HelmFlags,
    #[command(flatten)]
    kustomize: KustomizeFlags,
    #[command(flatten)]
    directory: DirectoryFlags,
    /// The config management plugin to render with.
    #[arg(long)]
    config_management_plugin: Option<String>,
    /// A variable for the plugin, as NAME=VALUE (may be repeated).
    #[arg(long)]
    plugin_env: Vec<String>,
}

/// Flags for a Helm chart.
#[derive(Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Helm")]
struct HelmFlags {
    /// A value, as NAME=VALUE (may be repeated).
    #[arg(long)]
    helm_set: Vec<String>,
    /// A value that is a text, as NAME=VALUE (may be repeated).
    #[arg(long)]
    helm_set_string: Vec<String>,
    /// A value read from a file of the repository, as NAME=PATH (may be repeated).
    #[arg(long)]
    helm_set_file: Vec<String>,
    /// A value, as NAME=VALUE (may be repeated).
    #[arg(long, short = 'p')]
    parameter: Vec<String>,
    /// A values file of the repository (may be repeated).
    #[arg(long)]
    values: Vec<String>,
    /// A file or URL whose content becomes the values.
    #[arg(long)]
    values_literal_file: Option<String>,
    /// Go on without values files that do not exist.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    ignore_missing_value_files: Option<bool>,
    /// The release's name.
    #[arg(long)]
    release_name: Option<String>,
    /// The version of Helm; only v3 is there.
    #[arg(long)]
    helm_version: Option<String>,
    /// Send the repository's credentials to other hosts too.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    helm_pass_credentials: Option<bool>,
    /// Leave out the chart's CRDs.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    helm_skip_crds: Option<bool>,
    /// Do not check values against the chart's schema.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    helm_skip_schema_validation: Option<bool>,
    /// Leave out the chart's tests.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    helm_skip_tests: Option<bool>,
    /// The namespace that the chart is rendered for.
    #[arg(long)]
    helm_namespace: Option<String>,
    /// The Kubernetes version that the chart is rendered for.
    #[arg(long)]
    helm_kube_version: Option<String>,
    /// An API version that the chart is rendered for (may be repeated).
    #[arg(long)]
    helm_api_versions: Vec<String>,
}

/// Flags for a kustomization.
#[derive(Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Kustomize")]
struct KustomizeFlags {
    /// A prefix for all names.
    #[arg(long)]
    nameprefix: Option<String>,
    /// A suffix for all names.
    #[arg(long)]
    namesuffix: Option<String>,
    /// An image override (may be repeated).
    #[arg(long)]
    kustomize_image: Vec<String>,
    /// A replica override, as NAME=COUNT (may be repeated).
    #[arg(long)]
    kustomize_replica: Vec<String>,
    /// The namespace of all objects.
    #[arg(long)]
    kustomize_namespace: Option<String>,
    /// The version of Kustomize.
    #[arg(long)]
    kustomize_version: Option<String>,
    /// A label for all objects, as NAME=VALUE (may be repeated).
    #[arg(long)]
    kustomize_common_label: Vec<String>,
    /// An annotation for all objects, as NAME=VALUE (may be repeated).
    #[arg(long)]
    kustomize_common_annotation: Vec<String>,
    /// Overwrite labels that are there.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    kustomize_force_common_label: Option<bool>,
    /// Overwrite annotations that are there.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    kustomize_force_common_annotation: Option<bool>,
    /// Leave selectors alone when labels are added.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    kustomize_label_without_selector: Option<bool>,
    /// Add labels to templates too.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    kustomize_label_include_templates: Option<bool>,
    /// The Kubernetes version that is built for.
    #[arg(long)]
    kustomize_kube_version: Option<String>,
    /// An API version that is built for (may be repeated).
    #[arg(long)]
    kustomize_api_versions: Vec<String>,
    /// Go on without components that do not exist.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    ignore_missing_components: Option<bool>,
}

/// Flags for a directory of manifests and Jsonnet.
#[derive(Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Directory")]
struct DirectoryFlags {
    /// Read the directories below the path too.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    directory_recurse: Option<bool>,
    /// Only files that match.
    #[arg(long)]
    directory_include: Option<String>,
    /// No files that match.
    #[arg(long)]
    directory_exclude: Option<String>,
    /// Read files of all extensions.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    directory_disable_extension_filter: Option<bool>,
    /// A Jsonnet top-level argument, as NAME=TEXT (may be repeated).
    #[arg(long)]
    jsonnet_tla_str: Vec<String>,
    /// A Jsonnet top-level argument, as NAME=CODE (may be repeated).
    #[arg(long)]
    jsonnet_tla_code: Vec<String>,
    /// A Jsonnet external variable, as NAME=TEXT (may be repeated).
    #[arg(long)]
    jsonnet_ext_var_str: Vec<String>,
    /// A Jsonnet external variable, as NAME=CODE (may be repeated).
    #[arg(long)]
    jsonnet_ext_var_code: Vec<String>,
    /// A directory of Jsonnet libraries in the repository (may be repeated).
    #[arg(long)]
    jsonnet_libs: Vec<String>,
}

impl SourceFlags {
    /// Whether nothing was said of a source but, perhaps, its name.
    pub(super) fn is_unsaid(&self) -> bool {
        *self == Self { source_name: self.source_name.clone(), ..Self::default() }
    }

    /// The name by which a source among several was chosen, or is to be called.
    pub(super) fn source_name(&self) -> Option<&str> {
        self.source_name.as_deref()
    }

    /// Writes what was said into a source; what was not said stays as it is.
    pub(super) async fn apply(&self, source: &mut ApplicationSource) -> Result<(), Error> {
        set(&mut source.repo_url, self.repo.as_ref());
        set(&mut source.path, self.path.as_ref());
        set(&mut source.target_revision, self.revision.as_ref());
        set(&mut source.tag_prefix, self.tag_prefix.as_ref());
        set(&mut source.r#ref, self.reference.as_ref());
        set(&mut source.name, self.source_name.as_ref());
        set(&mut source.chart, self.helm_chart.as_ref());
        let mut helm = source.helm.take().unwrap_or_default();
        self.helm.apply(&mut helm).await?;
        source.helm = (*helm != ApplicationSourceHelm::default()).then_some(helm);
        let mut kustomize = source.kustomize.take().unwrap_or_default();
        self.kustomize.apply(&mut kustomize)?;
        source.kustomize = (*kustomize != ApplicationSourceKustomize::default()).then_some(kustomize);
        let mut directory = source.directory.take().unwrap_or_default();
        self.directory.apply(&mut directory)?;
        source.directory = (*directory != ApplicationSourceDirectory::default()).then_some(directory);
        if let Some(name) = &self.config_management_plugin {
            source.plugin = Some(Box::new(ApplicationSourcePlugin {
                name: name.clone(),
                ..ApplicationSourcePlugin::default()
            }));
        }
        for text in &self.plugin_env {
            let (name, value) = pair("plugin-env", text)?;
            let plugin = source.plugin.get_or_insert_default();
            plugin.env.retain(|entry| entry.name != name);
            plugin.env.push(EnvEntry { name: name.into(), value: value.into() });
        }
        Ok(())
    }
}

impl HelmFlags {
    async fn apply(&self, helm: &mut ApplicationSourceHelm) -> Result<(), Error> {
        if !self.values.is_empty() {
            helm.value_files.clone_from(&self.values);
        }
        if let Some(place) = &self.values_literal_file {
            let text = crate::read::text(place).await?;
            let values =
                goyaml::from_str(&text).map_err(|error| Error::Usage(format!("{place}: {error}")))?;
            helm.values_object = Some(values);
            helm.values.clear();
        }
        set(&mut helm.release_name, self.release_name.as_ref());
        set(&mut helm.version, self.helm_version.as_ref());
        set(&mut helm.namespace, self.helm_namespace.as_ref());
        set(&mut helm.kube_version, self.helm_kube_version.as_ref());
        if !self.helm_api_versions.is_empty() {
            helm.api_versions.clone_from(&self.helm_api_versions);
        }
        switch(&mut helm.ignore_missing_value_files, self.ignore_missing_value_files);
        switch(&mut helm.pass_credentials, self.helm_pass_credentials);
        switch(&mut helm.skip_crds, self.helm_skip_crds);
        switch(&mut helm.skip_schema_validation, self.helm_skip_schema_validation);
        switch(&mut helm.skip_tests, self.helm_skip_tests);
        let parameters = self.parameter.iter().map(|text| (text, "parameter", false));
        let values = self.helm_set.iter().map(|text| (text, "helm-set", false));
        let texts = self.helm_set_string.iter().map(|text| (text, "helm-set-string", true));
        for (text, flag, force_string) in parameters.chain(values).chain(texts) {
            let (name, value) = pair(flag, text)?;
            helm.parameters.retain(|parameter| parameter.name != name);
            helm.parameters.push(HelmParameter { name: name.into(), value: value.into(), force_string });
        }
        for text in &self.helm_set_file {
            let (name, path) = pair("helm-set-file", text)?;
            helm.file_parameters.retain(|parameter| parameter.name != name);
            helm.file_parameters.push(HelmFileParameter { name: name.into(), path: path.into() });
        }
        Ok(())
    }
}

/// What an image override is about: the name that is replaced.
pub(super) fn image_name(image: &str) -> &str {
    if let Some((name, _)) = image.split_once('=') {
        return name;
    }
    let image = image.split('@').next().unwrap_or_default();
    // A colon before the last slash is that of a registry's port.
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    }
}

impl KustomizeFlags {
    fn apply(&self, kustomize: &mut ApplicationSourceKustomize) -> Result<(), Error> {
        set(&mut kustomize.name_prefix, self.nameprefix.as_ref());
        set(&mut kustomize.name_suffix, self.namesuffix.as_ref());
        set(&mut kustomize.namespace, self.kustomize_namespace.as_ref());
        set(&mut kustomize.version, self.kustomize_version.as_ref());
        set(&mut kustomize.kube_version, self.kustomize_kube_version.as_ref());
        if !self.kustomize_api_versions.is_empty() {
            kustomize.api_versions.clone_from(&self.kustomize_api_versions);
        }
        switch(&mut kustomize.force_common_labels, self.kustomize_force_common_label);
        switch(&mut kustomize.force_common_annotations, self.kustomize_force_common_annotation);
        switch(&mut kustomize.label_without_selector, self.kustomize_label_without_selector);
        switch(&mut kustomize.label_include_templates, self.kustomize_label_include_templates);
        switch(&mut kustomize.ignore_missing_components, self.ignore_missing_components);
        for text in &self.kustomize_common_label {
            let (name, value) = pair("kustomize-common-label", text)?;
            kustomize.common_labels.insert(name.into(), value.into());
        }
        for text in &self.kustomize_common_annotation {
            let (name, value) = pair("kustomize-common-annotation", text)?;
            kustomize.common_annotations.insert(name.into(), value.into());
        }
        for image in &self.kustomize_image {
            kustomize.images.retain(|other| image_name(other) != image_name(image));
            kustomize.images.push(image.clone());
        }
        for text in &self.kustomize_replica {
            let (name, count) = pair("kustomize-replica", text)?;
            let count = count.parse().map_err(|_| {
                Error::Usage(format!("--kustomize-replica {text:?}: the count is no whole number"))
            })?;
            kustomize.replicas.retain(|replica| replica.name != name);
            let count = Some(IntOrString::Int(count));
            kustomize.replicas.push(KustomizeReplica { name: name.into(), count });
        }
        Ok(())
    }
}

impl DirectoryFlags {
    fn apply(&self, directory: &mut ApplicationSourceDirectory) -> Result<(), Error> {
        switch(&mut directory.recurse, self.directory_recurse);
        switch(&mut directory.disable_extension_filter, self.directory_disable_extension_filter);
        set(&mut directory.include, self.directory_include.as_ref());
        set(&mut directory.exclude, self.directory_exclude.as_ref());
        let jsonnet = &mut directory.jsonnet;
        for (texts, flag, code, variables) in [
            (&self.jsonnet_tla_str, "jsonnet-tla-str", false, &mut jsonnet.tlas),
            (&self.jsonnet_ext_var_str, "jsonnet-ext-var-str", false, &mut jsonnet.ext_vars),
        ] {
            push_variables(texts, flag, code, variables)?;
        }
        push_variables(&self.jsonnet_tla_code, "jsonnet-tla-code", true, &mut jsonnet.tlas)?;
        push_variables(&self.jsonnet_ext_var_code, "jsonnet-ext-var-code", true, &mut jsonnet.ext_vars)?;
        for library in &self.jsonnet_libs {
            if !jsonnet.libs.contains(library) {
                jsonnet.libs.push(library.clone());
            }
        }
        Ok(())
    }
}

fn push_variables(
    texts: &[String],
    flag: &str,
    code: bool,
    variables: &mut Vec<JsonnetVar>,
) -> Result<(), Error> {
    for text in texts {
        let (name, value) = pair(flag, text)?;
        // Asked for again, it is the same variable with another value.
        variables.retain(|variable| variable.name != name);
        variables.push(JsonnetVar { name: name.into(), value: value.into(), code });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_overrides_are_known_by_what_they_replace() {
        for (image, name) in [
            ("nginx", "nginx"),
            ("nginx:1.29", "nginx"),
            ("nginx=mirror.example/nginx:1", "nginx"),
            ("host:5000/app", "host:5000/app"),
            ("host:5000/app:2@sha256:00", "host:5000/app"),
        ] {
            assert_eq!(image_name(image), name, "{image}");
        }
    }
}
