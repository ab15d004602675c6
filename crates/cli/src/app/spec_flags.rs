//! The flags that describe an application, and how they become its spec.

use clap::Args;
use types::{
    ApplicationSource, ApplicationSourceDirectory, ApplicationSourceHelm, ApplicationSourceJsonnet,
    ApplicationSourceKustomize, ApplicationSpec, Backoff, HelmFileParameter, HelmParameter, JsonnetVar,
    KustomizeReplica, RetryStrategy, SyncPolicy, SyncPolicyAutomated,
};

use crate::error::Error;

/// Flags for destination, source and sync policy.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Application")]
pub(crate) struct SpecFlags {
    /// The project.
    #[arg(long)]
    project: Option<String>,
    /// The repository: Git, Helm or OCI.
    #[arg(long)]
    repo: Option<String>,
    /// The directory in the repository.
    #[arg(long)]
    path: Option<String>,
    /// The branch, tag, commit or version.
    #[arg(long)]
    revision: Option<String>,
    /// The chart, when the repository is one of Helm.
    #[arg(long)]
    helm_chart: Option<String>,
    /// The API server of the destination.
    #[arg(long)]
    dest_server: Option<String>,
    /// The name of the destination's cluster.
    #[arg(long)]
    dest_name: Option<String>,
    /// The namespace of the destination.
    #[arg(long)]
    dest_namespace: Option<String>,
    /// How many syncs are kept in the history.
    #[arg(long)]
    revision_history_limit: Option<i64>,
    /// `manual` (or `none`), or `automated` (or `auto`, `automatic`).
    #[arg(long)]
    sync_policy: Option<String>,
    /// Delete what is no longer in Git when syncing automatically.
    #[arg(long)]
    auto_prune: bool,
    /// Undo changes that were made in the cluster.
    #[arg(long)]
    self_heal: bool,
    /// Let automatic syncs delete everything.
    #[arg(long)]
    allow_empty: bool,
    /// A sync option such as CreateNamespace=true; with a leading `!` it is removed (may be repeated).
    #[arg(long)]
    sync_option: Vec<String>,
    /// How often a failed sync is tried again; negative for ever.
    #[arg(long, allow_negative_numbers = true)]
    sync_retry_limit: Option<i64>,
    /// A Helm value, as NAME=VALUE (may be repeated).
    #[arg(long, short = 'p', alias = "parameter")]
    helm_set: Vec<String>,
    /// A Helm value that is a text, as NAME=VALUE (may be repeated).
    #[arg(long)]
    helm_set_string: Vec<String>,
    /// A Helm value read from a file of the repository, as NAME=PATH (may be repeated).
    #[arg(long)]
    helm_set_file: Vec<String>,
    /// A Helm values file of the repository (may be repeated).
    #[arg(long)]
    values: Vec<String>,
    /// The Helm release's name.
    #[arg(long)]
    release_name: Option<String>,
    /// Leave out the chart's CRDs.
    #[arg(long)]
    helm_skip_crds: bool,
    /// A prefix for all names (Kustomize).
    #[arg(long)]
    nameprefix: Option<String>,
    /// A suffix for all names (Kustomize).
    #[arg(long)]
    namesuffix: Option<String>,
    /// An image override (Kustomize; may be repeated).
    #[arg(long)]
    kustomize_image: Vec<String>,
    /// A replica override, as NAME=COUNT (Kustomize; may be repeated).
    #[arg(long)]
    kustomize_replica: Vec<String>,
    /// The namespace set by Kustomize.
    #[arg(long)]
    kustomize_namespace: Option<String>,
    /// Read directories below the path too.
    #[arg(long)]
    directory_recurse: bool,
    /// Only files that match.
    #[arg(long)]
    directory_include: Option<String>,
    /// No files that match.
    #[arg(long)]
    directory_exclude: Option<String>,
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
}

fn set(target: &mut String, value: Option<&String>) {
    if let Some(value) = value {
        target.clone_from(value);
    }
}

fn pair<'a>(flag: &str, text: &'a str) -> Result<(&'a str, &'a str), Error> {
    text.split_once('=').ok_or_else(|| Error::Usage(format!("--{flag} {text:?}: expected NAME=VALUE")))
}

impl SpecFlags {
    /// Writes what was said into a spec; what was not said stays as it is.
    pub(super) fn apply(&self, spec: &mut ApplicationSpec) -> Result<(), Error> {
        set(&mut spec.project, self.project.as_ref());
        set(&mut spec.destination.server, self.dest_server.as_ref());
        set(&mut spec.destination.name, self.dest_name.as_ref());
        set(&mut spec.destination.namespace, self.dest_namespace.as_ref());
        if self.revision_history_limit.is_some() {
            spec.revision_history_limit = self.revision_history_limit;
        }
        if spec.sources.is_empty() {
            let mut source = spec.source.take().unwrap_or_default();
            self.apply_to_source(&mut source)?;
            spec.source = (source != ApplicationSource::default()).then_some(source);
        }
        let mut policy = spec.sync_policy.take().unwrap_or_default();
        self.apply_to_policy(&mut policy)?;
        spec.sync_policy = (policy != SyncPolicy::default()).then_some(policy);
        Ok(())
    }

    fn apply_to_source(&self, source: &mut ApplicationSource) -> Result<(), Error> {
        set(&mut source.repo_url, self.repo.as_ref());
        set(&mut source.path, self.path.as_ref());
        set(&mut source.target_revision, self.revision.as_ref());
        set(&mut source.chart, self.helm_chart.as_ref());
        let mut helm = source.helm.take().unwrap_or_default();
        self.apply_to_helm(&mut helm)?;
        source.helm = (helm != ApplicationSourceHelm::default()).then_some(helm);
        let mut kustomize = source.kustomize.take().unwrap_or_default();
        self.apply_to_kustomize(&mut kustomize)?;
        source.kustomize = (kustomize != ApplicationSourceKustomize::default()).then_some(kustomize);
        let mut directory = source.directory.take().unwrap_or_default();
        self.apply_to_directory(&mut directory)?;
        source.directory = (directory != ApplicationSourceDirectory::default()).then_some(directory);
        Ok(())
    }

    fn apply_to_helm(&self, helm: &mut ApplicationSourceHelm) -> Result<(), Error> {
        set(&mut helm.release_name, self.release_name.as_ref());
        if !self.values.is_empty() {
            helm.value_files.clone_from(&self.values);
        }
        helm.skip_crds |= self.helm_skip_crds;
        let parameters = self.helm_set.iter().map(|text| (text, "helm-set", false));
        let texts = self.helm_set_string.iter().map(|text| (text, "helm-set-string", true));
        for (text, flag, force_string) in parameters.chain(texts) {
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

    fn apply_to_kustomize(&self, kustomize: &mut ApplicationSourceKustomize) -> Result<(), Error> {
        set(&mut kustomize.name_prefix, self.nameprefix.as_ref());
        set(&mut kustomize.name_suffix, self.namesuffix.as_ref());
        set(&mut kustomize.namespace, self.kustomize_namespace.as_ref());
        let image_name = |image: &str| image.split(['=', ':', '@']).next().unwrap_or_default().to_owned();
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
            let count = types::meta::IntOrString::Int(count);
            kustomize.replicas.push(KustomizeReplica { name: name.into(), count: Some(count) });
        }
        Ok(())
    }

    fn apply_to_directory(&self, directory: &mut ApplicationSourceDirectory) -> Result<(), Error> {
        directory.recurse |= self.directory_recurse;
        set(&mut directory.include, self.directory_include.as_ref());
        set(&mut directory.exclude, self.directory_exclude.as_ref());
        let ApplicationSourceJsonnet { ext_vars, tlas, .. } = &mut directory.jsonnet;
        for (texts, flag, code, variables) in [
            (&self.jsonnet_tla_str, "jsonnet-tla-str", false, &mut *tlas),
            (&self.jsonnet_ext_var_str, "jsonnet-ext-var-str", false, &mut *ext_vars),
        ] {
            push_variables(texts, flag, code, variables)?;
        }
        push_variables(&self.jsonnet_tla_code, "jsonnet-tla-code", true, tlas)?;
        push_variables(&self.jsonnet_ext_var_code, "jsonnet-ext-var-code", true, ext_vars)
    }

    fn apply_to_policy(&self, policy: &mut SyncPolicy) -> Result<(), Error> {
        match self.sync_policy.as_deref() {
            None => {}
            Some("none" | "manual") => policy.automated = None,
            Some("auto" | "automatic" | "automated") => {
                policy.automated = Some(SyncPolicyAutomated::default());
            }
            Some(other) => {
                return Err(Error::Usage(format!("--sync-policy {other:?}: use manual or automated")));
            }
        }
        if self.auto_prune || self.self_heal || self.allow_empty {
            let automated = policy.automated.get_or_insert_with(|| SyncPolicyAutomated {
                enabled: Some(false),
                ..SyncPolicyAutomated::default()
            });
            for (flag, field) in [
                (self.auto_prune, &mut automated.prune),
                (self.self_heal, &mut automated.self_heal),
                (self.allow_empty, &mut automated.allow_empty),
            ] {
                if flag {
                    *field = Some(true);
                }
            }
        }
        for option in &self.sync_option {
            let name = option.strip_prefix('!').unwrap_or(option);
            policy.sync_options.retain(|other| other != name);
            if !option.starts_with('!') {
                policy.sync_options.push(option.clone());
            }
        }
        match self.sync_retry_limit {
            None => {}
            Some(0) => policy.retry = None,
            Some(limit) if limit < 0 => {
                return Err(Error::Usage("--sync-retry-limit must not be negative".into()));
            }
            Some(limit) => {
                let backoff = Backoff { duration: "5s".into(), factor: Some(2), max_duration: "3m0s".into() };
                policy.retry =
                    Some(RetryStrategy { limit, backoff: Some(backoff), ..RetryStrategy::default() });
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
        variables.push(JsonnetVar { name: name.into(), value: value.into(), code });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use expect_test::expect;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        flags: SpecFlags,
    }

    fn spec(words: &[&str]) -> Result<String, Error> {
        let line = Line::try_parse_from([&["x"], words].concat()).unwrap();
        let mut spec = ApplicationSpec::default();
        line.flags.apply(&mut spec)?;
        Ok(goyaml::to_string(&serde_json::to_value(&spec).unwrap()))
    }

    #[test]
    fn flags_become_a_spec() {
        let words = [
            "--repo",
            "https://git.example/apps",
            "--path",
            "web",
            "--dest-namespace",
            "web",
            "--project",
            "team",
            "--sync-policy",
            "automated",
            "--self-heal",
            "--sync-option",
            "CreateNamespace=true",
            "--helm-set",
            "a=1",
            "--helm-set-string",
            "b=2",
            "--sync-retry-limit",
            "3",
        ];
        expect![[r#"
            destination:
              namespace: web
            project: team
            source:
              helm:
                parameters:
                - name: a
                  value: "1"
                - forceString: true
                  name: b
                  value: "2"
              path: web
              repoURL: https://git.example/apps
            syncPolicy:
              automated:
                selfHeal: true
              retry:
                backoff:
                  duration: 5s
                  factor: 2
                  maxDuration: 3m0s
                limit: 3
              syncOptions:
              - CreateNamespace=true
        "#]]
        .assert_eq(&spec(&words).unwrap());
    }

    #[test]
    fn automation_without_a_policy_is_prepared_but_off() {
        let yaml = spec(&["--auto-prune"]).unwrap();
        assert!(yaml.contains("enabled: false") && yaml.contains("prune: true"), "{yaml}");
        assert!(spec(&["--sync-policy", "sometimes"]).is_err());
        assert!(spec(&["--helm-set", "novalue"]).unwrap_err().to_string().contains("NAME=VALUE"));
    }
}
