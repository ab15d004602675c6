//! What templates get: one context a chart, shared by all its templates, and the list of all templates in the order in
//! which they are parsed and executed.

use std::cmp::Ordering;
use std::sync::Arc;

use gotmpl::{Map, Value};

use crate::capabilities::Capabilities;
use crate::chart::Instance;
use crate::common_values;
use crate::objects::{Files, capabilities};
use crate::release::{Flavor, Release};
use crate::values::{Table, table_to_template};

/// A template ready to be executed.
pub(crate) struct Job {
    /// Its full name: `chart/charts/sub/templates/x.yaml`.
    pub(crate) name: Arc<str>,
    pub(crate) text: Arc<str>,
    /// The folder of its chart's templates.
    pub(crate) base_path: Arc<str>,
    /// The context of its chart.
    pub(crate) context: Map,
}

impl Job {
    /// Whether it only lends definitions.
    pub(crate) fn is_partial(&self) -> bool {
        self.name.rsplit('/').next().is_some_and(|name| name.starts_with('_'))
    }
}

/// All templates of a chart and the charts in it. Deeper ones come first, then by name backwards: so the definitions of
/// a parent, parsed later, win over those of its sub-charts.
pub(crate) fn jobs(
    root: &Instance,
    values: &Table,
    release: &Release,
    capabilities: &Capabilities,
) -> Vec<Job> {
    let flavor = release.flavor;
    let release = Value::map([
        ("Name", Value::string(release.name.as_str())),
        ("Namespace", Value::string(release.effective_namespace())),
        ("IsUpgrade", Value::Bool(release.is_upgrade)),
        ("IsInstall", Value::Bool(!release.is_upgrade)),
        ("Revision", Value::Int(release.revision)),
        ("Service", Value::from("Helm")),
    ]);
    let mut collector = Collector {
        flavor,
        release,
        capabilities: capabilities::to_template(capabilities, flavor),
        jobs: Vec::new(),
    };
    collector.collect(root, None, &table_to_template(values));
    let mut jobs = collector.jobs;
    jobs.sort_by(|a, b| execution_order(&a.name, &b.name));
    // Two charts of one name in `charts/` share their paths; the last one counts.
    jobs.reverse();
    jobs.dedup_by(|later, earlier| later.name == earlier.name);
    jobs
}

/// Ascending; reversed by the caller.
fn execution_order(a: &str, b: &str) -> Ordering {
    let depth = |name: &str| name.matches('/').count();
    depth(a).cmp(&depth(b)).then_with(|| a.cmp(b))
}

struct Collector {
    flavor: Flavor,
    release: Value,
    capabilities: Value,
    jobs: Vec<Job>,
}

impl Collector {
    /// `.Chart`: a map in Helm 4; in Helm 3 a struct, whose unknown fields are errors.
    fn metadata(&self, chart: &Instance, is_root: bool) -> Value {
        let mut declared = chart.chart.metadata.clone();
        declared.dependencies.clone_from(&chart.declared);
        declared.name = chart.name.to_string();
        if self.flavor == Flavor::Helm3 {
            return declared.to_record(is_root);
        }
        let metadata = declared.to_template();
        metadata.insert("IsRoot", Value::Bool(is_root));
        Value::Map(metadata)
    }

    fn named(&self, values: &Value) -> Value {
        values
            .as_map()
            .map_or_else(|| values.clone(), |map| Value::Map(common_values::named(map, self.flavor)))
    }

    fn collect(&mut self, chart: &Instance, parent: Option<&str>, values: &Value) -> Map {
        let path = full_path(parent, &chart.name);
        let metadata = self.metadata(chart, parent.is_none());
        let subcharts = Map::new();
        let context: Map = [
            ("Chart", metadata),
            ("Files", Value::object(Files(chart.chart.files.clone()))),
            ("Release", self.release.clone()),
            ("Capabilities", self.capabilities.clone()),
            ("Values", self.named(values)),
            ("Subcharts", Value::Map(subcharts.clone())),
        ]
        .into_iter()
        .collect();
        for sub in &chart.dependencies {
            // The very map that the parent sees under the sub-chart's name.
            let section = values.as_map().and_then(|values| values.get(&sub.name));
            let section = section.filter(|section| section.as_map().is_some());
            let section = section.unwrap_or_else(|| Value::map::<&str>([]));
            let sub_context = self.collect(sub, Some(&path), &section);
            subcharts.insert(sub.name.clone(), Value::Map(sub_context));
        }
        let library = chart.chart.metadata.is_library();
        let base_path: Arc<str> = format!("{path}/templates").into();
        for template in &chart.chart.templates {
            let job = Job {
                name: format!("{path}/{}", template.path).into(),
                text: template.text.clone(),
                base_path: base_path.clone(),
                context: common_values::named(&context, self.flavor),
            };
            if !library || job.is_partial() {
                self.jobs.push(job);
            }
        }
        context
    }
}

fn full_path(parent: Option<&str>, name: &str) -> String {
    parent.map_or_else(|| name.to_string(), |parent| format!("{parent}/charts/{name}"))
}

/// The custom resource definitions of a chart and the charts in it: the files' texts by full path.
pub(crate) fn crds(chart: &Instance) -> Vec<(Arc<str>, String)> {
    fn collect(chart: &Instance, parent: Option<&str>, found: &mut Vec<(Arc<str>, String)>) {
        let path = full_path(parent, &chart.name);
        found.extend(chart.chart.crds.iter().map(|file| {
            let text = String::from_utf8_lossy(&file.content).into_owned();
            (Arc::from(format!("{path}/{}", file.path)), text)
        }));
        for sub in &chart.dependencies {
            collect(sub, Some(&path), found);
        }
    }
    let mut found = Vec::new();
    collect(chart, None, &mut found);
    found
}
