//! `.Capabilities`: the cluster's version and APIs, and Helm's own version.

use std::any::Any;
use std::sync::Arc;

use gotmpl::{FunctionError, Object, Signature, State, Type, Value, text_of};

use crate::capabilities::{Capabilities, DEFAULT_KUBE_VERSION, HELM_3_VERSION, HELM_VERSION, KubeVersion};
use crate::release::Flavor;

const ONE_TEXT: Signature = Signature::fixed(&[Type::String]);
const NOTHING: Signature = Signature::fixed(&[]);

/// A Go struct of plain fields.
pub(crate) struct Record {
    type_name: &'static str,
    /// Names in Go, names in JSON (none: not in JSON) and values, in order.
    fields: Vec<(&'static str, Option<&'static str>, Value)>,
    /// Methods without parameters.
    methods: Vec<(&'static str, Value)>,
}

impl Record {
    /// A struct of fields with their names in JSON, those that are empty left out of it as Go's `omitempty` does.
    pub(crate) fn of(
        type_name: &'static str,
        fields: impl IntoIterator<Item = (&'static str, &'static str, Value)>,
    ) -> Self {
        let fields =
            fields.into_iter().map(|(name, json, value)| (name, value.truth().then_some(json), value));
        Self { type_name, fields: fields.collect(), methods: Vec::new() }
    }

    /// With one more field, which is in JSON by its own name whatever it holds.
    pub(crate) fn with(mut self, name: &'static str, value: Value) -> Self {
        self.fields.push((name, Some(name), value));
        self
    }
}

impl Object for Record {
    fn type_name(&self) -> &str {
        self.type_name
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn kind(&self) -> &'static str {
        if self.type_name.starts_with('*') { "ptr" } else { "struct" }
    }

    fn field(&self, name: &str) -> Option<Value> {
        self.fields.iter().find(|(field, ..)| *field == name).map(|(.., value)| value.clone())
    }

    fn method(&self, name: &str) -> Option<&Signature> {
        self.methods.iter().any(|(method, _)| *method == name).then_some(&NOTHING)
    }

    fn call(&self, name: &str, _arguments: &[Value], _state: &mut State) -> Result<Value, FunctionError> {
        let found = self.methods.iter().find(|(method, _)| *method == name);
        let missing = || FunctionError::from(format!("{name} is not a method of {}", self.type_name));
        found.map(|(_, value)| value.clone()).ok_or_else(missing)
    }

    fn print(&self) -> String {
        let fields: Vec<String> = self.fields.iter().map(|(.., value)| value.to_string()).collect();
        format!("{{{}}}", fields.join(" "))
    }

    fn print_in_place(&self) -> String {
        let text = self.methods.iter().find(|(name, _)| *name == "String");
        text.map_or_else(|| self.print(), |(_, text)| text.to_string())
    }

    fn json_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        Some(self.fields.iter().filter_map(|(_, json, value)| Some(((*json)?, value.clone()))).collect())
    }

    fn to_data(&self) -> Value {
        Value::map(self.fields.iter().filter_map(|(_, json, value)| Some(((*json)?, value.clone()))))
    }
}

/// The list of APIs.
struct VersionSet(Arc<[Arc<str>]>);

impl Object for VersionSet {
    fn type_name(&self) -> &str {
        "common.VersionSet"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn kind(&self) -> &'static str {
        "slice"
    }

    fn method(&self, name: &str) -> Option<&Signature> {
        (name == "Has").then_some(&ONE_TEXT)
    }

    fn call(&self, name: &str, arguments: &[Value], _state: &mut State) -> Result<Value, FunctionError> {
        if name != "Has" {
            return Err(FunctionError::from(format!("{name} is not a method of common.VersionSet")));
        }
        let wanted = arguments.first().map(text_of).unwrap_or_default();
        Ok(Value::Bool(self.0.iter().any(|version| **version == *wanted)))
    }

    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        let numbered = (0..).zip(self.0.iter());
        Some(numbered.map(|(index, version)| (Value::Int(index), Value::String(version.clone()))).collect())
    }

    fn print(&self) -> String {
        self.to_data().to_string()
    }

    fn to_data(&self) -> Value {
        Value::strings(self.0.iter().cloned())
    }
}

fn kube_version(version: &KubeVersion) -> Value {
    let text = |text: &str| Value::string(text);
    Value::object(Record {
        type_name: "common.KubeVersion",
        fields: vec![
            ("Version", Some("Version"), text(&version.full)),
            ("normalizedVersion", None, text(&version.normalized)),
            ("Major", Some("Major"), text(&version.major)),
            ("Minor", Some("Minor"), text(&version.minor)),
        ],
        methods: vec![("String", text(&version.normalized)), ("GitVersion", text(&version.full))],
    })
}

fn helm_version(flavor: Flavor) -> Value {
    let version = match flavor {
        Flavor::Helm3 => HELM_3_VERSION,
        Flavor::Helm4 => HELM_VERSION,
    };
    let client = DEFAULT_KUBE_VERSION.rsplit_once('.').map_or(DEFAULT_KUBE_VERSION, |(version, _)| version);
    Value::object(Record {
        type_name: "version.BuildInfo",
        fields: vec![
            ("Version", Some("version"), Value::string(version)),
            ("GitCommit", None, Value::string("")),
            ("GitTreeState", None, Value::string("")),
            ("GoVersion", Some("go_version"), Value::string("go1.26")),
            ("KubeClientVersion", Some("kube_client_version"), Value::string(client)),
        ],
        methods: Vec::new(),
    })
}

/// `.Capabilities`.
pub(crate) fn to_template(capabilities: &Capabilities, flavor: Flavor) -> Value {
    let versions: Arc<[Arc<str>]> =
        capabilities.api_versions.iter().map(|version| Arc::from(version.as_str())).collect();
    Value::object(Record {
        type_name: "*common.Capabilities",
        fields: vec![
            ("KubeVersion", Some("KubeVersion"), kube_version(&capabilities.kube_version)),
            ("APIVersions", Some("APIVersions"), Value::object(VersionSet(versions))),
            ("HelmVersion", Some("HelmVersion"), helm_version(flavor)),
        ],
        methods: Vec::new(),
    })
}
