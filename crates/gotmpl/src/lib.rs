//! Go's text/template language and the sprig functions, for any Rust program.
//!
//! Charts, notification texts and generators are written in this language, so a program that replaces a Go one has to
//! speak it to the letter: the same output, the same number printing, the same error texts. This crate does, without
//! reading a clock, a file or an environment of its own, and within budgets, because the texts come from strangers.
//!
//! ```text
//! text --TemplateSet::parse--> templates --State::execute--> output
//!                  ^                            ^
//!              Functions            data: Value, Environment, Limits
//! ```
//!
//! - [`Value`] is what templates compute with; a host's own types join by [`Object`].
//! - [`Functions`] is a registry: [`Functions::builtin`] or [`Functions::sprig`], plus the host's own. Function names are
//!   resolved when a text is parsed, so register first.
//! - [`TemplateSet`] holds parsed templates that call each other. Parse once, execute from any number of threads.
//! - [`State`] is one execution: it spends one budget and shows host functions what they need, such as
//!   [`State::include`] and [`State::execute_text`] (Helm's `tpl`).
//! - [`Environment`] is the clock and the randomness; [`FixedEnvironment`] pins them.
//!
//! ```
//! use std::sync::Arc;
//! use gotmpl::{FixedEnvironment, Functions, Limits, Options, Signature, State, TemplateSet, Type, Value, text_of};
//!
//! let mut functions = Functions::sprig();
//! functions.register("include", Signature::fixed(&[Type::String, Type::Any]), |state, arguments| {
//!     Ok(state.include(&text_of(&arguments[0]), &arguments[1])?)
//! });
//! let mut set = TemplateSet::new("example", Arc::new(functions), Options::default());
//! set.parse("greet", r#"{{ define "name" }}<{{ .name }}>{{ end }}Hello {{ include "name" . }}!"#)?;
//! let mut state = State::new(Arc::new(set), Arc::new(FixedEnvironment::new(0, 0)), Limits::default());
//! assert_eq!(state.execute("greet", &Value::map([("name", Value::from("Go"))]))?, "Hello <Go>!");
//! # Ok::<(), gotmpl::Error>(())
//! ```
//!
//! Deliberately absent: HTML-aware escaping (html/template), channels and iterator functions to range over, and anything
//! of Helm's or Argo CD's.

mod dates;
mod environment;
mod error;
mod exec;
mod functions;
pub mod json;
mod limits;
mod options;
mod parse;
mod print;
pub mod semver;
mod set;
mod value;

pub use dates::{DurationError, Time, TimeError, Zone, duration_text, parse_duration};
pub use environment::{Environment, FixedEnvironment};
pub use error::{Error, ExecuteError};
pub use exec::State;
pub use functions::{FunctionError, FunctionResult, Functions, Signature, bytes_of, text_of};
pub use limits::{Limit, Limits};
pub use options::{MissingKey, Options};
pub use set::{Compiled, TemplateSet};
pub use value::{List, ListType, Map, MapMethod, MapType, NamedMap, Object, Type, Value};
