//! The hook for a host's own types: values with fields and methods, such as Helm's `.Files` or `.Capabilities`.

use std::any::Any;

use super::Value;
use crate::exec::State;
use crate::functions::{FunctionError, Signature};

/// A host type as templates see it. Every method has a default; implement what the type offers.
#[expect(clippy::len_without_is_empty, reason = "emptiness is the question of `truth`")]
pub trait Object: Any + Send + Sync {
    /// Go's name of the type, such as `*semver.Version`; shown by `typeOf` and in errors.
    fn type_name(&self) -> &str;

    /// For [`Value::downcast`]; implement as `self`.
    fn as_any(&self) -> &dyn Any;

    /// Go's kind: `struct`, `map`, `slice`, `ptr`, `func`.
    fn kind(&self) -> &'static str {
        "struct"
    }

    /// A field of the struct, or the value under a key when the kind is `map`.
    fn field(&self, name: &str) -> Option<Value> {
        let _ = name;
        None
    }

    /// The parameters of a method, or `None` when there is no such method. Methods come before fields.
    fn method(&self, name: &str) -> Option<&Signature> {
        let _ = name;
        None
    }

    /// Calls a method that [`Object::method`] knows; the arguments fit its signature.
    ///
    /// # Errors
    /// Whatever stops the execution of the template.
    fn call(&self, name: &str, arguments: &[Value], state: &mut State) -> Result<Value, FunctionError> {
        let _ = (arguments, state);
        Err(FunctionError::from(format!("{name} is not a method of {}", self.type_name())))
    }

    /// The keys and values to range over, in order; `None` when it can't be ranged over.
    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        None
    }

    /// What `len` says; `None` when it has no length.
    fn len(&self) -> Option<usize> {
        self.entries().map(|entries| entries.len())
    }

    /// Whether `if` takes the branch.
    fn truth(&self) -> bool {
        match self.kind() {
            "map" | "slice" => self.len().is_none_or(|len| len > 0),
            _ => true,
        }
    }

    /// The text that printing gives.
    fn print(&self) -> String;

    /// The text that an action gives which names the value where it is, without a function in between. There Go also finds
    /// a `String` method that belongs to the pointer to it.
    fn print_in_place(&self) -> String {
        self.print()
    }

    /// The plain data that serialization (`toJson`, `toYaml`) sees.
    fn to_data(&self) -> Value {
        Value::string(self.print())
    }

    /// A struct's fields in JSON, in its own order, which the map of [`Object::to_data`] would lose.
    fn json_fields(&self) -> Option<Vec<(&'static str, Value)>> {
        None
    }

    /// Whether it equals another object.
    fn equal(&self, other: &dyn Object) -> bool {
        let _ = other;
        false
    }
}
