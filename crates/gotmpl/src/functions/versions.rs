//! `semver` and `semverCompare`. The rules are in [`crate::semver`].

use std::any::Any;

use super::{FunctionError, FunctionResult, Functions, Signature, text_of};
use crate::exec::State;
use crate::semver::{Constraint, Version};
use crate::value::{Object, Type, Value};

const TYPE: &str = "*semver.Version";
const NONE: Signature = Signature::fixed(&[]);
const OTHER: Signature = Signature::fixed(&[Type::Object(TYPE)]);

impl Object for Version {
    fn type_name(&self) -> &str {
        TYPE
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn kind(&self) -> &'static str {
        "ptr"
    }

    fn method(&self, name: &str) -> Option<&Signature> {
        match name {
            "Major" | "Minor" | "Patch" | "Prerelease" | "Metadata" | "Original" | "String" | "IncMajor"
            | "IncMinor" | "IncPatch" => Some(&NONE),
            "Compare" | "Equal" | "LessThan" | "LessThanEqual" | "GreaterThan" | "GreaterThanEqual" => {
                Some(&OTHER)
            }
            _ => None,
        }
    }

    fn call(&self, name: &str, arguments: &[Value], _: &mut State) -> FunctionResult {
        let next = |major, minor, patch| {
            let prefix = if self.original.starts_with('v') { "v" } else { "" };
            let text = format!("{prefix}{major}.{minor}.{patch}");
            Version {
                major,
                minor,
                patch,
                prerelease: String::new(),
                metadata: String::new(),
                original: text,
            }
        };
        let order = match arguments {
            [other] => match other.downcast::<Version>() {
                Some(other) => self.compare(other),
                None => return Err(super::lists::NIL_DEREFERENCE.into()),
            },
            _ => std::cmp::Ordering::Equal,
        };
        Ok(match name {
            "Major" => Value::Uint64(self.major),
            "Minor" => Value::Uint64(self.minor),
            "Patch" => Value::Uint64(self.patch),
            "Prerelease" => Value::from(self.prerelease.as_str()),
            "Metadata" => Value::from(self.metadata.as_str()),
            "Original" => Value::from(self.original.as_str()),
            "String" => Value::from(self.to_string()),
            "IncMajor" => Value::object(next(self.major.saturating_add(1), 0, 0)),
            "IncMinor" => Value::object(next(self.major, self.minor.saturating_add(1), 0)),
            // A pre-release goes to its release first.
            "IncPatch" if !self.prerelease.is_empty() => {
                Value::object(next(self.major, self.minor, self.patch))
            }
            "IncPatch" => Value::object(next(self.major, self.minor, self.patch.saturating_add(1))),
            "Compare" => Value::Int(order as i64),
            "Equal" => Value::Bool(order.is_eq()),
            "LessThan" => Value::Bool(order.is_lt()),
            "LessThanEqual" => Value::Bool(order.is_le()),
            "GreaterThan" => Value::Bool(order.is_gt()),
            _ => Value::Bool(order.is_ge()),
        })
    }

    fn print(&self) -> String {
        self.to_string()
    }

    fn equal(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Version>().is_some_and(|other| self == other)
    }
}

pub(super) fn register(functions: &mut Functions) {
    let failed = |error: crate::semver::SemverError| FunctionError::from(error.to_string());
    functions.register("semver", Signature::fixed(&[Type::String]), move |_, one| {
        Version::parse(&text_of(&one[0])).map(Value::object).map_err(failed)
    });
    functions.register("semverCompare", Signature::fixed(&[Type::String, Type::String]), move |_, pair| {
        let constraint = Constraint::parse(&text_of(&pair[0])).map_err(failed)?;
        let version = Version::parse(&text_of(&pair[1])).map_err(failed)?;
        Ok(Value::Bool(constraint.check(&version)))
    });
}
