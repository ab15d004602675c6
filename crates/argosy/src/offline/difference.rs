//! `argosy render diff`: what a change in a repository makes of its Applications' manifests, for the people who review
//! it.
//!
//! Every Application that the repository's files describe, at either revision, is rendered at both. Sources that are
//! this repository are rendered at the revision in question, others at what the Application says. Values of Secrets are
//! masked, equal ones equally.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use clap::ValueEnum;
use object::{Object, ObjectKey};
use render::{RenderRequest, Renderer};
use similar::TextDiff;
use types::Application;

use super::application;
use super::repository::LocalRepository;

mod print;

const HELP: &str = "\
Exit codes: 0 when nothing differs, 1 when something does, 2 when an application cannot be rendered at one of the
revisions (the others are shown nevertheless) or the command cannot do its work.

Examples:
  argosy render diff --from main --to HEAD
  argosy render diff --from origin/main --to HEAD -o markdown > comment.md
  argosy render diff --from v1.0 --to v1.1 --repo ~/deploy --app shop -o json
  argosy render diff --from main --to HEAD --repo-url https://git.example.com/team/deploy";

/// Which revisions, and how to show what differs.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(super) struct DiffOptions {
    /// The revision before, in Git's own notation.
    #[arg(long, value_name = "REV")]
    from: String,
    /// The revision after.
    #[arg(long, value_name = "REV")]
    to: String,
    /// A path in the repository.
    #[arg(long, value_name = "PATH", default_value = ".")]
    repo: PathBuf,
    /// A further URL by which Applications name the repository, besides those of its remotes.
    #[arg(long, value_name = "URL")]
    repo_url: Vec<String>,
    /// Only this Application; may come several times.
    #[arg(long, value_name = "NAME")]
    app: Vec<String>,
    /// The version of the cluster that charts see.
    #[arg(long, value_name = "VERSION")]
    kube_version: Option<String>,
    /// How to show it.
    #[arg(long, short, value_enum, default_value = "text")]
    output: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Unified differences.
    Text,
    /// One object, for programs.
    Json,
    /// A summary and folded differences, for a comment on a pull request.
    Markdown,
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Added,
    Removed,
    Changed,
}

impl Change {
    fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// One object that differs.
struct Difference {
    key: ObjectKey,
    change: Change,
    /// A unified difference of the YAML.
    text: String,
}

/// One application.
struct Part {
    namespace: String,
    name: String,
    /// The file that describes it.
    file: String,
    /// Whether the Application itself is there at both revisions.
    change: Change,
    outcome: Result<Vec<Difference>, String>,
}

/// Compares and prints.
pub(super) async fn run(options: &DiffOptions) -> Result<(String, ExitCode)> {
    let repository = LocalRepository::open(&options.repo, &options.repo_url)?;
    let renderer = application::renderer()?;
    let mut sides = Vec::new();
    for revision in [&options.from, &options.to] {
        let commit = repository.commit(revision, renderer.sources()).await?;
        let mut applications = BTreeMap::new();
        for (file, application) in repository.applications(&commit, renderer.sources()).await? {
            let name = &application.metadata.name;
            if options.app.is_empty() || options.app.contains(name) {
                let key = (application.metadata.namespace.clone(), name.clone());
                applications.entry(key).or_insert((file, application));
            }
        }
        sides.push((commit, applications));
    }
    let [(from, before), (to, after)] = &sides[..] else { anyhow::bail!("two revisions are compared") };
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let mut parts = Vec::new();
    for key in keys {
        let (old, new) = (before.get(key), after.get(key));
        let Some((file, _)) = new.or(old) else { continue };
        let mut both = Vec::new();
        for (side, commit) in [(old, from), (new, to)] {
            both.push(match side {
                None => Ok(Objects::new()),
                Some((_, application)) => {
                    let kube_version = options.kube_version.as_deref();
                    objects(application, commit, &repository, &renderer, kube_version).await
                }
            });
        }
        let mut both = both.into_iter();
        let outcome = match (both.next(), both.next()) {
            (Some(Ok(old)), Some(Ok(new))) => Ok(differences(&old, &new)),
            (Some(Err(error)), _) => Err(format!("at {}: {error:#}", options.from)),
            (_, Some(Err(error))) => Err(format!("at {}: {error:#}", options.to)),
            _ => Err("nothing to compare".to_owned()),
        };
        let change = match (old, new) {
            (None, _) => Change::Added,
            (_, None) => Change::Removed,
            _ => Change::Changed,
        };
        parts.push(Part {
            namespace: key.0.clone(),
            name: key.1.clone(),
            file: file.clone(),
            change,
            outcome,
        });
    }
    let code = if parts.iter().any(|part| part.outcome.is_err()) {
        2
    } else {
        u8::from(parts.iter().any(|part| part.outcome.as_ref().is_ok_and(|found| !found.is_empty())))
    };
    let text = match options.output {
        Format::Text => print::text(&parts),
        Format::Json => print::json(&parts, (&options.from, from), (&options.to, to)),
        Format::Markdown => print::markdown(&parts, &options.from, &options.to),
    };
    Ok((text, ExitCode::from(code)))
}

/// Objects by key; repeats of a key are told apart by number.
type Objects = BTreeMap<(String, String, String, String, usize), Arc<Object>>;

async fn objects(
    application: &Application,
    commit: &str,
    repository: &LocalRepository,
    renderer: &Renderer,
    kube_version: Option<&str>,
) -> Result<Objects> {
    let mut request: RenderRequest = application::request(application, kube_version)?;
    for (source, revision) in request.sources.iter_mut().zip(&mut request.revisions) {
        if source.chart.is_empty() && repository.is_meant(&source.repo_url) {
            source.repo_url.clone_from(&repository.url);
            *revision = Some(commit.to_owned());
        }
    }
    let rendered = renderer.render(request).await.map_err(application::told)?;
    let mut found = Objects::new();
    for desired in rendered.objects {
        let key = desired.object.key();
        let repeats = (0..).find(|number| {
            !found.contains_key(&(
                key.namespace.clone(),
                key.kind.clone(),
                key.group.clone(),
                key.name.clone(),
                *number,
            ))
        });
        let number = repeats.unwrap_or_default();
        found.insert((key.namespace, key.kind, key.group, key.name, number), desired.object);
    }
    Ok(found)
}

fn differences(old: &Objects, new: &Objects) -> Vec<Difference> {
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let mut found = Vec::new();
    for key in keys {
        let (before, after) = (old.get(key), new.get(key));
        if before == after {
            continue;
        }
        let change = match (before, after) {
            (None, _) => Change::Added,
            (_, None) => Change::Removed,
            _ => Change::Changed,
        };
        let (shown_after, shown_before) =
            diff::mask_secrets(after.map(|object| &**object), before.map(|object| &**object), &[]);
        let text_of = |object: Option<Object>| {
            object.map_or_else(String::new, |object| goyaml::to_string(object.as_value()))
        };
        let (before, after) = (text_of(shown_before), text_of(shown_after));
        let text = TextDiff::from_lines(&before, &after).unified_diff().context_radius(3).to_string();
        let (namespace, kind, group, name, _) = key.clone();
        found.push(Difference { key: ObjectKey { group, kind, namespace, name }, change, text });
    }
    found
}

#[cfg(test)]
mod tests;
