//! What can go wrong when a chart is loaded or rendered. Where Helm's own words are known to users and to Argo CD, they
//! are kept.

use tree::{PathError, TreeError};

/// Why a chart could not be loaded or rendered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tree could not be read.
    #[error("cannot read the chart: {0}")]
    Tree(#[from] TreeError),
    /// A name in the chart is no path.
    #[error("cannot read the chart: {0}")]
    Path(#[from] PathError),
    /// A file of the chart doesn't say what it should.
    #[error("cannot load {file} of chart {chart}: {message}")]
    ChartFile {
        /// The chart, or where it was looked for.
        chart: String,
        /// The file in it.
        file: String,
        /// What is wrong.
        message: String,
    },
    /// There is no Chart.yaml.
    #[error("Chart.yaml file is missing in {0}")]
    ChartYamlMissing(String),
    /// Chart.yaml has an impossible value.
    #[error("validation: {message} (chart {chart})")]
    Metadata {
        /// The chart.
        chart: String,
        /// What is wrong, with the field's name.
        message: String,
    },
    /// A chart archive is broken or too large.
    #[error("cannot read the chart archive {name}: {message}")]
    Archive {
        /// Its name.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// A chart or its files are larger than the budget.
    #[error("chart {chart} is larger than the {limit} bytes allowed")]
    TooLarge {
        /// The chart.
        chart: String,
        /// The most bytes.
        limit: u64,
    },
    /// A file of a chart is larger than the budget.
    #[error("chart file {file:?} of {chart} has {size} bytes, more than the {limit} allowed for one file")]
    FileTooLarge {
        /// The chart.
        chart: String,
        /// The file in it.
        file: String,
        /// Its bytes.
        size: u64,
        /// The most bytes.
        limit: u64,
    },
    /// A chart has more files than the budget.
    #[error("chart {chart} has more than the {limit} files allowed")]
    TooManyFiles {
        /// The chart.
        chart: String,
        /// The most files.
        limit: usize,
    },
    /// A sub-chart could not be loaded.
    #[error("error unpacking subchart {name} in {parent}: {source}")]
    Subchart {
        /// Its file or folder in `charts/`.
        name: String,
        /// The chart that has it.
        parent: String,
        /// Why not.
        source: Box<Error>,
    },
    /// Chart.yaml is of a kind that isn't supported.
    #[error(
        "unsupported chart version: chart {chart} has the apiVersion {version:?}; \
         v1 and v2 are supported"
    )]
    ApiVersion {
        /// The chart.
        chart: String,
        /// Its apiVersion.
        version: String,
    },
    /// A library chart has nothing to render.
    #[error("library charts are not installable (chart {0})")]
    Library(String),
    /// Dependencies are declared but not vendored. Argo CD looks for these words to know that it must build them.
    #[error("found in Chart.yaml, but missing in charts/ directory: {0}")]
    MissingDependencies(String),
    /// The release can't have this name.
    #[error(
        "release name check failed: invalid release name {0:?}, must match regex \
         ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 53"
    )]
    ReleaseName(String),
    /// The cluster's version is none.
    #[error("could not parse kubernetes version {0:?}")]
    KubeVersion(String),
    /// The chart isn't made for the cluster.
    #[error("chart requires kubeVersion: {wanted} which is incompatible with Kubernetes {found}")]
    IncompatibleKubeVersion {
        /// The chart's constraint.
        wanted: String,
        /// The cluster's version.
        found: String,
    },
    /// A values file is broken.
    #[error("failed to parse {name}: {message}")]
    ValuesFile {
        /// The file.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// A setting is broken.
    #[error("failed parsing {flag} data: {message}")]
    Set {
        /// The flag it would be given with.
        flag: &'static str,
        /// What is wrong.
        message: String,
    },
    /// Where a sub-chart's values should be, something else is.
    #[error(
        "type mismatch on {key}: the values of chart {chart} have a {found} where the sub-chart's values belong"
    )]
    ValuesMismatch {
        /// The chart.
        chart: String,
        /// The sub-chart's name.
        key: String,
        /// What is there.
        found: &'static str,
    },
    /// The values don't fit the charts' schemas.
    #[error("values don't meet the specifications of the schema(s) in the following chart(s):\n{0}")]
    Schema(String),
    /// A template could not be parsed or executed. The text is Helm's, with file, line and column.
    #[error("{message}")]
    Template {
        /// The text.
        message: String,
        /// The budget that ran out, if one did.
        limit: Option<gotmpl::Limit>,
    },
    /// What a template made isn't YAML.
    #[error("YAML parse error on {source_name}: {message}")]
    Manifest {
        /// The template's full name.
        source_name: String,
        /// What is wrong.
        message: String,
        /// The line within the rendered file, from 1; 0 if unknown.
        line: usize,
    },
}
