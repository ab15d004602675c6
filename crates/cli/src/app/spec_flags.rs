//! The flags that describe an application, and how they become its spec.

use clap::Args;
use types::{
    ApplicationSource, ApplicationSpec, Backoff, DrySource, HydrateTo, RetryStrategy, SourceHydrator,
    SyncPolicy, SyncPolicyAutomated,
};

use super::source_flags::SourceFlags;
use crate::error::Error;

/// Flags for destination, sources and sync policy.
#[derive(Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Application")]
pub(crate) struct SpecFlags {
    /// The project.
    #[arg(long)]
    project: Option<String>,
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
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    auto_prune: Option<bool>,
    /// Undo changes that were made in the cluster.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    self_heal: Option<bool>,
    /// Let automatic syncs delete everything.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    allow_empty: Option<bool>,
    /// A sync option such as CreateNamespace=true; with a leading `!` it is removed (may be repeated).
    #[arg(long)]
    sync_option: Vec<String>,
    /// How often a failed sync is tried again; 0 for never.
    #[arg(long, allow_negative_numbers = true)]
    sync_retry_limit: Option<i64>,
    /// The first pause between tries.
    #[arg(long, default_value = "5s")]
    sync_retry_backoff_duration: String,
    /// What the pause is multiplied with.
    #[arg(long, default_value_t = 2)]
    sync_retry_backoff_factor: i64,
    /// The longest pause.
    #[arg(long, default_value = "3m0s")]
    sync_retry_backoff_max_duration: String,
    /// Take the newest revision when trying again.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    sync_retry_refresh: Option<bool>,
    #[command(flatten)]
    source: SourceFlags,
    #[command(flatten)]
    hydrator: HydratorFlags,
    /// Accepted for scripts written for argocd.
    #[arg(long, hide = true)]
    env: Option<String>,
}

/// Flags for the source hydrator; with any of them the flags of sources are left aside.
#[derive(Debug, Default, PartialEq, Args)]
#[command(next_help_heading = "Source hydrator")]
struct HydratorFlags {
    /// The repository of the dry source.
    #[arg(long)]
    dry_source_repo: Option<String>,
    /// The directory of the dry source.
    #[arg(long)]
    dry_source_path: Option<String>,
    /// The revision of the dry source.
    #[arg(long)]
    dry_source_revision: Option<String>,
    /// The branch that is synced from.
    #[arg(long)]
    sync_source_branch: Option<String>,
    /// The directory that is synced from.
    #[arg(long)]
    sync_source_path: Option<String>,
    /// The branch that hydrated manifests go to.
    #[arg(long)]
    hydrate_to_branch: Option<String>,
}

pub(super) fn set(target: &mut String, value: Option<&String>) {
    if let Some(value) = value {
        target.clone_from(value);
    }
}

pub(super) fn switch(target: &mut bool, value: Option<bool>) {
    if let Some(value) = value {
        *target = value;
    }
}

pub(super) fn pair<'a>(flag: &str, text: &'a str) -> Result<(&'a str, &'a str), Error> {
    text.split_once('=').ok_or_else(|| Error::Usage(format!("--{flag} {text:?}: expected NAME=VALUE")))
}

/// Which of several sources is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chosen {
    /// The only one.
    Only,
    /// The one at this place, counted from 0.
    At(usize),
}

/// Finds a source by its position, counted from 1, or by its name; nothing has to be said where there is only one.
pub(super) fn choose(
    spec: &ApplicationSpec,
    position: Option<i64>,
    name: Option<&str>,
) -> Result<Chosen, Error> {
    if spec.sources.is_empty() {
        return Ok(Chosen::Only);
    }
    let count = spec.sources.len();
    if let Some(position) = position.filter(|position| *position != -1) {
        let index = usize::try_from(position).ok().and_then(|position| position.checked_sub(1));
        return index.filter(|index| *index < count).map(Chosen::At).ok_or_else(|| {
            Error::Usage(format!(
                "--source-position {position}: the application has {count} sources, counted from 1"
            ))
        });
    }
    match name {
        Some(name) => {
            spec.sources.iter().position(|source| source.name == name).map(Chosen::At).ok_or_else(|| {
                Error::Usage(format!("--source-name {name:?}: the application has no such source"))
            })
        }
        None => Err(Error::Usage(format!(
            "the application has {count} sources: say which with --source-position or --source-name"
        ))),
    }
}

impl SpecFlags {
    /// Whether nothing was said.
    pub(super) fn is_empty(&self) -> bool {
        let unsaid = Self {
            sync_retry_backoff_duration: self.sync_retry_backoff_duration.clone(),
            sync_retry_backoff_factor: self.sync_retry_backoff_factor,
            sync_retry_backoff_max_duration: self.sync_retry_backoff_max_duration.clone(),
            ..Self::default()
        };
        *self == unsaid
    }

    /// The flags of the source.
    pub(super) const fn source(&self) -> &SourceFlags {
        &self.source
    }

    /// Writes what was said into a spec; what was not said stays as it is. The flags of sources go to the one chosen.
    pub(super) async fn apply(
        &self,
        spec: &mut ApplicationSpec,
        chosen: Option<Chosen>,
    ) -> Result<(), Error> {
        set(&mut spec.project, self.project.as_ref());
        set(&mut spec.destination.server, self.dest_server.as_ref());
        set(&mut spec.destination.name, self.dest_name.as_ref());
        set(&mut spec.destination.namespace, self.dest_namespace.as_ref());
        if self.revision_history_limit.is_some() {
            spec.revision_history_limit = self.revision_history_limit;
        }
        if self.hydrator != HydratorFlags::default() {
            self.hydrator.apply(spec.source_hydrator.get_or_insert_default());
        } else {
            match chosen {
                None => {}
                Some(Chosen::At(index)) => {
                    if let Some(source) = spec.sources.get_mut(index) {
                        self.source.apply(source).await?;
                    }
                }
                Some(Chosen::Only) => {
                    let mut source = spec.source.take().unwrap_or_default();
                    self.source.apply(&mut source).await?;
                    spec.source = (source != ApplicationSource::default()).then_some(source);
                }
            }
        }
        let mut policy = spec.sync_policy.take().unwrap_or_default();
        self.apply_to_policy(&mut policy)?;
        spec.sync_policy = (policy != SyncPolicy::default()).then_some(policy);
        Ok(())
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
        if self.auto_prune.is_some() || self.self_heal.is_some() || self.allow_empty.is_some() {
            let automated = policy.automated.get_or_insert_with(|| SyncPolicyAutomated {
                enabled: Some(false),
                ..SyncPolicyAutomated::default()
            });
            for (said, field) in [
                (self.auto_prune, &mut automated.prune),
                (self.self_heal, &mut automated.self_heal),
                (self.allow_empty, &mut automated.allow_empty),
            ] {
                if said.is_some() {
                    *field = said;
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
                let backoff = Backoff {
                    duration: self.sync_retry_backoff_duration.clone(),
                    factor: Some(self.sync_retry_backoff_factor),
                    max_duration: self.sync_retry_backoff_max_duration.clone(),
                };
                policy.retry =
                    Some(RetryStrategy { limit, backoff: Some(backoff), ..RetryStrategy::default() });
            }
        }
        if let (Some(retry), Some(refresh)) = (&mut policy.retry, self.sync_retry_refresh) {
            retry.refresh = refresh;
        }
        Ok(())
    }
}

impl HydratorFlags {
    fn apply(&self, hydrator: &mut SourceHydrator) {
        let DrySource { repo_url, path, target_revision, .. } = &mut hydrator.dry_source;
        set(repo_url, self.dry_source_repo.as_ref());
        set(path, self.dry_source_path.as_ref());
        set(target_revision, self.dry_source_revision.as_ref());
        set(&mut hydrator.sync_source.target_branch, self.sync_source_branch.as_ref());
        set(&mut hydrator.sync_source.path, self.sync_source_path.as_ref());
        if let Some(branch) = &self.hydrate_to_branch {
            hydrator.hydrate_to = Some(HydrateTo { target_branch: branch.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use expect_test::expect;
    use futures::FutureExt as _;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        flags: SpecFlags,
    }

    fn spec(words: &[&str]) -> Result<String, Error> {
        let line = Line::try_parse_from([&["x"], words].concat()).unwrap();
        let mut spec = ApplicationSpec::default();
        // No file is read, so that nothing is waited for.
        line.flags.apply(&mut spec, Some(Chosen::Only)).now_or_never().unwrap()?;
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
        assert!(
            spec(&["--sync-policy", "automated", "--self-heal=false"]).unwrap().contains("selfHeal: false")
        );
        assert!(spec(&["--sync-policy", "sometimes"]).is_err());
        assert!(spec(&["--helm-set", "novalue"]).unwrap_err().to_string().contains("NAME=VALUE"));
    }

    #[test]
    fn every_kind_of_source_has_its_flags() {
        let words = [
            "--kustomize-common-label",
            "team=web",
            "--kustomize-label-without-selector",
            "--ignore-missing-components",
            "--jsonnet-libs",
            "vendor",
            "--directory-recurse",
            "--plugin-env",
            "A=1",
            "--config-management-plugin",
            "cmp",
            "--helm-skip-tests",
            "-p",
            "a.b=c",
            "--sync-retry-limit",
            "2",
            "--sync-retry-backoff-factor",
            "3",
            "--sync-retry-refresh",
        ];
        expect![[r#"
            destination: {}
            project: ""
            source:
              directory:
                jsonnet:
                  libs:
                  - vendor
                recurse: true
              helm:
                parameters:
                - name: a.b
                  value: c
                skipTests: true
              kustomize:
                commonLabels:
                  team: web
                ignoreMissingComponents: true
                labelWithoutSelector: true
              plugin:
                env:
                - name: A
                  value: "1"
                name: cmp
              repoURL: ""
            syncPolicy:
              retry:
                backoff:
                  duration: 5s
                  factor: 3
                  maxDuration: 3m0s
                limit: 2
                refresh: true
        "#]]
        .assert_eq(&spec(&words).unwrap());
        assert!(Line::try_parse_from(["x"]).unwrap().flags.is_empty());
        assert!(!Line::try_parse_from(["x", "--nameprefix", "a"]).unwrap().flags.is_empty());
    }

    #[test]
    fn hydrator_flags_put_those_of_sources_aside() {
        let words =
            ["--dry-source-repo", "https://git.example/dry", "--hydrate-to-branch", "next", "--path", "x"];
        expect![[r#"
            destination: {}
            project: ""
            sourceHydrator:
              drySource:
                path: ""
                repoURL: https://git.example/dry
                targetRevision: ""
              hydrateTo:
                targetBranch: next
              syncSource:
                path: ""
                targetBranch: ""
        "#]]
        .assert_eq(&spec(&words).unwrap());
    }

    #[test]
    fn a_source_among_several_is_chosen() {
        let mut spec = ApplicationSpec::default();
        assert_eq!(choose(&spec, None, None).unwrap(), Chosen::Only);
        spec.sources =
            vec![ApplicationSource::default(), ApplicationSource { name: "b".into(), ..Default::default() }];
        assert_eq!(choose(&spec, Some(1), None).unwrap(), Chosen::At(0));
        assert_eq!(choose(&spec, None, Some("b")).unwrap(), Chosen::At(1));
        for (position, name) in [(None, None), (Some(0), None), (Some(3), None), (None, Some("c"))] {
            assert!(choose(&spec, position, name).is_err(), "{position:?} {name:?}");
        }
    }
}
