//! What is deployed: applications of five objects each, in one repository. `setting` puts it in place.

use clap::ValueEnum;
use serde_json::{Value, json};

/// The namespace that the applications deploy to.
pub(crate) const DESTINATION: &str = "bench";
/// What every application consists of. Nothing here needs a pod, so that no kubelet is measured.
pub(crate) const OBJECTS: &str = "2 ConfigMaps, Service, ServiceAccount, Deployment with 0 replicas";

const CHART: &str = "apiVersion: v2\nname: app\nversion: 1.0.0\nappVersion: \"1.0\"\n";
const HELPERS: &str = "\
{{- define \"app.name\" -}}
{{- .Values.nameOverride | default .Release.Name | trunc 63 | trimSuffix \"-\" }}
{{- end }}
";

/// What an application's folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Flavor {
    /// Manifests, one file for each object.
    Plain,
    /// A chart with values.
    Helm,
}

impl Flavor {
    /// As it is printed.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Helm => "Helm",
        }
    }
}

/// How many applications of which flavor.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    pub(crate) flavor: Flavor,
    pub(crate) count: usize,
}

impl Load {
    pub(crate) const fn new(flavor: Flavor, count: usize) -> Self {
        Self { flavor, count }
    }

    /// The name of an application, of its folder, and of most of its objects.
    pub(crate) fn name(index: usize) -> String {
        format!("app-{index:04}")
    }

    /// The ConfigMap that holds the setting which a commit changes.
    pub(crate) fn settings_name(index: usize) -> String {
        format!("{}-settings", Self::name(index))
    }

    /// All files of the repository.
    pub(crate) fn files(&self) -> Vec<(String, String)> {
        (0..self.count).flat_map(|index| self.folder(index)).collect()
    }

    /// The file that changes with the setting, and its content.
    pub(crate) fn change(&self, index: usize, setting: &str) -> (String, String) {
        let name = Self::name(index);
        match self.flavor {
            Flavor::Plain => (
                format!("apps/{name}/settings.yaml"),
                goyaml::to_string(&settings(&Self::settings_name(index), &name, setting)),
            ),
            Flavor::Helm => (format!("apps/{name}/values.yaml"), values(setting)),
        }
    }

    fn folder(&self, index: usize) -> Vec<(String, String)> {
        let name = Self::name(index);
        let at = |file: &str| format!("apps/{name}/{file}");
        match self.flavor {
            Flavor::Plain => objects(&name, "0")
                .into_iter()
                .map(|(file, object)| (at(file), goyaml::to_string(&object)))
                .collect(),
            Flavor::Helm => {
                let templates = objects("{{ include \"app.name\" . }}", "{{ .Values.setting }}");
                let templates = templates
                    .into_iter()
                    .map(|(file, object)| (at(&format!("templates/{file}")), goyaml::to_string(&object)));
                [("Chart.yaml", CHART.to_owned()), ("values.yaml", values("0"))]
                    .into_iter()
                    .chain([("templates/_helpers.tpl", HELPERS.to_owned())])
                    .map(|(file, text)| (at(file), text))
                    .chain(templates)
                    .collect()
            }
        }
    }

    /// The objects of an application, as they end up in the cluster.
    pub(crate) fn objects(index: usize) -> Vec<Value> {
        objects(&Self::name(index), "0").into_iter().map(|(_, object)| object).collect()
    }

    /// An Application that syncs itself.
    pub(crate) fn application(index: usize, control: &str, repository: &str) -> Value {
        let name = Self::name(index);
        json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": name, "namespace": control},
            "spec": {
                "project": "default",
                "source": {"repoURL": repository, "path": format!("apps/{name}"), "targetRevision": "HEAD"},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": DESTINATION},
                "syncPolicy": {"automated": {"prune": true, "selfHeal": true}},
            },
        })
    }
}

fn values(setting: &str) -> String {
    goyaml::to_string(&json!({"nameOverride": "", "setting": setting}))
}

fn settings(name: &str, app: &str, setting: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {"app": app}},
        "data": {"setting": setting},
    })
}

/// The objects of an application, with the files they are in.
fn objects(name: &str, setting: &str) -> Vec<(&'static str, Value)> {
    let metadata = json!({"name": name, "labels": {"app": name}});
    let script = "set -eu\nexec server --config /etc/app/settings --listen :8080\n";
    vec![
        ("settings.yaml", settings(&format!("{name}-settings"), name, setting)),
        (
            "scripts.yaml",
            json!({
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": format!("{name}-scripts"), "labels": {"app": name}},
                "data": {"start.sh": script},
            }),
        ),
        (
            "service.yaml",
            json!({
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": metadata,
                "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]},
            }),
        ),
        ("service-account.yaml", json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})),
        (
            "deployment.yaml",
            json!({
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": metadata,
                "spec": {
                    "replicas": 0,
                    "selector": {"matchLabels": {"app": name}},
                    "template": {
                        "metadata": {"labels": {"app": name}},
                        "spec": {
                            "serviceAccountName": name,
                            "containers": [{
                                "name": "app",
                                "image": "registry.example.com/app:1.0",
                                "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
                            }],
                        },
                    },
                },
            }),
        ),
    ]
}
