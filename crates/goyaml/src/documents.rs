//! A text of several documents.

use serde_json::Value;

use crate::budget::Budget;
use crate::decode::{Duplicates, decode};
use crate::error::Error;
use crate::parse::{parse, parse_first};

/// One document of a text, with its place in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// What it says; never null.
    pub value: Value,
    /// 1-based line on which it starts (its `---` if it has one).
    pub line: usize,
    /// Byte range in the text.
    pub range: std::ops::Range<usize>,
}

/// Reads the first document of a text; nothing at all is null.
pub fn from_str_within(text: &str, budget: &Budget) -> Result<Value, Error> {
    first(text, budget, Duplicates::LastWins)
}

pub(crate) fn first(text: &str, budget: &Budget, duplicates: Duplicates) -> Result<Value, Error> {
    let stream = parse_first(text, budget)?;
    match stream.documents.first() {
        Some(document) => decode(&stream, document.root, budget, duplicates),
        None => Ok(Value::Null),
    }
}

/// Reads all documents of a text, leaving out the empty ones. JSON objects one after another are taken, too.
pub fn documents_within(text: &str, budget: &Budget) -> Result<Vec<Document>, Error> {
    let stream = match parse(text, budget) {
        Ok(stream) => stream,
        Err(error) => return json_stream(text, budget).ok_or(error),
    };
    let mut found = Vec::new();
    for document in &stream.documents {
        let value = decode(&stream, document.root, budget, Duplicates::LastWins)?;
        if !value.is_null() {
            let range = document.start.offset..document.end.offset;
            found.push(Document { value, line: document.start.line + 1, range });
        }
    }
    Ok(found)
}

fn json_stream(text: &str, budget: &Budget) -> Option<Vec<Document>> {
    if !text.trim_start().starts_with('{') || text.len() > budget.input_bytes {
        return None;
    }
    let mut found = Vec::new();
    let (mut at, mut line) = (0, 1);
    while !text[at..].trim_start().is_empty() {
        let start = text.len() - text[at..].trim_start().len();
        let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
        let value = values.next()?.ok()?;
        let end = start + values.byte_offset();
        // From where the last one ended, so that many small documents cost no more than one large one.
        line += text[at..start].matches('\n').count();
        if !value.is_null() {
            found.push(Document { value, line, range: start..end });
        }
        line += text[start..end].matches('\n').count();
        at = end;
        if found.len() > budget.nodes {
            return None;
        }
    }
    Some(found)
}
