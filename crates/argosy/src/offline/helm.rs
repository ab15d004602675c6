//! `argosy render helm`: `helm template` with its own flags, byte for byte.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use helm::{Budget, Chart, Release, Rendered, Values, ValuesFile};
use types::glob::Glob;

use super::folder::{Place, RootOption};

const EXAMPLES: &str = "\
Examples:
  argosy render helm charts/shop --name shop --namespace web
  argosy render helm shop-1.2.0.tgz -f production.yaml --set image.tag=v2,replicas=3
  argosy render helm charts/shop --show-only 'templates/deploy*.yaml' --api-versions monitoring.coreos.com/v1";

/// The name of a release that nobody named, as Helm has it.
const DEFAULT_NAME: &str = "release-name";
/// The longest text that is taken from standard input.
const MAX_INPUT_BYTES: u64 = 64 << 20;

/// The flags of `helm template`; the release's name is one of them here.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own in Helm")]
pub(super) struct HelmOptions {
    /// A chart's directory or archive (.tgz).
    chart: PathBuf,
    /// The release's name.
    #[arg(long, default_value = DEFAULT_NAME)]
    name: String,
    /// The release's namespace.
    #[arg(long, short, default_value = "default")]
    namespace: String,
    /// The version of the cluster that the chart sees.
    #[arg(long, value_name = "VERSION")]
    kube_version: Option<String>,
    /// A values file, or - for standard input; may come several times, later ones win.
    #[arg(long = "values", short = 'f', value_name = "FILE", value_delimiter = ',')]
    value_files: Vec<String>,
    /// Values: a.b=1,list[0]=x.
    #[arg(long, value_name = "VALUES", allow_hyphen_values = true)]
    set: Vec<String>,
    /// Values that are all strings.
    #[arg(long, value_name = "VALUES", allow_hyphen_values = true)]
    set_string: Vec<String>,
    /// Values out of files: key=path.
    #[arg(long, value_name = "VALUES", allow_hyphen_values = true)]
    set_file: Vec<String>,
    /// Values in JSON: key={"a":1}, or one object.
    #[arg(long, value_name = "VALUES", allow_hyphen_values = true)]
    set_json: Vec<String>,
    /// A value as it stands, with nothing escaped.
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    set_literal: Vec<String>,
    /// APIs of the cluster, besides the usual ones: group/version or group/version/Kind.
    #[arg(long, short, value_name = "APIS", value_delimiter = ',')]
    api_versions: Vec<String>,
    /// Print the definitions in crds/, too.
    #[arg(long)]
    include_crds: bool,
    /// Leave out tests.
    #[arg(long)]
    skip_tests: bool,
    /// Leave out hooks.
    #[arg(long)]
    no_hooks: bool,
    /// Set .Release.IsUpgrade instead of .Release.IsInstall.
    #[arg(long)]
    is_upgrade: bool,
    /// Do not hold the values against the chart's schemas.
    #[arg(long)]
    skip_schema_validation: bool,
    /// Print only what comes from these files of the chart; patterns are allowed.
    #[arg(long, short, value_name = "TEMPLATE")]
    show_only: Vec<String>,
    #[command(flatten)]
    root: RootOption,
}

/// What `helm template` prints.
pub(super) fn template(options: &HelmOptions) -> Result<String> {
    let shown = options.chart.display().to_string();
    let chart = if is_archive(&options.chart) {
        archive(&options.chart)?
    } else {
        let place = Place::open(&options.chart, &options.root)?;
        load(&place).with_context(|| shown.clone())?
    };
    let mut release = Release::new(&options.name, &options.namespace);
    release.kube_version.clone_from(&options.kube_version);
    release.api_versions.clone_from(&options.api_versions);
    release.include_crds = options.include_crds;
    release.skip_tests = options.skip_tests;
    release.no_hooks = options.no_hooks;
    release.is_upgrade = options.is_upgrade;
    release.skip_schema_validation = options.skip_schema_validation;
    let values = Values {
        files: options.value_files.iter().map(|name| values_file(name)).collect::<Result<_>>()?,
        set_json: options.set_json.clone(),
        set: options.set.clone(),
        set_string: options.set_string.clone(),
        set_file: options.set_file.clone(),
        set_literal: options.set_literal.clone(),
    };
    let rendered = render(&chart, &values, &release).with_context(|| shown)?;
    let output = rendered.to_template_output();
    if options.show_only.is_empty() { Ok(output) } else { shown_only(&output, &options.show_only) }
}

/// What the chart renders to as an application with no options: definitions included, as Argo CD has it.
pub(super) fn plain(chart: &Arc<Chart>, shown: &str, options: &super::RenderOptions) -> Result<String> {
    let name = options.name.clone().unwrap_or_else(|| {
        let named = &chart.metadata.name;
        if named.len() <= 53 { named.clone() } else { DEFAULT_NAME.to_owned() }
    });
    let mut release = Release::new(&name, &options.namespace);
    release.kube_version.clone_from(&options.kube_version);
    release.include_crds = true;
    let rendered = render(chart, &Values::default(), &release).with_context(|| shown.to_owned())?;
    Ok(rendered.to_template_output())
}

fn render(chart: &Arc<Chart>, values: &Values, release: &Release) -> Result<Rendered, helm::Error> {
    let read_file = |path: &str| std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
    let table = values.merge(&read_file)?;
    helm::render(chart, &table, release, &Budget::default(), Arc::new(Machine))
}

/// Whether a path is that of a packed chart.
pub(super) fn is_archive(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    (name.ends_with(".tgz") || name.ends_with(".tar.gz")) && path.is_file()
}

/// Reads a packed chart.
pub(super) fn archive(path: &Path) -> Result<Arc<Chart>> {
    let shown = path.display().to_string();
    let budget = Budget::default();
    let file = std::fs::File::open(path).with_context(|| format!("cannot open {shown}"))?;
    let mut bytes = Vec::new();
    file.take(budget.chart_bytes + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read {shown}"))?;
    if u64::try_from(bytes.len()).is_ok_and(|size| size > budget.chart_bytes) {
        bail!("{shown} is larger than the {} bytes allowed", budget.chart_bytes);
    }
    Ok(Chart::from_archive(&shown, &bytes, &budget)?)
}

/// Reads a chart's directory.
pub(super) fn load(place: &Place) -> Result<Arc<Chart>> {
    Ok(Chart::load(&place.tree, &place.path, &Budget::default())?)
}

fn values_file(name: &str) -> Result<ValuesFile> {
    if name.contains("://") {
        bail!("{name}: value files are not fetched; download it and name the file");
    }
    let mut text = String::new();
    let read = if name.trim() == "-" {
        std::io::stdin().lock().take(MAX_INPUT_BYTES).read_to_string(&mut text)
    } else {
        std::fs::File::open(name).and_then(|file| file.take(MAX_INPUT_BYTES).read_to_string(&mut text))
    };
    read.with_context(|| format!("cannot read {name}"))?;
    Ok(ValuesFile { name: name.to_owned(), text })
}

/// The parts of the output that come from the named files, pattern by pattern.
fn shown_only(output: &str, patterns: &[String]) -> Result<String> {
    let parts = parts(output);
    let mut text = String::new();
    for pattern in patterns {
        // One star stays within a directory.
        let glob = Glob::new(pattern, &['/']).map_err(|_| anyhow!("--show-only {pattern}: no pattern"))?;
        let before = text.len();
        for part in parts.iter().filter(|part| file_of(part).is_some_and(|file| glob.matches(file))) {
            text.push_str(&format!("---\n{part}\n"));
        }
        if text.len() == before {
            bail!("could not find template {pattern} in chart");
        }
    }
    Ok(text)
}

/// The output cut at its separators. The blank lines behind a part belong to it, as Helm has it.
fn parts(output: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for line in output.trim_start().split_inclusive('\n') {
        match line.strip_prefix("---") {
            Some(rest) => parts.push(rest.trim_start().to_owned()),
            None => {
                if let Some(part) = parts.last_mut() {
                    part.push_str(line);
                }
            }
        }
    }
    parts
}

/// The file that a part comes from, below its chart.
fn file_of(part: &str) -> Option<&str> {
    let source = part.lines().find_map(|line| line.split_once("# Source: "))?.1;
    Some(source.split_once('/')?.1)
}

/// The clock and the randomness of this machine.
struct Machine;

impl gotmpl::Environment for Machine {
    fn now(&self) -> (i64, u32) {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        (i64::try_from(now.as_secs()).unwrap_or(i64::MAX), now.subsec_nanos())
    }

    fn fill(&self, bytes: &mut [u8]) {
        rand::fill(bytes);
    }
}
