//! Functions that templates call: their registration here, the built-in ones and sprig's in the files beside.
//!
//! A host adds its own with [`Functions::register`]. A body gets the running [`State`], so it can execute other
//! templates (as Helm's `include` and `tpl` do), read the host's data and spend the budget.

mod arguments;
mod builtin;
mod cast;
mod compare;
mod crypto;
mod dates;
mod dicts;
mod encoding;
mod escape;
mod jsons;
mod lists;
mod logic;
mod numbers;
mod paths;
mod pattern;
mod pattern_class;
mod random;
mod regular;
mod strings;
mod texts;
mod urls;
mod versions;
mod words;

use std::collections::HashMap;
use std::sync::Arc;

pub use arguments::{bytes_of, text_of};
pub(crate) use encoding::base64;
use regular::RegexCache;
use texts::{ParsedTexts, Templates};

use crate::error::Error;
use crate::exec::State;
use crate::limits::Limit;
use crate::value::{Type, Value};

/// What a function gives: a value, or why the execution stops.
pub type FunctionResult = Result<Value, FunctionError>;

/// Why a function failed. The execution stops with `error calling NAME: ...`.
#[derive(Debug, Clone, Default)]
pub struct FunctionError {
    pub(crate) message: String,
    pub(crate) cause: Option<Box<Error>>,
    pub(crate) limit: Option<Limit>,
}

impl From<String> for FunctionError {
    fn from(message: String) -> FunctionError {
        FunctionError { message, ..FunctionError::default() }
    }
}

impl From<&str> for FunctionError {
    fn from(message: &str) -> FunctionError {
        FunctionError::from(message.to_owned())
    }
}

impl From<Limit> for FunctionError {
    fn from(limit: Limit) -> FunctionError {
        FunctionError { message: limit.to_string(), limit: Some(limit), ..FunctionError::default() }
    }
}

impl From<Error> for FunctionError {
    /// The error of a template that the function executed; it stays reachable as the cause.
    fn from(error: Error) -> FunctionError {
        FunctionError { limit: error.limit(), cause: Some(Box::new(error)), ..FunctionError::default() }
    }
}

impl FunctionError {
    /// Puts words before the error, keeping its cause: `"error during tpl function execution"`.
    #[must_use]
    pub fn context(mut self, context: &str) -> FunctionError {
        self.message = match self.message.is_empty() {
            true => context.to_owned(),
            false => format!("{context}: {}", self.message),
        };
        self
    }
}

impl std::fmt::Display for FunctionError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)?;
        match &self.cause {
            Some(cause) if self.message.is_empty() => write!(formatter, "{cause}"),
            Some(cause) => write!(formatter, ": {cause}"),
            None => Ok(()),
        }
    }
}

/// The parameters of a function or method. The engine counts and checks arguments before it calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The types of the fixed parameters.
    pub parameters: &'static [Type],
    /// The type of any further ones.
    pub variadic: Option<Type>,
}

impl Signature {
    /// Exactly these parameters.
    #[must_use]
    pub const fn fixed(parameters: &'static [Type]) -> Signature {
        Signature { parameters, variadic: None }
    }

    /// These parameters and any number of one more type.
    #[must_use]
    pub const fn variadic(parameters: &'static [Type], more: Type) -> Signature {
        Signature { parameters, variadic: Some(more) }
    }
}

/// The body of a function.
pub(crate) type Call = Box<dyn Fn(&mut State, &[Value]) -> FunctionResult + Send + Sync>;

pub(crate) enum Body {
    /// `and`, whose operands are evaluated one by one.
    And,
    /// `or`, likewise.
    Or,
    /// `call`, which names its first operand when that is no function.
    Invoke,
    Call(Call),
}

/// A registered function.
pub(crate) struct Function {
    pub(crate) name: Arc<str>,
    pub(crate) signature: Signature,
    pub(crate) body: Body,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Function({})", self.name)
    }
}

/// The functions that templates of a set can call, by name. Cloning shares the functions.
#[derive(Clone, Default)]
pub struct Functions {
    functions: HashMap<Arc<str>, Arc<Function>>,
    /// Texts that were parsed with these functions while templates executed.
    texts: Arc<ParsedTexts>,
    /// Regular expressions that were compiled while templates executed.
    regexes: Arc<RegexCache>,
}

impl Functions {
    /// No functions at all, not even `and`.
    #[must_use]
    pub fn none() -> Functions {
        Functions::default()
    }

    /// The functions of Go's text/template.
    #[must_use]
    pub fn builtin() -> Functions {
        let mut functions = Functions::default();
        functions.add("and", Signature::variadic(&[Type::Any], Type::Any), Body::And);
        functions.add("or", Signature::variadic(&[Type::Any], Type::Any), Body::Or);
        functions.add("call", Signature::variadic(&[Type::Any], Type::Any), Body::Invoke);
        builtin::register(&mut functions);
        functions
    }

    /// The built-in functions and all of sprig's.
    #[must_use]
    pub fn sprig() -> Functions {
        let mut functions = Functions::builtin();
        for register in [
            strings::register,
            words::register,
            numbers::register,
            lists::register,
            dicts::register,
            logic::register,
            dates::register,
            encoding::register,
            random::register,
            regular::register,
            jsons::register,
            paths::register,
            urls::register,
            versions::register,
            crypto::register,
        ] {
            register(&mut functions);
        }
        functions
    }

    /// Adds a function, in place of any other of that name.
    pub fn register<F>(&mut self, name: &str, signature: Signature, body: F)
    where
        F: Fn(&mut State, &[Value]) -> FunctionResult + Send + Sync + 'static,
    {
        self.add(name, signature, Body::Call(Box::new(body)));
    }

    fn add(&mut self, name: &str, signature: Signature, body: Body) {
        let name: Arc<str> = name.into();
        self.texts = Arc::default();
        self.functions.insert(name.clone(), Arc::new(Function { name, signature, body }));
    }

    /// Lets `name` call the function `existing`; errors still carry the name that was called.
    pub fn alias(&mut self, name: &str, existing: &str) {
        if let Some(function) = self.functions.get(existing).cloned() {
            let signature = function.signature.clone();
            let body =
                Body::Call(Box::new(move |state: &mut State, arguments: &[Value]| match &function.body {
                    Body::Call(body) => body(state, arguments),
                    Body::And | Body::Or | Body::Invoke => Ok(Value::Nil),
                }));
            self.add(name, signature, body);
        }
    }

    /// Takes a function away; templates that call it don't parse any more.
    pub fn remove(&mut self, name: &str) {
        self.texts = Arc::default();
        self.functions.remove(name);
    }

    /// Whether a function of that name can be called.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.functions.contains_key(name)
    }

    /// The names of all functions, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<Arc<str>> {
        let mut names: Vec<_> = self.functions.keys().cloned().collect();
        names.sort();
        names
    }

    /// Parses a text, or finds it parsed. What values hold is executed again with each render.
    pub(crate) fn parsed(&self, name: &Arc<str>, text: &Arc<str>) -> Result<Templates, Error> {
        if let Some(templates) = self.texts.find(name, text) {
            return Ok(templates);
        }
        let templates: Templates = crate::parse::parse(name, text, self)?.into();
        self.texts.keep(name, text, &templates);
        Ok(templates)
    }

    pub(crate) fn regexes(&self) -> &RegexCache {
        &self.regexes
    }

    pub(crate) fn get(&self, name: &str) -> Option<Arc<Function>> {
        self.functions.get(name).cloned()
    }
}
