//! `argosy lint`: what is wrong with charts and kustomizations, or cannot work here, in plain words.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use helm::{Chart, Role};

use super::folder::{Place, RootOption};
use super::network::Network;
use super::{directory, helm as charts, kustomize};

const HELP: &str = "\
Each PATH is a chart (a directory or .tgz), a kustomization, a directory of manifests, or a directory that holds such
directories. Charts are rendered with their own default values and those of -f.

Exit codes: 0 when nothing is wrong, 1 when something is; with --strict warnings count, too.

Examples:
  argosy lint charts/shop
  argosy lint charts overlays/production --strict --enable-helm
  argosy lint charts/shop -f production.yaml";

/// What to look at.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct LintOptions {
    /// Charts, kustomizations, or directories of them.
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Values for charts.
    #[arg(long = "values", short = 'f', value_name = "FILE")]
    value_files: Vec<String>,
    /// The version of the cluster that charts see.
    #[arg(long, value_name = "VERSION")]
    kube_version: Option<String>,
    /// Render the charts of kustomizations, as kustomize.buildOptions in argocd-cm may allow it.
    #[arg(long)]
    enable_helm: bool,
    /// Count warnings as errors.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    root: RootOption,
}

/// What is said about one thing.
#[derive(Default)]
struct Findings {
    errors: Vec<String>,
    warnings: Vec<String>,
}

/// Functions whose result differs each time or place, and what that means for an application.
const UNSTEADY: &[(&str, &str)] = &[
    (
        "lookup",
        "finds nothing: a render does not ask the cluster, so what depends on it is as at a first installation",
    ),
    ("getHostByName", "finds nothing: a render asks no name servers"),
    ("randAlphaNum", "is different in each render, so the application is out of sync after each commit"),
    ("randAlpha", "is different in each render, so the application is out of sync after each commit"),
    ("randNumeric", "is different in each render, so the application is out of sync after each commit"),
    ("randAscii", "is different in each render, so the application is out of sync after each commit"),
    ("randBytes", "is different in each render, so the application is out of sync after each commit"),
    ("uuidv4", "is different in each render, so the application is out of sync after each commit"),
    ("genCA", "makes a new certificate in each render, so the application is out of sync after each commit"),
    (
        "genSelfSignedCert",
        "makes a new certificate in each render, so the application is out of sync after each commit",
    ),
    (
        "genSignedCert",
        "makes a new certificate in each render, so the application is out of sync after each commit",
    ),
    ("genPrivateKey", "makes a new key in each render, so the application is out of sync after each commit"),
    ("htpasswd", "makes a new hash in each render, so the application is out of sync after each commit"),
    ("bcrypt", "makes a new hash in each render, so the application is out of sync after each commit"),
    ("now", "is the time of the render, so the application is out of sync after each commit"),
];
/// Directories below a PATH that are entered.
const MAX_DEPTH: usize = 16;

/// Looks at all and tells.
pub(super) fn run(options: &LintOptions) -> Result<(String, ExitCode)> {
    let network = Network::default();
    let mut text = String::new();
    let (mut looked, mut errors, mut warnings) = (0, 0, 0);
    for path in &options.paths {
        let mut places = Vec::new();
        find(path, 0, &mut places)?;
        for place in places {
            let (kind, findings) = look(&place, options, &network);
            looked += 1;
            errors += findings.errors.len();
            warnings += findings.warnings.len();
            let state = if findings.errors.is_empty() { "ok" } else { "WRONG" };
            text.push_str(&format!("{} ({kind}): {state}\n", place.display()));
            for (word, list) in [("error", &findings.errors), ("warning", &findings.warnings)] {
                for finding in list {
                    text.push_str(&format!("  {word}: {}\n", finding.trim_end().replace('\n', "\n    ")));
                }
            }
        }
    }
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    text.push_str(&format!(
        "{looked} looked at, {}, {}\n",
        counted(errors, "error"),
        counted(warnings, "warning")
    ));
    let is_wrong = errors > 0 || options.strict && warnings > 0;
    Ok((text, if is_wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS }))
}

fn is_kustomization(path: &Path) -> bool {
    ["kustomization.yaml", "kustomization.yml", "Kustomization"].iter().any(|name| path.join(name).is_file())
}

/// The charts and kustomizations at and below a path; the path itself when it holds neither.
fn find(path: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    let is_one = path.join("Chart.yaml").is_file() || is_kustomization(path) || !path.is_dir();
    if is_one {
        found.push(path.to_owned());
        return Ok(());
    }
    let before = found.len();
    if depth < MAX_DEPTH {
        let entries = std::fs::read_dir(path).with_context(|| format!("cannot open {}", path.display()))?;
        let mut below: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        below.sort();
        let is_hidden =
            |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        for path in below.iter().filter(|path| path.is_dir() && !path.is_symlink() && !is_hidden(path)) {
            find(path, depth + 1, found)?;
        }
    }
    if depth == 0 && found.len() == before {
        found.push(path.to_owned());
    }
    Ok(())
}

fn look(path: &Path, options: &LintOptions, network: &Network) -> (&'static str, Findings) {
    let mut findings = Findings::default();
    if charts::is_archive(path) {
        match charts::archive(path) {
            Ok(chart) => look_at_chart(&chart, options, network, &mut findings),
            Err(error) => findings.errors.push(format!("{error:#}")),
        }
        return ("chart", findings);
    }
    let place = match Place::open(path, &options.root) {
        Ok(place) => place,
        Err(error) => {
            findings.errors.push(format!("{error:#}"));
            return ("unknown", findings);
        }
    };
    if is_kustomization(path) {
        // As the control plane renders it: charts in it only where an administrator has allowed them.
        let built = kustomize::plain(&place, options.kube_version.as_deref(), options.enable_helm, network);
        if let Err(error) = built {
            let text = format!("{error:#}");
            let help = if text.contains("must specify --enable-helm") {
                "; the control plane renders its charts when kustomize.buildOptions in argocd-cm has --enable-helm, and \
                 this command with --enable-helm"
            } else {
                ""
            };
            findings.errors.push(format!("{text}{help}"));
        }
        if path.join("Chart.yaml").is_file() {
            findings.warnings.push("there is a Chart.yaml as well; the kustomization wins".to_owned());
        }
        return ("kustomization", findings);
    }
    if path.join("Chart.yaml").is_file() {
        match charts::load(&place) {
            Ok(chart) => look_at_chart(&chart, options, network, &mut findings),
            Err(error) => findings.errors.push(format!("{error:#}")),
        }
        return ("chart", findings);
    }
    let rendered =
        if place.is_directory() { directory::render(&place, true) } else { directory::file(&place) };
    if let Err(error) = rendered {
        findings.errors.push(format!("{error:#}"));
    }
    ("manifests", findings)
}

fn look_at_chart(
    chart: &std::sync::Arc<Chart>,
    options: &LintOptions,
    network: &Network,
    findings: &mut Findings,
) {
    if chart.metadata.api_version == "v1" {
        findings
            .warnings
            .push("Chart.yaml: apiVersion v1 is that of Helm 2; v2 is the one of today".to_owned());
    }
    if chart.metadata.deprecated {
        findings.warnings.push("Chart.yaml: the chart is marked as deprecated".to_owned());
    }
    steadiness(chart, &chart.metadata.name, findings);
    if chart.metadata.is_library() {
        findings.warnings.push("a library chart: it is rendered only as part of others".to_owned());
        return;
    }
    let rendered =
        match charts::with_files(chart, &options.value_files, options.kube_version.as_deref(), network) {
            Ok(rendered) => rendered,
            Err(error) => {
                let text = format!("{error:#}");
                let help = if text.contains("missing in charts/ directory") {
                    "; run helm dependency build, or leave it to an Application, for which they are fetched"
                } else {
                    ""
                };
                findings.errors.push(format!("{text}{help}"));
                return;
            }
        };
    let objects: Vec<_> = rendered.documents.iter().filter(|document| !document.value.is_null()).collect();
    if objects.is_empty() {
        findings.warnings.push("with these values it renders to nothing".to_owned());
    }
    let mut names = std::collections::BTreeSet::new();
    for document in objects {
        let source = &document.source;
        let text = |pointer: &str| {
            document.value.pointer(pointer).and_then(|value| value.as_str()).unwrap_or_default()
        };
        let (kind, name) = (text("/kind"), text("/metadata/name"));
        for (field, value) in [("apiVersion", text("/apiVersion")), ("kind", kind)] {
            if value.is_empty() {
                findings.errors.push(format!("{source}: an object has no {field}"));
            }
        }
        if name.is_empty() && text("/metadata/generateName").is_empty() && !kind.ends_with("List") {
            findings.errors.push(format!("{source}: a {kind} has no metadata.name"));
        }
        let key = (
            text("/apiVersion").to_owned(),
            kind.to_owned(),
            text("/metadata/namespace").to_owned(),
            name.to_owned(),
        );
        if !name.is_empty() && !names.insert(key) {
            findings.warnings.push(format!("{source}: {kind} {name} comes twice; the last one counts"));
        }
        if let Role::Hook(hook) = &document.role {
            let ignored = hook.events.iter().filter(|event| event.contains("rollback"));
            for event in ignored {
                findings
                    .warnings
                    .push(format!("{source}: hook {event} is never run: a rollback runs no hooks"));
            }
        }
    }
}

/// Names the functions that make a render differ from the one before.
fn steadiness(chart: &Chart, path: &str, findings: &mut Findings) {
    for template in &chart.templates {
        for (function, meaning) in UNSTEADY {
            if let Some(line) = template.text.lines().position(|line| calls(line, function)) {
                let place = format!("{path}/{}:{}", template.path, line + 1);
                findings.warnings.push(format!("{place}: {function} {meaning}"));
            }
        }
    }
    for sub in &chart.dependencies {
        steadiness(sub, &format!("{path}/charts/{}", sub.metadata.name), findings);
    }
}

/// Whether an action in the line calls the function.
fn calls(line: &str, function: &str) -> bool {
    let mut rest = line;
    while let Some(start) = rest.find("{{") {
        let action = &rest[start + 2..];
        let end = action.find("}}").unwrap_or(action.len());
        let words = action[..end]
            .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '"' | '$' | '/' | '-')));
        if !action[..end].trim_start_matches('-').trim_start().starts_with("/*")
            && words.into_iter().any(|word| word == function)
        {
            return true;
        }
        rest = &action[end..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_from_names_and_comments() {
        for (line, expected) in [
            ("{{ now | date \"2006\" }}", true),
            ("x: {{ .Values.now }}", false),
            ("now: {{ 1 }}", false),
            ("{{/* now */}}", false),
            ("{{- if (lookup \"v1\" \"Secret\" \"\" \"\") }}", false),
            ("{{ print \"now\" }}", false),
            ("{{ date \"2006\" (now) }}", true),
        ] {
            assert_eq!(calls(line, "now"), expected, "{line}");
        }
        assert!(calls("{{- if (lookup \"v1\" \"Secret\" \"\" \"\") }}", "lookup"));
    }
}
