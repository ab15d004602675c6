//! Conditions in the language of expr-lang (version 1.16), which Argo CD's settings are written in: for which objects a
//! deep link is shown, for instance.
//!
//! ```text
//! text ── lex ──▶ tokens ── parse ──▶ Expression ── evaluate(names) ──▶ Value
//! ```
//!
//! An expression is evaluated without a type environment: a name that is not given is nil, and so is a key that a map does
//! not have; going into nil is an error unless `?.` is written. Texts come from strangers, so nesting, steps and sizes are
//! bounded.
//!
//! What there is: literals, lists, maps, members and indexes, `?.`, `??`, `?:`, `and or not && || !`, comparisons, `in`,
//! `matches`, `contains`, `startsWith`, `endsWith`, arithmetic, `..`, pipes, the functions in `functions.rs`, and those
//! with a predicate (`any`, `all`, `none`, `one`, `filter`, `map`, `count`). What there is not, is refused by its name:
//! `let`, slices, dates and durations, and all other functions.

mod error;
mod evaluate;
mod functions;
mod lex;
mod parse;

use serde_json::{Map, Value};

pub use error::Error;

/// The longest text of an expression, in bytes.
const MAX_TEXT: usize = 64 << 10;

/// A parsed expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    root: parse::Node,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// When it is none, or uses what is not supported; the error says where.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > MAX_TEXT {
            return Err(Error::new(0, format!("an expression has at most {MAX_TEXT} bytes")));
        }
        Ok(Self { root: parse::parse(&lex::tokens(text)?)? })
    }

    /// The value of the expression with these names.
    ///
    /// # Errors
    /// When values do not fit what is done with them, or it takes too long.
    pub fn evaluate(&self, names: &Map<String, Value>) -> Result<Value, Error> {
        evaluate::evaluate(&self.root, names)
    }

    /// As [`Expression::evaluate`], for a condition.
    ///
    /// # Errors
    /// As there, and when the value is neither true nor false.
    pub fn holds(&self, names: &Map<String, Value>) -> Result<bool, Error> {
        match self.evaluate(names)? {
            Value::Bool(answer) => Ok(answer),
            other => Err(Error::new(0, format!("{} is neither true nor false", functions::kind(&other)))),
        }
    }
}

#[cfg(test)]
mod tests;
