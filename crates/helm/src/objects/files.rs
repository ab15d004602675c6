//! `.Files`: what templates can read of their chart.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use gotmpl::{FunctionError, Object, Signature, State, Type, Value, text_of};

use crate::functions::yaml;
use crate::glob::Glob;

type Entries = BTreeMap<Arc<str>, Arc<[u8]>>;

/// Files of a chart by path.
#[derive(Debug, Clone)]
pub(crate) struct Files(pub(crate) Arc<Entries>);

const BY_NAME: Signature = Signature::fixed(&[Type::String]);
const WHOLE: Signature = Signature::fixed(&[]);

impl Files {
    fn bytes(&self, name: &str) -> Arc<[u8]> {
        self.0.get(name).cloned().unwrap_or_default()
    }

    /// The files as a YAML map from their last names.
    fn as_map(&self, value: impl Fn(&[u8]) -> Value) -> Value {
        let map = Value::map(self.0.iter().map(|(path, content)| {
            let name = path.rsplit('/').next().unwrap_or(path);
            (Arc::<str>::from(name), value(content))
        }));
        Value::from(yaml::to_yaml(&map).unwrap_or_default())
    }

    fn lines(&self, name: &str) -> Value {
        let bytes = self.bytes(name);
        if bytes.is_empty() {
            return Value::strings::<&str>([]);
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        Value::strings(text.split('\n'))
    }

    fn glob(&self, pattern: &str) -> Self {
        // A pattern that is none means everything, as in Helm.
        let Some(glob) = Glob::parse(pattern) else { return self.clone() };
        let found = self.0.iter().filter(|(path, _)| glob.matches(path));
        Self(Arc::new(found.map(|(path, content)| (path.clone(), content.clone())).collect()))
    }
}

impl Object for Files {
    fn type_name(&self) -> &str {
        "engine.files"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn kind(&self) -> &'static str {
        "map"
    }

    fn field(&self, name: &str) -> Option<Value> {
        // A Go map of bytes: what is missing is no bytes.
        Some(Value::Bytes(self.bytes(name)))
    }

    fn method(&self, name: &str) -> Option<&Signature> {
        match name {
            "Get" | "GetBytes" | "Glob" | "Lines" => Some(&BY_NAME),
            "AsConfig" | "AsSecrets" => Some(&WHOLE),
            _ => None,
        }
    }

    fn call(&self, name: &str, arguments: &[Value], state: &mut State) -> Result<Value, FunctionError> {
        let argument = arguments.first().map(text_of).unwrap_or_default();
        let value = match name {
            "Get" => Value::text_from_bytes(&self.bytes(&argument)),
            "GetBytes" => Value::Bytes(self.bytes(&argument)),
            "Glob" => {
                // Every path is looked at.
                state.charge(self.0.keys().map(|path| path.len()).sum())?;
                Value::object(self.glob(&argument))
            }
            "Lines" => {
                let lines = self.lines(&argument);
                state.charge_value(&lines)?;
                lines
            }
            "AsConfig" => self.as_map(Value::text_from_bytes),
            "AsSecrets" => {
                self.as_map(|content| Value::from(base64::engine::general_purpose::STANDARD.encode(content)))
            }
            _ => return Err(FunctionError::from(format!("{name} is not a method of engine.files"))),
        };
        if let Value::String(text) = &value {
            state.charge(text.len())?;
        }
        Ok(value)
    }

    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        let entries = self.0.iter();
        Some(
            entries
                .map(|(path, content)| (Value::String(path.clone()), Value::Bytes(content.clone())))
                .collect(),
        )
    }

    fn print(&self) -> String {
        Value::map(self.0.iter().map(|(path, content)| (path.clone(), Value::Bytes(content.clone()))))
            .to_string()
    }

    fn to_data(&self) -> Value {
        Value::map(self.0.iter().map(|(path, content)| (path.clone(), Value::Bytes(content.clone()))))
    }
}
