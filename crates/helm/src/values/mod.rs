//! Values: what the user gives ([`Values`]), as trees of [`Data`], merged over the charts' defaults.

pub(crate) mod coalesce;
mod data;
mod merge;
mod set;

pub use data::{Data, Table};
pub(crate) use data::{scalar_at, table_at, table_to_json, table_to_template};
pub(crate) use merge::{Nulls, fill};

use crate::error::Error;
use crate::release::Flavor;
use set::{Allowance, Reading};

/// A values file: its name for messages, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValuesFile {
    /// The name.
    pub name: String,
    /// The YAML text, of one document or several.
    pub text: String,
}

/// What a user sets. Later kinds win over earlier ones in the order of the fields, later entries over earlier ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// `-f`, and Argo CD's inline values.
    pub files: Vec<ValuesFile>,
    /// `--set-json`: `key=JSON,...` or a JSON object.
    pub set_json: Vec<String>,
    /// `--set`
    pub set: Vec<String>,
    /// `--set-string`
    pub set_string: Vec<String>,
    /// `--set-file`: `key=path,...`
    pub set_file: Vec<String>,
    /// `--set-literal`: `key=anything up to the end`
    pub set_literal: Vec<String>,
}

impl Values {
    /// Values out of one text, as if it were a values file.
    pub fn from_text(name: &str, text: &str) -> Self {
        let files = vec![ValuesFile { name: name.into(), text: text.into() }];
        Self { files, ..Self::default() }
    }

    /// Merges everything. `read_file` answers for the paths of `set_file`.
    ///
    /// # Errors
    /// A file is no YAML map, a setting doesn't follow the language, or a file can't be read.
    pub fn merge(&self, read_file: &dyn Fn(&str) -> Result<String, String>) -> Result<Table, Error> {
        self.merge_as(Flavor::default(), read_file)
    }

    /// Merges everything as that version of Helm does.
    ///
    /// # Errors
    /// As for [`Values::merge`].
    pub fn merge_as(
        &self,
        flavor: Flavor,
        read_file: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<Table, Error> {
        let mut merged = Table::new();
        let mut allowance = Allowance::default();
        for file in &self.files {
            let table = read_as(flavor, &file.text)
                .map_err(|message| Error::ValuesFile { name: file.name.clone(), message })?;
            merge::overlay(&mut merged, table);
        }
        for text in &self.set_json {
            if text.trim_start().starts_with('{') {
                let table: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text.trim())
                    .map_err(|error| Error::Set {
                        flag: "--set-json",
                        message: format!("{error}: {text}"),
                    })?;
                let Data::Table(table) = Data::from(serde_json::Value::Object(table)) else { continue };
                merge::overlay(&mut merged, table);
            } else {
                apply("--set-json", text, &mut merged, Reading::Json, &mut allowance)?;
            }
        }
        let groups = [
            ("--set", &self.set, Reading::Typed),
            ("--set-string", &self.set_string, Reading::Text),
            ("--set-file", &self.set_file, Reading::File(read_file)),
            ("--set-literal", &self.set_literal, Reading::Literal),
        ];
        for (flag, texts, reading) in groups {
            for text in texts {
                apply(flag, text, &mut merged, reading, &mut allowance)?;
            }
        }
        Ok(merged)
    }
}

fn apply(
    flag: &'static str,
    text: &str,
    values: &mut Table,
    reading: Reading<'_>,
    allowance: &mut Allowance,
) -> Result<(), Error> {
    set::set(text, values, reading, allowance).map_err(|message| Error::Set { flag, message })
}

/// Reads a values text. Helm 3 reads one document, Helm 4 all.
pub(crate) fn read_as(flavor: Flavor, text: &str) -> Result<Table, String> {
    if flavor == Flavor::Helm4 {
        return read(text);
    }
    let value = goyaml::from_str(text).map_err(|error| error.to_string())?;
    match Data::from(value) {
        Data::Null => Ok(Table::new()),
        Data::Table(table) => Ok(table),
        _ => Err("values must be a map".into()),
    }
}

/// Reads a values text: its documents, each a map or nothing, merged.
pub(crate) fn read(text: &str) -> Result<Table, String> {
    let mut merged = Table::new();
    let documents = goyaml::documents(text)
        .map_err(|error| format!("cannot unmarshal yaml document: error converting YAML to JSON: {error}"))?;
    for document in documents {
        let Data::Table(table) = Data::from(document.value) else {
            let line = document.line;
            return Err(format!("cannot unmarshal yaml document: line {line}: values must be a map"));
        };
        merge::overlay(&mut merged, table);
    }
    Ok(merged)
}
