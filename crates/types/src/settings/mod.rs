//! The settings that Argo CD's users keep in ConfigMaps and Secrets, read into plain data.
//!
//! [`Settings::parse`] takes the data of the objects and never fails: a value that cannot be read is reported as a
//! [`Problem`] that names the object and the key, and its documented default is used. One bad line in a ConfigMap
//! thus cannot stop the control plane, and cannot be overlooked either.
//!
//! - [`accounts`]: local accounts and sessions. [`reconciliation`]: timing. [`resources`]: per-kind rules and the
//!   resource filter. [`parse`]: how booleans, durations and lists are written.
//!
//! Settings that nothing decides on yet are reached by [`Settings::config`] and [`Settings::parameter`].

pub mod accounts;
pub mod parse;
pub mod reconciliation;
pub mod resources;

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use crate::meta::LabelSelector;
use crate::names;
use crate::secret::Secret;
use crate::tracking::{Tracking, TrackingMethod};

pub use accounts::{Account, ApiToken};
pub use reconciliation::Reconciliation;
pub use resources::{
    CompareOptions, ResourceFilter, ResourceOverride, ResourceSettings, RespectRbac, StatusRule,
};

/// The data of ConfigMaps, by name.
pub type ConfigMaps = BTreeMap<String, BTreeMap<String, String>>;
/// The data of Secrets, by name.
pub type Secrets = BTreeMap<String, BTreeMap<String, Vec<u8>>>;

/// A setting that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The ConfigMap or Secret.
    pub object: String,
    /// The key in it.
    pub key: String,
    /// What is wrong, and what is used instead.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}: {}", self.object, self.key, self.message)
    }
}

/// Everything that the control plane is configured with, apart from clusters and repositories.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    config: BTreeMap<String, String>,
    parameters: BTreeMap<String, String>,
    secrets: BTreeMap<String, Secret<String>>,
    /// The external base URL (`url`); empty when not set.
    pub url: String,
    /// Local accounts by name, `admin` among them when it is enabled.
    pub accounts: BTreeMap<String, Account>,
    /// Whether requests without a token are let in as the subject `""` (`users.anonymous.enabled`).
    pub anonymous: bool,
    /// How long a login lasts.
    pub session_duration: std::time::Duration,
    /// The access policy, as text; the `rbac` module reads it.
    pub policy: PolicySettings,
    /// How objects are marked and recognized.
    pub tracking: Tracking,
    /// When applications are refreshed, healed and retried.
    pub reconciliation: Reconciliation,
    /// Rules for kinds of objects, and which kinds are looked at.
    pub resources: ResourceSettings,
    /// Which tools render, and with which options.
    pub rendering: RenderingSettings,
    /// Whether the control plane's own cluster is a destination (`cluster.inClusterEnabled`).
    pub in_cluster: bool,
    /// Projects whose rules are added to others.
    pub global_projects: Vec<GlobalProject>,
    /// Whether syncs act as the project's service accounts (`application.sync.impersonation.enabled`).
    pub impersonation: bool,
    /// Whether a sync without a matching service account fails (`application.sync.impersonation.enforced`).
    pub impersonation_enforced: bool,
    /// Trusted TLS certificates in PEM, by host name.
    pub tls_certificates: BTreeMap<String, String>,
    /// Public GnuPG keys by key id (`argocd-gpg-keys-cm`).
    pub gpg_keys: BTreeMap<String, String>,
    /// The known SSH hosts, in OpenSSH's format.
    pub ssh_known_hosts: String,
}

/// The data of `argocd-rbac-cm`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicySettings {
    /// `policy.csv` and all `policy.*.csv` in byte order of their keys, joined by newlines.
    pub csv: String,
    /// The role that everybody has (`policy.default`); empty for none.
    pub default_role: String,
    /// The token claims whose values are groups (`scopes`).
    pub scopes: Vec<String>,
    /// Whether patterns are regular expressions rather than globs (`policy.matchMode`).
    pub regex: bool,
}

/// Which tools render, and with which options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderingSettings {
    /// `kustomize.enable`.
    pub kustomize: bool,
    /// `helm.enable`.
    pub helm: bool,
    /// `jsonnet.enable`, which stands for the whole directory kind.
    pub directory: bool,
    /// `kustomize.buildOptions`.
    pub kustomize_build_options: String,
    /// The versions that sources may ask for (`kustomize.path.<version>`, `kustomize.version.<version>`).
    pub kustomize_versions: Vec<String>,
    /// URL schemes from which remote value files may come (`helm.valuesFileSchemes`).
    pub helm_value_file_schemes: Vec<String>,
}

impl Default for RenderingSettings {
    fn default() -> Self {
        Self {
            kustomize: true,
            helm: true,
            directory: true,
            kustomize_build_options: String::new(),
            kustomize_versions: Vec::new(),
            helm_value_file_schemes: vec!["https".to_owned(), "http".to_owned()],
        }
    }
}

/// A project whose rules are added to all projects that a selector matches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct GlobalProject {
    /// The project's name.
    pub project_name: String,
    /// Selects the projects that inherit from it.
    pub label_selector: LabelSelector,
}

/// Collects problems while settings are read.
pub(crate) struct Reader<'a> {
    pub(crate) object: &'static str,
    pub(crate) data: &'a BTreeMap<String, String>,
    pub(crate) problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.data.get(key).map(String::as_str)
    }

    pub(crate) fn text(&self, key: &str) -> String {
        self.get(key).unwrap_or_default().to_owned()
    }

    pub(crate) fn problem(&mut self, key: &str, message: impl Into<String>) {
        self.problems.push(Problem {
            object: self.object.to_owned(),
            key: key.to_owned(),
            message: message.into(),
        });
    }

    /// A strict boolean; anything else is a problem and the default.
    pub(crate) fn strict_bool(&mut self, key: &str, default: bool) -> bool {
        let Some(text) = self.get(key).filter(|text| !text.is_empty()).map(str::to_owned) else {
            return default;
        };
        parse::strict_bool(&text).unwrap_or_else(|| {
            self.problem(key, format!("{text:?} is neither true nor false; {default} is used"));
            default
        })
    }

    /// A duration; anything else is a problem and the default.
    pub(crate) fn duration(&mut self, key: &str, default: std::time::Duration) -> std::time::Duration {
        let Some(text) = self.get(key).filter(|text| !text.is_empty()).map(str::to_owned) else {
            return default;
        };
        parse::duration(&text).unwrap_or_else(|| {
            self.problem(key, format!("{text:?} is no duration such as 90s or 2h; {default:?} is used"));
            default
        })
    }

    /// A value written in YAML; anything else is a problem and the default.
    pub(crate) fn yaml<T: serde::de::DeserializeOwned + Default>(&mut self, key: &str) -> T {
        let Some(text) = self.get(key).filter(|text| !text.trim().is_empty()).map(str::to_owned) else {
            return T::default();
        };
        match from_yaml(&text) {
            Ok(value) => value,
            Err(message) => {
                self.problem(key, message);
                T::default()
            }
        }
    }
}

pub(crate) fn from_yaml<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    let value = goyaml::from_str(text).map_err(|error| error.to_string())?;
    serde_json::from_value(value).map_err(|error| error.to_string())
}

impl Settings {
    /// Reads the settings from the data of the ConfigMaps and Secrets of the control plane's namespace, and says
    /// what could not be read. Absent objects count as empty.
    pub fn parse(config_maps: &ConfigMaps, secrets: &Secrets) -> (Self, Vec<Problem>) {
        let mut problems = Vec::new();
        let empty = BTreeMap::new();
        let config = config_maps.get(names::CONFIG_MAP).unwrap_or(&empty);
        let parameters = config_maps.get(names::PARAMS_CONFIG_MAP).unwrap_or(&empty);
        let secret_values: BTreeMap<String, Secret<String>> = secrets
            .get(names::SECRET)
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), Secret::new(String::from_utf8_lossy(value).into_owned())))
            .collect();

        let mut reader = Reader { object: names::CONFIG_MAP, data: config, problems: &mut problems };
        let accounts = accounts::parse(&mut reader, &secret_values);
        let session_duration =
            reader.duration("users.session.duration", std::time::Duration::from_secs(24 * 3600));
        let resources = resources::parse(&mut reader);
        let global_projects = reader.yaml("globalProjects");
        let rendering = parse_rendering(&reader);
        let tracking = Tracking {
            method: TrackingMethod::from_setting(
                reader.get("application.resourceTrackingMethod").unwrap_or_default(),
            ),
            label: reader
                .get("application.instanceLabelKey")
                .filter(|label| !label.is_empty())
                .unwrap_or(names::LABEL_INSTANCE)
                .to_owned(),
            installation_id: reader.text("installationID"),
        };
        let mut reconciliation = reconciliation::parse_config(&mut reader);
        let mut parameter_reader =
            Reader { object: names::PARAMS_CONFIG_MAP, data: parameters, problems: &mut problems };
        reconciliation::parse_parameters(&mut parameter_reader, &mut reconciliation);
        let policy_data = config_maps.get(names::RBAC_CONFIG_MAP).unwrap_or(&empty);
        let policy = parse_policy(&mut Reader {
            object: names::RBAC_CONFIG_MAP,
            data: policy_data,
            problems: &mut problems,
        });

        let settings = Self {
            config: config.clone(),
            parameters: parameters.clone(),
            secrets: secret_values,
            url: config.get("url").cloned().unwrap_or_default(),
            accounts,
            anonymous: parse::is_true(config.get("users.anonymous.enabled").map(String::as_str)),
            session_duration,
            policy,
            tracking,
            reconciliation,
            resources,
            rendering,
            in_cluster: parse::is_not_false(config.get("cluster.inClusterEnabled").map(String::as_str)),
            global_projects,
            impersonation: parse::is_true(
                config.get("application.sync.impersonation.enabled").map(String::as_str),
            ),
            impersonation_enforced: parse::is_not_false(
                config.get("application.sync.impersonation.enforced").map(String::as_str),
            ),
            tls_certificates: config_maps.get(names::TLS_CERTS_CONFIG_MAP).cloned().unwrap_or_default(),
            gpg_keys: config_maps.get(names::GPG_KEYS_CONFIG_MAP).cloned().unwrap_or_default(),
            ssh_known_hosts: config_maps
                .get(names::SSH_KNOWN_HOSTS_CONFIG_MAP)
                .and_then(|data| data.get("ssh_known_hosts"))
                .cloned()
                .unwrap_or_default(),
        };
        (settings, problems)
    }

    /// A value of `argocd-cm`.
    pub fn config(&self, key: &str) -> Option<&str> {
        self.config.get(key).map(String::as_str)
    }

    /// All values of `argocd-cm`.
    pub fn config_entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.config.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// A value of `argocd-cmd-params-cm`.
    pub fn parameter(&self, key: &str) -> Option<&str> {
        self.parameters.get(key).map(String::as_str)
    }

    /// A value of `argocd-secret`, with a reference of the form `$key` to another value of it followed once.
    pub fn secret(&self, key: &str) -> Option<&Secret<String>> {
        let value = self.secrets.get(key)?;
        match value.expose().strip_prefix('$') {
            Some(reference) => Some(self.secrets.get(reference).unwrap_or(value)),
            None => Some(value),
        }
    }
}

fn parse_rendering(reader: &Reader<'_>) -> RenderingSettings {
    // For these three any text that is not exactly "true" disables the tool.
    let enabled = |key: &str| reader.get(key).is_none_or(|text| text.is_empty() || text == "true");
    let defaults = RenderingSettings::default();
    let version = |key: &str| {
        let version = key.strip_prefix("kustomize.path.").or_else(|| key.strip_prefix("kustomize.version."));
        version.map(str::to_owned)
    };
    RenderingSettings {
        kustomize: enabled("kustomize.enable"),
        helm: enabled("helm.enable"),
        directory: enabled("jsonnet.enable"),
        kustomize_build_options: reader.text("kustomize.buildOptions"),
        kustomize_versions: reader.data.keys().filter_map(|key| version(key)).collect(),
        helm_value_file_schemes: reader
            .get("helm.valuesFileSchemes")
            .map_or(defaults.helm_value_file_schemes, parse::list),
    }
}

fn parse_policy(reader: &mut Reader<'_>) -> PolicySettings {
    let mut csv = reader.text("policy.csv");
    for (key, text) in reader.data {
        if key.starts_with("policy.") && key.ends_with(".csv") && key != "policy.csv" {
            csv.push('\n');
            csv.push_str(text);
        }
    }
    let scopes: Vec<String> = reader.yaml("scopes");
    PolicySettings {
        csv,
        default_role: reader.text("policy.default"),
        scopes: if scopes.is_empty() { vec!["groups".to_owned()] } else { scopes },
        regex: reader.get("policy.matchMode") == Some("regex"),
    }
}

#[cfg(test)]
mod tests;
