//! Chart.yaml, read and checked.

use std::collections::BTreeMap;

use gotmpl::{List, ListType, Map, MapType, Value};
use serde_json::Value as Json;

use crate::error::Error;
use crate::objects::capabilities::Record;

/// What Chart.yaml says.
#[derive(Debug, Clone, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields are Chart.yaml's, documented by Helm")]
pub struct Metadata {
    pub api_version: String,
    pub name: String,
    pub version: String,
    pub kube_version: String,
    pub description: String,
    pub chart_type: String,
    pub keywords: Vec<String>,
    pub home: String,
    pub sources: Vec<String>,
    pub maintainers: Vec<Maintainer>,
    pub icon: String,
    pub app_version: String,
    pub deprecated: bool,
    /// `None` when the chart names none, which is not the same to templates as an empty map.
    pub annotations: Option<BTreeMap<String, String>>,
    pub condition: String,
    pub tags: String,
    pub dependencies: Vec<Dependency>,
    /// Whether there is a list of dependencies at all; an empty one still makes Helm look into `charts/` for
    /// dependencies of dependencies.
    pub lists_dependencies: bool,
}

/// Somebody who maintains the chart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are Chart.yaml's")]
pub struct Maintainer {
    pub name: String,
    pub email: String,
    pub url: String,
}

/// A chart that this one depends on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dependency {
    /// The chart's name; after processing the alias, if there is one.
    pub name: String,
    /// A constraint on its version.
    pub version: String,
    /// Where it can be fetched from.
    pub repository: String,
    /// Comma separated paths of values that switch it on or off.
    pub condition: String,
    /// Names in the values' `tags` that switch it on or off.
    pub tags: Vec<String>,
    /// Whether it is part of the render.
    pub enabled: bool,
    /// Parts of its values that the parent takes over.
    pub import_values: Vec<ImportValues>,
    /// The name it gets in this chart.
    pub alias: String,
}

/// Which of a dependency's values go where in the parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportValues {
    /// Path within the dependency's values.
    pub child: String,
    /// Path within the parent's values; `.` for their root.
    pub parent: String,
}

/// White space becomes a space; what can't be seen goes.
fn sanitized(text: &str) -> String {
    text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !c.is_control()).collect()
}

/// Reads fields of a JSON object the way Go's decoder fills a struct: scalars become text where text is wanted.
struct Fields<'a> {
    object: &'a serde_json::Map<String, Json>,
    context: &'static str,
}

impl Fields<'_> {
    fn wrong(&self, field: &str, wanted: &str) -> String {
        format!("{}{field} must be {wanted}", self.context)
    }

    fn text(&self, field: &str) -> Result<String, String> {
        self.object
            .get(field)
            .map_or(Ok(String::new()), |value| text_of(value).ok_or_else(|| self.wrong(field, "a string")))
    }

    fn boolean(&self, field: &str) -> Result<bool, String> {
        match self.object.get(field) {
            None | Some(Json::Null) => Ok(false),
            Some(Json::Bool(value)) => Ok(*value),
            Some(_) => Err(self.wrong(field, "a boolean")),
        }
    }

    fn list(&self, field: &str) -> Result<&[Json], String> {
        match self.object.get(field) {
            None | Some(Json::Null) => Ok(&[]),
            Some(Json::Array(items)) => Ok(items),
            Some(_) => Err(self.wrong(field, "a list")),
        }
    }

    fn texts(&self, field: &str) -> Result<Vec<String>, String> {
        let items = self.list(field)?.iter();
        items.map(|item| text_of(item).ok_or_else(|| self.wrong(field, "a list of strings"))).collect()
    }

    fn objects(&self, field: &str, context: &'static str) -> Result<Vec<Fields<'_>>, String> {
        let items = self.list(field)?.iter();
        items
            .map(|item| match item {
                Json::Object(object) => Ok(Fields { object, context }),
                Json::Null => Err(format!("{field} must not contain empty or null nodes")),
                _ => Err(self.wrong(field, "a list of maps")),
            })
            .collect()
    }
}

fn text_of(value: &Json) -> Option<String> {
    match value {
        Json::Null => Some(String::new()),
        Json::String(text) => Some(text.clone()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Number(number) => Some(match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(whole), ..) => whole.to_string(),
            (_, Some(whole), _) => whole.to_string(),
            (.., float) => goyaml::format_general(float.unwrap_or_default()),
        }),
        Json::Array(_) | Json::Object(_) => None,
    }
}

impl Metadata {
    /// Reads Chart.yaml. Unknown fields are ignored.
    pub(crate) fn read(text: &str, place: &str) -> Result<Self, Error> {
        let wrong = |message: String| Error::ChartFile {
            chart: place.to_string(),
            file: "Chart.yaml".into(),
            message,
        };
        let json = goyaml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let empty = serde_json::Map::new();
        let object = match &json {
            Json::Object(object) => object,
            Json::Null => &empty,
            _ => return Err(wrong("not a map".into())),
        };
        let mut metadata = Self::from_fields(&Fields { object, context: "" }).map_err(wrong)?;
        if metadata.api_version.is_empty() {
            // Helm 2 took charts without one.
            metadata.api_version = "v1".into();
        }
        Ok(metadata)
    }

    fn from_fields(fields: &Fields<'_>) -> Result<Self, String> {
        let maintainers = fields.objects("maintainers", "maintainers: ")?;
        let annotations = match fields.object.get("annotations") {
            None | Some(Json::Null) => None,
            Some(Json::Object(map)) => Some(
                map.iter()
                    .map(|(key, value)| Some((key.clone(), text_of(value)?)))
                    .collect::<Option<_>>()
                    .ok_or("annotations must be a map of strings")?,
            ),
            Some(_) => return Err("annotations must be a map of strings".into()),
        };
        let sanitized_text = |field| fields.text(field).map(|text| sanitized(&text));
        let sanitized_texts = |field| -> Result<Vec<String>, String> {
            Ok(fields.texts(field)?.iter().map(|text| sanitized(text)).collect())
        };
        Ok(Self {
            api_version: fields.text("apiVersion")?,
            name: sanitized_text("name")?,
            version: fields.text("version")?,
            kube_version: sanitized_text("kubeVersion")?,
            description: sanitized_text("description")?,
            chart_type: fields.text("type")?,
            keywords: sanitized_texts("keywords")?,
            home: sanitized_text("home")?,
            sources: sanitized_texts("sources")?,
            maintainers: maintainers
                .iter()
                .map(|fields| {
                    Ok(Maintainer {
                        name: sanitized(&fields.text("name")?),
                        email: sanitized(&fields.text("email")?),
                        url: sanitized(&fields.text("url")?),
                    })
                })
                .collect::<Result<_, String>>()?,
            icon: sanitized_text("icon")?,
            app_version: sanitized_text("appVersion")?,
            deprecated: fields.boolean("deprecated")?,
            annotations,
            condition: sanitized_text("condition")?,
            tags: sanitized_text("tags")?,
            dependencies: dependencies(fields)?,
            lists_dependencies: fields.object.get("dependencies").is_some_and(Json::is_array),
        })
    }

    /// Takes the dependencies out of a version 1 chart's requirements.yaml.
    pub(crate) fn read_requirements(&mut self, text: &str) -> Result<(), Error> {
        let wrong = |message: String| Error::ChartFile {
            chart: self.name.clone(),
            file: "requirements.yaml".into(),
            message,
        };
        let json = goyaml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if let Json::Object(object) = &json
            && object.contains_key("dependencies")
        {
            self.dependencies = dependencies(&Fields { object, context: "" }).map_err(wrong)?;
            self.lists_dependencies = object.get("dependencies").is_some_and(Json::is_array);
        }
        Ok(())
    }

    /// Checks what Helm checks at loading.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let wrong = |message: String| Err(Error::Metadata { chart: self.name.clone(), message });
        if self.name.is_empty() {
            return wrong("chart.metadata.name is required".into());
        }
        if self.name == "." || self.name == ".." {
            return wrong(format!("chart.metadata.name {:?} is not allowed", self.name));
        }
        if self.name.contains('/') {
            return wrong(format!("chart.metadata.name {:?} is invalid", self.name));
        }
        if self.version.is_empty() {
            return wrong("chart.metadata.version is required".into());
        }
        if !crate::version::is_version(&self.version) {
            return wrong(format!("chart.metadata.version {:?} is invalid", self.version));
        }
        if !matches!(self.chart_type.as_str(), "" | "application" | "library") {
            return wrong("chart.metadata.type must be application or library".into());
        }
        let mut names = Vec::new();
        for dependency in &self.dependencies {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            if !dependency.alias.chars().all(allowed) {
                let name = &dependency.name;
                return wrong(format!("dependency {name:?} has disallowed characters in the alias"));
            }
            let name = dependency.effective_name();
            if names.contains(&name) {
                return wrong(format!("more than one dependency with name or alias {name:?}"));
            }
            names.push(name);
        }
        Ok(())
    }

    /// Whether the chart only lends definitions to others.
    pub fn is_library(&self) -> bool {
        self.chart_type.eq_ignore_ascii_case("library")
    }

    /// The metadata as templates see it in `.Chart`, with Go's names of the fields.
    pub(crate) fn to_template(&self) -> Map {
        let text = |text: &str| Value::string(text);
        let texts = |texts: &[String]| Value::list(texts.iter().map(|text| Value::string(text.as_str())));
        let annotations = match &self.annotations {
            None => Map::nil(MapType::String),
            Some(annotations) => {
                let map = Map::typed(MapType::String);
                annotations.iter().for_each(|(key, value)| map.insert(key.as_str(), text(value)));
                map
            }
        };
        let maintainers = self.maintainers.iter().map(|maintainer| {
            Value::map([
                ("Name", text(&maintainer.name)),
                ("Email", text(&maintainer.email)),
                ("URL", text(&maintainer.url)),
            ])
        });
        [
            ("Name", text(&self.name)),
            ("Home", text(&self.home)),
            ("Sources", texts(&self.sources)),
            ("Version", text(&self.version)),
            ("Description", text(&self.description)),
            ("Keywords", texts(&self.keywords)),
            ("Maintainers", Value::list(maintainers)),
            ("Icon", text(&self.icon)),
            ("APIVersion", text(&self.api_version)),
            ("Condition", text(&self.condition)),
            ("Tags", text(&self.tags)),
            ("AppVersion", text(&self.app_version)),
            ("Deprecated", Value::Bool(self.deprecated)),
            ("Annotations", Value::Map(annotations)),
            ("KubeVersion", text(&self.kube_version)),
            ("Dependencies", Value::list(self.dependencies.iter().map(Dependency::to_template))),
            ("Type", text(&self.chart_type)),
        ]
        .into_iter()
        .collect()
    }
}

impl Metadata {
    /// The metadata as templates of Helm 3 see it: a struct.
    pub(crate) fn to_record(&self, is_root: bool) -> Value {
        let map = self.to_template();
        let field = |name: &'static str, json: &'static str| (name, json, map.get(name).unwrap_or_default());
        let maintainers = self.maintainers.iter().map(|maintainer| {
            let text = |text: &str| Value::string(text);
            Value::object(Record::of(
                "*chart.Maintainer",
                [
                    ("Name", "name", text(&maintainer.name)),
                    ("Email", "email", text(&maintainer.email)),
                    ("URL", "url", text(&maintainer.url)),
                ],
            ))
        });
        let dependencies = self.dependencies.iter().map(|dependency| {
            let text = |text: &str| Value::string(text);
            let map = dependency.to_template();
            let given = |name: &str| map.as_map().and_then(|map| map.get(name)).unwrap_or_default();
            Value::object(Record::of(
                "*chart.Dependency",
                [
                    ("Name", "name", text(&dependency.name)),
                    ("Version", "version", text(&dependency.version)),
                    ("Repository", "repository", text(&dependency.repository)),
                    ("Condition", "condition", text(&dependency.condition)),
                    ("Tags", "tags", given("Tags")),
                    ("Enabled", "enabled", Value::Bool(dependency.enabled)),
                    ("ImportValues", "import-values", given("ImportValues")),
                    ("Alias", "alias", text(&dependency.alias)),
                ],
            ))
        });
        let fields = [
            field("Name", "name"),
            field("Home", "home"),
            field("Sources", "sources"),
            field("Version", "version"),
            field("Description", "description"),
            field("Keywords", "keywords"),
            ("Maintainers", "maintainers", Value::list(maintainers)),
            field("Icon", "icon"),
            field("APIVersion", "apiVersion"),
            field("Condition", "condition"),
            field("Tags", "tags"),
            field("AppVersion", "appVersion"),
            field("Deprecated", "deprecated"),
            field("Annotations", "annotations"),
            field("KubeVersion", "kubeVersion"),
            ("Dependencies", "dependencies", Value::list(dependencies)),
            field("Type", "type"),
        ];
        Value::object(
            Record::of("struct { chart.Metadata; IsRoot bool }", fields).with("IsRoot", Value::Bool(is_root)),
        )
    }
}

fn dependencies(fields: &Fields<'_>) -> Result<Vec<Dependency>, String> {
    fields.objects("dependencies", "dependencies: ")?.iter().map(Dependency::from_fields).collect()
}

impl Dependency {
    fn from_fields(fields: &Fields<'_>) -> Result<Self, String> {
        let sanitized_text = |field| fields.text(field).map(|text| sanitized(&text));
        let imports = fields.list("import-values")?.iter().filter_map(|item| match item {
            Json::String(name) => Some(ImportValues { child: format!("exports.{name}"), parent: ".".into() }),
            Json::Object(map) => {
                // As Go prints what isn't there.
                let path = |field: &str| match map.get(field) {
                    None | Some(Json::Null) => "<nil>".to_string(),
                    Some(value) => text_of(value).unwrap_or_default(),
                };
                Some(ImportValues { child: path("child"), parent: path("parent") })
            }
            _ => None,
        });
        Ok(Self {
            name: sanitized_text("name")?,
            version: sanitized_text("version")?,
            repository: sanitized_text("repository")?,
            condition: sanitized_text("condition")?,
            tags: fields.texts("tags")?.iter().map(|tag| sanitized(tag)).collect(),
            enabled: fields.boolean("enabled")?,
            import_values: imports.collect(),
            alias: fields.text("alias")?,
        })
    }

    /// The alias, or the name if there is none.
    pub fn effective_name(&self) -> &str {
        if self.alias.is_empty() { &self.name } else { &self.alias }
    }

    fn to_template(&self) -> Value {
        let text = |text: &str| Value::string(text);
        let imports = self.import_values.iter().map(|import| {
            let map = Map::typed(MapType::String);
            map.insert("child", text(&import.child));
            map.insert("parent", text(&import.parent));
            Value::Map(map)
        });
        Value::map([
            ("Name", text(&self.name)),
            ("Version", text(&self.version)),
            ("Repository", text(&self.repository)),
            ("Condition", text(&self.condition)),
            ("Tags", Value::list(self.tags.iter().map(|tag| text(tag)))),
            ("Enabled", Value::Bool(self.enabled)),
            ("ImportValues", Value::List(List::typed(ListType::Any, imports.collect()))),
            ("Alias", text(&self.alias)),
        ])
    }
}
