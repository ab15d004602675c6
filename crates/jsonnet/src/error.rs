//! What can go wrong with a Jsonnet program, in one line each. The library tells kinds and places; the sentences are ours.

use rsjsonnet_lang::lexer::LexError;
use rsjsonnet_lang::parser::ParseError;
use rsjsonnet_lang::program::{AnalyzeError, EvalErrorKind, EvalErrorValueType, LoadError};
use rsjsonnet_lang::span::SpanId;
use tree::{TreeError, TreePath};

/// Why a program has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A file of the program cannot be read.
    #[error("{file}: {error}")]
    Read {
        /// The file.
        file: TreePath,
        /// Why.
        error: TreeError,
    },
    /// A file is no Jsonnet.
    #[error("{file}:{line}: {reason}")]
    Syntax {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// The program fails.
    #[error("{}: {reason}", place(file, *line))]
    Evaluation {
        /// The file.
        file: String,
        /// The line, from 1; 0 when the library tells none.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A value given from outside is no expression.
    #[error("the value of {name:?} is not valid Jsonnet: {reason}")]
    Variable {
        /// The variable's name.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The program is too large.
    #[error("{file}: the program has more than {limit} bytes of source")]
    TooLarge {
        /// The file that was too much.
        file: TreePath,
        /// The limit.
        limit: usize,
    },
    /// The process that evaluates is gone: it has used up its time or memory, or broken down.
    #[error("{file}: the process that evaluates it was lost: {reason}")]
    Lost {
        /// The program.
        file: TreePath,
        /// What is known of it.
        reason: String,
    },
    /// What another process has said of a program, in the words of the other kinds.
    #[error("{words}")]
    Remote {
        /// The words.
        words: String,
    },
    /// The result cannot be read as JSON.
    #[error("{file}: the result is not valid JSON: {reason}")]
    Output {
        /// The program.
        file: TreePath,
        /// What is wrong.
        reason: String,
    },
}

/// A file with a line, when there is one.
fn place(file: &str, line: usize) -> String {
    if line == 0 { file.to_owned() } else { format!("{file}:{line}") }
}

/// Place and words of an error met while loading.
pub(crate) fn of_loading(error: &LoadError) -> (SpanId, String) {
    match error {
        LoadError::Lex(error) => of_lexing(error),
        LoadError::Parse(ParseError::Expected { span, expected, instead }) => {
            let expected: Vec<_> = expected.iter().map(|token| format!("{token:?}").to_lowercase()).collect();
            (
                *span,
                format!(
                    "expected {}, found {}",
                    expected.join(" or "),
                    format!("{instead:?}").to_lowercase()
                ),
            )
        }
        LoadError::Analyze(error) => of_analysis(error),
    }
}

fn of_lexing(error: &LexError) -> (SpanId, String) {
    let (span, text) = match error {
        LexError::InvalidChar { span, chr } => return (*span, format!("invalid character {chr:?}")),
        LexError::InvalidEscapeInString { span, chr } => {
            return (*span, format!("invalid escape sequence \\{chr} in a string"));
        }
        LexError::InvalidUtf8 { span, .. } => (span, "not valid UTF-8 text"),
        LexError::UnfinishedMultilineComment { span } => (span, "a comment is not closed"),
        LexError::LeadingZeroInNumber { span } => (span, "a number starts with 0"),
        LexError::MissingFracDigits { span } => (span, "a number ends with a point"),
        LexError::MissingExpDigits { span } => (span, "a number has no digits after its exponent sign"),
        LexError::MissingDigitAfterUnderscore { span } => (span, "a number ends with an underscore"),
        LexError::ExpOverflow { span } => (span, "a number's exponent is too large"),
        LexError::IncompleteUnicodeEscape { span } => (span, "an escape sequence \\u needs four digits"),
        LexError::InvalidUtf16EscapeSequence { span, .. } => {
            (span, "an escape sequence \\u names no character")
        }
        LexError::UnfinishedString { span } => (span, "a string is not closed"),
        LexError::MissingLineBreakAfterTextBlockStart { span } => {
            (span, "a text block needs a new line after |||")
        }
        LexError::MissingWhitespaceTextBlockStart { span } => (span, "a text block has to be indented"),
        LexError::InvalidTextBlockTermination { span } => (span, "a text block is not closed by |||"),
    };
    (*span, text.to_owned())
}

fn of_analysis(error: &AnalyzeError) -> (SpanId, String) {
    match error {
        AnalyzeError::UnknownVariable { span, name } => (*span, format!("unknown variable: {name}")),
        AnalyzeError::SelfOutsideObject { self_span } => (*self_span, "self outside of an object".into()),
        AnalyzeError::SuperOutsideObject { super_span } => (*super_span, "super outside of an object".into()),
        AnalyzeError::DollarOutsideObject { dollar_span } => (*dollar_span, "$ outside of an object".into()),
        AnalyzeError::RepeatedLocalName { repeated_span, name, .. } => {
            (*repeated_span, format!("duplicate local variable: {name}"))
        }
        AnalyzeError::RepeatedFieldName { repeated_span, name, .. } => {
            (*repeated_span, format!("duplicate field: {name}"))
        }
        AnalyzeError::RepeatedParamName { repeated_span, name, .. } => {
            (*repeated_span, format!("duplicate parameter: {name}"))
        }
        AnalyzeError::PositionalArgAfterNamed { arg_span } => {
            (*arg_span, "a positional argument follows a named one".into())
        }
        AnalyzeError::TextBlockAsImportPath { span } | AnalyzeError::ComputedImportPath { span } => {
            (*span, "an import needs a plain string".into())
        }
    }
}

fn kind(kind: EvalErrorValueType) -> String {
    format!("{kind:?}").to_lowercase()
}

/// Words of an error met while evaluating, and its place where the kind tells one.
pub(crate) fn of_evaluation(error: &EvalErrorKind) -> (Option<SpanId>, String) {
    use EvalErrorKind as Kind;
    match error {
        Kind::StackOverflow => (None, "max stack frames exceeded".into()),
        Kind::InfiniteRecursion => (None, "infinite recursion".into()),
        Kind::ExplicitError { span, message } => (Some(*span), format!("RUNTIME ERROR: {message}")),
        Kind::AssertFailed { span, message } => (
            Some(*span),
            format!("assertion failed: {}", message.as_deref().unwrap_or("Object assertion failed.")),
        ),
        Kind::AssertEqualFailed { lhs, rhs } => (None, format!("assertion failed: {lhs} != {rhs}")),
        Kind::ImportFailed { span, path } => (Some(*span), format!("couldn't open import {path:?}")),
        Kind::UnknownExtVar { name } => (None, format!("undefined external variable: {name}")),
        Kind::UnknownObjectField { span, field_name } => {
            (Some(*span), format!("field does not exist: {field_name}"))
        }
        Kind::RepeatedFieldName { span, name } => (Some(*span), format!("duplicate field name: {name:?}")),
        Kind::FieldOfNonObject { span } => (Some(*span), "unexpected type, expected object".into()),
        Kind::InvalidIndexedType { span, got_type } | Kind::InvalidSlicedType { span, got_type } => {
            (Some(*span), format!("value non indexable: {}", kind(*got_type)))
        }
        Kind::NumericIndexOutOfRange { span, index, length } => {
            (Some(*span), format!("index {index} out of bounds, not within [0, {length})"))
        }
        Kind::ForSpecValueIsNotArray { span, got_type } => {
            (Some(*span), format!("unexpected type {}, expected array", kind(*got_type)))
        }
        Kind::CondIsNotBool { span, got_type } => {
            (Some(*span), format!("unexpected type {}, expected boolean", kind(*got_type)))
        }
        Kind::CalleeIsNotFunction { span, got_type } => {
            (*span, format!("unexpected type {}, expected function", kind(*got_type)))
        }
        Kind::TooManyCallArgs { span, num_params } => {
            (*span, format!("too many arguments, there are only {num_params} parameters"))
        }
        Kind::UnknownCallParam { span, param_name } => {
            (*span, format!("function has no parameter {param_name}"))
        }
        Kind::RepeatedCallParam { span, param_name } => {
            (*span, format!("argument {param_name} already provided"))
        }
        Kind::CallParamNotBound { span, param_name } => (*span, format!("missing argument: {param_name}")),
        Kind::InvalidBinaryOpTypes { span, op, lhs_type, rhs_type } => {
            (*span, format!("operator {op:?} has no meaning for {} and {}", kind(*lhs_type), kind(*rhs_type)))
        }
        Kind::InvalidUnaryOpType { span, op, rhs_type } => {
            (Some(*span), format!("operator {op:?} has no meaning for {}", kind(*rhs_type)))
        }
        Kind::NumberOverflow { span } => (*span, "overflow".into()),
        Kind::NumberNan { span } => (*span, "not a number".into()),
        Kind::DivByZero { span } => (*span, "division by zero".into()),
        Kind::InvalidStdFuncArgType { func_name, arg_index, got_type, .. } => {
            (None, format!("std.{func_name}: argument {} cannot be {}", arg_index + 1, kind(*got_type)))
        }
        Kind::ManifestFunction => (None, "couldn't manifest function as JSON".into()),
        Kind::Other { span, message } => (*span, message.clone()),
        other => (None, sentence(&format!("{other:?}"))),
    }
}

/// The name of a rare kind as words: `CompareFunctions` is `compare functions`.
fn sentence(debug: &str) -> String {
    let name = debug.split([' ', '{', '(']).next().unwrap_or(debug);
    let mut words = String::new();
    for character in name.chars() {
        if character.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(character.to_lowercase());
    }
    words
}
