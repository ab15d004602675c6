//! The language of `--set` and its siblings: `a.b=1,list[0].c=x,names={a,b}`.

use std::sync::Arc;

use super::data::{Data, Table};

/// How the text after `=` is read.
#[derive(Clone, Copy)]
pub(crate) enum Reading<'a> {
    /// `--set`: integers, booleans and null are told apart.
    Typed,
    /// `--set-string`
    Text,
    /// `--set-json`
    Json,
    /// `--set-literal`: everything up to the end, nothing escaped.
    Literal,
    /// `--set-file`: the text names a file, whose content is the value.
    File(&'a dyn Fn(&str) -> Result<String, String>),
}

/// Deepest nesting of names.
const MAX_NESTED_NAMES: usize = 30;
/// Highest index into a list.
const MAX_INDEX: usize = 65_536;

/// What all settings of a render may cost together.
pub(crate) struct Allowance {
    /// Items that lists may be made longer by: an index is short, the list it makes is not.
    items: usize,
    /// Values that may be copied on the way to what is set.
    copies: usize,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { items: 1 << 20, copies: 50_000_000 }
    }
}

impl Allowance {
    fn lengthen(&mut self, list: &[Data], index: usize) -> Result<(), String> {
        let more = (index + 1).saturating_sub(list.len());
        self.items = self.items.checked_sub(more).ok_or("the settings make more than 1048576 list items")?;
        Ok(())
    }

    /// Counts a value that is copied, with all that is in it.
    fn copy(&mut self, value: &Data) -> Result<(), String> {
        let too_many = "the settings change too large maps and lists too often; give them in one values file";
        self.copies = self.copies.checked_sub(1).ok_or(too_many)?;
        match value {
            Data::List(items) => items.iter().try_for_each(|item| self.copy(item)),
            Data::Table(table) => table.values().try_for_each(|value| self.copy(value)),
            _ => Ok(()),
        }
    }
}

/// Sets into `values` what `text` says.
pub(crate) fn set(
    text: &str,
    values: &mut Table,
    reading: Reading<'_>,
    allowance: &mut Allowance,
) -> Result<(), String> {
    let characters = text.chars().collect();
    let mut parser = Parser { text, characters, at: 0, reading, offset: (0, 0), allowance };
    loop {
        match parser.key(values, 0) {
            Ok(()) => {}
            Err(Stop::End) => return Ok(()),
            Err(Stop::Error(message)) => return Err(message),
        }
    }
}

/// Why reading stopped: at the end of the text, which may be fine, or because of an error.
enum Stop {
    End,
    Error(String),
}

impl From<String> for Stop {
    fn from(message: String) -> Self {
        Self::Error(message)
    }
}

struct Parser<'a> {
    text: &'a str,
    characters: Vec<char>,
    at: usize,
    reading: Reading<'a>,
    /// A place in `characters` and the same place in `text`, in bytes.
    offset: (usize, usize),
    allowance: &'a mut Allowance,
}

fn put(values: &mut Table, key: &str, value: Data) {
    if !key.is_empty() {
        values.insert(Arc::from(key), value);
    }
}

fn put_at(list: &mut Vec<Data>, index: usize, value: Data) {
    if list.len() <= index {
        list.resize(index + 1, Data::Null);
    }
    list[index] = value;
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> Option<char> {
        let c = self.characters.get(self.at).copied()?;
        self.at += 1;
        Some(c)
    }

    /// The text that hasn't been read.
    fn rest(&mut self) -> &'a str {
        let (known, bytes) = self.offset;
        let passed = self.characters.get(known..self.at).unwrap_or_default();
        self.offset = (self.at, bytes + passed.iter().map(|c| c.len_utf8()).sum::<usize>());
        self.text.get(self.offset.1..).unwrap_or_default()
    }

    /// Reads up to one of the characters in `stop`, which is passed and returned; `None` for the end of the text.
    fn until(&mut self, stop: &[char]) -> (String, Option<char>) {
        let mut text = String::new();
        while let Some(c) = self.next() {
            if stop.contains(&c) {
                return (text, Some(c));
            }
            if c == '\\' && !matches!(self.reading, Reading::Literal) {
                match self.next() {
                    Some(escaped) => text.push(escaped),
                    None => return (text, None),
                }
            } else {
                text.push(c);
            }
        }
        (text, None)
    }

    /// One `key=value` into `values`.
    fn key(&mut self, values: &mut Table, depth: usize) -> Result<(), Stop> {
        let literal = matches!(self.reading, Reading::Literal);
        let stop: &[char] = if literal { &['=', '[', '.'] } else { &['=', '[', ',', '.'] };
        let (key, last) = self.until(stop);
        if let (Some('[' | '.'), Some(value)) = (last, values.get(key.as_str())) {
            self.allowance.copy(value)?;
        }
        match last {
            None if key.is_empty() => Err(Stop::End),
            None => Err(format!("key {key:?} has no value").into()),
            Some('[') => {
                let index = self.index()?;
                let mut list = match values.get(key.as_str()) {
                    None => Vec::new(),
                    Some(Data::List(list)) => list.clone(),
                    Some(other) => {
                        let found = other.type_name();
                        return Err(format!("unable to parse key: {key} is {found}, not a list").into());
                    }
                };
                let outcome = self.list_item(&mut list, index, depth);
                put(values, &key, Data::List(list));
                outcome
            }
            Some('=') => self.assign(&mut |value| put(values, &key, value)),
            Some(',') => {
                put(values, &key, Data::from(""));
                Err(format!("key {key:?} has no value (cannot end with ,)").into())
            }
            Some(_) => {
                let depth = nested(depth)?;
                let mut inner = match values.get(key.as_str()) {
                    None => Table::new(),
                    Some(Data::Table(table)) => table.clone(),
                    Some(other) => {
                        let found = other.type_name();
                        return Err(format!("unable to parse key: {key} is {found}, not a map").into());
                    }
                };
                let outcome = self.key(&mut inner, depth);
                if outcome.is_ok() && inner.is_empty() {
                    return Err(format!("key map {key:?} has no value").into());
                }
                if !inner.is_empty() {
                    put(values, &key, Data::Table(inner));
                }
                outcome
            }
        }
    }

    /// Reads what follows `=` and hands it on.
    fn assign(&mut self, put: &mut dyn FnMut(Data)) -> Result<(), Stop> {
        match self.reading {
            Reading::Json => {
                if self.nothing_follows() {
                    put(Data::Null);
                    return Ok(());
                }
                let rest = self.rest();
                let mut values = serde_json::Deserializer::from_str(rest).into_iter::<serde_json::Value>();
                match values.next() {
                    Some(Ok(value)) => {
                        self.at += rest[..values.byte_offset()].chars().count();
                        put(Data::from(value));
                        // Blanks and the comma.
                        self.nothing_follows();
                        Ok(())
                    }
                    Some(Err(error)) => Err(error.to_string().into()),
                    None => Err(Stop::End),
                }
            }
            Reading::Literal => {
                let (text, _) = self.until(&[]);
                put(Data::from(text.as_str()));
                Ok(())
            }
            _ if self.at >= self.characters.len() => {
                put(Data::from(""));
                Err(Stop::End)
            }
            _ if self.characters[self.at] == '{' => {
                self.at += 1;
                put(Data::List(self.list()?));
                Ok(())
            }
            _ => {
                let (text, _) = self.until(&[',']);
                put(self.read(&text)?);
                Ok(())
            }
        }
    }

    fn read(&self, text: &str) -> Result<Data, String> {
        match self.reading {
            Reading::Typed => Ok(typed(text)),
            Reading::File(read) => read(text).map(|content| Data::String(content.into())),
            _ => Ok(Data::from(text)),
        }
    }

    /// `a,b}`, and a comma behind it.
    fn list(&mut self) -> Result<Vec<Data>, Stop> {
        let mut list = Vec::new();
        loop {
            let (text, last) = self.until(&[',', '}']);
            if last.is_none() {
                return Err(String::from("list must terminate with '}'").into());
            }
            list.push(self.read(&text)?);
            if last == Some('}') {
                if self.characters.get(self.at) == Some(&',') {
                    self.at += 1;
                }
                return Ok(list);
            }
        }
    }

    /// Passes blanks; true if a comma, passed as well, or the end comes then.
    fn nothing_follows(&mut self) -> bool {
        while let Some(c) = self.characters.get(self.at).copied() {
            if c == ',' {
                self.at += 1;
                return true;
            }
            if !c.is_whitespace() {
                return false;
            }
            self.at += 1;
        }
        true
    }

    fn index(&mut self) -> Result<usize, Stop> {
        let (text, last) = self.until(&[']']);
        if last.is_none() {
            // Helm takes the end for a regular one, wherever it comes.
            return Err(Stop::End);
        }
        let index: i64 =
            text.parse().map_err(|_| format!("error parsing index: {text:?} is not a number"))?;
        if index < 0 {
            return Err(format!("negative {index} index not allowed").into());
        }
        usize::try_from(index).ok().filter(|index| *index <= MAX_INDEX).ok_or_else(|| {
            format!("index of {index} is greater than maximum supported index of {MAX_INDEX}").into()
        })
    }

    /// What follows `[index]`.
    fn list_item(&mut self, list: &mut Vec<Data>, index: usize, depth: usize) -> Result<(), Stop> {
        let (text, last) = self.until(&['[', '.', '=']);
        if !text.is_empty() {
            return Err(format!("unexpected data at end of array index: {text:?}").into());
        }
        self.allowance.lengthen(list, index)?;
        if let (Some('[' | '.'), Some(value)) = (last, list.get(index)) {
            self.allowance.copy(value)?;
        }
        match last {
            None => Err(Stop::End),
            Some('=') => match self.assign(&mut |value| put_at(list, index, value)) {
                // Nothing behind the sign is an empty text; that the end has come is noticed later.
                Err(Stop::End) => Ok(()),
                outcome => outcome,
            },
            Some('[') => {
                let next = self.index()?;
                // Names nest by `.`; lists in lists are bounded by the same number.
                let depth = nested(depth)?;
                let mut inner = match list.get(index) {
                    None | Some(Data::Null) => Vec::new(),
                    Some(Data::List(inner)) => inner.clone(),
                    Some(other) => {
                        let found = other.type_name();
                        return Err(
                            format!("unable to parse key: item {index} is {found}, not a list").into()
                        );
                    }
                };
                self.list_item(&mut inner, next, depth)?;
                put_at(list, index, Data::List(inner));
                Ok(())
            }
            Some(_) => {
                // Helm bounds this by its stack only; here, the same bound as for everything else holds.
                let depth = nested(depth)?;
                let mut inner = match list.get(index) {
                    Some(Data::Table(table)) => table.clone(),
                    _ => Table::new(),
                };
                let outcome = self.key(&mut inner, depth);
                // As in Helm, an empty value at the end of the text is lost where the list has no such item yet.
                if outcome.is_ok() || index < list.len() {
                    put_at(list, index, Data::Table(inner));
                }
                outcome
            }
        }
    }
}

fn nested(depth: usize) -> Result<usize, Stop> {
    if depth >= MAX_NESTED_NAMES {
        let message = "value name nested level is greater than maximum supported nested level of";
        return Err(format!("{message} {MAX_NESTED_NAMES}").into());
    }
    Ok(depth + 1)
}

fn typed(text: &str) -> Data {
    if text.eq_ignore_ascii_case("true") {
        return Data::Bool(true);
    }
    if text.eq_ignore_ascii_case("false") {
        return Data::Bool(false);
    }
    if text.eq_ignore_ascii_case("null") {
        return Data::Null;
    }
    if text == "0" {
        return Data::Int(0);
    }
    // A leading zero marks text: a commit, a telephone number.
    if text.starts_with('0') {
        return Data::from(text);
    }
    text.parse().map_or_else(|_| Data::from(text), Data::Int)
}
