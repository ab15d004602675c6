//! What can go wrong, with Go's texts. Neighbor: `limits.rs` for the ways to run out of a budget.

use std::sync::Arc;

use crate::limits::Limit;

/// Why a template could not be parsed or executed. Its text is the one that Go's text/template gives.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The text is not a template.
    #[error("template: {name}:{line}: {message}")]
    Parse {
        /// The name the text was parsed under.
        name: Arc<str>,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// An execution stopped.
    #[error("{0}")]
    Execute(Box<ExecuteError>),
    /// There is no template of that name.
    #[error("template: no template {name:?} associated with template {root:?}")]
    NoTemplate {
        /// The name that was asked for.
        name: Arc<str>,
        /// The name of the set.
        root: Arc<str>,
    },
}

impl Error {
    /// The budget that ran out, if that is the reason, however deep inside.
    #[must_use]
    pub fn limit(&self) -> Option<Limit> {
        match self {
            Error::Execute(error) => {
                error.limit.or_else(|| error.cause.as_ref().and_then(|cause| cause.limit()))
            }
            _ => None,
        }
    }
}

/// Where and why an execution stopped.
#[derive(Debug, Clone)]
pub struct ExecuteError {
    /// The name of the template that was executing (`define` name or file).
    pub template: Arc<str>,
    /// The name the text was parsed under; differs from `template` inside a `define`.
    pub parse_name: Arc<str>,
    /// The line, from 1; 0 when no place is known.
    pub line: usize,
    /// The column in bytes, from 0.
    pub column: usize,
    /// The expression, as Go prints it back.
    pub context: String,
    /// What is wrong, without the text of `cause`: ends in `error calling F` when a function failed.
    pub message: String,
    /// The function or method that failed.
    pub function: Option<Arc<str>>,
    /// The error of a template executed inside the failing function.
    pub cause: Option<Box<Error>>,
    /// The budget that ran out.
    pub limit: Option<Limit>,
}

impl std::fmt::Display for ExecuteError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.line == 0 {
            write!(formatter, "template: {}: ", self.parse_name)?;
        } else {
            let (line, column) = (self.line, self.column);
            write!(formatter, "template: {}:{line}:{column}: executing ", self.parse_name)?;
            write!(formatter, "{} at <{}>: ", crate::print::quoted(&self.template), self.context)?;
        }
        formatter.write_str(&self.message)?;
        match &self.cause {
            Some(cause) => write!(formatter, ": {cause}"),
            None => Ok(()),
        }
    }
}
