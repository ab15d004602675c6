//! Built-in generators and transformers configured as objects: the entries of `generators`, `transformers` and
//! `validators`.
//!
//! They have no field specs of their own; what they touch is said in `fieldSpecs`. Anything but `apiVersion: builtin`
//! would be a program to run, which is refused.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Options;
use crate::budget;
use crate::charts;
use crate::error::Error;
use crate::fieldspec::FieldSpec;
use crate::file::{
    self, Generator, HelmChart, HelmGlobals, Image, Patch, PatchOptions, ReplacementField, Replica, Selector,
    nullable,
};
use crate::finish;
use crate::generate::{self, Kind};
use crate::patch;
use crate::place::{Place, objects_of};
use crate::resource::Resource;
use crate::steps;
use crate::transform::{self, SubjectRule, ValueTarget};
use crate::types::Types;

/// All fields that built-in transformers have.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Config {
    field_specs: Option<Vec<FieldSpec>>,
    prefix: String,
    suffix: String,
    #[serde(deserialize_with = "nullable")]
    labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "nullable")]
    annotations: BTreeMap<String, String>,
    image_tag: Image,
    replica: Replica,
    #[serde(deserialize_with = "nullable")]
    replacements: Vec<ReplacementField>,
    patch: String,
    path: String,
    json_op: String,
    target: Option<Selector>,
    options: Option<PatchOptions>,
    #[serde(deserialize_with = "nullable")]
    paths: Vec<String>,
    patches: String,
    unset_only: bool,
    set_role_binding_subjects: String,
    value: String,
    #[serde(deserialize_with = "nullable")]
    targets: Vec<ValueTarget>,
    target_file_path: String,
}

/// A file with targets of a ValueAddTransformer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Targets {
    #[serde(deserialize_with = "nullable")]
    targets: Vec<ValueTarget>,
}

/// A GKE service account that is bound to one of Kubernetes.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Policy {
    cloud: String,
    kubernetes_service: Service,
    service_account: Account,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Service {
    name: String,
    namespace: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Account {
    name: String,
    project_id: String,
}

/// Where a configured generator or transformer stands.
pub(crate) struct Setting<'a> {
    pub(crate) place: &'a Place<'a>,
    pub(crate) options: &'a Options,
    pub(crate) types: &'a Types,
}

impl Setting<'_> {
    fn check(&self, config: &Resource) -> Result<(), Error> {
        if config.api_version() == "builtin" {
            return Ok(());
        }
        let annotations = config.annotations();
        let is_function = annotations.is_some_and(|map| {
            map.contains_key("config.kubernetes.io/function") || map.contains_key("config.k8s.io/function")
        });
        let what = if is_function { "the function" } else { "the external plugin" };
        Err(Error::Unsupported {
            file: self.place.file.clone(),
            feature: format!("{what} '{}' ({})", config.kind(), config.api_version()),
            hint: "external plugins disabled; a renderer starts no programs and no containers",
        })
    }

    fn unknown(&self, config: &Resource, what: &str) -> Error {
        self.place.error(format!("unable to load builtin {what} {}", config.kind()))
    }
}

/// What a configuration holds besides what every object has, as far as these fields are known.
fn fields_of(config: &Resource, known: &[&str]) -> Value {
    let fields = config.value.as_object().into_iter().flatten();
    let is_known = |name: &str| known.iter().any(|known| known.eq_ignore_ascii_case(name));
    let fields = fields.filter(|(name, _)| is_known(name));
    fields.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<String, Value>>().into()
}

/// Makes what a configured generator says.
pub(crate) fn generate(config: &Resource, setting: &Setting<'_>) -> Result<Vec<Resource>, Error> {
    const GENERATOR: &[&str] =
        &["name", "namespace", "behavior", "literals", "files", "envs", "options", "type"];
    const CHART: &[&str] = &[
        "name",
        "version",
        "repo",
        "releaseName",
        "namespace",
        "additionalValuesFiles",
        "valuesFile",
        "valuesInline",
        "valuesMerge",
        "includeCRDs",
        "skipHooks",
        "apiVersions",
        "kubeVersion",
        "nameTemplate",
        "skipTests",
        "debug",
        "devel",
    ];
    setting.check(config)?;
    let place = setting.place;
    let failed = |message: String| place.failed("generators", format!("{}: {message}", config.name()));
    let kind = match config.kind() {
        "ConfigMapGenerator" => Kind::ConfigMap,
        "SecretGenerator" => Kind::Secret,
        "HelmChartInflationGenerator" => {
            let chart: HelmChart = file::decode_loosely(fields_of(config, CHART)).map_err(failed)?;
            let globals: HelmGlobals =
                file::decode_loosely(fields_of(config, &["chartHome", "configHome"])).map_err(failed)?;
            return charts::inflate(&chart, Some(&globals), "", place, setting.options);
        }
        "IAMPolicyGenerator" => {
            let policy: Policy = file::decode_loosely(config.value.clone()).map_err(failed)?;
            return service_account(&policy, place).map_err(failed);
        }
        _ => return Err(setting.unknown(config, "generator")),
    };
    let mut generator: Generator = file::decode_loosely(fields_of(config, GENERATOR)).map_err(failed)?;
    if generator.name.is_empty() {
        config.name().clone_into(&mut generator.name);
    }
    if generator.namespace.is_empty() {
        config.namespace().clone_into(&mut generator.namespace);
    }
    generate::generate(kind, &generator, None, place).map(|generated| vec![generated])
}

fn service_account(policy: &Policy, place: &Place<'_>) -> Result<Vec<Resource>, String> {
    if policy.cloud != "gke" {
        return Err(format!("cloud provider {} not supported yet", policy.cloud));
    }
    let Policy { kubernetes_service: service, service_account: account, .. } = policy;
    let address = format!("{}@{}.iam.gserviceaccount.com", account.name, account.project_id);
    let mut value = json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"annotations": {"iam.gke.io/gcp-service-account": address}, "name": service.name},
    });
    if !service.namespace.is_empty() {
        value["metadata"]["namespace"] = service.namespace.as_str().into();
    }
    Ok(vec![Resource::new(value, place.file.as_str().into())])
}

/// Does what a configured transformer says.
pub(crate) fn transform(
    config: &Resource,
    list: &mut Vec<Resource>,
    setting: &Setting<'_>,
) -> Result<(), Error> {
    setting.check(config)?;
    let place = setting.place;
    let failed = |message: String| place.failed("transformers", format!("{}: {message}", config.name()));
    let fields: Config = file::decode_loosely(config.value.clone()).map_err(failed)?;
    let specs = fields.field_specs.as_deref().unwrap_or_default();
    let with_specs = || match &fields.field_specs {
        Some(_) => Ok(()),
        None => Err(failed("fieldSpecs is not expected to be nil".to_owned())),
    };
    let result = match config.kind() {
        "PrefixTransformer" => {
            with_specs()?;
            transform::add_prefix(list, &fields.prefix, specs)
        }
        "SuffixTransformer" => {
            with_specs()?;
            transform::add_suffix(list, &fields.suffix, specs)
        }
        "PrefixSuffixTransformer" => {
            with_specs()?;
            transform::add_prefix(list, &fields.prefix, specs)
                .and_then(|()| transform::add_suffix(list, &fields.suffix, specs))
        }
        "LabelTransformer" => transform::add_entries(list, &fields.labels, specs),
        "AnnotationsTransformer" => transform::add_entries(list, &fields.annotations, specs),
        "NamespaceTransformer" => {
            let subjects = subject_rule(&fields.set_role_binding_subjects).map_err(failed)?;
            transform::set_namespace(list, config.namespace(), specs, subjects, fields.unset_only)
        }
        "ImageTagTransformer" => transform::set_images(list, &fields.image_tag, specs),
        "ReplicaCountTransformer" => transform::set_replicas(list, &fields.replica, specs),
        "ReplacementTransformer" => {
            let replacements = steps::replacements(&fields.replacements, place)?;
            for replacement in &replacements {
                transform::replace(list, replacement).map_err(failed)?;
                budget::objects(list, &place.file)?;
            }
            Ok(())
        }
        "HashTransformer" => {
            finish::add_hashes(list);
            Ok(())
        }
        "ValueAddTransformer" => return add_values(&fields, list, place),
        "PatchTransformer" => {
            let Config { path, patch, target, options, .. } = fields;
            return steps::apply_patch(&Patch { path, patch, target, options }, place, list, setting.types);
        }
        "PatchJson6902Transformer" => {
            let Config { path, json_op: patch, target, options, .. } = fields;
            return steps::apply_json_patch(&Patch { path, patch, target, options }, place, list);
        }
        "PatchStrategicMergeTransformer" => {
            let mut patches = if fields.paths.is_empty() {
                Vec::new()
            } else {
                steps::strategic_patches(&fields.paths, place)?
            };
            patches.extend(objects_of(&fields.patches, &"".into()).map_err(failed)?);
            if patches.is_empty() {
                return Err(failed("empty file path and empty patch content".to_owned()));
            }
            setting.types.with(|shapes| patch::apply_strategic(list, &patches, shapes))
        }
        _ => return Err(setting.unknown(config, "transformer")),
    };
    result.map_err(failed)
}

fn subject_rule(text: &str) -> Result<SubjectRule, String> {
    match text {
        "" | "defaultOnly" => Ok(SubjectRule::DefaultOnly),
        "allServiceAccounts" => Ok(SubjectRule::AllServiceAccounts),
        "none" => Ok(SubjectRule::None),
        other => Err(format!(
            "invalid value \"{other}\" for setRoleBindingSubjects: must be one of \"defaultOnly\", \"none\" or \
             \"allServiceAccounts\""
        )),
    }
}

fn add_values(fields: &Config, list: &mut [Resource], place: &Place<'_>) -> Result<(), Error> {
    let failed = |message: String| place.failed("transformers", message);
    let mut targets = fields.targets.clone();
    if !fields.target_file_path.is_empty() {
        let text = place.text(&fields.target_file_path)?;
        let value = goyaml::from_str(&text).map_err(|error| failed(error.to_string()))?;
        targets.extend(file::decode_loosely::<Targets>(value).map_err(failed)?.targets);
    }
    // Without a value, the name of the kustomization's directory.
    let value = match fields.value.trim() {
        "" => place.directory.name().unwrap_or_default(),
        value => value,
    };
    transform::add_values(list, value, &targets).map_err(failed)
}
