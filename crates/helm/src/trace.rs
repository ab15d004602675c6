//! The engine's errors in Helm's words: what a chart says itself stands alone, everything else as a trace of the
//! templates that called each other.

use crate::error::Error;
use crate::functions::{ERROR_END, ERROR_START};
use crate::release::Flavor;

/// An error while a template was parsed.
pub(crate) fn parse_error(name: &str, error: &gotmpl::Error) -> Error {
    let message = match error {
        gotmpl::Error::Parse { name, line, message } => {
            // Helm keeps only what follows the last colon.
            let message = message.rsplit(": ").next().unwrap_or(message);
            format!("parse error at ({name}:{line}): {message}")
        }
        other => format!("parse error in ({name}): {other}"),
    };
    Error::Template { message, limit: None }
}

/// An error while a template was executed.
pub(crate) fn execution_error(error: &gotmpl::Error, flavor: Flavor) -> Error {
    Error::Template { message: message(error, flavor), limit: error.limit() }
}

fn message(error: &gotmpl::Error, flavor: Flavor) -> String {
    let text = error.to_string();
    let gotmpl::Error::Execute(outermost) = error else { return text };
    let own_words = text.find(ERROR_START).zip(text.rfind(ERROR_END));
    if let Some((start, end)) = own_words
        && let Some(words) = text.get(start + ERROR_START.len()..end)
    {
        let place = format!("{}:{}:{}", outermost.parse_name, outermost.line, outermost.column);
        return format!("execution error at ({place}): {words}");
    }
    match flavor {
        // One line for the whole chain.
        Flavor::Helm3 => text,
        Flavor::Helm4 => trace(error).unwrap_or(text),
    }
}

/// A block for each template on the way to the error; `None` if something else than templates is on it.
fn trace(error: &gotmpl::Error) -> Option<String> {
    let mut blocks = Vec::new();
    let mut current = Some(error);
    while let Some(error) = current {
        let gotmpl::Error::Execute(error) = error else {
            blocks.push(error.to_string());
            break;
        };
        match (&error.function, &error.cause) {
            // The function itself failed: Helm shows the engine's own line then.
            (Some(_), None) => return None,
            (Some(function), Some(_)) if !error.message.ends_with(&format!("error calling {function}")) => {
                return None;
            }
            _ => {}
        }
        let place = if error.line == 0 {
            error.parse_name.to_string()
        } else {
            format!("{}:{}:{}", error.parse_name, error.line, error.column)
        };
        let suffix = if error.cause.is_some() { ":" } else { "" };
        blocks.push(format!(
            "{place}\n  executing \"{}\" at <{}>:\n    {}{suffix}",
            error.template, error.context, error.message
        ));
        current = error.cause.as_deref();
    }
    Some(blocks.join("\n"))
}
