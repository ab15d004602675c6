//! Checks a value against its schema, with the words of the API server.

use std::collections::HashMap;
use std::fmt;

use regex::Regex;
use serde_json::Value;

use super::{ListKind, Rules, Schema, Type};

/// Nobody reads more than this.
const MAX_VIOLATIONS: usize = 100;
const MAX_PATTERN_SIZE: usize = 1 << 20;

/// One thing that is wrong with a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Violation {
    /// Dotted path, such as `spec.ports[0].name`.
    pub path: String,
    /// Which kind of rule is broken.
    pub kind: ViolationKind,
    /// The rest of the sentence.
    pub detail: String,
}

/// The kinds of broken rules, each with its own words and `reason` in a `Status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViolationKind {
    /// `FieldValueRequired`
    Required,
    /// `FieldValueInvalid`
    Invalid,
    /// `FieldValueNotSupported`
    NotSupported,
    /// `FieldValueTypeInvalid`
    TypeInvalid,
    /// `FieldValueDuplicate`
    Duplicate,
    /// `FieldValueTooLong`
    TooLong,
    /// `FieldValueTooMany`
    TooMany,
}

impl ViolationKind {
    /// The `reason` of a cause in a `Status`.
    pub fn reason(self) -> &'static str {
        match self {
            ViolationKind::Required => "FieldValueRequired",
            ViolationKind::Invalid => "FieldValueInvalid",
            ViolationKind::NotSupported => "FieldValueNotSupported",
            ViolationKind::TypeInvalid => "FieldValueTypeInvalid",
            ViolationKind::Duplicate => "FieldValueDuplicate",
            ViolationKind::TooLong => "FieldValueTooLong",
            ViolationKind::TooMany => "FieldValueTooMany",
        }
    }

    fn words(self) -> &'static str {
        match self {
            ViolationKind::Required => "Required value",
            ViolationKind::Invalid | ViolationKind::TypeInvalid => "Invalid value",
            ViolationKind::NotSupported => "Unsupported value",
            ViolationKind::Duplicate => "Duplicate value",
            ViolationKind::TooLong => "Too long",
            ViolationKind::TooMany => "Too many",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path, self.kind.words())?;
        if self.detail.is_empty() { Ok(()) } else { write!(formatter, ": {}", self.detail) }
    }
}

/// All violations of the schema's rules, the first hundred at most. Unknown fields are not violations; see `prune`.
pub fn validate(value: &Value, schema: Schema<'_>) -> Vec<Violation> {
    let mut validator = Validator { violations: Vec::new(), patterns: HashMap::new() };
    validator.check(value, schema, "");
    validator.violations
}

struct Validator<'a> {
    violations: Vec<Violation>,
    patterns: HashMap<&'a str, Option<Regex>>,
}

impl<'a> Validator<'a> {
    fn report(&mut self, path: &str, kind: ViolationKind, detail: impl Into<String>) {
        if self.violations.len() < MAX_VIOLATIONS {
            let path = if path.is_empty() { "<nil>" } else { path };
            self.violations.push(Violation { path: path.to_owned(), kind, detail: detail.into() });
        }
    }

    fn check(&mut self, value: &Value, schema: Schema<'a>, path: &str) {
        let node = schema.node();
        if value.is_null() && (node.nullable || node.kind == Type::Any) {
            return;
        }
        if !fits(value, node.kind) {
            let (wanted, found) = (type_name(node.kind), type_of(value));
            let detail = format!("\"{found}\": {path} in body must be of type {wanted}: \"{found}\"");
            self.report(path, ViolationKind::Invalid, detail);
            return;
        }
        if node.kind == Type::Quantity && crate::Quantity::from_value(value).is_err() {
            let detail = format!(
                "{value}: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            );
            self.report(path, ViolationKind::Invalid, detail);
        }
        self.check_rules(value, schema, path);
        match value {
            Value::Object(map) => {
                for (name, entry) in map {
                    if let Some(field) = schema.field(name) {
                        let separator = if path.is_empty() { "" } else { "." };
                        self.check(entry, field, &format!("{path}{separator}{name}"));
                    }
                }
            }
            Value::Array(list) => {
                self.check_list_kind(list, schema, path);
                if let Some(items) = schema.items() {
                    for (index, item) in list.iter().enumerate() {
                        self.check(item, items, &format!("{path}[{index}]"));
                    }
                }
            }
            _ => {}
        }
    }

    fn check_rules(&mut self, value: &Value, schema: Schema<'a>, path: &str) {
        let rules = &schema.node().rules;
        if !rules.allowed.is_empty() && !rules.allowed.contains(value) {
            let allowed: Vec<String> = rules.allowed.iter().map(Value::to_string).collect();
            let detail = format!("{value}: supported values: {}", allowed.join(", "));
            self.report(path, ViolationKind::NotSupported, detail);
        }
        match value {
            Value::Object(map) => self.check_object(map, rules, path),
            Value::Array(list) => self.check_size(list.len(), rules.items, path, value, "items"),
            Value::String(text) => self.check_text(text, rules, path),
            Value::Number(number) => {
                self.check_number(number.as_f64().unwrap_or_default(), rules, path, value);
            }
            _ => {}
        }
        self.check_branches(value, schema, path);
    }

    fn check_object(&mut self, map: &serde_json::Map<String, Value>, rules: &Rules, path: &str) {
        for name in rules.required.iter().filter(|name| !map.contains_key(*name)) {
            let separator = if path.is_empty() { "" } else { "." };
            self.report(&format!("{path}{separator}{name}"), ViolationKind::Required, "");
        }
        let (least, most) = rules.properties;
        if least.is_some_and(|least| (map.len() as u64) < least) {
            let detail =
                format!("{path} in body should have at least {} properties", least.unwrap_or_default());
            self.report(path, ViolationKind::Invalid, detail);
        }
        if most.is_some_and(|most| map.len() as u64 > most) {
            let detail = format!("{}: must have at most {} items", map.len(), most.unwrap_or_default());
            self.report(path, ViolationKind::TooMany, detail);
        }
    }

    fn check_size(
        &mut self,
        size: usize,
        (least, most): (Option<u64>, Option<u64>),
        path: &str,
        value: &Value,
        what: &str,
    ) {
        if let Some(least) = least.filter(|least| (size as u64) < *least) {
            let detail = format!("{value}: {path} in body should have at least {least} {what}");
            self.report(path, ViolationKind::Invalid, detail);
        }
        if let Some(most) = most.filter(|most| size as u64 > *most) {
            self.report(path, ViolationKind::TooMany, format!("{size}: must have at most {most} {what}"));
        }
    }

    fn check_text(&mut self, text: &str, rules: &'a Rules, path: &str) {
        let length = text.chars().count() as u64;
        let (least, most) = rules.length;
        if let Some(least) = least.filter(|least| length < *least) {
            let detail = format!("{text:?}: {path} in body should be at least {least} chars long");
            self.report(path, ViolationKind::Invalid, detail);
        }
        if let Some(most) = most.filter(|most| length > *most) {
            self.report(path, ViolationKind::TooLong, format!("may not be more than {most} bytes"));
        }
        if !rules.pattern.is_empty() {
            let pattern = self.patterns.entry(&rules.pattern).or_insert_with(|| {
                regex::RegexBuilder::new(&rules.pattern).size_limit(MAX_PATTERN_SIZE).build().ok()
            });
            // The API server refuses such patterns in the definition; here an unreadable one forbids nothing.
            if pattern.as_ref().is_some_and(|pattern| !pattern.is_match(text)) {
                let detail = format!("{text:?}: {path} in body should match '{}'", rules.pattern);
                self.report(path, ViolationKind::Invalid, detail);
            }
        }
    }

    fn check_number(&mut self, number: f64, rules: &Rules, path: &str, value: &Value) {
        if let Some((bound, exclusive)) = rules.minimum
            && (number < bound || (exclusive && number == bound))
        {
            let words = if exclusive { "greater than" } else { "greater than or equal to" };
            self.report(
                path,
                ViolationKind::Invalid,
                format!("{value}: {path} in body should be {words} {bound}"),
            );
        }
        if let Some((bound, exclusive)) = rules.maximum
            && (number > bound || (exclusive && number == bound))
        {
            let words = if exclusive { "less than" } else { "less than or equal to" };
            self.report(
                path,
                ViolationKind::Invalid,
                format!("{value}: {path} in body should be {words} {bound}"),
            );
        }
        if let Some(factor) = rules.multiple_of
            && factor != 0.0
            && (number / factor).fract() != 0.0
        {
            self.report(
                path,
                ViolationKind::Invalid,
                format!("{value}: {path} in body should be a multiple of {factor}"),
            );
        }
    }

    fn check_list_kind(&mut self, list: &[Value], schema: Schema<'a>, path: &str) {
        let node = schema.node();
        let identity = |item: &Value| match &node.list {
            ListKind::Map(keys) => {
                Value::Array(keys.iter().map(|key| item.get(key).cloned().unwrap_or_default()).collect())
            }
            _ => item.clone(),
        };
        if node.list == ListKind::Atomic && !node.rules.unique_items {
            return;
        }
        let mut seen = std::collections::HashSet::new();
        for (index, item) in list.iter().enumerate() {
            let identity = identity(item);
            if !seen.insert(identity.to_string()) {
                self.report(&format!("{path}[{index}]"), ViolationKind::Duplicate, item.to_string());
            }
        }
    }

    fn check_branches(&mut self, value: &Value, schema: Schema<'a>, path: &str) {
        let rules = &schema.node().rules;
        for id in &rules.all_of {
            self.check(value, schema.sibling(*id), path);
        }
        if !rules.any_of.is_empty() && self.count(value, schema, &rules.any_of, path) == 0 {
            self.report(
                path,
                ViolationKind::Invalid,
                format!("{path} in body must validate at least one schema (anyOf)"),
            );
        }
        if !rules.one_of.is_empty() && self.count(value, schema, &rules.one_of, path) != 1 {
            self.report(
                path,
                ViolationKind::Invalid,
                format!("{path} in body must validate one and only one schema (oneOf)"),
            );
        }
        if let Some(not) = rules.not
            && self.count(value, schema, &[not], path) == 1
        {
            self.report(
                path,
                ViolationKind::Invalid,
                format!("{path} in body must not validate the schema (not)"),
            );
        }
    }

    fn count(&mut self, value: &Value, schema: Schema<'a>, branches: &[super::NodeId], path: &str) -> usize {
        let reported = std::mem::take(&mut self.violations);
        let mut fitting = 0;
        for id in branches {
            self.check(value, schema.sibling(*id), path);
            fitting += usize::from(self.violations.is_empty());
            self.violations.clear();
        }
        self.violations = reported;
        fitting
    }
}

fn fits(value: &Value, kind: Type) -> bool {
    match kind {
        Type::Any => true,
        Type::Object => value.is_object(),
        Type::Array => value.is_array(),
        Type::String => value.is_string(),
        Type::Integer => value
            .as_number()
            .is_some_and(|n| n.is_i64() || n.is_u64() || n.as_f64().is_some_and(|f| f.fract() == 0.0)),
        Type::Number => value.is_number(),
        Type::Boolean => value.is_boolean(),
        Type::Quantity => value.is_string() || value.is_number(),
        Type::IntOrString => value.is_string() || value.is_i64() || value.is_u64(),
    }
}

fn type_name(kind: Type) -> &'static str {
    match kind {
        Type::Any => "any",
        Type::Object => "object",
        Type::Array => "array",
        Type::String => "string",
        Type::Integer => "integer",
        Type::Number => "number",
        Type::Boolean => "boolean",
        Type::Quantity | Type::IntOrString => "integer,string",
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
