//! `argosy render helm`: `helm template` with its own flags, byte for byte.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use helm::{Budget, Chart, Flavor, Release, Rendered, Values, ValuesFile};
use render::System;

use super::files;
use super::folder::{Place, RootOption};
use super::network::Network;
use super::remote;

const EXAMPLES: &str = "\
Examples:
  argosy render helm charts/shop --name shop --namespace web
  argosy render helm shop-1.2.0.tgz -f production.yaml --set image.tag=v2,replicas=3
  argosy render helm charts/shop --show-only 'templates/deploy*.yaml' --api-versions monitoring.coreos.com/v1
  argosy render helm charts/shop --include-crds --output-dir out
  argosy render helm oci://registry.example.com/charts/shop --version 1.x
  argosy render helm https://example.com/shop-1.2.0.tgz -f https://example.com/production.yaml
  argosy render helm shop --repo https://charts.example.com --version '~1.2' --name web";

/// The name of a release that nobody named, as Helm has it.
const DEFAULT_NAME: &str = "release-name";
/// The longest text that is taken from standard input.
const MAX_INPUT_BYTES: u64 = 64 << 20;

/// The flags of `helm template`. Those of an installation that a render has no use for are in [`Unused`].
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, disable_version_flag = true)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own in Helm")]
pub(super) struct HelmOptions {
    /// A chart's directory or archive (.tgz), the URL of an archive, oci://REGISTRY/CHART, or the chart's name in the
    /// repository of --repo; the release's name may stand before it, as in Helm.
    #[arg(value_name = "[NAME] CHART", num_args = 1..=2, required = true)]
    chart: Vec<String>,
    /// The release's name; release-name by default.
    #[arg(long)]
    name: Option<String>,
    /// A template that makes the release's name.
    #[arg(long, value_name = "TEMPLATE", conflicts_with = "name")]
    name_template: Option<String>,
    /// Accepted for scripts: a release that is only printed needs no generated name.
    #[arg(long, short, conflicts_with = "name")]
    generate_name: bool,
    /// The release's namespace.
    #[arg(long, short, default_value = "default")]
    namespace: String,
    /// The version of the cluster that the chart sees.
    #[arg(long, value_name = "VERSION")]
    kube_version: Option<String>,
    /// A values file, its URL, or - for standard input; may come several times, later ones win.
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
    /// Leave out the definitions in crds/, which is the default; --include-crds wins.
    #[arg(long)]
    skip_crds: bool,
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
    /// Write a file for each template below this directory instead of printing.
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
    /// With --output-dir: write into a directory of the release's name there.
    #[arg(long)]
    release_name: bool,
    /// The major version of Helm whose behavior the chart meets, where they differ.
    #[arg(long, value_name = "VERSION", default_value = "4", value_parser = ["3", "4"])]
    helm_version: String,
    #[command(flatten)]
    remote: super::remote::RemoteOptions,
    #[command(flatten)]
    unused: super::helm_flags::Unused,
    #[command(flatten)]
    root: RootOption,
}

impl HelmOptions {
    /// Whether the chart has to be fetched.
    fn is_remote(&self, chart: &str) -> bool {
        self.remote.repo.is_some() || chart.contains("://")
    }

    fn release(&self) -> Result<Release> {
        let name = match (self.chart.as_slice(), &self.name, &self.name_template) {
            ([_, _], Some(_), _) => bail!("the release is named twice: by --name and before the chart"),
            ([_, _], _, Some(_)) => bail!("cannot set --name-template and also specify a name"),
            ([_, _], ..) if self.generate_name => bail!("cannot set --generate-name and also specify a name"),
            ([name, _], ..) => name.clone(),
            (_, Some(name), _) => name.clone(),
            (_, None, Some(template)) => Release::name_from_template(template, Arc::new(System))?,
            _ => DEFAULT_NAME.to_owned(),
        };
        let mut release = Release::new(&name, &self.namespace);
        release.flavor = if self.helm_version == "3" { Flavor::Helm3 } else { Flavor::Helm4 };
        release.kube_version.clone_from(&self.kube_version);
        release.api_versions = self.api_versions.iter().filter(|api| !api.is_empty()).cloned().collect();
        release.include_crds = self.include_crds;
        release.skip_tests = self.skip_tests;
        release.no_hooks = self.no_hooks;
        release.is_upgrade = self.is_upgrade;
        release.skip_schema_validation = self.skip_schema_validation;
        Ok(release)
    }
}

/// What `helm template` prints.
pub(super) fn template(options: &HelmOptions, network: &Network) -> Result<String> {
    options.unused.check()?;
    let name = options.chart.last().context("CHART is missing")?;
    let path = Path::new(name);
    let chart = if options.is_remote(name) {
        remote::fetch(name, &options.remote, network)?
    } else if is_archive(path) {
        archive(path)?
    } else {
        let place = Place::open(path, &options.root).map_err(|error| with_repository_hint(error, name))?;
        load(&place).with_context(|| name.clone())?
    };
    // The process ends with this render: to take the chart apart by then would be work for nothing.
    std::mem::forget(Arc::clone(&chart));
    let release = options.release()?;
    let values = Values {
        files: options.value_files.iter().map(|name| values_file(name, network)).collect::<Result<_>>()?,
        set_json: options.set_json.clone(),
        set: options.set.clone(),
        set_string: options.set_string.clone(),
        set_file: options.set_file.clone(),
        set_literal: options.set_literal.clone(),
    };
    let rendered = render(&chart, &values, &release, network).with_context(|| name.clone())?;
    if let Some(directory) = &options.output_dir {
        if !options.show_only.is_empty() {
            bail!("--show-only prints and --output-dir writes: only one of them can be given");
        }
        let crds = if release.include_crds { rendered.crd_count() } else { 0 };
        let below = if options.release_name { directory.join(&release.name) } else { directory.clone() };
        let files = rendered.to_files();
        let (definitions, others) = files.split_at(crds);
        // Helm puts definitions right into the directory, release or not.
        return Ok(files::write(directory, definitions)? + &files::write(&below, others)? + "\n");
    }
    if options.show_only.is_empty() {
        return Ok(rendered.to_template_output());
    }
    rendered
        .show_only(&options.show_only)
        .map_err(|pattern| anyhow!("could not find template {pattern} in chart"))
}

/// What the chart renders to as an application with no options: definitions included, as Argo CD has it.
pub(super) fn plain(
    chart: &Arc<Chart>,
    shown: &str,
    options: &super::RenderOptions,
    network: &Network,
) -> Result<String> {
    let name = options.name.clone().unwrap_or_else(|| {
        let named = &chart.metadata.name;
        if named.len() <= 53 { named.clone() } else { DEFAULT_NAME.to_owned() }
    });
    let mut release = Release::new(&name, &options.namespace);
    release.kube_version.clone_from(&options.kube_version);
    release.include_crds = true;
    let rendered = render(chart, &Values::default(), &release, network).with_context(|| shown.to_owned())?;
    Ok(rendered.to_template_output())
}

/// The chart rendered with values files, as an application would be.
pub(super) fn with_files(
    chart: &Arc<Chart>,
    value_files: &[String],
    kube_version: Option<&str>,
    network: &Network,
) -> Result<Rendered> {
    let mut release = Release::new(DEFAULT_NAME, "");
    release.kube_version = kube_version.map(str::to_owned);
    release.include_crds = true;
    let files = value_files.iter().map(|name| values_file(name, network)).collect::<Result<_>>()?;
    let values = Values { files, ..Values::default() };
    let table = values.merge(&|path| Err(format!("{path}: no files are read")))?;
    Ok(helm::render(chart, &table, &release, &Budget::default(), Arc::new(System))?)
}

fn render(
    chart: &Arc<Chart>,
    values: &Values,
    release: &Release,
    network: &Network,
) -> Result<Rendered, helm::Error> {
    let read_file = |name: &str| match read(name, network) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => Err(format!("{error:#}")),
    };
    let table = values.merge_as(release.flavor, &read_file)?;
    helm::print(chart, &table, release, &Budget::default(), Arc::new(System))
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
    Ok(Chart::load(&*place.tree, &place.path, &Budget::default())?)
}

fn values_file(name: &str, network: &Network) -> Result<ValuesFile> {
    let bytes = read(name, network)?;
    let text = String::from_utf8(bytes).with_context(|| format!("{name} is no text in UTF-8"))?;
    Ok(ValuesFile { name: name.to_owned(), text })
}

/// The bytes of a file, of standard input (`-`), or of what is behind a URL.
fn read(name: &str, network: &Network) -> Result<Vec<u8>> {
    if name.starts_with("http://") || name.starts_with("https://") {
        return network.file(name);
    }
    let mut bytes = Vec::new();
    let read = if name.trim() == "-" {
        std::io::stdin().lock().take(MAX_INPUT_BYTES).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(name).and_then(|file| file.take(MAX_INPUT_BYTES).read_to_end(&mut bytes))
    };
    read.with_context(|| format!("cannot read {name}"))?;
    Ok(bytes)
}

/// What Helm finds under the name of a repository that it was told before is not known here.
fn with_repository_hint(error: anyhow::Error, name: &str) -> anyhow::Error {
    let is_name = !Path::new(name).exists() && name.split('/').count() == 2 && !name.starts_with('.');
    if !is_name {
        return error;
    }
    let chart = name.split('/').next_back().unwrap_or_default();
    anyhow!(
        "{error:#}; a chart of a repository that was added to Helm is named with its URL here: {chart} --repo URL"
    )
}
