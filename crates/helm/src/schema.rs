//! Values held against the charts' `values.schema.json`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{PatternOptions, Retrieve, Uri, ValidationError, Validator};
use serde_json::Value as Json;

use crate::chart::Instance;
use crate::error::Error;
use crate::values::{Data, Table, table_to_json};

/// Checks the values of a chart and of all charts in it.
pub(crate) fn validate(chart: &Instance, values: &Table) -> Result<(), Error> {
    let mut complaints = String::new();
    collect(chart, values, &mut complaints);
    if complaints.is_empty() { Ok(()) } else { Err(Error::Schema(complaints)) }
}

fn collect(chart: &Instance, values: &Table, complaints: &mut String) {
    if let Some(schema) = &chart.chart.schema
        && let Err(message) = check(schema, &chart.chart.validator, values)
    {
        let _ = write!(complaints, "{}:\n{message}", chart.name);
    }
    for sub in &chart.dependencies {
        match values.get(&sub.name) {
            None | Some(Data::Null) => {}
            Some(Data::Table(values)) => collect(sub, values, complaints),
            Some(other) => {
                let found = other.type_name();
                let _ = writeln!(
                    complaints,
                    "{}:\ninvalid type for values: expected object (map), got {found}",
                    sub.name
                );
            }
        }
    }
}

/// References to other documents: rendering has no network, and names that nobody can resolve allow everything.
struct Nothing;

impl Retrieve for Nothing {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Json, Box<dyn std::error::Error + Send + Sync>> {
        if uri.scheme().as_str() == "urn" {
            return Ok(Json::Bool(true));
        }
        Err(format!("{uri}: schemas are not fetched from elsewhere; put it into values.schema.json").into())
    }
}

/// Errors made of errors that are told.
const MAX_DEPTH: usize = 8;

/// A schema ready to be used, or why it can't be. To make one takes longer than to use it, so a chart keeps it.
pub(crate) type Compiled = OnceLock<Result<Validator, String>>;

fn compile(schema: &[u8]) -> Result<Validator, String> {
    let schema: Json =
        serde_json::from_slice(schema).map_err(|error| format!("values.schema.json: {error}\n"))?;
    jsonschema::options()
        .with_retriever(Nothing)
        // An engine that takes linear time, and knows no more than Go's.
        .with_pattern_options(PatternOptions::regex().size_limit(4 << 20))
        .build(&schema)
        .map_err(|error| format!("values.schema.json: {error}\n"))
}

fn check(schema: &[u8], compiled: &Compiled, values: &Table) -> Result<(), String> {
    let validator = compiled.get_or_init(|| compile(schema)).as_ref().map_err(String::clone)?;
    let values = table_to_json(values);
    if validator.is_valid(&values) {
        return Ok(());
    }
    let mut message = String::new();
    write_lines(&mut message, validator.iter_errors(&values), 0);
    if message.is_empty() { Ok(()) } else { Err(message) }
}

/// Writes a line for each error, with those that it is made of below it.
fn write_lines<'e>(
    message: &mut String,
    errors: impl IntoIterator<Item = ValidationError<'e>>,
    depth: usize,
) {
    let mut complaints: Vec<(String, String)> = Vec::new();
    let mut missing: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for error in errors {
        let place = error.instance_path().to_string();
        match error.kind() {
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default().replace('\'', "\\'");
                missing.entry(place).or_default().push(format!("'{name}'"));
            }
            ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let places = unexpected.iter().map(|name| format!("{place}/{name}"));
                complaints.extend(places.map(|place| (place, "false schema".to_string())));
            }
            _ => complaints.push((place, complaint(error, depth))),
        }
    }
    for (place, names) in missing {
        let noun = if names.len() == 1 { "property" } else { "properties" };
        complaints.push((place, format!("missing {noun} {}", names.join(", "))));
    }
    complaints.sort();
    for (place, complaint) in complaints {
        let _ = writeln!(message, "{}- at '{place}': {complaint}", "  ".repeat(depth));
    }
}

/// What a keyword says that is made of others, with their errors below.
fn composed<'e>(
    words: String,
    errors: impl IntoIterator<Item = ValidationError<'e>>,
    depth: usize,
) -> String {
    let mut message = words + "\n";
    if depth < MAX_DEPTH {
        write_lines(&mut message, errors, depth + 1);
    }
    message.truncate(message.trim_end().len());
    message
}

fn type_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

/// The words that Helm users know for the most frequent complaints; the library's own for the others.
fn complaint(error: ValidationError<'_>, depth: usize) -> String {
    let limit = |name: &str, limit: &Json| format!("{name}: got {}, want {limit}", error.instance());
    let size = |name: &str, limit: u64| {
        let found = match error.instance().as_ref() {
            Json::String(text) => text.chars().count(),
            Json::Array(items) => items.len(),
            Json::Object(map) => map.len(),
            _ => 0,
        };
        format!("{name}: got {found}, want {limit}")
    };
    let found = type_of(error.instance());
    match error.kind() {
        ValidationErrorKind::Type { kind: TypeKind::Single(wanted) } => {
            format!("got {found}, want {wanted}")
        }
        ValidationErrorKind::Type { kind: TypeKind::Multiple(wanted) } => {
            let wanted: Vec<String> = wanted.iter().map(|wanted| wanted.to_string()).collect();
            format!("got {found}, want {}", wanted.join(" or "))
        }
        ValidationErrorKind::Minimum { limit: wanted } => limit("minimum", wanted),
        ValidationErrorKind::Maximum { limit: wanted } => limit("maximum", wanted),
        ValidationErrorKind::ExclusiveMinimum { limit: wanted } => limit("exclusiveMinimum", wanted),
        ValidationErrorKind::ExclusiveMaximum { limit: wanted } => limit("exclusiveMaximum", wanted),
        ValidationErrorKind::MinLength { limit } => size("minLength", *limit),
        ValidationErrorKind::MaxLength { limit } => size("maxLength", *limit),
        ValidationErrorKind::MinItems { limit } => size("minItems", *limit),
        ValidationErrorKind::MaxItems { limit } => size("maxItems", *limit),
        ValidationErrorKind::MinProperties { limit } => size("minProperties", *limit),
        ValidationErrorKind::MaxProperties { limit } => size("maxProperties", *limit),
        ValidationErrorKind::Pattern { pattern } => {
            format!("'{}' does not match pattern '{pattern}'", error.instance().as_str().unwrap_or_default())
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let names: Vec<String> = unexpected.iter().map(|name| format!("'{name}'")).collect();
            format!("additional properties {} not allowed", names.join(", "))
        }
        ValidationErrorKind::Enum { options } => {
            let options: Vec<String> = options
                .as_array()
                .into_iter()
                .flatten()
                .map(|option| match option {
                    Json::Null => "<nil>".to_string(),
                    other => shown(other),
                })
                .collect();
            format!("value must be one of {}", options.join(", "))
        }
        ValidationErrorKind::Constant { expected_value } => {
            format!("value must be {}", shown(expected_value))
        }
        ValidationErrorKind::FalseSchema => "false schema".to_string(),
        ValidationErrorKind::MultipleOf { multiple_of } => {
            format!("multipleOf: got {}, want {multiple_of}", error.instance())
        }
        ValidationErrorKind::Not { .. } => "'not' failed".to_string(),
        ValidationErrorKind::Contains => "no items match contains schema".to_string(),
        _ => made_of_others(error, depth),
    }
}

fn made_of_others(error: ValidationError<'_>, depth: usize) -> String {
    let words = error.to_string();
    match error.into_parts().kind {
        ValidationErrorKind::AnyOf { context } => {
            composed("'anyOf' failed".to_string(), context.into_iter().flatten(), depth)
        }
        ValidationErrorKind::OneOfNotValid { context } => {
            composed("'oneOf' failed, none matched".to_string(), context.into_iter().flatten(), depth)
        }
        ValidationErrorKind::OneOfMultipleValid { context } => {
            let matched = context.iter().enumerate().filter(|(_, errors)| errors.is_empty());
            let matched: Vec<String> = matched.map(|(number, _)| number.to_string()).collect();
            format!("'oneOf' failed, subschemas {} matched", matched.join(", "))
        }
        ValidationErrorKind::PropertyNames { error } => {
            let name = error.instance().as_str().unwrap_or_default().to_string();
            composed(format!("invalid propertyName '{name}'"), [*error], depth)
        }
        _ => words,
    }
}

/// A value as Go prints it among words.
fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => format!("'{text}'"),
        other => other.to_string(),
    }
}
