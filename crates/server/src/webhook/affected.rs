//! Which applications a push touches: by repository, by revision, and by files where an application says which it reads.

use std::sync::Arc;

use gotmpl::semver::{Constraint, Version};
use regex::{Regex, RegexBuilder};
use types::{AppKey, Application, ApplicationSource};

use super::{Event, Push};

/// Names the paths that an application reads, separated by semicolons.
const ANNOTATION_PATHS: &str = "argocd.argoproj.io/manifest-generate-paths";

/// Whether a source of an application is what was pushed.
type Touched<'a> = Box<dyn Fn(&Application, &ApplicationSource) -> bool + 'a>;

/// The applications that an event touches; those whose own folders it touches come first, as they will most likely have
/// something to do.
pub(super) fn by(event: &Event, applications: &[Arc<Application>]) -> Vec<AppKey> {
    let touched: Touched<'_> = match event {
        Event::Nothing => return Vec::new(),
        Event::Push(push) => {
            let patterns: Vec<Regex> = push.urls.iter().filter_map(|url| repository_pattern(url)).collect();
            Box::new(move |application, source| {
                patterns.iter().any(|pattern| pattern.is_match(&source.repo_url))
                    && follows(push, &source.target_revision)
                    && reads(application, source, &push.files)
            })
        }
        Event::Registry { url, tag } => {
            let wanted = bare(url);
            Box::new(move |_, source| {
                let chart = format!("{}/{}", source.repo_url.trim_end_matches('/'), source.chart);
                let same =
                    bare(&source.repo_url) == wanted || (!source.chart.is_empty() && bare(&chart) == wanted);
                same && (source.target_revision == *tag || satisfies(&source.target_revision, tag))
            })
        }
    };
    let files: &[String] = if let Event::Push(push) = event { &push.files } else { &[] };
    let mut found: Vec<(bool, AppKey)> = applications
        .iter()
        .filter(|application| sources(application).iter().any(|source| touched(application, source)))
        .map(|application| (!holds(application, files), application.key()))
        .collect();
    found.sort_by_key(|(elsewhere, _)| *elsewhere);
    found.into_iter().map(|(_, key)| key).collect()
}

/// Whether one of the files is in a folder of the application.
fn holds(application: &Application, files: &[String]) -> bool {
    let inside = |file: &String, path: &str| {
        let path = path.trim_matches('/');
        path == "." || path.is_empty() || file.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
    };
    sources(application).iter().any(|source| files.iter().any(|file| inside(file, &source.path)))
}

/// All sources, the one that is hydrated from among them.
fn sources(application: &Application) -> Vec<ApplicationSource> {
    let mut sources = application.spec.effective_sources();
    if let Some(hydrator) = &application.spec.source_hydrator {
        sources.push(ApplicationSource {
            repo_url: hydrator.dry_source.repo_url.clone(),
            target_revision: hydrator.dry_source.target_revision.clone(),
            path: hydrator.dry_source.path.clone(),
            ..ApplicationSource::default()
        });
    }
    sources
}

/// A registry's URL without what may be written in more than one way.
fn bare(url: &str) -> String {
    let lower = url.to_lowercase();
    let without = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest);
    without.trim_end_matches('/').to_owned()
}

/// What matches every way to write the clone URL of a repository that has this web URL.
fn repository_pattern(url: &str) -> Option<Regex> {
    let rest = url.split_once("://").map(|(_, rest)| rest)?;
    let (host, path) = rest.split_once('/')?;
    let host = host.rsplit('@').next()?;
    let host = host.split(':').next()?;
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    if host.is_empty() || path.is_empty() {
        return None;
    }
    let pattern = format!(
        r"^((https?|ssh)://)?([a-z0-9_.-]{{1,32}}\$?@)?((alt)?ssh\.)?{}(:[0-9]+)?[:/]{}(\.git)?$",
        regex::escape(host),
        regex::escape(path)
    );
    RegexBuilder::new(&pattern).case_insensitive(true).size_limit(1 << 20).build().ok()
}

/// Whether a source's revision is what was pushed.
fn follows(push: &Push, target: &str) -> bool {
    if target.is_empty() || target.rsplit('/').next() == Some("HEAD") {
        return push.head;
    }
    match target.strip_prefix("refs/heads/").or_else(|| target.strip_prefix("refs/tags/")) {
        Some(name) => name == push.revision,
        None => target == push.revision || satisfies(target, &push.revision),
    }
}

/// Whether a version satisfies a constraint; an exact version is none.
fn satisfies(constraint: &str, version: &str) -> bool {
    let (Ok(parsed), Ok(version)) = (Constraint::parse(constraint), Version::parse(version)) else {
        return false;
    };
    Version::parse_strict(constraint).is_err() && parsed.check(&version)
}

/// Whether an application may read one of the files. Without files or paths to go by it may.
fn reads(application: &Application, source: &ApplicationSource, files: &[String]) -> bool {
    let paths =
        application.metadata.annotations.get(ANNOTATION_PATHS).map(String::as_str).unwrap_or_default();
    let paths: Vec<String> = paths
        .split(';')
        .map(str::trim)
        .filter(|path| !path.is_empty())
        .map(|path| match path.strip_prefix('/') {
            Some(absolute) => clean(absolute),
            None => clean(&format!("{}/{path}", source.path)),
        })
        .collect();
    if files.is_empty() || paths.is_empty() {
        return true;
    }
    files.iter().any(|file| {
        let file = clean(file);
        paths.iter().any(|path| {
            path.is_empty()
                || file == *path
                || file.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('/'))
                || types::glob::matches_with_separator(path, &file, '/')
        })
    })
}

/// A path without `.` and `..`.
fn clean(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
